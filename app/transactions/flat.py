"""Transactions as rows of a table: one for each of them, or one for each of their postings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import orjson

from app.core.database import AnyRow
from app.core.money import plain
from app.rendering.model import Cell, Column

RowKind = Literal["transactions", "postings"]

BETWEEN = " > "
"""Stands between the names of a category's path."""


@dataclass(frozen=True)
class Names:
    """What the rows call accounts and categories by their ids, as text.

    An account has its name and its currency, a category its name and its path.
    """

    accounts: Mapping[str, tuple[str, str]]
    categories: Mapping[str, tuple[str, str]]
    base_currency: str


Line = tuple[int, str, str | None, str, str, str | None, str | None]
"""A posting as `repository.FLAT` has it: number, account, category, role, amount, amount in the base currency, memo."""


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

_NOTHING = (None, None)
_SIMPLE = ("expense", "income")


def rows(kind: RowKind, found: Sequence[AnyRow], names: Names) -> Iterator[Sequence[Cell]]:
    """The rows of a page of `repository.FLAT`, in the order of `COLUMNS[kind]`; amounts as they are written.

    They say what `documents.from_row` says, without making a document: of a million rows each microsecond is a second.
    """
    for row in found:
        lines: list[Line] = orjson.loads(row.lines)
        if kind == "transactions":
            yield _transaction(row, lines, names)
        else:
            yield from _postings(row, lines, names)


def _transaction(row: AnyRow, lines: Sequence[Line], names: Names) -> Sequence[Cell]:
    """`amount` is what it moved on `account`, positive for money in."""
    _, first, _, _, amount, base, _ = lines[0]
    target: tuple[Cell, Cell, Cell] = (None, None, None)
    category: tuple[str | None, str | None] = _NOTHING
    splits = None
    if len(lines) > 1:
        own = [line for line in lines if line[1] == row.account_id]
        amount = plain(sum((Decimal(line[4]) for line in own), Decimal(0)))
        known = [Decimal(line[5]) for line in own if line[5] is not None]
        base = plain(sum(known, Decimal(0))) if len(known) == len(own) else None
        if row.type == "transfer" and lines[1][3] == "transfer":
            name, its_currency = names.accounts[lines[1][1]]
            target = name, lines[1][4], its_currency
    if row.type in _SIMPLE:
        flows = [line for line in lines if line[3] == "flow"]
        if len(flows) == 1 and flows[0][6] is None:
            category = _category(flows[0][2], names)
        else:
            splits = "; ".join(_split(line, row.type, names) for line in flows)
    return (
        row.id,
        row.date,
        row.type,
        row.status,
        names.accounts[row.account_id][0],
        amount,
        names.accounts[first][1],
        *target,
        *category,
        row.payee,
        row.description,
        row.notes,
        row.tags and _tags(row),
        row.external_id,
        row.original_amount,
        row.original_currency,
        base,
        None if base is None else names.base_currency,
        splits or None,
    )


def _postings(row: AnyRow, lines: Sequence[Line], names: Names) -> Iterator[Sequence[Cell]]:
    for place, (number, account_id, category, role, amount, base, memo) in enumerate(lines):
        account, currency = names.accounts[account_id]
        yield (
            row.id,
            place if row.other_side_private else number,  # nor do the numbers tell how many lines there are
            row.date,
            row.type,
            row.status,
            account,
            amount,
            currency,
            base,
            None if base is None else names.base_currency,
            role,
            *_category(category, names),
            memo,
            row.payee,
            row.description,
            row.notes,
            row.tags and _tags(row),
            row.external_id,
        )


def _tags(row: AnyRow) -> str:
    return ", ".join(sorted(orjson.loads(row.tags), key=str.lower))


def _category(category_id: str | None, names: Names) -> tuple[str | None, str | None]:
    return _NOTHING if category_id is None else names.categories.get(category_id, _NOTHING)


def _split(line: Line, kind: str, names: Names) -> str:
    """For people: `Food 12.50 (lunch)`."""
    _, _, category, _, amount, _, memo = line
    # As it stands in the transaction: positive in its direction, negative for what goes against it.
    size = plain(-Decimal(amount)) if kind == "expense" else amount
    return f"{_category(category, names)[0] or 'Uncategorised'} {size}" + (f" ({memo})" if memo else "")
