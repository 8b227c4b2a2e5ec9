"""What the amounts of a file are: before or after fees and taxes, in which currency, and what its rates multiply.

All of it is found by computing: the quantity times the price, over all lines, against the amount that stands beside it.
What that leaves open, the names of the columns may say; else it is asked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.imports.broker.columns import Columns
from app.imports.broker.lines import Line, Money
from app.imports.broker.mapping import BrokerMapping
from app.imports.csv.outcome import Confidence, CsvQuestionError, Question

NOTHING = Decimal(0)
OUT = {"buy", "reinvest"}
"""Kinds whose costs make the amount larger: what goes out is the price and the costs."""
_PAID_OUT = {"buy", "fee", "tax", "withdrawal"}
_COMPARED = {"buy", "sell", "dividend", "reinvest"}
_NEAR = Decimal("0.02")
"""Share by which an amount may differ from what it is computed from and still be the same."""


class Figures(NamedTuple):
    """What holds for the amounts of all lines; `fees` and `taxes` are the signs that costs have in each column."""

    is_net: bool
    in_price: bool
    """Whether amounts whose currency is not said are in that of the price, and not in the account's."""
    divides: bool
    """Whether a rate of the file is how much of the price's currency one unit of the account's is."""
    signed: bool
    """Whether what has no minus came in, a fee too; a minus is money that goes out in any file."""
    fees: tuple[int, ...]
    taxes: tuple[int, ...]
    settled: dict[str, str]
    confidence: dict[str, Confidence]


class _Sum(NamedTuple):
    """A line whose quantity and price come to an amount beside the one that it says."""

    amount: Decimal
    computed: Decimal
    costs: Decimal
    out: bool
    foreign: bool
    rate: Decimal | None
    said: bool | None
    """Whether the amount's own currency is said and is the price's; None where it is not said."""


class _Decider:
    """What is settled so far, how sure it is, and what is left to be asked."""

    def __init__(self) -> None:
        self.confidence: dict[str, Confidence] = {}
        self.questions: list[Question] = []

    def decide(self, field: str, given: str | None, votes: Iterable[str], hint: str | None = None) -> str | None:
        """What is given; what most lines say; what the name of the column says. None where nothing does."""
        counted = Counter(votes)
        if given is not None:
            self.confidence[field] = "certain"
            return given
        if counted:
            best, count = counted.most_common(1)[0]
            self.confidence[field] = "certain" if count == counted.total() else "likely"
            return best
        if hint is not None:
            self.confidence[field] = "likely"
        return hint

    def ask(self, field: str, code: str, detail: str, options: list[str]) -> None:
        self.questions.append(Question(field, code, detail, options))


def settle(lines: Sequence[Line], columns: Columns, mapping: BrokerMapping, own: str) -> Figures:
    """What the amounts mean for an account in the currency `own`; CsvQuestionError where only a person can say it."""
    sums = list(_sums(lines, own))
    decider = _Decider()
    amount_in = decider.decide("amount_in", mapping.amount_in, _places(sums))
    if amount_in is None and _is_open(lines, own):
        detail = f"Amounts may be in the currency of the price or in that of the account, {own}."
        decider.ask("amount_in", "ambiguous_amount_currency", detail, ["account", "price"])
    hint = "account_per_price" if columns.rate_multiplies else None
    rate_is = decider.decide("rate_is", mapping.rate_is, _directions(sums), hint)
    if rate_is is None and _needs_rate(lines, own, amount_in):
        detail = f"A rate may be what one unit of the price's currency is in {own}, or what one {own} is in it."
        decider.ask("rate_is", "ambiguous_rate", detail, ["account_per_price", "price_per_account"])
    votes = _kinds(sums, amount_in, rate_is)
    amount_is = decider.decide("amount_is", mapping.amount_is, votes, columns.amount_is)
    if amount_is is None and any(line.amount is not None and _costs(line) for line in lines):
        detail = "Amounts may be before fees and taxes (gross), or what moved on the account (net)."
        decider.ask("amount_is", "ambiguous_amounts", detail, ["net", "gross"])
    if decider.questions:
        raise CsvQuestionError(decider.questions)
    return Figures(
        is_net=amount_is != "gross",
        in_price=amount_in == "price",
        divides=rate_is == "price_per_account",
        signed=_are_signed(lines),
        fees=_signs(line.fees for line in lines),
        taxes=_signs(line.taxes for line in lines),
        settled={
            field: said
            for field, said in (("amount_is", amount_is), ("amount_in", amount_in), ("rate_is", rate_is))
            if said is not None
        },
        confidence=decider.confidence,
    )


