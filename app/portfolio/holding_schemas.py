"""What clients send about holdings and cost methods."""

from uuid import UUID

from pydantic import ConfigDict, Field

from app.assets.schemas import AssetType
from app.core.fields import Body, CivilDate, CurrencyCode, Flag, LongName, Text, Whole, Word
from app.core.money import NotNegativeAmount
from app.portfolio.fields import Quantity
from app.portfolio.holding import Method
from app.portfolio.schemas import ZERO


class CostMethodIn(Body):
    """How gains on an account are computed."""

    method: Method = Field(
        description="Which units a sale takes: `fifo` the oldest, `lifo` the youngest, `hifo` those that cost most, "
        "`average` all at their average cost, `specific` the lots that the sale names (the oldest where it names none)."
    )
    long_term_months: Whole = Field(
        default=12, ge=0, le=1200, description="A gain is long-term when a lot was held for more months than this."
    )
    model_config = ConfigDict(json_schema_extra={"example": {"method": "average", "long_term_months": 12}})


class HoldingIn(Body):
    """What you hold of something, and what it cost."""

    symbol: Word = Field(description="As the market calls it; an asset is made where the book has none of it.")
    type: AssetType = Field(default="stock", description="Of a new asset.")
    name: LongName | None = Field(default=None, description="Of a new asset; the symbol without it.")
    quantity: Quantity
    purchase_price: NotNegativeAmount = Field(description="Of one unit, in `currency`.")
    purchase_date: CivilDate
    currency: CurrencyCode = Field(description="Of the asset and its price.")
    account_id: UUID | None = Field(
        default=None,
        description="Where it is held. Without it: the first investment account in this currency, or a new one, "
        "`Portfolio (EUR)`.",
    )
    fees: NotNegativeAmount = Field(default=ZERO, description="In the account's currency; they are part of the cost.")
    pay_from_cash: Flag = Field(
        default=False, description="Take the money from the account's balance: a purchase. Without it, no money moves."
    )
    notes: Text | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "symbol": "VWCE",
                "type": "etf",
                "quantity": "10",
                "purchase_price": "101.50",
                "purchase_date": "2026-01-30",
                "currency": "EUR",
            }
        }
    )
