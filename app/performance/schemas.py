"""What clients get about valuations, their history and their spread."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.performance.kinds import Dimension


class Totals(BaseModel):
    """Sums of all that has a price and a rate, in the currency of the answer."""

    currency: str
    at: date
    total_value: Money
    total_cost: Money
    total_gain: Money = Field(description="Value less cost.")
    total_gain_percent: Money | None = Field(description="Of the cost; null where nothing was paid.")


class Held(BaseModel):
    """What is held of an asset on an account."""

    id: UUID
    account_id: UUID
    asset_id: UUID
    symbol: str
    name: str
    type: str


class HoldingValue(Held):
    """A holding at that day's price and rate; `cost`, `value` and `gain` are in `currency`."""

    quantity: Money
    cost: Money
    currency: str
    account_cost: Money = Field(description="The cost in the account's currency.")
    account_currency: str
    current_price: Money = Field(description="Of one unit, in `price_currency`.")
    price_currency: str
    price_at: date = Field(description="The day of the price.")
    price_age_days: int
    price_source: str
    value: Money
    gain: Money
    gain_percent: Money | None
    day_change: Money | None = Field(description="Through price and rate since the day before, of what is held now.")


class UnpricedHolding(Held):
    """A holding without any price up to that day; it is in no total, nor is its cost."""

    quantity: Money
    cost: Money = Field(description="In the account's currency.")
    currency: str = Field(description="The account's.")


class UnconvertedHolding(UnpricedHolding):
    """A holding for which there is no exchange rate; it is in no total, nor is its cost."""

    value: Money = Field(description="In `price_currency`.")
    price_currency: str
    missing: str = Field(description="`value`: no rate of that day; `cost`: none of the day of a purchase.")


class ValuationOut(Totals):
    """What was held at the end of a day, and what it was worth."""

    holdings: list[HoldingValue]
    unpriced: list[UnpricedHolding]
    unconverted: list[UnconvertedHolding]


class Point(BaseModel):
    """The end of one day."""

    date: date
    value: Money
    cost: Money
    gain: Money = Field(description="Value less cost.")
    invested: Money | None = Field(
        description="All that went in up to then, less all that came out, sales, dividends and interest too. What the "
        "value is above it was gained in all. null where a flow has no price or rate."
    )
    unpriced: list[UUID] = Field(description="Assets held that day without a price: in none of the sums.")
    unconverted: list[UUID] = Field(description="Assets held that day without a rate: in none of the sums.")


class AssetName(BaseModel):
    """An asset that something is missing of."""

    asset_id: UUID
    symbol: str
    name: str


class HistoryOut(BaseModel):
    """Value, cost and money put in over time."""

    currency: str
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    points: list[Point]
    assets: list[AssetName] = Field(description="The names of all assets that a point lacks.")


class Share(BaseModel):
    """A part of the whole."""

    key: str | None = Field(description="null: of the assets without a sector.")
    name: str | None
    value: Money
    share_percent: Money


class AimedShare(Share):
    """A part of the whole, and its target where it has one."""

    target_percent: Money | None
    drift_percent: Money | None = Field(description="The share less its target.")


class Move(BaseModel):
    """What to buy or sell."""

    key: str | None
    name: str | None
    side: str = Field(description="`buy` or `sell`.")
    amount: Money
    quantity: Money | None = Field(
        description="Units at the present price, with 8 decimals, rounded down; of assets alone."
    )


class AllocationOut(BaseModel):
    """How the whole is spread, and what would bring it to its targets."""

    by: Dimension
    at: date
    currency: str
    total_value: Money
    items: list[AimedShare] = Field(description="The biggest first; the shares sum to 100.")
    moves: list[Move] = Field(
        description="Among what has a target, in proportion to the targets. Purchases and sales are the same in sum; "
        "with `cash` there are purchases alone, and they sum to it."
    )
    cash: Money | None
    unpriced: list[str] = Field(description="Symbols of what has no price and is in no part.")
    unconverted: list[str] = Field(description="Symbols of what has no rate and is in no part.")


class Change(BaseModel):
    """What was gained since the end of a day: the change of value less what was put in."""

    since: date
    gain: Money | None = Field(description="null where something has no price or rate, now or then.")
    gain_percent: Money | None = Field(description="Of the average capital of the time (modified Dietz).")


class Changes(BaseModel):
    """Since yesterday, the same day a month ago, and a year ago."""

    day: Change
    month: Change
    year: Change


class Performer(BaseModel):
    """One of the best or worst holdings."""

    id: UUID
    account_id: UUID
    asset_id: UUID
    symbol: str
    name: str
    value: Money
    gain: Money
    gain_percent: Money


class Allocation(BaseModel):
    """The whole by each dimension."""

    type: list[Share]
    currency: list[Share]
    asset: list[Share]
    sector: list[Share]
    account: list[Share]


class IncomeMonth(BaseModel):
    """Dividends and interest of a month, before taxes."""

    month: str = Field(examples=["2026-01"])
    income: Money


class Income(BaseModel):
    """Dividends and interest of the last twelve months, before taxes."""

    total: Money
    months: list[IncomeMonth] = Field(description="The first of them from the day of the month on that today is.")


class DashboardOut(Totals):
    """All of a portfolio at one glance."""

    changes: Changes
    top: list[Performer] = Field(description="Up to five holdings with the highest gain in percent.")
    worst: list[Performer] = Field(description="Up to five with the highest loss.")
    allocation: Allocation
    income: Income
    unpriced: list[str] = Field(description="Symbols of what has no price and is in no total.")
    unconverted: list[str] = Field(description="Symbols of what has no rate and is in no total.")
