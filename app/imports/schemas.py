"""What clients send and get about imports."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, CurrencyCode
from app.core.money import Money
from app.imports.csv import CsvMapping
from app.imports.csv.mapping import FileText
from app.transactions.outputs import Warning_

Outcome = Literal["new", "duplicate", "suspect", "error"]
Format = Literal["csv", "hledger", "beancount", "broker_csv"]
MAX_ACCOUNTS = 100
MAX_SKIPPED = 100_000


class Mapping(CsvMapping):
    """How to read the file: every field overrides what would be detected."""

    accounts: dict[FileText, UUID] | None = Field(
        default=None,
        max_length=MAX_ACCOUNTS,
        description="For a file of several accounts: which account of the book each name in `account_column` means. "
        "A name that is not listed makes its rows errors; without this, all rows go to `account_id`.",
        examples=[{"Checking": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}],
    )
    commodities: dict[FileText, CurrencyCode] | None = Field(
        default=None,
        max_length=MAX_ACCOUNTS,
        description="For hledger and Beancount: the currency that a sign or name of the file stands for.",
        examples=[{"$": "USD"}],
    )


class RowCounts(BaseModel):
    """How many rows have which outcome."""

    total: int
    new: int
    duplicate: int
    suspect: int
    error: int


class RowRule(BaseModel):
    """What one of the book's rules made of a row."""

    rule_id: UUID
    rule_name: str
    changes: dict[str, Any] = Field(description="Each field that it changed, with its value `before` and `after`.")


class RowSuggestion(BaseModel):
    """A category that the book's own history makes likely."""

    category_id: UUID
    confidence: Money = Field(description="In percent.", examples=["93.10"])
    applied: bool = Field(description="Whether the row has it already, because the book says so.")


class ImportRowOut(BaseModel):
    """A row of the file and what becomes of it."""

    position: int = Field(description="Counts the rows of the file from 1.")
    line: int = Field(description="The line of the file where it starts, from 1.")
    outcome: Outcome = Field(
        description="`new`; `duplicate`: its external id exists or the same file was imported, so it is left out; "
        "`suspect`: looks like a transaction that exists (`match_id`), kept unless you skip it; `error`: see `reason`."
    )
    column: str | None = Field(description="For an error, the column that is wrong.")
    reason: str | None = Field(description="Why it is a duplicate, a suspect or an error.")
    account_id: UUID | None
    date: date | None
    amount: Money | None = Field(description="Signed: positive is money in.")
    payee: str | None
    description: str | None
    notes: str | None
    external_id: str | None
    category_id: UUID | None
    match_id: UUID | None = Field(description="The transaction or trade that a suspect or duplicate looks like.")
    skipped: bool
    transaction_id: UUID | None = Field(description="What the commit made of it; null before, and when left out.")
    trade_id: UUID | None = Field(description="The trade that the commit made of it, instead of a transaction.")
    trade: dict[str, Any] | None = Field(
        description="For a row that becomes a trade: its body, as `POST /portfolio/trades` takes it.",
        examples=[
            {
                "kind": "buy",
                "date": "2026-01-31",
                "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "asset_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8",
                "quantity": "10",
                "price": "101.50",
                "fees": "4.90",
            }
        ],
    )
    rules: list[RowRule] = Field(
        description="The book's rules that changed it, in their order. The fields above are as they left them; a "
        "transfer, parts and tags stand in `changes`."
    )
    suggestion: RowSuggestion | None = Field(description="For a row that comes without a category.")


class ImportAsset(BaseModel):
    """What the file calls which asset."""

    id: UUID
    symbol: str
    name: str
    type: str
    currency: str
    isin: str | None
    new: bool = Field(description="Whether the book does not have it yet, and the commit makes it.")


class ImportOut(BaseModel):
    """An import."""

    id: UUID
    status: Literal["previewed", "committed", "undone"]
    format: Format
    account_id: UUID | None = Field(
        description="null when the account was deleted since, and for files that name their accounts."
    )
    file_name: str | None
    mapping: dict[str, Any] = Field(description="All that was settled; sent back it reads the file the same way.")
    mapping_source: Literal["detected", "given", "saved"] = Field(
        description="`saved`: the mapping of an earlier import with the same header was taken up."
    )
    confidence: dict[str, Literal["certain", "likely", "guess"]] = Field(
        description="How sure the reader is of each field it settled."
    )
    assets: list[ImportAsset] = Field(description="The assets that its trades are of.")
    warnings: list[Warning_] = Field(
        description="What to look at before committing; in the answer of the commit also what it brought about."
    )
    rows: RowCounts
    created: int | None = Field(description="How many transactions and trades the commit made.")
    skipped: int | None = Field(description="How many rows it left out: duplicates, errors, and those you skipped.")
    created_at: datetime
    committed_at: datetime | None
    undone_at: datetime | None


class ImportPreview(ImportOut):
    """An import and its first rows."""

    sample: list[ImportRowOut]


class CommitIn(Body):
    """What to leave out."""

    model_config = ConfigDict(json_schema_extra={"example": {"suspects": "keep", "skip": [3]}})

    suspects: Literal["keep", "skip"] = Field(default="keep", description="What to do with rows that look like others.")
    skip: list[Annotated[int, Field(ge=1, le=2_000_000_000)]] = Field(
        default=[], max_length=MAX_SKIPPED, description="Positions of rows to leave out."
    )


class UndoIn(Body):
    """How firmly to undo."""

    model_config = ConfigDict(json_schema_extra={"example": {"force": False}})

    force: bool = Field(default=False, description="Also remove transactions that were changed since the import.")
