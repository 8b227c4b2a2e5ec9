"""Statements that take a revision's transactions back, set-based over its events."""

from sqlalchemy import BigInteger, Integer, TextClause, Uuid, bindparam, text

from app.transactions.images import DIFFERS, FROM_WANTED
from app.transactions.name_sums_sql import sums_of_payees, sums_of_tags

PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("undone", type_=BigInteger),
)
WRITING = (*PARAMETERS, bindparam("revision", type_=BigInteger))

SUMMARY = text(
    """
    SELECT entity, action, count(*) AS events,
           bool_and(CASE
               WHEN entity = 'transaction' AND action IN ('created', 'updated', 'deleted')
                   THEN coalesce(before, after) ? 'tag_ids'
               WHEN entity = 'import' AND action IN ('committed', 'undone') THEN before ? 'rows_new'
               WHEN entity IN ('account', 'category') AND after ? 'reassigned_to' THEN after ? 'transactions'
               ELSE true END) AS complete
    FROM events WHERE book_id = :book AND revision = :undone
    GROUP BY entity, action ORDER BY entity, action
    """
).bindparams(*PARAMETERS)

# A transaction's state before and after the revision. Beside its whole images there may be small ones of what happened
# to it in the same revision (it was made and sealed): those before the first image belong to the state before, those
# behind the last one to the state after.
NET_TRANSACTIONS = """
    SELECT e.entity_id AS id, e.old || coalesce(
               (SELECT p.before - 'reason' FROM events p
                WHERE p.book_id = :book AND p.revision = :undone AND p.entity = 'transaction'
                  AND p.entity_id = e.entity_id AND p.position < e.first
                  AND p.action NOT IN ('created', 'updated', 'deleted')
                ORDER BY p.position LIMIT 1), '{}') AS old,
           e.new || coalesce(
               (SELECT p.after - 'reason' FROM events p
                WHERE p.book_id = :book AND p.revision = :undone AND p.entity = 'transaction'
                  AND p.entity_id = e.entity_id AND p.position > e.last
                  AND p.action NOT IN ('created', 'updated', 'deleted')
                ORDER BY p.position DESC LIMIT 1), '{}') AS new
    FROM (
        SELECT entity_id, min(position) AS first, max(position) AS last,
               (array_agg(before ORDER BY position))[1] AS old,
               (array_agg(after ORDER BY position DESC))[1] AS new
        FROM events
        WHERE book_id = :book AND revision = :undone AND entity = 'transaction'
          AND action IN ('created', 'updated', 'deleted')
        GROUP BY entity_id
    ) AS e
"""
WHOLE_DIFFERS = text(
    f"""
    WITH net AS MATERIALIZED ({NET_TRANSACTIONS}),
    wanted AS MATERIALIZED (SELECT id, new AS image FROM net WHERE new IS NOT NULL)
    SELECT w.id {FROM_WANTED} WHERE {DIFFERS}
    UNION ALL
    SELECT n.id FROM net n JOIN transactions t ON t.book_id = :book AND t.id = n.id
    WHERE n.new IS NULL AND n.old IS NOT NULL
    UNION ALL
    SELECT a.transaction_id FROM attachments a
    WHERE a.book_id = :book AND a.transaction_id IN (SELECT id FROM net WHERE old IS NULL)
      AND a.id NOT IN (SELECT entity_id FROM events
                       WHERE book_id = :book AND revision = :undone AND entity = 'attachment')
    LIMIT 5
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*PARAMETERS)

IMAGES_TO_RESTORE = f"""
    SELECT old AS image, new IS NOT NULL AS replaces FROM ({NET_TRANSACTIONS}) AS net WHERE old IS NOT NULL
"""  # noqa: S608  # nosec B608  # constants
IDS_TO_REMOVE = f"SELECT id FROM ({NET_TRANSACTIONS}) AS net WHERE old IS NULL AND new IS NOT NULL"  # noqa: S608  # nosec B608

# Small images: transactions of which the revision has no whole one. Each is (id, old, new).
_SMALL = """
    SELECT entity_id AS id, (array_agg(before ORDER BY position))[1] AS old,
           (array_agg(after ORDER BY position DESC))[1] AS new
    FROM events e
    WHERE book_id = :book AND revision = :undone AND entity = 'transaction' AND action {actions}
      AND NOT EXISTS (SELECT 1 FROM events w
                      WHERE w.book_id = :book AND w.revision = :undone AND w.entity = 'transaction'
                        AND w.entity_id = e.entity_id AND w.action IN ('created', 'updated', 'deleted'))
    GROUP BY entity_id
"""
SMALL = {
    "reassigned": _SMALL.format(actions="= 'reassigned'"),
    "payee_changed": _SMALL.format(actions="= 'payee_changed'"),
    "tags_changed": _SMALL.format(actions="= 'tags_changed'"),
    "sealed": _SMALL.format(actions="IN ('sealed', 'unsealed')"),
}
SMALL_DIFFERS = {
    "reassigned": """
        EXISTS (SELECT 1 FROM jsonb_to_recordset(w.new -> 'postings')
                    AS l(line integer, account_id uuid, category_id uuid)
                LEFT JOIN postings p ON p.book_id = :book AND p.transaction_id = w.id AND p.line = l.line
                WHERE p.line IS NULL OR p.account_id <> l.account_id OR p.category_id IS DISTINCT FROM l.category_id)
    """,
    "payee_changed": "t.payee_id IS DISTINCT FROM CAST(w.new ->> 'payee_id' AS uuid)",
    "tags_changed": """
        coalesce((SELECT jsonb_agg(x.tag_id ORDER BY x.tag_id) FROM transaction_tags x
                  WHERE x.book_id = :book AND x.transaction_id = w.id), '[]') IS DISTINCT FROM w.new -> 'tag_ids'
    """,
    "sealed": """
        t.status <> w.new ->> 'status'
        OR t.reconciliation_id IS DISTINCT FROM CAST(w.new ->> 'reconciliation_id' AS uuid)
    """,
}


def small_differs(kind: str) -> TextClause:
    """Transactions that are not any more as the revision's small images of this kind left them."""
    return text(
        f"""
        WITH wanted AS MATERIALIZED ({SMALL[kind]})
        SELECT w.id FROM wanted w LEFT JOIN transactions t ON t.book_id = :book AND t.id = w.id
        WHERE t.id IS NULL OR {SMALL_DIFFERS[kind]}
        LIMIT 5
        """  # noqa: S608  # nosec B608  # constants
    ).bindparams(*PARAMETERS)


POSTINGS_TO_RESTORE = f"""
    SELECT s.id AS transaction_id, l.line, l.account_id, l.category_id
    FROM ({SMALL["reassigned"]}) AS s
    CROSS JOIN LATERAL jsonb_to_recordset(s.old -> 'postings') AS l(line integer, account_id uuid, category_id uuid)
"""  # noqa: S608  # nosec B608  # constants
_OF_POSTINGS = """
    SELECT s.{name}_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, s.sign
    FROM postings p JOIN ({changes}) AS s ON s.id = p.transaction_id
    WHERE p.book_id = :book AND p.role = 'flow' AND p.transaction_id = ANY(ARRAY(SELECT id FROM wanted))
"""
_PAYEES_SUMS = sums_of_payees(
    _OF_POSTINGS.format(
        name="payee", changes="SELECT id, come AS payee_id, 1 AS sign FROM put UNION ALL SELECT id, gone, -1 FROM put"
    )
)
_TAGS_SUMS = sums_of_tags(
    _OF_POSTINGS.format(
        name="tag",
        changes="""
            SELECT w.id, c.tag_id, 1 AS sign FROM wanted w LEFT JOIN come c ON c.transaction_id = w.id
            UNION ALL SELECT w.id, g.tag_id, -1 FROM wanted w LEFT JOIN gone g ON g.transaction_id = w.id
        """,
    )
)
PAYEES_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["payee_changed"]}),
    put AS (
        UPDATE public.transactions t
        SET payee_id = CAST(w.old ->> 'payee_id' AS uuid), revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.id, t.date, old.payee_id AS gone, new.payee_id AS come
    ),
    {_PAYEES_SUMS}
    done AS (SELECT min(date) FROM put)
    SELECT * FROM done
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*WRITING)
SEALS_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["sealed"]}),
    put AS (
        UPDATE public.transactions t
        SET status = w.old ->> 'status', reconciliation_id = CAST(w.old ->> 'reconciliation_id' AS uuid),
            revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.date
    )
    SELECT min(date) FROM put
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*WRITING)
TAGS_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["tags_changed"]}),
    gone AS (
        DELETE FROM transaction_tags x
        WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT id FROM wanted))
        RETURNING x.transaction_id, x.tag_id
    ),
    come AS (
        INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
        SELECT :book, w.id, CAST(tag.id AS uuid)
        FROM wanted w CROSS JOIN LATERAL jsonb_array_elements_text(w.old -> 'tag_ids') AS tag(id)
        WHERE (SELECT count(*) FROM gone) >= 0
        -- A tag that both states have is still there for this statement, though it is deleted in it.
        RETURNING transaction_id, tag_id
    ),
    {_TAGS_SUMS}
    put AS (
        UPDATE public.transactions t SET revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.date
    )
    SELECT min(date) FROM put
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*WRITING)

