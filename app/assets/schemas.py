"""What clients send and get about assets."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from app.assets import isin
from app.core.fields import Body, CurrencyCode, Flag, LongName, Text, Word
from app.core.money import Money, NotNegativeAmount, at_most_all

Day = date
"""For classes in which `date` is something else."""
AssetType = Literal["stock", "etf", "fund", "bond", "crypto", "metal", "property", "vehicle", "other"]
ProviderName = Literal["alpha_vantage", "coingecko", "json", "stooq", "yahoo"]
EXAMPLE: dict[str, JsonValue] = {
    "symbol": "VWCE",
    "name": "FTSE All-World",
    "type": "etf",
    "currency": "EUR",
    "isin": "IE00BK5BQT80",
    "sector": "World",
    "target_percent": "60",
    "provider": "yahoo",
    "provider_symbol": "VWCE.DE",
}


Isin = Annotated[
    str,
    Field(min_length=12, max_length=20, description="Checked, with its check digit.", examples=["IE00BK5BQT80"]),
    AfterValidator(isin.normal),
]
Percent = Annotated[NotNegativeAmount, AfterValidator(at_most_all)]
ProviderSymbol = Annotated[
    str,
    Field(
        min_length=1,
        max_length=61,
        description="What the provider knows it by; the asset's own symbol when absent. Where the provider does not "
        "say the currency, it stands behind a stroke, `VOD.LON/GBX`, and is the asset's when absent.",
        examples=["VWCE.DE"],
    ),
]


class AssetFields(Body):
    """What a new asset and a replaced one have in common."""

    symbol: Word = Field(description="What you know it by: unique in the book, whatever its case.")
    name: LongName
    type: AssetType
    currency: CurrencyCode = Field(description="Of your own prices; fixed once there are prices or trades.")
    isin: Isin | None = None
    sector: Word | None = None
    target_percent: Percent | None = Field(default=None, description="Its wanted part of the whole, in percent.")
    provider: ProviderName | None = Field(default=None, description="Who is asked for its quotes.")
    provider_symbol: ProviderSymbol | None = None
    notes: Text | None = None

    @model_validator(mode="after")
    def _symbol_of_provider(self) -> Self:
        if self.provider is None and self.provider_symbol is not None:
            raise ValueError("provider_symbol says nothing without a provider")
        return self


class AssetIn(AssetFields):
    """A new asset."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")


class AssetReplace(AssetFields):
    """PUT: all of an asset. What the body leaves out goes back to its default."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    archived: Flag = False


class AssetPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"target_percent": "55"}})

    symbol: Word | None = None
    name: LongName | None = None
    type: AssetType | None = None
    currency: CurrencyCode | None = None
    isin: Isin | None = None
    sector: Word | None = None
    target_percent: Percent | None = None
    provider: ProviderName | None = Field(default=None, description="null: nobody is asked any more.")
    provider_symbol: ProviderSymbol | None = None
    notes: Text | None = None
    archived: Flag | None = Field(default=None, description="Of an archived asset no quotes are fetched.")

    @field_validator("symbol", "name", "type", "currency", "archived")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class QuotesOut(BaseModel):
    """How asking the provider goes."""

    last_tried_at: datetime | None
    last_ok_at: datetime | None
    problem: str | None = Field(
        description="Null while all is well: `unavailable`, `paced`, `refused`, `unreadable`, `implausible`, "
        "`unknown_currency` or `provider_off`."
    )
    detail: str | None
    next_at: datetime | None


class AssetState(BaseModel):
    """An asset as it was set."""

    id: UUID
    symbol: str
    name: str
    type: str
    currency: str
    isin: str | None
    sector: str | None
    target_percent: Money | None
    provider: str | None
    provider_symbol: str | None
    notes: str | None
    archived_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class AssetOut(AssetState):
    """An asset, and how its quotes are fetched."""

    quotes: QuotesOut | None = Field(description="Null without a provider.")


class RefreshOut(BaseModel):
    """A refresh that was asked for."""

    provider: str
    provider_symbol: str
    next_at: datetime = Field(description="When the provider is asked; later than now where it was asked just before.")


class PriceIn(Body):
    """What one unit is worth, in the asset's currency."""

    model_config = ConfigDict(json_schema_extra={"example": {"price": "112.34"}})

    price: NotNegativeAmount


class PriceState(BaseModel):
    """A price of the book's own."""

    id: UUID
    asset_id: UUID
    date: date
    price: Money
    currency: str
    source: str = Field(description="`manual`, `csv` or `import`.")
    revision: int
    created_at: datetime
    updated_at: datetime


class ListedPrice(BaseModel):
    """A price of the book's own, or a provider's quote."""

    date: date
    price: Money
    currency: str
    source: str = Field(description="`manual`, `csv`, `import`, or the provider's name.")
    own: bool = Field(description="Whether it is the book's own: it goes before a quote of the same day.")
    adjusted_to: Day | None = Field(
        description="The day up to which splits are counted in the price; null: as it was traded."
    )
    revision: int | None = Field(description="Of a price of the book's own, for `If-Match`.")
    stored_at: datetime


class PriceOut(BaseModel):
    """The newest price up to a day."""

    asset_id: UUID
    at: date
    price: Money
    currency: str
    priced_on: date
    age_days: int
    source: str
    adjusted_to: date | None
    fetched_at: datetime
    stale: bool = Field(
        description="Whether it is older than it should be: than a week, or than a year for property, vehicles and "
        "other things."
    )


class RowError(BaseModel):
    """A row that was not taken."""

    line: int
    code: str
    detail: str


class PricesImported(BaseModel):
    """What a file of prices came to."""

    rows: int
    stored: int = Field(description="New or changed.")
    unchanged: int
    errors: list[RowError] = Field(description="With `skip_errors=true`: the rows that were left out, at most 100.")
    skipped: int


class ProviderOut(BaseModel):
    """A provider of market prices."""

    name: str
    on: bool = Field(description="Whether this server asks it.")
