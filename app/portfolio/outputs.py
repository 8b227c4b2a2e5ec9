"""What clients get about trades, holdings and gains."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.money import Money
from app.portfolio.fields import Plain
from app.portfolio.holding import Method
from app.portfolio.schemas import Kind
from app.transactions.outputs import Warning_

Day = date


class ChosenLot(BaseModel):
    trade_id: UUID
    quantity: Plain


class TradeState(BaseModel):
    """A trade as it was entered. What its kind does not have is null."""

    id: UUID
    kind: Kind
    date: date
    account_id: UUID
    account_currency: str = Field(description="The currency of `amount`, `fees`, `taxes` and `cost`.")
    asset_id: UUID
    symbol: str
    quantity: Plain | None
    price: Plain | None = Field(description="Of one unit, in `currency`, where one was given.")
    currency: str | None
    rate: Plain | None = Field(
        description="How much of the account's currency one unit of `currency` is; of a transfer between currencies, "
        "how much of the receiving account's one unit of the giving one's is."
    )
    amount: Money | None
    fees: Money
    taxes: Money
    cost: Money | None
    acquired_on: Day | None
    to_account_id: UUID | None
    to_asset_id: UUID | None
    ratio: Plain | None
    cost_percent: Plain | None
    lots: list[ChosenLot] | None
    category_id: UUID | None
    tax_category_id: UUID | None
    fee_category_id: UUID | None
    notes: str | None
    external_id: str | None
    import_id: UUID | None
    transaction_id: UUID | None = Field(description="The transaction that moved its money; null where none moved.")
    revision: int
    created_at: datetime
    updated_at: datetime


class TradeOut(TradeState):
    """A trade. What its kind does not have is null."""

    beside: list[UUID] = Field(
        default=[], description="In the answer to a split without an account: the trades made on the other accounts."
    )
    warnings: list[Warning_] = []


class LotOut(BaseModel):
    """What is left of one purchase; money in the account's currency."""

    trade_id: UUID = Field(description="The trade that brought it to this account.")
    acquired_on: date
    quantity: Plain
    cost: Money
    base_cost: Money | None


class HoldingOut(BaseModel):
    """What is held of an asset on an account, and what it cost. Its present worth is in `/portfolio/valuation`."""

    id: UUID
    account_id: UUID
    account_name: str
    asset_id: UUID
    symbol: str
    name: str
    type: str
    quantity: Plain
    currency: str = Field(description="The account's: of `cost` and `average_cost`.")
    cost: Money
    average_cost: Plain | None = Field(description="Of one unit, rounded to 8 decimals; null where nothing is held.")
    base_cost: Money | None = Field(description="In the book's base currency; null while a rate is not known.")
    acquired_on: date | None = Field(description="When the oldest unit that is held was bought.")
    lots: list[LotOut] | None = Field(default=None, description="With `lots=true`, the oldest first.")
    revision: int = Field(description="Of the newest of its trades.")


class CostMethodOut(BaseModel):
    """How gains on an account are computed."""

    id: UUID | None = Field(default=None, description="For its history; null while nothing was set.")
    account_id: UUID
    method: Method
    long_term_months: int
    revision: int = Field(description="0 while nothing was set.")


class CostMethodState(CostMethodOut):
    """The same, where it was set."""

    id: UUID


class DisposalOut(BaseModel):
    """What a sale took of one lot; money in the account's currency."""

    trade_id: UUID
    lot_trade_id: UUID
    account_id: UUID
    asset_id: UUID
    symbol: str
    currency: str
    acquired_on: date
    disposed_on: date
    quantity: Plain = Field(description="0 for a return of capital: what came back beyond the cost.")
    proceeds: Money = Field(description="After fees.")
    cost: Money
    gain: Money
    base_proceeds: Money | None
    base_cost: Money | None
    base_gain: Money | None = Field(description="Null while a rate of one of the two days is not known.")
    long_term: bool


class GainSums(BaseModel):
    proceeds: Money
    cost: Money
    gain: Money


class GainTotals(BaseModel):
    """Sums over all disposals of the range, in one currency."""

    currency: str
    short_term: GainSums
    long_term: GainSums
    total: GainSums


class UnconvertedGains(BaseModel):
    """Disposals whose rates are not known, in the account's currency; they are not in `base`."""

    currency: str
    disposals: int
    proceeds: Money
    cost: Money
    gain: Money


class GainsOut(BaseModel):
    """Realised gains of a range of days."""

    items: list[DisposalOut]
    next_cursor: str | None
    total: int | None = None
    currencies: list[GainTotals] = Field(description="By the currency of the accounts, over the whole range.")
    base: GainTotals = Field(description="In the book's base currency: each cost at the rate of its day of purchase.")
    unconverted: list[UnconvertedGains]
