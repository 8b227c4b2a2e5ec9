"""Transactions as rows of a table: one for each of them, or one for each of their postings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from app.core.money import plain
from app.rendering.model import Cell, Column
from app.transactions.documents import Document

RowKind = Literal["transactions", "postings"]

BETWEEN = " > "
"""Stands between the names of a category's path."""


@dataclass(frozen=True)
class Names:
    """What the rows call accounts and categories by their ids; a category has its name and its path."""

    accounts: Mapping[UUID, str]
    categories: Mapping[UUID, tuple[str, str]]
    base_currency: str


_COMMON = (
    Column("payee", "Payee"),
    Column("description", "Description"),
    Column("notes", "Notes"),
    Column("tags", "Tags"),
    Column("external_id", "External ID"),
)
TRANSACTION_COLUMNS = (
    Column("id", "ID"),
    Column("date", "Date", "date"),
    Column("type", "Type"),
    Column("status", "Status"),
    Column("account", "Account"),
    Column("amount", "Amount", "money"),
    Column("currency", "Currency"),
    Column("to_account", "To account"),
    Column("to_amount", "To amount", "money"),
    Column("to_currency", "To currency"),
    Column("category", "Category"),
    Column("category_path", "Category path"),
    *_COMMON,
    Column("original_amount", "Original amount", "money"),
    Column("original_currency", "Original currency"),
    Column("base_amount", "Base amount", "money"),
    Column("base_currency", "Base currency"),
    Column("splits", "Splits"),
)
POSTING_COLUMNS = (
    Column("id", "ID"),
    Column("line", "Line", "number"),
    Column("date", "Date", "date"),
    Column("type", "Type"),
    Column("status", "Status"),
    Column("account", "Account"),
    Column("amount", "Amount", "money"),
    Column("currency", "Currency"),
    Column("base_amount", "Base amount", "money"),
    Column("base_currency", "Base currency"),
    Column("role", "Role"),
    Column("category", "Category"),
    Column("category_path", "Category path"),
    Column("memo", "Memo"),
    *_COMMON,
)
COLUMNS: Mapping[RowKind, Sequence[Column]] = {"transactions": TRANSACTION_COLUMNS, "postings": POSTING_COLUMNS}
HEADER = tuple(column.name for column in TRANSACTION_COLUMNS)
"""By which a file of ours is known when it comes back."""


def rows(kind: RowKind, documents: Sequence[Document], names: Names) -> Iterator[Sequence[Cell]]:
    """The rows of transactions as the API has them, in the order of `COLUMNS[kind]`."""
    for document in documents:
        if kind == "transactions":
            yield _transaction(document, names)
        else:
            yield from _postings(document, names)


def _transaction(document: Document, names: Names) -> Sequence[Cell]:
    """`amount` is what it moved on `account`, positive for money in."""
    own = [posting for posting in document["postings"] if posting["account_id"] == document["account_id"]]
    base = [posting["base_amount"] for posting in own]
    base_amount = None if None in base else sum(base, Decimal(0))
    name, path = _category(document["category_id"], names)
    target = next((p for p in document["postings"] if p["account_id"] == document["to_account_id"]), None)
    return (
        str(document["id"]),
        document["date"],
        document["type"],
        document["status"],
        names.accounts.get(document["account_id"]),
        sum((posting["amount"] for posting in own), Decimal(0)),
        document["currency"],
        names.accounts.get(document["to_account_id"]),
        document["to_amount"],
        target["currency"] if target else None,
        name,
        path,
        *_common(document),
        document["original_amount"],
        document["original_currency"],
        base_amount,
        None if base_amount is None else names.base_currency,
        "; ".join(_split(split, names) for split in document["splits"]) or None,
    )


def _postings(document: Document, names: Names) -> Iterator[Sequence[Cell]]:
    for posting in document["postings"]:
        base_amount = posting["base_amount"]
        yield (
            str(document["id"]),
            posting["line"],
            document["date"],
            document["type"],
            document["status"],
            names.accounts.get(posting["account_id"]),
            posting["amount"],
            posting["currency"],
            base_amount,
            None if base_amount is None else names.base_currency,
            posting["role"],
            *_category(posting["category_id"], names),
            posting["memo"],
            *_common(document),
        )


def _common(document: Document) -> tuple[Cell, ...]:
    return (
        document["payee"],
        document["description"],
        document["notes"],
        ", ".join(document["tags"]) or None,
        document["external_id"],
    )


def _category(category_id: UUID | None, names: Names) -> tuple[str | None, str | None]:
    return (None, None) if category_id is None else names.categories.get(category_id, (None, None))


def _split(split: Mapping[str, Any], names: Names) -> str:
    """For people: `Food 12.50 (lunch)`."""
    memo = f" ({split['memo']})" if split["memo"] else ""
    return f"{_category(split['category_id'], names)[0] or 'Uncategorised'} {plain(split['amount'])}{memo}"
