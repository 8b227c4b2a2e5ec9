"""The posting engine, the only code that writes postings, balances and totals: by `apply` and by `move`.

`apply` takes changes (the postings of some transactions out, others in), works out what they mean for each account and
for each (month, account, category, role), and applies all of it in one statement, however many transactions there are;
`move` does the same for postings that change hands. The caller holds the book (`BookWriter`), so no other writer of the
book can meet it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import TextClause

from app.access.context import BookWriter
from app.access.opening import flush_events
from app.core.database import without_nested_loops
from app.core.documents import aside, dump
from app.transactions.errors import PeriodLockedError, SealedError
from app.transactions.posting_sql import HEAD, LINE, NO_LOG, applying, moving

Role = Literal["flow", "transfer", "equity"]


@dataclass(frozen=True, slots=True)
class PostingLine:
    """A movement on one account: signed, in the account's currency, with exactly its decimals.

    `base_amount` is the same in the book's base currency; with None the engine asks for the rate of the day.
    """

    account_id: UUID
    role: Role
    amount: Decimal
    base_amount: Decimal | None
    category_id: UUID | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A transaction ready to be written: its rules have been checked and its amounts have their final decimals."""

    id: UUID
    type: str
    date: date
    account_id: UUID
    amount: Decimal
    lines: tuple[PostingLine, ...]
    payee_id: UUID | None = None
    description: str | None = None
    notes: str | None = None
    status: str = "cleared"
    external_id: str | None = None
    original_amount: Decimal | None = None
    original_currency: str | None = None
    import_id: UUID | None = None
    refund_of_id: UUID | None = None
    reconciliation_id: UUID | None = None
    tag_ids: tuple[UUID, ...] = ()
    replaces: bool = False


@dataclass(frozen=True)
class Changes:
    """What one call applies: entries to write, transactions to delete, and the names that come with them."""

    put: Sequence[Entry] = ()
    delete: Sequence[UUID] = ()
    payees: Sequence[tuple[UUID, str]] = ()
    tags: Sequence[tuple[UUID, str]] = ()


_NONE_STAGED = "SELECT * FROM jsonb_to_recordset('[]'::jsonb) AS x({columns})"
NO_HEAD = _NONE_STAGED.format(columns=HEAD)
NO_LINE = _NONE_STAGED.format(columns=LINE)
NO_TAGS = _NONE_STAGED.format(columns="transaction_id uuid, tag_id uuid")
NOTHING_GONE = "SELECT NULL::uuid AS id WHERE false"


@dataclass(frozen=True)
class StagedRows:
    """Rows that already lie in the database: SELECTs for what comes, what goes and what to log, and their parameters.

    `head` and `line` yield the columns of `HEAD` and `LINE`, `tagged` transaction_id and tag_id, `gone` the ids of
    transactions to delete, and `log` entity, entity_id, action, before and after of events that stand behind those
    recorded. They see the book as it was before the statement. `unseal` lets sealed transactions change and go, for
    undoing what sealed them.
    """

    head: str = NO_HEAD
    line: str = NO_LINE
    gone: str = NOTHING_GONE
    tagged: str = NO_TAGS
    log: str = NO_LOG
    parameters: dict[str, Any] = field(default_factory=dict)
    unseal: bool = False


_FROM_JSON = applying(
    head=f"SELECT * FROM jsonb_to_recordset(CAST(:head AS jsonb)) AS h({HEAD})",  # noqa: S608  # nosec B608  # a constant
    line=f"SELECT * FROM jsonb_to_recordset(CAST(:line AS jsonb)) AS l({LINE})",  # noqa: S608  # nosec B608  # a constant
    gone="SELECT unnest(CAST(:gone AS uuid[])) AS id",
    tagged="SELECT * FROM jsonb_to_recordset(CAST(:tagged AS jsonb)) AS x(transaction_id uuid, tag_id uuid)",
    names=True,
)


async def apply(book: BookWriter, changes: Changes) -> datetime:
    """Write the changes and the events recorded so far, in one statement; returns the instant they carry.

    The database refuses (as the domain error its constraint stands for) an id or an external id that is taken, and the
    removal of what a refund is of. Raises `PeriodLockedError` where anything that comes or goes is dated in a closed
    period, and `SealedError` where a sealed transaction would go or change its date, its status or what it moves on an
    account; either takes everything back.
    """
    parameters = await aside(len(changes.put) + len(changes.delete), _parameters, changes)
    return await _execute(book, _FROM_JSON, parameters)


