"""From what the file says to rows ready for the database: the book's own rules, row by row, off the event loop."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from app.core.ids import new_id
from app.core.money import MAX_INTEGER_DIGITS, decimals, plain, quantum
from app.imports.csv import CsvMapping, CsvReading, CsvRow
from app.imports.csv.currencies import fits
from app.rules.importing import ImportRules, Report, Rewriter
from app.transactions.references import AccountRef

CHUNK_ROWS = 2_000
FORMAT = "csv"
LIMITS = {"payee": 200, "description": 500, "notes": 10_000, "external_id": 500}
NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": None})


@dataclass(frozen=True)
class Target:
    """What a row is checked against: the accounts it may go to, the categories it may name, and what today is.

    `columns` names the file's column behind each part of a row.
    """

    account: AccountRef
    accounts_by_name: Mapping[str, AccountRef] | None
    categories: Mapping[tuple[str, str], UUID]
    today: date
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Staged:
    """The rows as COPY text in chunks, how many there are, and a digest of what they say."""

    chunks: list[bytes]
    count: int
    digest: bytes
    rules: Report | None = None


class _RowError(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def stage(reading: CsvReading, target: Target, rules: ImportRules | None = None) -> Staged:
    """Check each row and write all in file order; a row that is wrong becomes an error with its reason.

    What the book's own rules make of a row is what it says from then on.

    The digest covers what the rows say, not how the file wrote it: the same export in another encoding is the same.
    """
    target = replace(target, columns=_columns(reading.mapping))
    digest = hashlib.sha256()
    chunks: list[bytes] = []
    rewriter = Rewriter(rules, FORMAT) if rules is not None else None
    rows: list[tuple[int, tuple[str | None, ...]]] = []
    count = 0
    for row in _in_file_order(reading, target):
        rows.append(row)
        if len(rows) == CHUNK_ROWS:
            chunks.append(_chunk(rows, count, rewriter))
            count += len(rows)
            rows.clear()
    chunks.append(_chunk(rows, count, rewriter))
    count += len(rows)
    for read in reading.rows:
        digest.update(repr((read.date, plain(read.amount.normalize()), *read[3:10])).encode())
    return Staged(chunks, count, digest.digest(), rewriter.report if rewriter is not None else None)


def _chunk(rows: list[tuple[int, tuple[str | None, ...]]], before: int, rewriter: Rewriter | None) -> bytes:
    """The rows as COPY text; `before` counts those that stand before them."""
    ids = [new_id() for _ in rows]
    written: list[tuple[tuple[str | None, ...], str | None]] = [(values, None) for _, values in rows]
    if rewriter is not None:
        written = rewriter.rewrite([values for _, values in rows], ids)
    return "".join(
        "\t".join((str(count), str(line), str(row_id), *map(copy_text, values), _copy_document(document))) + "\n"
        for count, ((line, _), row_id, (values, document)) in enumerate(
            zip(rows, ids, written, strict=True), before + 1
        )
    ).encode()


def _in_file_order(reading: CsvReading, target: Target) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """Rows and errors merged by line; both lists are in file order already."""
    errors = iter(reading.errors)
    error = next(errors, None)
    for row in reading.rows:
        while error is not None and error.line < row.line:
            yield error.line, _failed(error.column, error.reason)
            error = next(errors, None)
        yield row.line, _values(row, target)
    while error is not None:
        yield error.line, _failed(error.column, error.reason)
        error = next(errors, None)


def _failed(column: str | None, reason: str) -> tuple[str | None, ...]:
    return (column, reason, None, None, None, None, None, None, None, None)


def _values(row: CsvRow, target: Target) -> tuple[str | None, ...]:
    texts = (
        cut(row.payee, "payee"),
        cut(row.description, "description"),
        cut(row.notes, "notes"),
        row.external_id,
    )
    try:
        account = _account(row, target)
        _check(row, account, target)
    except _RowError as error:
        return (
            _column(error.column, row, target),
            error.reason,
            None,
            row.date.isoformat(),
            plain(row.amount),
            *texts,
            None,
        )
    amount = plain(row.amount.quantize(quantum(account.exponent)))
    category = _category(row, target)
    return (None, None, str(account.id), row.date.isoformat(), amount, *texts, str(category) if category else None)


def _columns(mapping: CsvMapping) -> dict[str, str]:
    given = mapping.model_dump(exclude_none=True)
    return {name.removesuffix("_column"): str(value) for name, value in given.items() if name.endswith("_column")}


def _column(part: str, row: CsvRow, target: Target) -> str | None:
    """The file's column that part of the row came from; a currency may stand in the amount's."""
    amounts = ("amount", "debit", "credit") if row.amount < 0 else ("amount", "credit", "debit")
    likely = {"amount": amounts, "currency": ("currency", *amounts)}.get(part, (part,))
    return next((target.columns[name] for name in likely if name in target.columns), None)


def _account(row: CsvRow, target: Target) -> AccountRef:
    if target.accounts_by_name is None:
        return target.account
    name = (row.account or "").casefold()
    if name not in target.accounts_by_name:
        raise _RowError("account", f"the account '{(row.account or '')[:80]}' is not in mapping.accounts")
    return target.accounts_by_name[name]


def _check(row: CsvRow, account: AccountRef, target: Target) -> None:
    if row.sign is not None:
        if not fits(row.sign, account.currency):
            raise _RowError("currency", f"the amount is in {row.sign}, the account in {account.currency}")
    elif row.currency is not None and row.currency != account.currency:
        raise _RowError("currency", f"the row is in {row.currency}, the account in {account.currency}")
    if row.amount == 0:
        raise _RowError("amount", "the amount is 0")
    if row.amount.adjusted() >= MAX_INTEGER_DIGITS:
        raise _RowError("amount", f"the amount has more than {MAX_INTEGER_DIGITS} digits before the point")
    if decimals(row.amount) > account.exponent:
        raise _RowError("amount", f"{account.currency} has {account.exponent} decimals, this amount has more")
    if row.date > target.today:
        raise _RowError("date", f"{row.date} is in the future")
    if row.external_id is not None and len(row.external_id) > LIMITS["external_id"]:
        raise _RowError("external_id", f"the id has more than {LIMITS['external_id']} characters")


def _category(row: CsvRow, target: Target) -> UUID | None:
    """The book's one category of that name; an expense never takes an income category."""
    if row.category is None:
        return None
    name = row.category.casefold()
    expense = target.categories.get(("expense", name))
    if row.amount < 0:
        return expense
    return target.categories.get(("income", name)) or expense


def cut(text: str | None, field: str) -> str | None:
    limit = LIMITS[field]
    return text if text is None or len(text) <= limit else text[: limit - 1] + "…"


def _copy_document(document: str | None) -> str:
    """JSON has no line breaks and no tabs of its own, and documents are long."""
    return NULL if document is None else document.replace("\\", "\\\\")


def copy_text(value: str | None) -> str:
    return NULL if value is None else value.translate(_ESCAPES)