def _are_signed(lines: Iterable[Line]) -> bool:
    """Whether a number without a minus is money that comes in.

    So it is where most purchases have a minus, or most of what else takes money from the account. A minus by itself
    says nothing of the other lines: a dividend that is taken back has one in any file.
    """
    balance = Counter[str]()
    for line in lines:
        if line.amount is not None and line.kind in _PAID_OUT:
            value = line.amount.value
            balance["buy" if line.kind == "buy" else "other"] += (value < 0) - (value > 0)
    return any(count > 0 for count in balance.values())


def _signs(costs: Iterable[tuple[Money, ...]]) -> tuple[int, ...]:
    """For each column of costs the sign that most of its cells have."""
    balance: list[int] = []
    for cells in costs:
        balance += [0] * (len(cells) - len(balance))
        for place, money in enumerate(cells):
            balance[place] += (money.value > 0) - (money.value < 0)
    return tuple(-1 if count < 0 else 1 for count in balance)


def _costs(line: Line) -> Decimal:
    return sum((abs(money.value) for money in (*line.fees, *line.taxes)), NOTHING)


def _sums(lines: Iterable[Line], own: str) -> Iterable[_Sum]:
    for line in lines:
        if line.kind not in _COMPARED or not line.quantity or line.price is None or not line.price.value:
            continue
        if line.amount is None or not line.amount.value:
            continue
        price, amount = line.currency or own, line.amount.currency
        yield _Sum(
            abs(line.amount.value),
            abs(line.quantity * line.price.value),
            _costs(line),
            line.kind in OUT,
            price != own,
            line.rate or None,
            None if amount is None or price == own else amount == price,
        )


def _is_near(one: Decimal, other: Decimal, more: Decimal) -> bool:
    return abs(one - other) <= max(one, other) * _NEAR + more


def _places(sums: Iterable[_Sum]) -> Iterable[str]:
    """Votes for where amounts are: what is near the price's own sum is in its currency."""
    for each in sums:
        if not each.foreign or each.said is not None:
            continue
        places = {"price": each.computed}
        if each.rate:
            places |= {"account": each.computed * each.rate, "account by division": each.computed / each.rate}
        best = min(places, key=lambda place: abs(places[place] - each.amount))
        if _is_near(places[best], each.amount, each.costs):
            yield best.split()[0]
        elif not each.rate:
            yield "account"


def _directions(sums: Iterable[_Sum]) -> Iterable[str]:
    for each in sums:
        if each.rate and each.foreign and each.rate != 1 and not each.said:
            ways = {"account_per_price": each.computed * each.rate, "price_per_account": each.computed / each.rate}
            best = min(ways, key=lambda way: abs(ways[way] - each.amount))
            if _is_near(ways[best], each.amount, each.costs):
                yield best


def _kinds(sums: Iterable[_Sum], amount_in: str | None, rate_is: str | None) -> Iterable[str]:
    """Votes of the lines with costs: whether the amount is nearer to the sum alone, or to the sum with its costs."""
    for each in sums:
        sum_alone = each.computed
        if each.foreign and not (each.said if each.said is not None else amount_in == "price"):
            if not each.rate or rate_is is None:
                continue
            sum_alone = sum_alone * each.rate if rate_is == "account_per_price" else sum_alone / each.rate
        alone = abs(each.amount - sum_alone)
        # Amounts have lost their signs: a sale that cost more than it brought is as much below nothing.
        with_costs = abs(each.amount - abs(sum_alone + each.costs if each.out else sum_alone - each.costs))
        if each.costs and abs(alone - with_costs) > each.costs / 2 and min(alone, with_costs) <= each.costs / 2:
            yield "gross" if alone < with_costs else "net"


def _is_open(lines: Iterable[Line], own: str) -> bool:
    """Whether some amount could be in either of two currencies."""
    return any(
        line.amount is not None and line.amount.currency is None and line.currency not in {None, own} for line in lines
    )


def _needs_rate(lines: Iterable[Line], own: str, amount_in: str | None) -> bool:
    """Whether some amount has to be converted with a rate of the file whose direction nothing tells."""
    for line in lines:
        if line.rate and line.rate != 1 and line.currency not in {None, own}:
            said = line.amount.currency if line.amount is not None else None
            if line.amount is None or (said != own if said is not None else amount_in == "price"):
                return True
    return False