def _parameters(changes: Changes) -> dict[str, Any]:
    return {
        "head": dump([_head_row(entry) for entry in changes.put]),
        "line": dump([row for entry in changes.put for row in _line_rows(entry)]),
        "gone": list(changes.delete),
        "payees": dump([{"id": payee_id, "name": name} for payee_id, name in changes.payees]),
        "tags": dump([{"id": tag_id, "name": name} for tag_id, name in changes.tags]),
        "tagged": dump(
            [{"transaction_id": entry.id, "tag_id": tag_id} for entry in changes.put for tag_id in entry.tag_ids]
        ),
    }


async def apply_staged(book: BookWriter, rows: StagedRows) -> datetime:
    """The same for rows that already lie in a table: a million of them cost the same number of statements."""
    statement = applying(head=rows.head, line=rows.line, gone=rows.gone, tagged=rows.tagged, log=rows.log)
    async with without_nested_loops(book.connection):
        return await _execute(book, statement, rows.parameters, unseal=rows.unseal)


async def _execute(
    book: BookWriter, statement: TextClause, parameters: dict[str, Any], *, unseal: bool = False
) -> datetime:
    events = await aside(len(book.pending), lambda: dump(book.take_events()))
    own = {"events": events, "unseal": unseal}
    base = {"base": book.base_currency}  # the undo of another base currency says which it will be
    row = (await book.connection.execute(statement, {**base, **parameters, **own, **_common(book)})).one()
    book.advance(row.logged)
    book.touch(row.earliest, row.latest)
    _check(book, row.earliest, row.broken)
    at: datetime = row.at
    return at


async def move(book: BookWriter, wanted: str, parameters: dict[str, Any], *, log: bool = True) -> int:
    """Hand postings to other accounts of the same currency, or to other categories; returns of how many transactions.

    `wanted` is a SELECT of transaction_id, line, account_id and category_id as they shall be. Each transaction that
    changes gets an event of its own, unless `log` says that the caller writes them.
    """
    await flush_events(book)
    async with without_nested_loops(book.connection):
        row = (await book.connection.execute(moving(wanted), {**parameters, "log": log, **_common(book)})).one()
    if log:
        book.advance(row.touched)
    book.touch(row.earliest, row.latest)
    _check(book, row.earliest, row.broken)
    touched: int = row.touched
    return touched


def _common(book: BookWriter) -> dict[str, Any]:
    return {
        "book": book.book_id,
        "revision": book.revision,
        "actor": book.actor.user_id,
        "position": book.next_position,
    }


def _check(book: BookWriter, earliest: date | None, broken: UUID | None) -> None:
    """Raise for what may not be; the exception takes the change back."""
    check_open(book, earliest)
    if broken is not None:
        raise SealedError(broken)


def check_open(book: BookWriter, earliest: date | None) -> None:
    """Raise `PeriodLockedError` where something dated this early is closed."""
    if earliest is not None and book.locked_until is not None and earliest <= book.locked_until:
        raise PeriodLockedError(book.locked_until)


def _head_row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.type,
        "date": entry.date,
        "account_id": entry.account_id,
        "amount": entry.amount,
        "payee_id": entry.payee_id,
        "description": entry.description,
        "notes": entry.notes,
        "status": entry.status,
        "external_id": entry.external_id,
        "original_amount": entry.original_amount,
        "original_currency": entry.original_currency,
        "import_id": entry.import_id,
        "refund_of_id": entry.refund_of_id,
        "reconciliation_id": entry.reconciliation_id,
        "replaces": entry.replaces,
    }


def _line_rows(entry: Entry) -> list[dict[str, Any]]:
    return [
        {
            "transaction_id": entry.id,
            "line": number,
            "account_id": line.account_id,
            "category_id": line.category_id,
            "role": line.role,
            "amount": line.amount,
            "base_amount": line.base_amount,
            "memo": line.memo,
            "date": entry.date,
        }
        for number, line in enumerate(entry.lines)
    ]
