"""What clients get about the performance of a time."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.performance.returns import Reason


class RateOut(BaseModel):
    """A rate of return in percent, or null and why."""

    percent: Money | None = Field(description="Of the whole time.")
    annual_percent: Money | None = Field(
        description="A year, compounded. Of less than a year only the money-weighted one is told."
    )
    reason: Reason | None = Field(description="Why there is no rate.")
    detail: str | None = Field(description="The same for people.")


class PositionReturn(BaseModel):
    """What one holding did; null where it had no price or rate when one was needed."""

    account_id: UUID
    asset_id: UUID
    symbol: str
    name: str
    start_value: Money | None
    end_value: Money | None
    inflow: Money | None
    outflow: Money | None
    income: Money | None = Field(description="Dividends, interest and returned capital, less fees and taxes on them.")
    gain: Money | None
    realised_gain: Money | None
    unrealised_gain: Money | None
    contribution_percent: Money | None = Field(
        description="Of the average capital of the whole; all of them sum to `modified_dietz`."
    )


class BenchmarkOut(BaseModel):
    """An asset in the same time."""

    asset_id: UUID
    symbol: str
    name: str
    own: RateOut = Field(description="Of its price alone, with splits evened out.")
    end_value: Money | None = Field(description="What the same flows would be worth, had they gone into it.")
    gain: Money | None
    money_weighted: RateOut


class MissingPrice(BaseModel):
    """A day on which an asset was needed and had no price."""

    asset_id: UUID
    symbol: str
    date: date


class MissingRate(BaseModel):
    """A day on which a currency was needed and had no rate."""

    currency: str
    date: date


class PerformanceOut(BaseModel):
    """What holdings did in a time. Amounts are null where a part of them is not known."""

    currency: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    days: int = Field(description="From the evening before `from` to the evening of `to`.")
    start_value: Money | None = Field(description="The evening before the first day.")
    end_value: Money | None
    inflow: Money = Field(description="Purchases, and what came in kind.")
    outflow: Money = Field(description="Sales, and what went out in kind.")
    income: Money | None = Field(description="Dividends, interest and returned capital, less fees and taxes on them.")
    gain: Money | None = Field(description="end_value - start_value - inflow + outflow + income.")
    realised_gain: Money | None = Field(description="Of sales over their cost.")
    unrealised_gain: Money | None = Field(description="How much more value was above cost than in the beginning.")
    dividends: Money = Field(description="Before taxes, reinvested ones too.")
    interest: Money = Field(description="Before taxes.")
    fees: Money
    taxes: Money
    time_weighted: RateOut
    money_weighted: RateOut
    modified_dietz: RateOut
    holdings: list[PositionReturn]
    benchmark: BenchmarkOut | None
    unpriced: list[MissingPrice]
    unconverted: list[MissingRate]
