"""Whether the balances that a file states are those of its own transactions."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from app.imports.plaintext.model import Assertion, Journal, Transaction

MOST_TOLD = 20


class _Held:
    """What each account holds, while time goes by."""

    def __init__(self) -> None:
        self._amounts: dict[str, dict[str, Decimal]] = {}

    def add(self, transaction: Transaction) -> Iterator[int]:
        """Take the postings one after the other; yields the line of each when it is in."""
        for posting in transaction.postings:
            if posting.amount is not None:
                held = self._amounts.setdefault(posting.account, {})
                commodity = posting.amount.commodity
                held[commodity] = held.get(commodity, Decimal(0)) + posting.amount.number
                yield posting.line

    def difference(self, stated: Assertion) -> Decimal:
        below = f"{stated.account}:"
        held = sum(
            (
                amounts.get(stated.amount.commodity, Decimal(0))
                for account, amounts in self._amounts.items()
                if account == stated.account or (stated.with_children and account.startswith(below))
            ),
            Decimal(0),
        )
        return held - stated.amount.number


def warnings(journal: Journal, imported: Sequence[Transaction]) -> list[dict[str, str]]:
    """One for each balance that is not what the transactions come to; `imported` are those without an error."""
    found = [
        {
            "code": "balance_differs",
            "detail": f"Line {stated.line} says {stated.account} holds {stated.amount.number:f} "
            f"{stated.amount.commodity} on {stated.day}; what is imported comes to {difference:f} more.",
        }
        for stated, difference in _differing(journal, imported)
    ]
    if len(found) > MOST_TOLD:
        detail = f"{len(found) - MOST_TOLD} further balances differ."
        return [*found[:MOST_TOLD], {"code": "balance_differs", "detail": detail}]
    return found


def _differing(journal: Journal, imported: Sequence[Transaction]) -> Iterator[tuple[Assertion, Decimal]]:
    held = _Held()
    mornings = sorted((a for a in journal.assertions if a.place < 0), key=lambda a: a.day)
    on_line = {a.line: a for a in journal.assertions if a.place >= 0}
    for transaction in sorted(imported, key=lambda t: t.day):
        while mornings and mornings[0].day <= transaction.day:
            yield from _check(held, mornings.pop(0))
        for line in held.add(transaction):
            if line in on_line:
                yield from _check(held, on_line.pop(line))
    for stated in mornings:
        yield from _check(held, stated)


def _check(held: _Held, stated: Assertion) -> Iterator[tuple[Assertion, Decimal]]:
    difference = held.difference(stated)
    if abs(difference) > stated.tolerance:
        yield stated, difference
