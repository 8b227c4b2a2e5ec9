"""What clients send about trades: one model for each kind."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from app.core.fields import Body, CivilDate, CurrencyCode, ExternalId, Text
from app.core.money import NotNegativeAmount, PositiveAmount
from app.portfolio.fields import Lots, Percentage, Quantity, Ratio

Kind = Literal[
    "buy", "sell", "dividend", "reinvest", "interest", "fee", "deposit", "withdrawal", "transfer", "split", "merger",
    "spin_off", "return_of_capital",
]  # fmt: skip
ZERO = Decimal(0)
_ACCOUNT = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
_OTHER = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda7"
_ASSET = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8"


def _example(kind: str, **fields: Any) -> ConfigDict:
    first = {"kind": kind, "date": "2026-01-31", "account_id": _ACCOUNT, "asset_id": _ASSET}
    return ConfigDict(json_schema_extra={"example": {**first, **fields}})


class _Trade(Body):
    id: UUID | None = Field(
        default=None, description="Your own UUID for it; the server makes one when absent.", examples=[None]
    )
    date: CivilDate = Field(description="The civil date of the trade; not after today in your time zone.")
    asset_id: UUID
    notes: Text | None = None
    external_id: ExternalId | None = Field(
        default=None, description="The broker's or your own id; the same one again on the account is refused with 409."
    )


class _OnAccount(_Trade):
    account_id: UUID = Field(description="Where the asset is held, and where the money moves.")


class _Costing(_OnAccount):
    fees: NotNegativeAmount = Field(default=ZERO, description="In the account's currency.")
    taxes: NotNegativeAmount = Field(default=ZERO, description="In the account's currency.")


class _Priced(_Costing):
    quantity: Quantity
    price: NotNegativeAmount | None = Field(default=None, description="Of one unit, in `currency`.")
    currency: CurrencyCode | None = Field(default=None, description="Of the price; that of the asset without it.")
    rate: PositiveAmount | None = Field(
        default=None,
        description="How much of the account's currency one unit of `currency` is. Without it, it follows from "
        "`amount`, or is looked up for the day; 422 `no_rate` where none is known.",
    )
    amount: NotNegativeAmount | None = Field(
        default=None,
        description="In the account's currency, before fees and taxes. Without it: quantity times price times rate, "
        "rounded half away from zero.",
    )

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        if self.price is None and self.amount is None:
            raise ValueError("give the price of one unit, or the amount of all")
        return self


class BuyTrade(_Priced):
    """A purchase: cash goes, a lot comes. Fees and taxes are part of what it cost."""

    kind: Literal["buy"]
    model_config = _example("buy", quantity="10", price="101.50", fees="4.90")


class SellTrade(_Priced):
    """A sale: lots go by the account's cost method. Fees lower the proceeds; taxes were withheld and do not."""

    kind: Literal["sell"]
    lots: Lots | None = None
    model_config = _example("sell", quantity="4", price="120.00", fees="4.90")

    @model_validator(mode="after")
    def _lots_sum(self) -> Self:
        check_lots(self.lots, self.quantity)
        return self


class _Income(_Costing):
    amount: PositiveAmount = Field(description="Gross, in the account's currency: before taxes and fees.")
    category_id: UUID | None = Field(default=None, description="Of the income.")
    tax_category_id: UUID | None = Field(default=None, description="Of the taxes, which are spending.")
    fee_category_id: UUID | None = Field(default=None, description="Of the fees, which are spending.")


class DividendTrade(_Income):
    """Income in cash."""

    kind: Literal["dividend"]
    model_config = _example("dividend", amount="25.00", taxes="6.59")


class InterestTrade(_Income):
    """Interest of a bond or a fund, in cash."""

    kind: Literal["interest"]
    model_config = _example("interest", amount="12.00")


class ReinvestTrade(_Priced):
    """A dividend that buys more of the asset: income, and a lot that cost what the taxes left of it."""

    kind: Literal["reinvest"]
    amount: NotNegativeAmount | None = Field(
        default=None,
        description="The gross dividend in the account's currency. Without it: quantity times price times rate and "
        "the fees and taxes.",
    )
    category_id: UUID | None = Field(default=None, description="Of the income.")
    tax_category_id: UUID | None = Field(default=None, description="Of the taxes, which are spending.")
    model_config = _example("reinvest", quantity="0.25", price="100.00")


class FeeTrade(_OnAccount):
    """A fee for holding the asset, in cash; it is spending, and no part of any cost."""

    kind: Literal["fee"]
    amount: PositiveAmount = Field(description="In the account's currency.")
    category_id: UUID | None = None
    model_config = _example("fee", amount="3.00")


class DepositTrade(_OnAccount):
    """Units that come without cash: from another bank, as a gift, from before this book."""

    kind: Literal["deposit"]
    quantity: Quantity
    cost: NotNegativeAmount = Field(description="What all of them cost, fees included, in the account's currency.")
    acquired_on: CivilDate | None = Field(default=None, description="Since when they are held; `date` without it.")
    model_config = _example("deposit", quantity="10", cost="950.00", acquired_on="2024-05-02")

    @model_validator(mode="after")
    def _acquired_before(self) -> Self:
        if self.acquired_on is not None and self.acquired_on > self.date:
            raise ValueError("acquired_on is after date")
        return self


