"""Exchange rates: what is known, and what a book sets for itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader, BookWriter, Event
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.rates import repository
from app.rates.errors import NoRateError, RateNotFoundError
from app.rates.schemas import RateIn
from app.transactions.converting import converted

ENTITY = "book_rate"
SORT = "-date"
NEWEST = date.max

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A rate as `rate_found` gives it: `rated_on` is the older of two days, `via` the currency between."""

    rate: Decimal
    rated_on: date
    source: str
    via: str | None


async def rates_for(
    connection: AsyncConnection, wanted: Iterable[tuple[str, str, date]]
) -> dict[tuple[str, str, date], Found]:
    """The rates from a currency to another on a day, as the open book knows them, in one statement.

    A pair without a rate in the book's window is not in the answer; a currency and itself have 1.
    """
    rows = await repository.found(connection, set(wanted))
    return {(row.base, row.quote, row.day): Found(row.rate, row.rated_on, row.source, row.via) for row in rows}


async def convert(book: BookReader, base: str, quote: str, day: date | None, amount: Decimal | None) -> Document:
    """Raises `InvalidError` for unknown currencies and `NoRateError`, which says where was looked."""
    exponents = await _known(book.connection, {"query.from": base, "query.to": quote})
    day = day or book.actor.today()
    found = (await rates_for(book.connection, [(base, quote, day)])).get((base, quote, day))
    if found is None:
        raise NoRateError(base, quote, day, await repository.window_days(book.connection, book.book_id))
    return {
        "from_currency": base,
        "to": quote,
        "date": day,
        "rate": found.rate,
        "rated_on": found.rated_on,
        "source": found.source,
        "via": found.via,
        "amount": amount,
        "converted": None if amount is None else converted(amount, found.rate, exponents[quote]),
    }


async def page(
    book: BookReader, base: str | None, quote: str | None, first: date | None, last: date | None, wanted: PageRequest
) -> Document:
    """The book's own and the providers' rates, the newest day first."""
    behind, after_base, after_quote, rank = _place(wanted.cursor)
    place = {
        "book": book.book_id,
        "date_from": first or date.min,
        "date_to": last or date.max,
        "behind": behind,
        "after_base": after_base,
        "after_quote": after_quote,
        "rank": rank,
        "limit": wanted.limit + 1,
    }
    rows = await repository.page(book.connection, base, quote, place)
    items, cursor = rows[: wanted.limit], None
    if len(rows) > wanted.limit:
        end = items[-1]
        cursor = encode_cursor(SORT, [end.date, end.base, end.quote, end.rank])
    return {"items": items, "next_cursor": cursor}


def _place(cursor: str | None) -> tuple[date, str, str, int]:
    if cursor is None:
        return NEWEST, "", "", -1
    day, base, quote, rank = decode_cursor(cursor, SORT, 4)
    if not (isinstance(base, str) and isinstance(quote, str) and rank in (0, 1)) or "\0" in base + quote:
        raise bad_cursor()
    try:
        return date.fromisoformat(day), base, quote, int(rank)
    except (TypeError, ValueError):
        raise bad_cursor() from None


async def put(book: BookWriter, body: RateIn, expected: int | None = None) -> AnyRow:
    """Set the book's own rate of a pair and a day, over the one there was."""
    if wrong := problems_of(body, book.actor.today()):
        raise InvalidError([FieldError(field, code, detail) for field, code, detail in wrong])
    await _known(book.connection, {"base": body.base, "quote": body.quote})
    check_revision(expected, await repository.revision_of(book, body.base, body.quote, body.date))
    await repository.write(book, [{"id": new_id(), **body.model_dump()}], "manual")
    rate_id = await repository.id_of(book, body.base, body.quote, body.date)
    return await get(book, rate_id)


async def get(book: BookReader, rate_id: UUID) -> AnyRow:
    row = await repository.get(book.connection, book.book_id, rate_id)
    if row is None:
        raise RateNotFoundError(rate_id)
    return row


async def delete(book: BookWriter, rate_id: UUID, expected: int | None) -> None:
    """What was converted by it is valued anew by what else is known."""
    before = await get(book, rate_id)
    check_revision(expected, before.revision)
    await repository.remove(book.connection, book.book_id, rate_id)
    image = {name: getattr(before, name) for name in ("id", "base", "quote", "date", "rate", "source")}
    book.record(Event(ENTITY, rate_id, "deleted", before=image))


def problems_of(body: RateIn, today: date) -> list[tuple[str, str, str]]:
    """What is wrong with a rate whatever currencies there are: field, code and detail of each."""
    wrong = []
    if body.base == body.quote:
        wrong.append(("quote", "same_currency", "is the base itself: that rate is always 1"))
    if body.date > today:
        wrong.append(("date", "date_in_future", f"is in the future: today is {today}"))
    return wrong


async def _known(connection: AsyncConnection, fields: dict[str, str]) -> dict[str, int]:
    """The decimals of these currencies; raises `InvalidError` naming each field whose currency there is not."""
    exponents = await repository.exponents(connection, set(fields.values()))
    wrong = [
        FieldError(field, "unknown_currency", f"{code} is not known; GET /currencies lists those that are")
        for field, code in fields.items()
        if code not in exponents
    ]
    if wrong:
        raise InvalidError(wrong)
    return exponents
