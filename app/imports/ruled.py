"""Rows that the book's rules made transfers, split or tagged, as the posting engine takes them, and their history."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, text

from app.access.context import BookWriter
from app.imports.plain_posting import TAGGED
from app.imports.posting import HEAD, LINE
from app.transactions.posting import StagedRows

_WANTED = """
    r.book_id = :book AND r.import_id = CAST(:import AS uuid) AND r.outcome IN ('new', 'suspect') AND NOT r.skipped
"""
# For what is looked up by subqueries, and what OFFSET 0 is for, see `posting`.
_HEAD = f"""
    SELECT r.transaction_id AS id, r.document->>'type' AS type, r.date,
           (r.document->'postings'->0->>'account_id')::uuid AS account_id,
           (r.document->>'amount')::numeric AS amount,
           coalesce((SELECT p.id FROM payees p WHERE p.book_id = :book AND p.name_key = r.payee_key),
                    (SELECT a.payee_id FROM payee_aliases a WHERE a.book_id = :book AND a.alias_key = r.payee_key)
           ) AS payee_id,
           r.description, r.notes, r.document->>'status' AS status, r.external_id,
           NULL::numeric AS original_amount, NULL::text AS original_currency, r.import_id,
           NULL::uuid AS refund_of_id, NULL::uuid AS reconciliation_id, NULL::timestamptz AS created_at,
           false AS replaces
    FROM (
        SELECT r.*, lower(r.payee) AS payee_key FROM import_rows r
        WHERE {_WANTED} AND r.document ? 'postings' OFFSET 0
    ) AS r
"""  # noqa: S608  # nosec B608  # the part is a constant above
_LINE = f"""
    SELECT r.transaction_id, (p.place - 1)::integer AS line, (p.line->>'account_id')::uuid AS account_id,
           (SELECT c.id FROM categories c
            WHERE c.book_id = :book AND c.id = (p.line->>'category_id')::uuid AND c.archived_at IS NULL) AS category_id,
           p.line->>'role' AS role, (p.line->>'amount')::numeric AS amount,
           CASE WHEN CAST(:base AS text) =
                     (SELECT a.currency FROM accounts a
                      WHERE a.book_id = :book AND a.id = (p.line->>'account_id')::uuid)
                THEN (p.line->>'amount')::numeric END AS base_amount,
           p.line->>'memo' AS memo, r.date
    FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements(r.document->'postings') WITH ORDINALITY AS p(line, place)
    WHERE {_WANTED} AND r.document ? 'postings'
"""  # noqa: S608  # nosec B608  # the part is a constant above


def rows_of(parameters: dict[str, Any], *, has_lines: bool) -> StagedRows:
    """All rows of the file: those with lines of their own, where there are any, beside those of one line."""
    if not has_lines:
        return StagedRows(head=HEAD, line=LINE, tagged=TAGGED, parameters=parameters)
    return StagedRows(
        head=f"{HEAD} UNION ALL {_HEAD}", line=f"{LINE} UNION ALL {_LINE}", tagged=TAGGED, parameters=parameters
    )


# What went into an account that takes nothing any more is again what the bank said.
_CLOSED = text(
    f"""
    WITH closed AS (
        UPDATE import_rows r SET document = document - 'postings'
        WHERE {_WANTED} AND r.document ? 'postings'
          AND EXISTS (
              SELECT FROM jsonb_array_elements(r.document->'postings') AS p(line)
              WHERE NOT EXISTS (SELECT FROM accounts a
                                WHERE a.book_id = :book AND a.id = (p.line->>'account_id')::uuid
                                  AND a.archived_at IS NULL))
        RETURNING 1
    )
    SELECT count(*) FROM closed
    """  # noqa: S608  # nosec B608  # the part is a constant above
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))


async def settle(book: BookWriter, import_id: UUID, warnings: list[Any]) -> dict[str, Any]:
    """Leave out transfers to accounts that were archived or deleted since the preview; what changes of the import."""
    count = await book.connection.scalar(_CLOSED, {"book": book.book_id, "import": import_id}) or 0
    if not count:
        return {}
    detail = f"{count} rows are no transfers: the account that a rule names is archived or gone by now."
    return {"warnings": [*warnings, {"code": "rule_action_skipped", "detail": detail}]}


_NOTE = text(
    f"""
    INSERT INTO rule_applications (book_id, transaction_id, revision, rule_id, rule_name, cause, changes, account_ids)
    SELECT :book, r.transaction_id, :revision, a.rule_id, a.rule_name, 'import', a.changes, a.account_ids
    FROM import_rows r
    CROSS JOIN LATERAL jsonb_to_recordset(r.document->'rules')
        AS a(rule_id uuid, rule_name text, changes jsonb, account_ids uuid[])
    WHERE {_WANTED} AND r.document ? 'rules'
    """  # noqa: S608  # nosec B608  # the part is a constant above
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid), bindparam("revision", type_=BigInteger))


async def note(book: BookWriter, import_id: UUID) -> None:
    """Keep which rule did what to which row, in one statement."""
    await book.connection.execute(_NOTE, {"book": book.book_id, "import": import_id, "revision": book.revision})
