"""The posting engine: with `reassign`, its set-based move, the only code that writes postings, balances and totals.

It takes changes (the postings of some transactions out, others in), works out what they mean for each account and for
each (month, account, category, role), and applies all of it in one statement, however many transactions there are. The
caller holds the book (`BookWriter`), so no other writer of the book can meet it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import TextClause, text

from app.access.context import BookWriter
from app.access.repository import EVENT_PARAMETERS, EVENTS_SQL
from app.core.documents import dump

Role = Literal["flow", "transfer", "equity"]


@dataclass(frozen=True, slots=True)
class PostingLine:
    """A movement on one account: signed, in the account's currency, with exactly its decimals.

    `base_amount` is the same in the book's base currency, None while no rate is known.
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
    tag_ids: tuple[UUID, ...] = ()
    replaces: bool = False


@dataclass(frozen=True)
class Changes:
    """What one call applies: entries to write, transactions to delete, and the names that come with them."""

    put: Sequence[Entry] = ()
    delete: Sequence[UUID] = ()
    payees: Sequence[tuple[UUID, str]] = ()
    tags: Sequence[tuple[UUID, str]] = ()


@dataclass(frozen=True)
class StagedRows:
    """Rows that already lie in the database: SELECTs for headers and lines, their parameters, and what to take out.

    `head` and `line` yield the columns of `_HEAD` and `_LINE`; `gone` yields the ids of transactions to delete.
    """

    head: str = "SELECT * FROM jsonb_to_recordset('[]'::jsonb) AS h({head})"
    line: str = "SELECT * FROM jsonb_to_recordset('[]'::jsonb) AS l({line})"
    gone: str = "SELECT NULL::uuid AS id WHERE false"
    parameters: dict[str, Any] = field(default_factory=dict)


_HEAD = """
    id uuid, type text, date date, account_id uuid, amount numeric, payee_id uuid, description text, notes text,
    status text, external_id text, original_amount numeric, original_currency text, import_id uuid, replaces boolean
"""
_LINE = """
    transaction_id uuid, line integer, account_id uuid, category_id uuid, role text, amount numeric,
    base_amount numeric, memo text, date date
"""

# Ids reach the big tables as arrays, so that each is found by its key whatever the planner believes of a young table.
# A posting leaves with sign -1 and comes with +1; what both sum to is the change of every total and balance.
# `come` waits for `gone` (and `tagged` for `untagged`): a replaced transaction brings the same keys back.
_APPLY = """
WITH head AS MATERIALIZED ({head}),
line AS MATERIALIZED ({line}),
gone_id AS MATERIALIZED ({gone}),
leaving AS MATERIALIZED (
    SELECT id FROM gone_id UNION ALL SELECT id FROM head WHERE replaces
),
{names}
gone AS (
    DELETE FROM postings p
    WHERE p.book_id = :book AND p.transaction_id = ANY(ARRAY(SELECT id FROM leaving))
    RETURNING p.account_id, p.category_id, p.role, p.amount, p.base_amount, p.date
),
deleted AS (
    DELETE FROM transactions t WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM gone_id)) RETURNING t.id
),
inserted AS (
    INSERT INTO transactions (book_id, id, type, date, account_id, amount, payee_id, description, notes, status,
                              external_id, original_amount, original_currency, import_id, revision)
    SELECT :book, h.id, h.type, h.date, h.account_id, h.amount, h.payee_id, h.description, h.notes, h.status,
           h.external_id, h.original_amount, h.original_currency, h.import_id, :revision
    FROM head h WHERE NOT h.replaces
    RETURNING id
),
replaced AS (
    UPDATE transactions t
    SET type = h.type, date = h.date, account_id = h.account_id, amount = h.amount, payee_id = h.payee_id,
        description = h.description, notes = h.notes, status = h.status, external_id = h.external_id,
        original_amount = h.original_amount, original_currency = h.original_currency,
        revision = :revision, updated_at = now()
    FROM head h
    WHERE h.replaces AND t.id = h.id
      AND t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM head WHERE replaces))
    RETURNING t.id
),
come AS (
    INSERT INTO postings (book_id, transaction_id, line, account_id, category_id, role, amount, base_amount, memo, date)
    SELECT :book, l.transaction_id, l.line, l.account_id, l.category_id, l.role, l.amount, l.base_amount, l.memo, l.date
    FROM line l WHERE (SELECT count(*) FROM gone) >= 0
    RETURNING account_id, category_id, role, amount, base_amount, date
),
movement AS (
    SELECT account_id, category_id, role, amount, base_amount, date, 1 AS sign FROM come
    UNION ALL
    SELECT account_id, category_id, role, amount, base_amount, date, -1 FROM gone
),
delta AS MATERIALIZED (
    SELECT date_trunc('month', date::timestamp)::date AS month, account_id, category_id, role,
           sum(sign * greatest(amount, 0)) AS inflow,
           sum(sign * greatest(-amount, 0)) AS outflow,
           coalesce(sum(sign * greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_inflow,
           coalesce(sum(sign * greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_outflow,
           coalesce(sum(sign * greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
           coalesce(sum(sign * greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
           sum(sign) AS count
    FROM movement
    GROUP BY 1, 2, 3, 4
    HAVING sum(sign) <> 0
        OR sum(sign * amount) <> 0 OR sum(sign * abs(amount)) <> 0
        OR coalesce(sum(sign * base_amount), 0) <> 0 OR coalesce(sum(sign * abs(base_amount)), 0) <> 0
        OR sum(sign) FILTER (WHERE base_amount IS NULL) <> 0
),
totals AS (
    INSERT INTO monthly_totals AS m (book_id, month, account_id, category_id, role, inflow, outflow,
        base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
    SELECT :book, d.month, d.account_id, d.category_id, d.role, d.inflow, d.outflow,
           d.base_inflow, d.base_outflow, d.unconverted_inflow, d.unconverted_outflow, d.count
    FROM delta d
    ON CONFLICT (book_id, month, account_id, category_id, role) DO UPDATE SET
        inflow = m.inflow + excluded.inflow,
        outflow = m.outflow + excluded.outflow,
        base_inflow = m.base_inflow + excluded.base_inflow,
        base_outflow = m.base_outflow + excluded.base_outflow,
        unconverted_inflow = m.unconverted_inflow + excluded.unconverted_inflow,
        unconverted_outflow = m.unconverted_outflow + excluded.unconverted_outflow,
        count = m.count + excluded.count
),
balances AS (
    UPDATE accounts a
    SET balance = a.balance + d.amount, revision = :revision, updated_at = now()
    FROM (SELECT account_id, sum(inflow - outflow) AS amount FROM delta GROUP BY account_id
          HAVING sum(inflow - outflow) <> 0) d
    WHERE a.book_id = :book AND a.id = d.account_id
),
logged AS ({events})
SELECT now() AS at
"""

