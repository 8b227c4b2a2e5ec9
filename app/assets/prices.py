"""Prices: those of the book's own, beside what providers say."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader, BookWriter, Event
from app.assets import price_csv, price_repository, service
from app.assets.errors import PriceNotFoundError
from app.assets.price_csv import CsvRow, RowProblem
from app.core.conditional import check_revision
from app.core.csv_rows import MAX_ERRORS, counted
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.fields import EARLIEST, LATEST
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor

STALE_DAYS = 7
SLOW_STALE_DAYS = 366
SLOW = {"property", "vehicle", "other"}
"""What is valued once a year or so."""

Document = dict[str, Any]


async def page(
    book: BookReader, asset_id: UUID, first: date | None, last: date | None, wanted: PageRequest
) -> Document:
    """Own prices and quotes of the days from `first` to `last`, the newest first. Raises `AssetNotFoundError`."""
    await service.get(book, asset_id)
    day, rank = _position(wanted, asset_id)
    parameters = {
        "book": book.book_id,
        "asset": asset_id,
        "first": first or EARLIEST,
        "last": last or LATEST,
        "day": day,
        "rank": rank,
        "limit": wanted.limit + 1,
    }
    rows = await price_repository.page(book.connection, parameters)
    shown = rows[: wanted.limit]
    cursor = None
    if len(rows) > wanted.limit:
        cursor = encode_cursor(f"prices {asset_id}", [shown[-1].date, shown[-1].rank])
    return {"items": [dict(row._mapping) for row in shown], "next_cursor": cursor}  # noqa: SLF001  # the documented way


def _position(wanted: PageRequest, asset_id: UUID) -> tuple[date, int]:
    if wanted.cursor is None:
        return date.max, 0
    day, rank = decode_cursor(wanted.cursor, f"prices {asset_id}", 2)
    try:
        if rank in {1, 2}:
            return date.fromisoformat(day), int(rank)
    except (TypeError, ValueError):
        pass
    raise bad_cursor()


async def at(book: BookReader, asset_id: UUID, day: date) -> Document:
    """The newest price up to a day; raises `AssetNotFoundError` and `PriceNotFoundError`."""
    asset = await service.get(book, asset_id)
    found = (await service.prices_at(book, [asset_id], day))[asset_id]
    if found is None:
        raise PriceNotFoundError(f"There is no price of {asset['symbol']} up to {day}.")
    age = (day - found.priced_on).days
    stale = age > (SLOW_STALE_DAYS if asset["type"] in SLOW else STALE_DAYS)
    return {"asset_id": asset_id, "at": day, **vars(found), "age_days": age, "stale": stale}


async def put(book: BookWriter, asset_id: UUID, day: date, price: Decimal, expected: int | None) -> Document:
    """Set the book's own price of a day, in the asset's currency."""
    asset = await service.get(book, asset_id)
    _check_day(book, day)
    before = await price_repository.of_day(book.connection, book.book_id, asset_id, day)
    check_revision(expected, before[0].revision if before else 0)
    rows = await price_repository.put(
        book.connection, book.book_id, [(asset_id, day, price)], source="manual", revision=book.revision
    )
    _record(book, rows)
    after = await price_repository.of_day(book.connection, book.book_id, asset_id, day)
    return {**after[0]._mapping, "currency": asset["currency"]}  # noqa: SLF001  # the documented way


async def delete(book: BookWriter, asset_id: UUID, day: date, expected: int | None) -> None:
    """Quotes of the day stay. Raises `PriceNotFoundError` where the book has none of its own."""
    await service.get(book, asset_id)
    before = await price_repository.of_day(book.connection, book.book_id, asset_id, day)
    if not before:
        raise PriceNotFoundError(f"The book has no price of its own of {day}.")
    check_revision(expected, before[0].revision)
    for row in await price_repository.remove(book.connection, book.book_id, asset_id, day):
        book.record(Event(service.PRICE, row.id, "deleted", before=dict(row._mapping)))  # noqa: SLF001  # the documented way


async def get_many(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Those of the book's own prices that are there, by id."""
    rows = await price_repository.get_many(book.connection, book.book_id, ids)
    return {row.id: dict(row._mapping) for row in rows}  # noqa: SLF001  # the documented way


async def load(book: BookWriter, content: bytes, *, skip_errors: bool) -> Document:
    """Take prices from a CSV file: all of it or, with `skip_errors`, what can be taken.

    Raises `InvalidError` naming the rows that cannot, where they are not to be left out.
    """
    read = await to_thread.run_sync(price_csv.read, content)
    problems = list(read.problems)
    names = await price_repository.named(book.connection, book.book_id, {row.name for row in read.rows})
    wanted = _resolve(book, read.rows, names, problems)
    problems.sort(key=lambda problem: problem.line)
    if problems and not skip_errors:
        raise InvalidError(
            [FieldError(f"file.{each.line}", each.code, each.detail) for each in problems[:MAX_ERRORS]],
            f"{counted(len(problems), 'row')} of the file cannot be taken; nothing was stored.",
        )
    prices = [(asset_id, day, price) for (asset_id, day), price in wanted.items()]
    rows = await price_repository.put(book.connection, book.book_id, prices, source="csv", revision=book.revision)
    _record(book, rows)
    return {
        "rows": read.count,
        "stored": len(rows),
        "unchanged": len(prices) - len(rows),
        "skipped": len(problems),
        "errors": [vars(problem) for problem in problems[:MAX_ERRORS]],
    }


def _resolve(
    book: BookReader, rows: Sequence[CsvRow], names: dict[str, UUID], problems: list[RowProblem]
) -> dict[tuple[UUID, date], Decimal]:
    """The price of each asset and day; what is wrong about a row joins `problems`."""
    today = book.actor.today()
    wanted: dict[tuple[UUID, date], Decimal] = {}
    for row in rows:
        asset_id = names.get(row.name)
        if asset_id is None:
            problems.append(RowProblem(row.line, "asset_not_found", f"there is no asset {row.name!r}"))
        elif row.date > today:
            problems.append(RowProblem(row.line, "date_in_future", f"is in the future: today is {today}"))
        elif wanted.setdefault((asset_id, row.date), row.price) != row.price:
            problems.append(RowProblem(row.line, "two_prices", f"there is another price of {row.date} before it"))
    return wanted


def _check_day(book: BookReader, day: date) -> None:
    today = book.actor.today()
    if day > today:
        raise invalid("path.day", "date_in_future", f"is in the future: today is {today}")


def _record(book: BookWriter, rows: Sequence[AnyRow]) -> None:
    for row in rows:
        after = {name: getattr(row, name) for name in ("id", "asset_id", "date", "price", "source", "created_at")}
        if row.old_source is None:
            book.record(Event(service.PRICE, row.id, "created", after=after))
        else:
            before = {**after, "price": row.old_price, "source": row.old_source}
            book.record(Event(service.PRICE, row.id, "updated", before=before, after=after))
