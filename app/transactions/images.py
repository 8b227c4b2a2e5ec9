"""A transaction as the event log keeps it, in SQL: making its image from its rows, and comparing the two.

The image has what it takes to write the transaction again as it was. Amounts are strings, as in every document.
"""

from app.transactions.posting_sql import HEAD

# For a row `t` of transactions, with :book.
IMAGE = """
    jsonb_build_object(
        'id', t.id, 'type', t.type, 'date', t.date, 'amount', t.amount::text, 'account_id', t.account_id,
        'payee_id', t.payee_id,
        'payee', (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = t.payee_id),
        'description', t.description, 'notes', t.notes, 'status', t.status, 'external_id', t.external_id,
        'original_amount', t.original_amount::text, 'original_currency', t.original_currency,
        'import_id', t.import_id, 'refund_of_id', t.refund_of_id, 'reconciliation_id', t.reconciliation_id,
        'revision', t.revision, 'created_at', t.created_at,
        'tag_ids', coalesce((SELECT jsonb_agg(x.tag_id ORDER BY x.tag_id) FROM transaction_tags x
                             WHERE x.book_id = :book AND x.transaction_id = t.id), '[]'),
        'postings', (SELECT jsonb_agg(jsonb_build_object(
                         'line', p.line, 'account_id', p.account_id, 'category_id', p.category_id, 'role', p.role,
                         'amount', p.amount::text, 'base_amount', p.base_amount::text, 'memo', p.memo
                     ) ORDER BY p.line)
                     FROM postings p WHERE p.book_id = :book AND p.transaction_id = t.id)
    )
"""

LOG_OF_GONE = f"""
    SELECT 'transaction' AS entity, t.id AS entity_id, 'deleted' AS action, {IMAGE} AS before, NULL::jsonb AS after
    FROM transactions t WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM gone_id))
"""  # noqa: S608  # nosec B608  # constants
"""For `StagedRows.log`: a 'deleted' event of each transaction that goes, with its image."""

_IMAGE_COLUMNS = HEAD.replace(", replaces boolean", "")

# base_amount is left out: it follows from the amount and the rates that are known.
_COMPARED = (
    "type", "date", "account_id", "amount", "payee_id", "description", "notes", "status", "external_id",
    "original_amount", "original_currency", "import_id", "refund_of_id", "reconciliation_id",
)  # fmt: skip
_ROW = ", ".join(f"t.{name}" for name in _COMPARED)
_WANTED = ", ".join(f"h.{name}" for name in _COMPARED)

DIFFERS = f"""
    t.id IS NULL
    OR ({_ROW}) IS DISTINCT FROM ({_WANTED})
    OR (SELECT array_agg(ROW(p.line, p.account_id, p.category_id, p.role, p.amount, p.memo)::text ORDER BY p.line)
        FROM postings p WHERE p.book_id = :book AND p.transaction_id = w.id)
       IS DISTINCT FROM
       (SELECT array_agg(ROW(l.line, l.account_id, l.category_id, l.role, l.amount, l.memo)::text ORDER BY l.line)
        FROM jsonb_to_recordset(w.image -> 'postings')
            AS l(line integer, account_id uuid, category_id uuid, role text, amount numeric, memo text))
    OR coalesce((SELECT jsonb_agg(x.tag_id ORDER BY x.tag_id) FROM transaction_tags x
                 WHERE x.book_id = :book AND x.transaction_id = w.id), '[]')
       IS DISTINCT FROM coalesce(w.image -> 'tag_ids', '[]')
"""  # noqa: S608  # nosec B608  # constants
FROM_WANTED = f"""
    FROM wanted w
    LEFT JOIN transactions t ON t.book_id = :book AND t.id = w.id
    CROSS JOIN LATERAL jsonb_to_record(w.image) AS h({_IMAGE_COLUMNS})
"""
"""`wanted` has id and image; `DIFFERS` is the condition that the transaction is not (any more) as the image says."""


def head_of(images: str) -> str:
    """Headers for the posting engine from a relation with `image` and `replaces`."""
    return f"""
        SELECT h.id, h.type, h.date, h.account_id, h.amount, h.payee_id, h.description, h.notes, h.status,
               h.external_id, h.original_amount, h.original_currency, h.import_id, h.refund_of_id, h.reconciliation_id,
               h.created_at, i.replaces
        FROM ({images}) AS i CROSS JOIN LATERAL jsonb_to_record(i.image) AS h({_IMAGE_COLUMNS})
    """  # noqa: S608  # nosec B608  # constants


def line_of(images: str) -> str:
    """Their postings, with base amounts as they are known now."""
    return f"""
        SELECT CAST(i.image ->> 'id' AS uuid) AS transaction_id, l.line, l.account_id, l.category_id, l.role, l.amount,
               CASE WHEN CAST(:base AS text)
                         = (SELECT a.currency FROM accounts a WHERE a.book_id = :book AND a.id = l.account_id)
                    THEN l.amount END AS base_amount,
               l.memo, CAST(i.image ->> 'date' AS date) AS date
        FROM ({images}) AS i CROSS JOIN LATERAL jsonb_to_recordset(i.image -> 'postings')
            AS l(line integer, account_id uuid, category_id uuid, role text, amount numeric, memo text)
    """  # noqa: S608  # nosec B608  # constants


def tagged_of(images: str) -> str:
    return f"""
        SELECT CAST(i.image ->> 'id' AS uuid) AS transaction_id, CAST(tag.id AS uuid) AS tag_id
        FROM ({images}) AS i CROSS JOIN LATERAL jsonb_array_elements_text(i.image -> 'tag_ids') AS tag(id)
    """  # noqa: S608  # nosec B608  # constants