_NAMES = """
new_payees AS (
    INSERT INTO payees (book_id, id, name, revision)
    SELECT :book, n.id, n.name, :revision FROM jsonb_to_recordset(CAST(:payees AS jsonb)) AS n(id uuid, name text)
),
new_tags AS (
    INSERT INTO tags (book_id, id, name, revision)
    SELECT :book, n.id, n.name, :revision FROM jsonb_to_recordset(CAST(:tags AS jsonb)) AS n(id uuid, name text)
),
untagged AS (
    DELETE FROM transaction_tags x
    WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT id FROM leaving))
    RETURNING x.tag_id
),
tagged AS (
    INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
    SELECT :book, t.transaction_id, t.tag_id
    FROM jsonb_to_recordset(CAST(:tagged AS jsonb)) AS t(transaction_id uuid, tag_id uuid)
    WHERE (SELECT count(*) FROM untagged) >= 0
),
"""


def _statement(head: str, line: str, gone: str, names: str) -> TextClause:
    statement = text(_APPLY.format(head=head, line=line, gone=gone, names=names, events=EVENTS_SQL))
    return statement.bindparams(*EVENT_PARAMETERS)


_FROM_JSON = _statement(
    f"SELECT * FROM jsonb_to_recordset(CAST(:head AS jsonb)) AS h({_HEAD})",  # noqa: S608  # a constant
    f"SELECT * FROM jsonb_to_recordset(CAST(:line AS jsonb)) AS l({_LINE})",  # noqa: S608  # a constant
    "SELECT unnest(CAST(:gone AS uuid[])) AS id",
    _NAMES,
)


async def apply(book: BookWriter, changes: Changes) -> datetime:
    """Write the changes and the events recorded so far, in one statement; returns the instant they carry.

    The database refuses (as the domain error its constraint stands for) an id or an external id that is taken.
    """
    parameters = {
        "head": dump([_head_row(entry) for entry in changes.put]),
        "line": dump([row for entry in changes.put for row in _line_rows(entry)]),
        "gone": list(changes.delete),
        "payees": dump([{"id": payee_id, "name": name} for payee_id, name in changes.payees]),
        "tags": dump([{"id": tag_id, "name": name} for tag_id, name in changes.tags]),
        "tagged": dump(
            [{"transaction_id": entry.id, "tag_id": tag_id} for entry in changes.put for tag_id in entry.tag_ids]
        ),
    }
    return await _execute(book, _FROM_JSON, parameters)


async def apply_staged(book: BookWriter, rows: StagedRows) -> datetime:
    """The same for rows that already lie in a table: a million of them cost the same number of statements."""
    statement = _statement(rows.head.format(head=_HEAD), rows.line.format(line=_LINE), rows.gone, "")
    return await _execute(book, statement, rows.parameters)


async def _execute(book: BookWriter, statement: TextClause, parameters: dict[str, Any]) -> datetime:
    common = {
        "book": book.book_id,
        "revision": book.revision,
        "actor": book.actor.user_id,
        "events": dump(book.take_events()),
    }
    at: datetime = (await book.connection.execute(statement, {**parameters, **common})).scalar_one()
    return at


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
        "import_id": None,
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
