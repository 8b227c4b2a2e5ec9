"""The description of a bank's CSV export: which column means what, and how its dates and numbers are written."""

import codecs
import unicodedata
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from app.core.written_dates import DateOrder

DecimalSeparator = Literal[".", ","]
AmountSign = Literal["as_is", "inverted"]

NAME_LIMIT = 200
COLUMN_LIMIT = 1000
DESCRIPTION_LIMIT = 100


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs"} and character not in "\t\r\n"


def _without_controls(text: str) -> str:
    """No text of a file that was read has such characters, and no database keeps them all."""
    if any(map(_is_control, text)):
        raise ValueError("control characters do not stand in a file that can be read")
    return text


FileText = Annotated[str, Field(max_length=NAME_LIMIT), AfterValidator(_without_controls)]
"""A name or value as it stands in a file."""

_Number = Annotated[int, Field(strict=True, ge=1, le=COLUMN_LIMIT)]
Column = _Number | Annotated[FileText, Field(min_length=1)]
OptionalColumn = _Number | FileText
_Value = Annotated[FileText, Field(min_length=1)]

# Codecs of the standard library that turn bytes into text but are escapes or name rules, not encodings of a file.
_NOT_FILE_ENCODINGS = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}

_NONE = "An empty string means that there is none and it is not to be detected."


def encoding_name(name: str) -> str:
    """The one name used for a text encoding, whatever alias it was asked for by; LookupError when it is none."""
    "a".encode(name)  # refuses codecs that do not turn text into bytes, such as base64
    canonical = codecs.lookup(name).name.replace("_", "-")
    if canonical in _NOT_FILE_ENCODINGS:
        raise LookupError(f"{name} is not the encoding of a file")
    if canonical == "utf-8-sig":
        return "utf-8"  # a byte order mark is always dropped
    return canonical.replace("cp125", "windows-125")


class FileShape(BaseModel):
    """How a file of columns is written. Every field that is left out is detected from the file."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = Field(
        default=None,
        max_length=40,
        description="Text encoding of the file, for example `utf-8`, `utf-16-le` or `windows-1252`.",
        examples=["windows-1252"],
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="The one character between two cells, for example `;` or a tab.",
        examples=[";"],
    )
    quote: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description='The one character around a cell that holds a delimiter or a line break, for example `"`.',
        examples=['"'],
    )
    header_line: int | None = Field(
        default=None,
        ge=0,
        description="Line with the column names, counted from 1, for example `5`; `0` when there is none.",
        examples=[1],
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        if name is None:
            return None
        try:
            return encoding_name(name)
        except (LookupError, ValueError) as error:
            raise ValueError(f"'{name}' is not a text encoding that is known here") from error

    @field_validator("delimiter", "quote")
    @classmethod
    def _separates(cls, character: str | None) -> str | None:
        if character is not None and (character.isalnum() or character in "\r\n" or _is_control(character)):
            raise ValueError("a letter, a digit, a line break or a control character cannot separate or quote cells")
        return character

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self


class CsvMapping(FileShape):
    """How to read one bank's CSV files. Every field that is left out is detected from the file.

    A column is given by its header (letter case does not matter) or by its number, counted from 1.
    """

    date_column: Column | None = Field(
        default=None,
        description="The column with the date of the transaction, for example `Booking Date` or `1`.",
        examples=["Booking Date"],
    )
    date_order: DateOrder | None = Field(
        default=None,
        description="Order of day, month and year in dates such as 05/03/2021: `DMY` reads 5 March, `MDY` reads May 3.",
        examples=["DMY"],
    )
    amount_column: Column | None = Field(
        default=None,
        description="The column with the amount, for example `Amount`. Not together with debit and credit columns.",
        examples=["Amount"],
    )
    debit_column: Column | None = Field(
        default=None,
        description="The column with money going out, for example `Paid out`, where the file has one for each way.",
        examples=["Paid out"],
    )
    credit_column: Column | None = Field(
        default=None,
        description="The column with money coming in, for example `Paid in`, where the file has one for each way.",
        examples=["Paid in"],
    )
    direction_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column which says whether an unsigned amount is money in or out, for example `D/C`. {_NONE}",
        examples=["D/C"],
    )
    debit_values: list[_Value] | None = Field(
        default=None,
        max_length=100,
        description='Values of the direction column which mean money out, for example `["D", "Soll"]`.',
        examples=[["D"]],
    )
    credit_values: list[_Value] | None = Field(
        default=None,
        max_length=100,
        description='Values of the direction column which mean money in, for example `["C", "Haben"]`.',
        examples=[["C"]],
    )
    amount_sign: AmountSign | None = Field(
        default=None,
        description="`inverted` flips the sign of every amount, for example for cards whose purchases are positive.",
        examples=["as_is"],
    )
    decimal_separator: DecimalSeparator | None = Field(
        default=None,
        description="The character before the decimals of an amount, for example `,` in 1.234,56.",
        examples=[","],
    )
    payee_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the other party of the transaction, for example `Payee`. {_NONE}",
        examples=["Payee"],
    )
    description_columns: list[Column] | None = Field(
        default=None,
        max_length=DESCRIPTION_LIMIT,
        description='The columns whose texts are joined to the description, for example `["Purpose 1", "Purpose 2"]`. '
        "An empty list means that there is none and it is not to be detected.",
        examples=[["Description"]],
    )
    notes_column: OptionalColumn | None = Field(
        default=None, description=f"The column with notes, for example `Memo`. {_NONE}", examples=["Memo"]
    )
    external_id_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the bank's own id of the transaction, for example `Transaction ID`. {_NONE}",
        examples=["Transaction ID"],
    )
    currency_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the currency of the amount, for example `Currency`. {_NONE}",
        examples=["Currency"],
    )
    category_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the category, for example `Category`. {_NONE}",
        examples=["Category"],
    )
    account_column: OptionalColumn | None = Field(
        default=None,
        description=f"The column with the account the line belongs to, for example `Account Name`. {_NONE}",
        examples=["Account Name"],
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.debit_column is not None or self.credit_column is not None:
            if self.amount_column is not None:
                raise ValueError("give either amount_column, or debit_column and credit_column")
            if self.direction_column:
                raise ValueError("direction_column goes with amount_column, not with debit_column and credit_column")
        both = {fold(value) for value in self.debit_values or ()} & {fold(value) for value in self.credit_values or ()}
        if both:
            raise ValueError(f"the value '{min(both)}' cannot mean both money in and money out")
        return self


def fold(text: str) -> str:
    """The text as names and values are compared: without regard to letter case and to the amount of white space."""
    return " ".join(text.split()).casefold()
