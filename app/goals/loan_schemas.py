"""What clients send and get about the terms of loans and their schedules."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from app.core.fields import Body, CurrencyCode, Text, Whole
from app.core.money import Money, PositiveAmount
from app.goals.amortisation import MAX_PAYMENTS, DayCount, Rounding
from app.goals.dates import PERIODS
from app.goals.extra_payments import Day, Repeats
from app.goals.fields import NonNegativeAmount, PlannedDate, Rate

ACCOUNT = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
EXAMPLE: dict[str, JsonValue] = {
    "annual_rate": "3.9",
    "term": 240,
    "first_payment_date": "2026-02-01",
    "principal": "180000.00",
}


def _is_frequency(value: int) -> int:
    if value not in PERIODS:
        raise ValueError(f"is one of {', '.join(map(str, PERIODS))}")
    return value


Frequency = Annotated[Whole, Field(ge=1, le=52, description="Payments a year: 1, 2, 3, 4, 6, 12, 26 or 52.")]
Compounding = Annotated[
    Whole,
    Field(ge=1, le=365, description="How often a year interest is compounded; with each payment when absent."),
]
Term = Annotated[Whole, Field(ge=1, le=MAX_PAYMENTS, description="How many payments there are in all.")]
InterestOnly = Annotated[
    Whole, Field(ge=0, lt=MAX_PAYMENTS, description="So many of the first payments are interest alone.")
]
Fee = Annotated[NonNegativeAmount, Field(description="Comes on top of every regular payment.")]
Balloon = Annotated[NonNegativeAmount, Field(description="Paid with the last payment of the term, besides it.")]


class RateChangeIn(Body):
    """Another annual rate from a day on; by whole periods where interest is counted so."""

    from_date: PlannedDate
    annual_rate: Rate


class ExtraPaymentIn(Body):
    """Off the principal, with the first regular payment on or after its day; once, or every month or year."""

    date: PlannedDate
    amount: PositiveAmount
    repeats: Repeats = "once"
    until: PlannedDate | None = None


RateChanges = Annotated[list[RateChangeIn], Field(max_length=100)]
ExtraPayments = Annotated[list[ExtraPaymentIn], Field(max_length=100)]


class TermsFields(Body):
    """The terms of a loan. Give a `payment`, a `term`, or both; then the last payment takes all that is left."""

    annual_rate: Rate
    periods_per_year: Frequency = 12
    payment: PositiveAmount | None = Field(default=None, description="The regular payment, without fees.")
    term: Term | None = None
    first_payment_date: PlannedDate
    start_date: PlannedDate | None = Field(
        default=None, description="From when interest runs; one period before the first payment when absent."
    )
    day_count: DayCount = Field(
        default="periodic",
        description="`periodic`: the same share of the annual rate each period. `actual/365`: by the days of each.",
    )
    compounding_per_year: Compounding | None = None
    rounding: Rounding = Field(default="half_even", description="How interest is rounded to the currency's unit.")
    fee: Fee = Decimal(0)
    interest_only: InterestOnly = 0
    balloon: Balloon = Decimal(0)
    rate_changes: RateChanges = Field(default=[])
    extra_payments: ExtraPayments = Field(default=[])

    _frequency = field_validator("periods_per_year")(_is_frequency)


class LoanCalculation(TermsFields):
    """A loan to compute and not to keep."""

    model_config = ConfigDict(json_schema_extra={"example": {**EXAMPLE, "currency": "EUR"}})

    principal: PositiveAmount
    currency: CurrencyCode


class LoanFields(TermsFields):
    """What a new loan and a replaced one have in common."""

    principal: PositiveAmount | None = Field(
        default=None, description="What was lent; what the account owes is taken when absent."
    )
    notes: Text | None = None


class LoanIn(LoanFields):
    """The terms of the debt on an account; an account has one."""

    model_config = ConfigDict(json_schema_extra={"example": {**EXAMPLE, "account_id": ACCOUNT}})

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    account_id: UUID


class LoanReplace(LoanFields):
    """PUT: all of the terms but their account."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})


class LoanPatch(Body):
    """What to change; what is absent stays. Lists are replaced whole."""

    model_config = ConfigDict(json_schema_extra={"example": {"payment": "950.00"}})

    annual_rate: Rate | None = None
    periods_per_year: Frequency | None = None
    payment: PositiveAmount | None = None
    term: Term | None = None
    first_payment_date: PlannedDate | None = None
    start_date: PlannedDate | None = None
    day_count: DayCount | None = None
    compounding_per_year: Compounding | None = None
    rounding: Rounding | None = None
    fee: Fee | None = None
    interest_only: InterestOnly | None = None
    balloon: Balloon | None = None
    rate_changes: RateChanges | None = None
    extra_payments: ExtraPayments | None = None
    principal: PositiveAmount | None = None
    notes: Text | None = None

    @field_validator(
        "annual_rate",
        "periods_per_year",
        "first_payment_date",
        "day_count",
        "rounding",
        "fee",
        "interest_only",
        "balloon",
        "rate_changes",
        "extra_payments",
    )
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value

    @field_validator("periods_per_year")
    @classmethod
    def _known_frequency(cls, value: int) -> int:
        return _is_frequency(value)


class RateChangeOut(BaseModel):
    """Another annual rate from a day on."""

    from_date: date
    annual_rate: Money


class ExtraPaymentOut(BaseModel):
    """What is paid besides."""

    date: date
    amount: Money
    repeats: Repeats
    until: Day | None


class LoanState(BaseModel):
    """The terms of the debt on an account."""

    id: UUID
    account_id: UUID
    currency: str
    principal: Money | None
    annual_rate: Money
    periods_per_year: int
    payment: Money | None
    term: int | None
    first_payment_date: date
    start_date: date | None
    day_count: DayCount
    compounding_per_year: int | None
    rounding: Rounding
    fee: Money
    interest_only: int
    balloon: Money
    rate_changes: list[RateChangeOut]
    extra_payments: list[ExtraPaymentOut]
    notes: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class LoanOut(LoanState):
    """The terms of the debt on an account, and what is owed there now."""

    owed: Money = Field(description="What the account owes now; 0 where it owes nothing.")


class ScheduleLine(BaseModel):
    """One payment: `payment` is `interest` and `principal`; `extra` and `fee` come on top."""

    number: int
    date: date
    annual_rate: Money
    payment: Money
    interest: Money
    principal: Money
    extra: Money
    fee: Money
    balance: Money


class WithoutExtra(BaseModel):
    """The same loan with its regular payments alone, and what the extra ones save."""

    payments: int
    payoff_date: date | None
    total_interest: Money
    interest_saved: Money
    payments_saved: int


Basis = Literal["terms", "balance"]


class ScheduleOut(BaseModel):
    """Every payment until nothing is owed. The principal and extra parts sum to `principal` exactly."""

    currency: str
    principal: Money
    payment: Money | None = Field(description="The first regular payment that is not interest alone.")
    payments: int
    payoff_date: date | None = Field(description="Null where nothing is owed.")
    total_interest: Money
    total_fees: Money
    total_paid: Money
    without_extra: WithoutExtra | None = Field(description="Where there are extra payments.")
    lines: list[ScheduleLine]
