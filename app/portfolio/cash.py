"""The money of trades: the transaction of each one that moves some, through the posting engine.

What assets are bought and sold for is neither income nor spending: it is `equity`. Income is gross: taxes and fees
taken from it are spending of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookWriter, Event
from app.core.documents import joining
from app.core.ids import new_id
from app.core.money import plain
from app.portfolio import references
from app.transactions import posting, shapes
from app.transactions.batch import ENTITY
from app.transactions.converting import InBase
from app.transactions.documents import as_event, from_entry
from app.transactions.posting import Changes, Entry, PostingLine
from app.transactions.references import AccountRef

Document = dict[str, Any]
TYPE = "trade"
_INCOME = {"dividend": "Dividend of {symbol}", "interest": "Interest of {symbol}", "fee": "Fee for {symbol}"}
_TITLES = {
    **_INCOME,
    "buy": "Buy {quantity} {symbol}",
    "sell": "Sell {quantity} {symbol}",
    "reinvest": "Reinvest {quantity} {symbol}",
    "merger": "Cash in the merger of {symbol}",
    "return_of_capital": "Return of capital of {symbol}",
}


@dataclass
class Cash:
    """The transactions of a batch of trades, on their way to the posting engine."""

    book: BookWriter
    entries: list[Entry]
    removed: list[UUID]
    days: dict[tuple[str, date], InBase]
    """How amounts of a currency and day are converted."""

    @classmethod
    def of(cls, book: BookWriter) -> "Cash":
        return cls(book, [], [], {})

    async def learn(self, pairs: Iterable[tuple[str, date]]) -> None:
        """Look up how amounts of these currencies and days are converted, all in one statement."""
        base, wanted = self.book.base_currency, set(pairs)
        found = await references.rates(self.book, {(own, base, day) for own, day in wanted if own != base})
        for own, day in wanted:
            rate = found.get((own, base, day))
            known = {} if rate is None else {(own, day): rate}
            self.days[own, day] = InBase(base, self.book.base_exponent, known, day)

    def put(self, trade: Document, account: AccountRef, before: Document | None = None) -> UUID | None:
        """Stage the transaction of a trade, over the one it has (`before`); returns its id, None where no money moves.

        What was reconciled stays so, or the engine refuses. `learn` has been told the currency and day.
        """
        lines = _lines(trade, account, self.days[account.currency, trade["date"]])
        if not lines:
            if before is not None:
                self.remove(before)
            return None
        entry = Entry(
            id=before["id"] if before else new_id(),
            type=TYPE,
            date=trade["date"],
            account_id=account.id,
            amount=abs(sum((line.amount for line in lines), Decimal(0))),
            lines=lines,
            description=title(trade),
            status=before["status"] if before else "cleared",
            reconciliation_id=before["reconciliation_id"] if before else None,
            replaces=before is not None,
        )
        image = as_event(from_entry(entry, {account.id: account}, payee=None, tags=(), revision=self.book.revision))
        if before is None:
            self.book.record(Event(ENTITY, entry.id, "created", after=image))
        else:
            image["created_at"] = before["created_at"]
            self.book.record(Event(ENTITY, entry.id, "updated", before=as_event(before), after=image))
        self.entries.append(entry)
        return entry.id

    def remove(self, before: Document) -> None:
        self.removed.append(before["id"])
        self.book.record(Event(ENTITY, before["id"], "deleted", before=as_event(before)))

    async def put_in(self) -> None:
        """Write what was staged and does not go, before the trades that name it; see `posting.apply`."""
        if self.entries:
            async with joining(self.book.connection, len(self.entries)):
                await posting.apply(self.book, Changes(put=self.entries))

    async def take_out(self) -> None:
        """Delete what goes, after the trades that named it."""
        if self.removed:
            async with joining(self.book.connection, len(self.removed)):
                await posting.apply(self.book, Changes(delete=self.removed))


def title(trade: Document) -> str:
    """What lists of transactions show of it."""
    quantity = "" if trade["quantity"] is None else plain(trade["quantity"].normalize())
    return _TITLES[trade["kind"]].format(quantity=quantity, symbol=trade["symbol"])


def _lines(trade: Document, account: AccountRef, in_base: InBase) -> tuple[PostingLine, ...]:
    kind, amount, fees, taxes = trade["kind"], trade["amount"] or Decimal(0), trade["fees"], trade["taxes"]
    found: Sequence[PostingLine]
    if kind in _INCOME or kind == "reinvest":
        sign = -1 if kind == "fee" else 1
        found = [
            shapes.flow_line(account, sign * amount, trade["category_id"], None, in_base),
            shapes.flow_line(account, -taxes, trade["tax_category_id"], "Taxes", in_base),
        ]
        if kind == "reinvest":  # the fees of the purchase are in its cost
            found.append(shapes.equity_line(account, taxes - amount, in_base))
        else:
            found.append(shapes.flow_line(account, -fees, trade["fee_category_id"], "Fees", in_base))
    else:
        moved = {
            "buy": -(amount + fees + taxes),
            "sell": amount - fees - taxes,
            "merger": amount,
            "return_of_capital": amount,
        }.get(kind, Decimal(0))
        found = [shapes.equity_line(account, moved, in_base)]
    return tuple(line for line in found if line.amount)
