"""All trades of a book once more, one after the other, with the lots as each leaves them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from app.access.context import BookReader
from app.access.private import seeing_all
from app.core.database import AnyRow
from app.portfolio import remaking_sql as sql
from app.portfolio.holding import Holding
from app.portfolio.lots import Disposal, LotBook, Position, Terms, Trade
from app.portfolio.methods import DEFAULT
from app.portfolio.parts import Part
from app.portfolio.remaking import trade_of

BRINGING = {"buy", "reinvest", "deposit"}
TAKING = {"sell", "withdrawal"}
_BASE = text(
    "SELECT b.base_currency, c.exponent FROM books b JOIN currencies c ON c.code = b.base_currency WHERE b.id = :book"
).bindparams(bindparam("book", type_=Uuid))
PAYING = {"dividend", "interest", "fee"}
"""They move money and no lots."""
_SEEN = text(
    """
    SELECT id, kind, asset_id, transaction_id, price, currency, rate, amount, fees, taxes, category_id, tax_category_id,
           fee_category_id, notes, external_id
    FROM trades WHERE book_id = :book
    """
).bindparams(bindparam("book", type_=Uuid))


@dataclass(frozen=True)
class Step:
    """A trade and the positions that it touched: `brought` joins the lots of its own, or `left` is what each holds
    now, to be read before the next step. `pools` are the lots of pools before it, where it does more than take units.
    `seen` is what is told of it beside that, None of a trade that is hidden from who asks.
    """

    trade: Trade
    seen: AnyRow | None
    brought: Part | None
    left: dict[Position, Holding]
    pools: dict[Position, list[Part]]
    disposals: Sequence[Disposal]


@dataclass(frozen=True)
class Replay:
    """The trades that move lots, in their order. `moving` are the transactions that belong to one of them; `paying`
    are the rows of those that move money alone, by their transactions.
    """

    trades: Sequence[Trade]
    seen: dict[UUID, AnyRow]
    paying: dict[str, AnyRow]
    terms: dict[UUID, Terms]
    base_exponent: int

    @property
    def moving(self) -> set[str]:
        return {str(row.transaction_id) for row in self.seen.values() if row.transaction_id is not None}

    def methods(self) -> dict[str, str]:
        """The cost method of each account that has another one than the usual."""
        return {str(i): terms.method for i, terms in self.terms.items() if terms.method != DEFAULT["method"]}

    def holding(self) -> dict[str, list[str]]:
        """Which assets each account ever held."""
        found: dict[str, dict[str, None]] = {}
        for trade in self.trades:
            for account in (trade.account_id, trade.to_account_id):
                for asset in (trade.asset_id, trade.to_asset_id):
                    if account is not None and asset is not None:
                        found.setdefault(str(account), {})[str(asset)] = None
        return {account: list(assets) for account, assets in found.items()}

    def days(self) -> dict[str, tuple[date, date]]:
        """The days of the first and the last trade of each account."""
        found: dict[str, tuple[date, date]] = {}
        for trade in self.trades:
            for account in (trade.account_id, trade.to_account_id):
                if account is not None:
                    found[str(account)] = (found.get(str(account), (trade.date,))[0], trade.date)
        return found

    def steps(self) -> Iterator[Step]:
        """One after the other: of a long history not all lots of all days are in memory."""
        book = LotBook(self.terms, self.base_exponent)
        for trade in self.trades:
            touched = [] if trade.kind in BRINGING else _touched(trade)
            pools = {}
            if trade.kind not in TAKING:
                holdings = {each: book.holding(each) for each in touched}
                pools = {each: held.parts() for each, held in holdings.items() if held.method == "average"}
            told = len(book.disposals.get(trade.position, ()))
            book.apply(trade)
            new = book.disposals.get(trade.position, [])[told:]
            brought = None if touched else _brought(trade)
            left = {each: book.holding(each) for each in touched}
            yield Step(trade, self.seen.get(trade.id), brought, left, pools, new)


async def load(book: BookReader) -> Replay:
    """What a member does not see is among the trades, for what is seen may follow from it, and not in `seen`."""
    names: dict[str, Any] = {"book": book.book_id}
    seen = (await book.connection.execute(_SEEN, names)).all()
    async with seeing_all(book):
        base = (await book.connection.execute(_BASE, names)).one()
        positions = (await book.connection.execute(sql.EVERY, names)).all()
        wanted = {
            "base": base.base_currency,
            "accounts": [row.account_id for row in positions],
            "assets": [row.asset_id for row in positions],
        }
        rows = (await book.connection.execute(sql.TRADES, {**names, **wanted})).all()
    return Replay(
        [trade_of(row) for row in rows],
        {row.id: row for row in seen if row.kind not in PAYING},
        {str(row.transaction_id): row for row in seen if row.kind in PAYING},
        {row.account_id: Terms(row.exponent, row.method, row.long_term_months) for row in positions},
        base.exponent,
    )


def _touched(trade: Trade) -> list[Position]:
    found = [trade.position]
    if trade.to_account_id is not None:
        found.append((trade.to_account_id, trade.asset_id))
    if trade.to_asset_id is not None:
        found.append((trade.account_id, trade.to_asset_id))
    return found


def _brought(trade: Trade) -> Part:
    cost = {
        "buy": trade.amount + trade.fees + trade.taxes,
        "reinvest": trade.amount - trade.taxes,
        "deposit": trade.cost,
    }[trade.kind]
    return Part(trade.id, trade.acquired_on or trade.date, trade.quantity, cost, None)
