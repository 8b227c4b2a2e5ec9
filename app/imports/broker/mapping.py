"""The description of a broker's CSV export: which column means what, and what its words and amounts mean."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from app.assets.schemas import AssetType
from app.core.written_dates import DateOrder
from app.imports.csv.mapping import Column, DecimalSeparator, FileShape, FileText, OptionalColumn

LineKind = Literal[
    "buy", "sell", "dividend", "reinvest", "interest", "fee", "tax", "deposit", "withdrawal", "transfer_in",
    "transfer_out", "split", "return_of_capital", "ignore",
]  # fmt: skip
AmountIs = Literal["gross", "net"]
AmountIn = Literal["account", "price"]
RateIs = Literal["account_per_price", "price_per_account"]
MOST_WORDS = 500
MOST_ASSETS = 5_000
_NONE = "An empty string means that there is none and it is not to be detected."


class BrokerMapping(FileShape):
    """How to read one broker's CSV files of trades. Every field that is left out is detected from the file.

    A column is given by its header (letter case does not matter) or by its number, counted from 1.
    """

    date_column: Column | None = Field(
        default=None, description="The column with the day of the trade.", examples=["Trade Date"]
    )
    date_order: DateOrder | None = Field(
        default=None, description="Order of day, month and year in dates such as 05/03/2021.", examples=["DMY"]
    )
    decimal_separator: DecimalSeparator | None = Field(
        default=None, description="The character before the decimals of all numbers.", examples=[","]
    )
    kind_column: OptionalColumn | None = Field(
        default=None,
        description="The column that says what happened, for example `Action`. Without one, a positive quantity is a "
        f"purchase and a negative one a sale. {_NONE}",
        examples=["Action"],
    )
    kinds: dict[Annotated[FileText, Field(min_length=1)], LineKind] | None = Field(
        default=None,
        max_length=MOST_WORDS,
        description="What the words of the kind column mean, beside those that are known. `ignore` leaves rows out.",
        examples=[{"Kauf": "buy", "Sweep in": "ignore"}],
    )
    symbol_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the ticker symbol. {_NONE}", examples=["Symbol"]
    )
    isin_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the ISIN. {_NONE}", examples=["ISIN"]
    )
    name_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the asset's name. {_NONE}", examples=["Product"]
    )
    quantity_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the number of units, signed or not. {_NONE}", examples=["Shares"]
    )
    price_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the price of one unit. {_NONE}", examples=["Price"]
    )
    amount_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the money of all units. {_NONE}", examples=["Amount"]
    )
    amount_is: AmountIs | None = Field(
        default=None,
        description="Whether amounts are before fees and taxes (`gross`), or what moved on the account (`net`).",
        examples=["net"],
    )
    amount_in: AmountIn | None = Field(
        default=None,
        description="Whether amounts, fees and taxes are in the account's currency, or in that of the price.",
        examples=["account"],
    )
    fees_columns: list[Column] | None = Field(
        default=None, max_length=20, description="The columns with fees; an empty list for none.", examples=[["Fee"]]
    )
    taxes_columns: list[Column] | None = Field(
        default=None, max_length=20, description="The columns with taxes; an empty list for none.", examples=[["Tax"]]
    )
    currency_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the currency of the price. {_NONE}", examples=["Currency"]
    )
    rate_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the exchange rate between the price's and the account's currency. {_NONE}",
        examples=["Exchange rate"],
    )
    rate_is: RateIs | None = Field(
        default=None,
        description="What the exchange rate is: how much of the account's currency one unit of the price's is, or the "
        "other way round.",
        examples=["price_per_account"],
    )
    external_id_column: OptionalColumn | None = Field(
        default=None, description=f"The column with the broker's own id of the trade. {_NONE}", examples=["Trade ID"]
    )
    notes_column: OptionalColumn | None = Field(
        default=None, description=f"The column with notes. {_NONE}", examples=["Notes"]
    )
    type_column: OptionalColumn | None = Field(
        default=None, description=f"The column with what kind of asset it is. {_NONE}", examples=["Asset class"]
    )
    asset_type: AssetType | None = Field(
        default=None, description="What new assets are where no column says it; `stock` without it.", examples=["etf"]
    )
    assets: dict[Annotated[FileText, Field(min_length=1)], UUID] | None = Field(
        default=None,
        max_length=MOST_ASSETS,
        description="Which asset of the book a symbol, ISIN or name of the file is. What is not listed is found by its "
        "symbol, then by its ISIN, and made new where the book has neither.",
        examples=[{"AAPL": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8"}],
    )