class WithdrawalTrade(_OnAccount):
    """Units that go without cash: a gift, a loss, to a bank outside this book. Nothing is gained or lost by it."""

    kind: Literal["withdrawal"]
    quantity: Quantity
    lots: Lots | None = None
    model_config = _example("withdrawal", quantity="2")

    @model_validator(mode="after")
    def _lots_sum(self) -> Self:
        check_lots(self.lots, self.quantity)
        return self


class TransferTrade(_OnAccount):
    """Units that go to another account of the book, with what they cost and since when they are held."""

    kind: Literal["transfer"]
    quantity: Quantity
    to_account_id: UUID
    rate: PositiveAmount | None = Field(
        default=None,
        description="Between accounts of two currencies: how much of the receiving one's one unit of the giving one's "
        "is. Looked up for the day without it.",
    )
    lots: Lots | None = None
    model_config = _example("transfer", quantity="5", to_account_id=_OTHER)

    @model_validator(mode="after")
    def _elsewhere(self) -> Self:
        if self.to_account_id == self.account_id:
            raise ValueError("a transfer goes to another account: to_account_id equals account_id")
        check_lots(self.lots, self.quantity)
        return self


class SplitTrade(_Trade):
    """A split or reverse split: other units for the same cost."""

    kind: Literal["split"]
    ratio: Ratio
    account_id: UUID | None = Field(
        default=None, description="Without it, on every account that holds the asset that day."
    )
    model_config = _example("split", ratio="4:1")


class _IntoAsset(_OnAccount):
    to_asset_id: UUID
    ratio: Ratio

    @model_validator(mode="after")
    def _another_asset(self) -> Self:
        if self.to_asset_id == self.asset_id:
            raise ValueError("it becomes another asset: to_asset_id equals asset_id")
        return self


class MergerTrade(_IntoAsset):
    """All of an asset becomes another one. Cash that comes with it lowers the cost first; the rest is a gain."""

    kind: Literal["merger"]
    amount: NotNegativeAmount | None = Field(default=None, description="Cash, in the account's currency.")
    model_config = _example("merger", to_asset_id=_OTHER, ratio="3:2")


class SpinOffTrade(_IntoAsset):
    """Another asset comes out of one, with a part of its cost and since when it is held."""

    kind: Literal["spin_off"]
    cost_percent: Percentage = Field(description="The part of the cost that goes over, in percent.")
    model_config = _example("spin_off", to_asset_id=_OTHER, ratio="1:5", cost_percent="12.5")


class ReturnOfCapitalTrade(_OnAccount):
    """A distribution that is no income: it lowers the cost of each unit; what exceeds it is a gain."""

    kind: Literal["return_of_capital"]
    amount: PositiveAmount = Field(description="In the account's currency.")
    model_config = _example("return_of_capital", amount="40.00")


AnyTrade = (
    BuyTrade
    | SellTrade
    | DividendTrade
    | ReinvestTrade
    | InterestTrade
    | FeeTrade
    | DepositTrade
    | WithdrawalTrade
    | TransferTrade
    | SplitTrade
    | MergerTrade
    | SpinOffTrade
    | ReturnOfCapitalTrade
)
TradeIn = Annotated[AnyTrade, Field(discriminator="kind")]


class TradePatch(Body):
    """What to change; what is absent stays. The merged whole must be valid, as if it were sent with PUT.

    Another quantity, price, rate or currency has the amount computed anew; another date or currency has the rate looked
    up anew; unless they are sent, too.
    """

    date: CivilDate | None = None
    account_id: UUID | None = None
    asset_id: UUID | None = None
    quantity: Quantity | None = None
    price: NotNegativeAmount | None = None
    currency: CurrencyCode | None = None
    rate: PositiveAmount | None = None
    amount: NotNegativeAmount | None = None
    fees: NotNegativeAmount | None = None
    taxes: NotNegativeAmount | None = None
    cost: NotNegativeAmount | None = None
    acquired_on: CivilDate | None = None
    to_account_id: UUID | None = None
    to_asset_id: UUID | None = None
    ratio: Ratio | None = None
    cost_percent: Percentage | None = None
    lots: Lots | None = None
    category_id: UUID | None = None
    tax_category_id: UUID | None = None
    fee_category_id: UUID | None = None
    notes: Text | None = None
    external_id: ExternalId | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"fees": "5.90", "notes": "As on the contract note"}})


def check_lots(lots: Lots | None, quantity: Decimal) -> None:
    """Raise `ValueError` where lots are named twice or do not sum to the quantity."""
    if lots is None:
        return
    if len({lot.trade_id for lot in lots}) < len(lots):
        raise ValueError("lots: a trade is named twice")
    if sum((lot.quantity for lot in lots), ZERO) != quantity:
        raise ValueError("lots: their quantities do not sum to quantity")