# The undo's own log: each event of the revision turned round, the last one first, so that undoing this is the same.
TURNED = text(
    """
    WITH turned AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY e.position DESC) - 1, e.entity, e.entity_id,
               CASE e.action WHEN 'created' THEN 'deleted' WHEN 'deleted' THEN 'created' WHEN 'sealed' THEN 'unsealed'
                             WHEN 'unsealed' THEN 'sealed' WHEN 'committed' THEN 'undone' WHEN 'undone' THEN 'updated'
                             ELSE e.action END,
               :actor,
               CASE WHEN e.action = 'created' AND NOT e.after ? 'created_at'
                        THEN e.after || jsonb_build_object('created_at', e.at)
                    WHEN e.action <> 'deleted' THEN e.after END,
               e.before
        FROM events e
        WHERE e.book_id = :book AND e.revision = :undone AND NOT (e.entity = 'book' AND e.action = 'undone')
          AND NOT e.entity_id = ANY(:spared)
        RETURNING 1
    )
    SELECT count(*) FROM turned
    """
).bindparams(*WRITING, bindparam("position", type_=Integer), bindparam("actor", type_=Uuid))

# A file whose attachment is back is no orphan any more; should it lose it again, its time begins anew.
FILES_IN_USE = text(
    """
    UPDATE files f SET orphaned_at = NULL
    WHERE f.book_id = :book AND f.orphaned_at IS NOT NULL
      AND f.sha256 IN (SELECT a.sha256 FROM events e JOIN attachments a ON a.book_id = e.book_id AND a.id = e.entity_id
                       WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'attachment')
    """
).bindparams(*PARAMETERS)

VISIBILITY = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM events WHERE book_id = :book AND revision = :undone AND entity = 'account' AND action = 'updated'
          AND before ? 'visible_to' AND before -> 'visible_to' IS DISTINCT FROM after -> 'visible_to'
    )
    """
).bindparams(*PARAMETERS)
