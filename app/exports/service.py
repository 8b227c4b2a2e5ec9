"""Writing a whole book in the format of another program, with as much of it in memory as fits a page."""

import calendar
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import IO, Any

from anyio import to_thread

from app.access.context import BookReader
from app.accounts import service as accounts
from app.assets import batch as assets
from app.categories import service as categories
from app.core.database import AnyRow
from app.exports import beancount, chart, hledger, repository
from app.exports.book import Balances, Contents
from app.exports.lots import Lots
from app.exports.names import Unique
from app.portfolio import replay
from app.portfolio.replay import Replay
from app.rendering.files import Export, finished, unfinished

Writer = hledger.Journal | beancount.Ledger


async def hledger_journal(book: BookReader) -> Export:
    return await _export(book, hledger, hledger.Journal)


async def beancount_ledger(book: BookReader) -> Export:
    return await _export(book, beancount, beancount.Ledger)


async def _export(book: BookReader, words: ModuleType, writer_of: type[Writer]) -> Export:
    """Write it all to a file that nobody else can see and that is gone when it is closed.

    `book` sees one state from the first statement to the last. Slow readers cost disk, not a connection.
    Raises `ExportTooLargeError`.
    """
    about = await repository.book(book.connection, book.book_id)
    replayed = await replay.load(book) if words.HAS_LOTS else None
    every_account = await accounts.every(book, archived=None)
    used = await repository.first_used(book.connection, book.book_id)
    traded = _traded(every_account, replayed)
    for account, (first, _) in traded.items():
        used[account] = min(used.get(account, first), first)
    days = [day for day in (about.first_day, about.last_day) if day is not None]
    days += [day for both in traded.values() for day in both]
    first_day: date = min(days, default=book.actor.today())
    names = chart.build(
        every_account,
        await categories.every(book),
        used,
        first_day,
        clean=words.clean_account,
        between=words.between,
        hides=book.hides,
        gains=replayed is not None and bool(replayed.trades),
    )
    lots = Lots(replayed, names) if replayed is not None and replayed.trades else None
    paying = replayed.paying if replayed is not None else {}
    currencies = await repository.currencies(book.connection, book.book_id)
    prices, rates = await repository.prices(book.connection, book.book_id) if words.HAS_LOTS else ((), ())
    money = {row.code for row in currencies} | {code for row in rates for code in (row.base, row.quote)}
    writer = writer_of(
        Contents(
            title=about.name,
            base_currency=about.base_currency,
            chart=names,
            currencies={row.code: (words.symbol(row.code), row.name, row.exponent) for row in currencies},
            payees=named(
                await repository.names(book.connection, book.book_id, "payees"),
                Unique(words.clean_payee, words.between, words.RESERVED_PAYEES),
                words.clean_payee,
            ),
            tags=named(
                await repository.names(book.connection, book.book_id, "tags"),
                Unique(words.clean_tag, "-", words.RESERVED_TAGS),
                words.clean_tag,
            ),
            assets=_assets(await assets.every(book), money, words) if lots is not None or paying or prices else {},
            holding=replayed.holding() if replayed is not None else {},
            methods=replayed.methods() if replayed is not None else {},
            paying=paying,
        )
    )
    stated = _Stated(await repository.monthly(book.connection, book.book_id), max(days, default=first_day))
    with unfinished() as file:
        await to_thread.run_sync(_write, file, writer.head())
        async for rows in repository.transactions(book.connection, book.book_id):
            await to_thread.run_sync(_write, file, _page(writer, rows, stated, lots))
        if isinstance(writer, beancount.Ledger):
            await to_thread.run_sync(_write, file, _market(writer, lots, stated.last_day, prices, rates))
        last = [(str(account["id"]), account["balance"]) for account in every_account]
        await to_thread.run_sync(_write, file, _end(writer, stated, last))
        return finished(file, f"finance-{stated.last_day}.{words.MEDIA_NAME}")


def named(rows: Sequence[AnyRow], unique: Unique, clean: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """Those that can stay as they are keep their names; the others take what is left."""
    kept = {row.id: unique.take(row.name) for row in rows if clean(row.name) == row.name}
    return [(row.id, row.name, kept[row.id] if row.id in kept else unique.take(row.name)) for row in rows]


class _Stated:
    """What the totals say each account held at the end of each month, to be written where the month ends."""

    def __init__(self, monthly: Sequence[AnyRow], last_day: date) -> None:
        self.last_day = last_day
        self._months: list[Balances] = []
        held: dict[str, Decimal] = {}
        for row in monthly:
            held[row.account_id] = held.get(row.account_id, Decimal(0)) + row.change
            day = row.month.replace(day=calendar.monthrange(row.month.year, row.month.month)[1])
            if day >= last_day:
                break
            if not self._months or self._months[-1].day != day:
                self._months.append(Balances(day, []))
            self._months[-1].amounts.append((row.account_id, held[row.account_id]))  # type: ignore[attr-defined]

    def before(self, day: date | None) -> Iterator[Balances]:
        """The months that ended before this day and were not asked for yet; all of them without a day."""
        while self._months and (day is None or self._months[0].day < day):
            yield self._months.pop(0)


def _page(writer: Writer, rows: Sequence[AnyRow], stated: _Stated, lots: Lots | None) -> Iterator[str]:
    for row in rows:
        for balances in stated.before(row.date):
            yield writer.balances(balances)
        if lots is not None and isinstance(writer, beancount.Ledger):
            yield from map(writer.trade, lots.before(row.date))
            if lots.keep(row):
                continue
        yield writer.transaction(row)


def _market(
    writer: beancount.Ledger, lots: Lots | None, day: date, prices: Sequence[AnyRow], rates: Sequence[AnyRow]
) -> Iterator[str]:
    """The trades behind the last transaction, what is held after them, and what it is worth."""
    if lots is not None:
        yield from map(writer.trade, lots.before(None))
        yield from writer.holdings(day, lots.units())
    yield from writer.prices(prices, rates)


def _traded(every_account: Sequence[dict[str, Any]], replayed: Replay | None) -> dict[str, tuple[date, date]]:
    """From which day to which there are trades of each account that the reader sees."""
    seen = {str(account["id"]) for account in every_account}
    days = replayed.days() if replayed is not None else {}
    return {account: both for account, both in days.items() if account in seen}


def _assets(rows: Sequence[AnyRow], money: Collection[str], words: ModuleType) -> dict[str, tuple[str, AnyRow]]:
    """Each asset's symbol in the format, which none of the currencies has."""
    unique = Unique(words.clean_commodity, "-", map(words.symbol, money))
    return {str(row.id): (unique.take(row.symbol), row) for row in rows}


def _end(writer: Writer, stated: _Stated, last: list[tuple[str, Decimal]]) -> Iterator[str]:
    for balances in stated.before(None):
        yield writer.balances(balances)
    if last:
        yield writer.balances(Balances(stated.last_day, last))


def _write(file: IO[bytes], parts: Iterator[str]) -> None:
    """Part by part: a page may have many trades, and a trade many lots."""
    for part in parts:
        file.write(part.encode())
