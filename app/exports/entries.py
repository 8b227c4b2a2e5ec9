"""A transaction of the book as balanced lines, the same for both formats.

A posting of the role `flow` is a line on its account and one on its category with the opposite sign; `transfer` is a
line; `equity` has its opposite on an equity account. Where the lines alone do not tell which of them belong together
(flows on several accounts, or flows beside transfers), each says its role, and a category's line its account.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from app.core.money import quantum
from app.exports.chart import EQUITY_OF, OTHER_EQUITY, PRIVATE, UNCATEGORISED, Chart

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Posting:
    """A posting as the statement of `repository.transactions` gives it."""

    account_id: str
    category_id: str | None
    role: str
    amount: Decimal
    memo: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a transaction; `total` is what it is worth in another currency, without a sign."""

    name: str
    amount: Decimal
    currency: str
    total: tuple[Decimal, str] | None = None
    facts: Facts = ()
    account: str | None = None


def postings_of(lines: Sequence[Any]) -> list[Posting]:
    return [Posting(account, category, role, Decimal(amount), memo) for account, category, role, amount, memo in lines]


def lines_of(kind: str, postings: Sequence[Posting], chart: Chart, *, partial: bool = False) -> list[Line]:
    """The lines of a transaction of this type; they sum to nothing in each currency, `total` taken for the amount.

    Of a `partial` one, of which the reader does not see every side, transfers have their opposite on one account that
    stands for all that is hidden.
    """
    if partial:
        return [line for posting in postings for line in _visible(posting, kind, chart)]
    if all(p.role == "flow" and p.account_id == postings[0].account_id for p in postings):
        return _flows(postings, chart)
    told = not _speaks_for_itself(postings)
    found: list[Line] = []
    for posting in postings:
        facts: Facts = (("role", posting.role),) if told else ()
        if posting.role != "flow" and posting.memo:
            facts = (*facts, ("memo", posting.memo))
        found.append(_own(posting, chart, facts))
        if posting.role == "flow":
            found.append(category_line(posting, chart, account=chart.accounts[posting.account_id]))
        elif posting.role == "equity":
            currency = chart.currencies[posting.account_id]
            found.append(Line(EQUITY_OF.get(kind, OTHER_EQUITY), -posting.amount, currency))
    return _priced(found, postings, chart)


def _visible(posting: Posting, kind: str, chart: Chart) -> Iterator[Line]:
    yield _own(posting, chart, ())
    if posting.role == "flow":
        yield category_line(posting, chart)
    else:
        other = PRIVATE if posting.role == "transfer" else EQUITY_OF.get(kind, OTHER_EQUITY)
        yield Line(other, -posting.amount, chart.currencies[posting.account_id])


def _speaks_for_itself(postings: Sequence[Posting]) -> bool:
    if len(postings) == 1:
        return True
    first, second = postings[0], postings[1]
    return len(postings) == 2 and first.role == second.role == "transfer" and first.account_id != second.account_id


def _flows(postings: Sequence[Posting], chart: Chart) -> list[Line]:
    """One line on the account, as its statement has it, and one for each part."""
    whole = sum((posting.amount for posting in postings), Decimal(0))
    own = replace(postings[0], amount=whole)
    return [_own(own, chart, ()), *(category_line(posting, chart) for posting in postings)]


def _own(posting: Posting, chart: Chart, facts: Facts) -> Line:
    account = posting.account_id
    return Line(chart.accounts[account], posting.amount, chart.currencies[account], facts=facts)


def category_line(posting: Posting, chart: Chart, account: str | None = None) -> Line:
    if posting.category_id is not None:
        name = chart.categories[posting.category_id]
    else:
        name = f"{'Expenses' if posting.amount < 0 else 'Income'}:{UNCATEGORISED}"
    facts: Facts = (("memo", posting.memo),) if posting.memo else ()
    return Line(name, -posting.amount, chart.currencies[posting.account_id], facts=facts, account=account)


def _priced(lines: list[Line], postings: Sequence[Posting], chart: Chart) -> list[Line]:
    """With two currencies in the transfers, the lines of one of them say what they are worth in the other.

    That is the finer one: its units are worth a number that the coarser currency can write. The parts' worths sum to
    what the other side moves, to the last digit.
    """
    moved: dict[str, Decimal] = {}
    for posting in postings:
        if posting.role == "transfer":
            currency = chart.currencies[posting.account_id]
            moved[currency] = moved.get(currency, Decimal(0)) + posting.amount
    open_sides = {currency: amount for currency, amount in moved.items() if amount}
    if len(open_sides) != 2:
        return lines
    (one, other) = sorted(open_sides, key=lambda currency: _exponent(lines, currency), reverse=True)
    legs = [n for n, line in enumerate(_transfers(lines, postings)) if line is not None and line.currency == one]
    worth = dict(_shares([(n, lines[n].amount) for n in legs], open_sides[one], abs(open_sides[other]), lines, other))
    return [replace(line, total=(worth[n], other)) if n in worth else line for n, line in enumerate(lines)]


def _transfers(lines: Sequence[Line], postings: Sequence[Posting]) -> Iterator[Line | None]:
    """The lines, None for those that are no transfer: each posting has a line, and all but a transfer one more."""
    each = iter(lines)
    for posting in postings:
        line = next(each)
        if posting.role == "transfer":
            yield line
        else:
            yield None
            yield None
            next(each)


def _exponent(lines: Sequence[Line], currency: str) -> int:
    exponent = next(line.amount for line in lines if line.currency == currency).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _shares(
    legs: list[tuple[int, Decimal]], whole: Decimal, worth: Decimal, lines: Sequence[Line], currency: str
) -> Iterator[tuple[int, Decimal]]:
    """What each leg is worth, in proportion; the largest takes what rounding leaves over."""
    step = quantum(_exponent(lines, currency))
    legs = sorted(legs, key=lambda leg: abs(leg[1]))
    left = worth
    for number, amount in legs[:-1]:
        share = (worth * amount / whole).quantize(step)
        left -= share
        yield number, abs(share)
    yield legs[-1][0], abs(left)
