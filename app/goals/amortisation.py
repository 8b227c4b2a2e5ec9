"""Amortising a loan payment by payment, to the last unit of its currency.

All arithmetic is decimal, in `CONTEXT`; interest is rounded to the currency's unit once a period, as the terms say. The
level payment of a term is the annuity: of the balance B, the rates i of the periods that are left and the balloon b,

    payment = (B * product(1 + i) - b) / sum over payments k of product(1 + i of the periods after k)

which for equal rates and no balloon is the textbook's B * i / (1 - (1 + i) ** -n).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache
from typing import Literal

from app.core.errors import FieldError
from app.core.money import plain, quantum
from app.goals import dates
from app.goals.errors import PaymentTooSmallError, TakesTooLongError
from app.goals.extra_payments import ExtraPayment, Occurrences

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
MAX_PAYMENTS = 2600
"""Fifty years of weekly payments."""
ROUNDINGS = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}
ZERO = Decimal(0)
ONE = Decimal(1)

DayCount = Literal["periodic", "actual/365"]
Rounding = Literal["half_even", "half_up"]


@dataclass(frozen=True)
class RateChange:
    """The annual rate in percent from a day on."""

    from_date: date
    annual_rate: Decimal


@dataclass(frozen=True)
class Terms:
    """What was agreed. Rates are percent a year; amounts have the decimals of the currency, `exponent` of them.

    `payment` without `term`: as many payments as it takes. `term` without `payment`: the level payment is computed, and
    computed again for what is left of the term when the rate changes. Both: the last payment takes all that is left.
    """

    principal: Decimal
    annual_rate: Decimal
    first_payment_date: date
    exponent: int
    payment: Decimal | None = None
    term: int | None = None
    periods_per_year: int = 12
    start_date: date | None = None
    day_count: DayCount = "periodic"
    compounding_per_year: int | None = None
    rounding: Rounding = "half_even"
    fee: Decimal = ZERO
    interest_only: int = 0
    balloon: Decimal = ZERO
    rate_changes: tuple[RateChange, ...] = ()
    extra_payments: tuple[ExtraPayment, ...] = ()
    skipped: int = 0
    """How many payments are past: `principal` is what is owed after them. `term` and `interest_only` count them."""

    @property
    def begins(self) -> date:
        """From when interest runs: one period before the first payment unless it was said."""
        if self.start_date is not None and not self.skipped:
            return self.start_date
        return self.due(self.skipped - 1)

    def due(self, number: int) -> date:
        """The day of a payment; the first of all has the number 0."""
        return dates.due(self.first_payment_date, self.periods_per_year, number)

    def rate_at(self, day: date) -> Decimal:
        """The annual rate in percent on a day; `rate_changes` stand in order."""
        rate = self.annual_rate
        for change in self.rate_changes:
            if change.from_date > day:
                break
            rate = change.annual_rate
        return rate


@dataclass(frozen=True)
class Line:
    """One payment. `payment` = `interest` + `principal`; `extra` and `fee` come on top; `balance` is left after it."""

    number: int
    date: date
    annual_rate: Decimal
    payment: Decimal
    interest: Decimal
    principal: Decimal
    extra: Decimal
    fee: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Schedule:
    """All payments of a loan, and what they come to."""

    principal: Decimal
    payment: Decimal | None
    """The first regular payment after the interest-only ones; None where there is none."""
    lines: tuple[Line, ...]
    total_interest: Decimal = field(init=False)
    total_fees: Decimal = field(init=False)
    total_paid: Decimal = field(init=False)

    def __post_init__(self) -> None:
        with localcontext(CONTEXT):
            none = self.principal - self.principal  # 0 with the decimals of the currency
            interest = sum((line.interest for line in self.lines), none)
            fees = sum((line.fee for line in self.lines), none)
            paid = sum((line.payment + line.extra for line in self.lines), none)
        object.__setattr__(self, "total_interest", interest)
        object.__setattr__(self, "total_fees", fees)
        object.__setattr__(self, "total_paid", paid + fees)

    @property
    def payoff_date(self) -> date | None:
        return self.lines[-1].date if self.lines else None


@lru_cache(maxsize=256)
def periodic_rate(annual_rate: Decimal, periods_per_year: int, compounding_per_year: int | None) -> Decimal:
    """The rate of one period as a fraction of 1: the annual one divided by the periods, compounded with them.

    With another compounding the rate is the one that yields the same in a year: (1 + r / m) ** (m / p) - 1, as for
    Canadian mortgages (m = 2, by the Interest Act, section 6).
    """
    with localcontext(CONTEXT):
        rate = annual_rate / 100
        if compounding_per_year is None or compounding_per_year == periods_per_year:
            return rate / periods_per_year
        yearly = ONE + rate / compounding_per_year
        return yearly ** (Decimal(compounding_per_year) / periods_per_year) - 1


def amortise(terms: Terms) -> Schedule:
    """The schedule from `terms.begins` until nothing is owed.

    Raises `PaymentTooSmallError` where the agreed payment does not cover the interest of some period, and
    `TakesTooLongError` beyond `MAX_PAYMENTS` payments.
    """
    with localcontext(CONTEXT):
        return _Loan(terms).run()


def without_extra(terms: Terms) -> Terms:
    """The same loan with its regular payments alone."""
    return replace(terms, extra_payments=())


def from_today(terms: Terms, owed: Decimal, today: date) -> Terms:
    """The rest of a loan of which this much is owed today: what was due before today is past.

    Of a loan whose term is over the last payment is left, on its day.
    """
    skipped = dates.passed(terms.first_payment_date, terms.periods_per_year, today)
    if terms.term is not None:
        skipped = min(skipped, terms.term - 1)
    return replace(terms, principal=owed, skipped=skipped)


def next_payment(terms: Terms) -> Decimal:
    """What the next regular payment takes, even where it does not cover the interest."""
    with localcontext(CONTEXT):
        try:
            return _Loan(terms).line(terms.skipped, terms.begins).payment
        except PaymentTooSmallError:
            assert terms.payment is not None  # noqa: S101  # nosec B101  # else there is nothing to be too small
            return terms.payment


class _Loan:
    """A loan on its way to nothing."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.unit = quantum(terms.exponent)
        self.none = ZERO.quantize(self.unit)
        self.round: Callable[[Decimal], Decimal] = _rounding(self.unit, ROUNDINGS[terms.rounding])
        self.balance = terms.principal.quantize(self.unit)
        self.level: Decimal | None = None
        self.first_level: Decimal | None = None
        self.level_rate: Decimal | None = None
        self.extras = [Occurrences(extra, terms.begins) for extra in terms.extra_payments]

    def run(self) -> Schedule:
        principal = self.balance
        lines: list[Line] = []
        previous = self.terms.begins
        while self.balance > 0:
            if len(lines) == MAX_PAYMENTS:
                detail = f"it is not paid off after {MAX_PAYMENTS} payments: raise the payment"
                raise TakesTooLongError(FieldError("payment", "takes_too_long", detail))
            lines.append(self.line(self.terms.skipped + len(lines), previous))
            previous = lines[-1].date
        return Schedule(principal, self.first_level, tuple(lines))

    def line(self, number: int, previous: date) -> Line:
        """Make the payment with this number, whose period began on the day before it."""
        terms, owed, day = self.terms, self.balance, self.terms.due(number)
        rate = terms.rate_at(previous)
        interest = self.round(owed * self._factor(previous, day))
        if number + 1 == terms.term:
            payment = owed + interest
            self._regular(number, previous, rate)
        elif number < terms.interest_only:
            payment = interest
        else:
            payment = min(self._payment(number, previous, day, rate, interest), owed + interest)
        principal = payment - interest
        self.balance -= principal
        extra = min(sum((each.up_to(day) for each in self.extras), self.none), self.balance)
        self.balance -= extra
        fee = terms.fee + self.none
        return Line(number + 1, day, rate, payment, interest, principal, extra, fee, self.balance)

    def _payment(self, number: int, previous: date, day: date, rate: Decimal, interest: Decimal) -> Decimal:
        payment = self._regular(number, previous, rate)
        if self.terms.payment is None:
            return max(payment, interest)  # the unit may be coarse beside the loan: the last payment sets it right
        if payment <= interest:
            needed = interest + self.unit
            detail = (
                f"the interest due on {day} is {plain(interest)}; a payment of {plain(payment)} never pays it off, it "
                f"takes at least {plain(needed)}"
            )
            raise PaymentTooSmallError(FieldError("payment", "payment_too_small", detail), needed=plain(needed))
        return payment

    def _regular(self, number: int, previous: date, rate: Decimal) -> Decimal:
        """The regular payment now: the agreed one, or the level one for what is left at this rate."""
        if self.terms.payment is not None:
            self.level = self.terms.payment + self.none
        elif self.level is None or self.level_rate != rate:
            self.level = self._level(number, previous, rate)
            self.level_rate = rate
        if self.first_level is None:
            self.first_level = self.level
        return self.level

    def _level(self, number: int, previous: date, rate: Decimal) -> Decimal:
        """As if the rate never changed again, which is what a lender computes with."""
        terms = self.terms
        assert terms.term is not None  # noqa: S101  # nosec B101  # there is a payment or a term
        grown, worth = ONE, ZERO
        for later in range(number, terms.term):
            day = terms.due(later)
            one = ONE + self._rate_of(rate, previous, day)
            grown, worth = grown * one, worth * one + 1
            previous = day
        return self.round((self.balance * grown - terms.balloon) / worth)

    def _rate_of(self, rate: Decimal, previous: date, day: date) -> Decimal:
        if self.terms.day_count == "actual/365":
            return rate * (day - previous).days / 36500
        return periodic_rate(rate, self.terms.periods_per_year, self.terms.compounding_per_year)

    def _factor(self, previous: date, day: date) -> Decimal:
        """The interest of a period for 1: by days each at its rate, or at the rate on the period's first day."""
        terms = self.terms
        if terms.day_count != "actual/365":
            return self._rate_of(terms.rate_at(previous), previous, day)
        turns = [change.from_date for change in terms.rate_changes if previous < change.from_date < day]
        total = ZERO
        for first, last in zip([previous, *turns], [*turns, day], strict=True):
            total += self._rate_of(terms.rate_at(first), first, last)
        return total


def _rounding(unit: Decimal, mode: str) -> Callable[[Decimal], Decimal]:
    return lambda amount: amount.quantize(unit, mode)


def in_order(changes: Sequence[RateChange]) -> tuple[RateChange, ...]:
    """Rate changes as `Terms` wants them."""
    return tuple(sorted(changes, key=lambda change: change.from_date))
