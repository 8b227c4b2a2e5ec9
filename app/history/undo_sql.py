"""Statements that take a revision's transactions back, set-based over its events."""

from sqlalchemy import BigInteger, Integer, TextClause, Uuid, bindparam, text

from app.transactions.images import DIFFERS, FROM_WANTED

PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("undone", type_=BigInteger),
)
WRITING = (*PARAMETERS, bindparam("revision", type_=BigInteger))

SUMMARY = text(
    """
    SELECT entity, action, count(*) AS events,
           bool_and(entity <> 'transaction' OR action NOT IN ('created', 'updated', 'deleted')
                    OR coalesce(before, after) ? 'tag_ids') AS complete
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
    """  # noqa: S608  # constants
).bindparams(*PARAMETERS)

IMAGES_TO_RESTORE = f"""
    SELECT old AS image, new IS NOT NULL AS replaces FROM ({NET_TRANSACTIONS}) AS net WHERE old IS NOT NULL
"""  # noqa: S608  # constants
IDS_TO_REMOVE = f"SELECT id FROM ({NET_TRANSACTIONS}) AS net WHERE old IS NULL AND new IS NOT NULL"  # noqa: S608

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
_SMALL_DIFFERS = {
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
        WHERE t.id IS NULL OR {_SMALL_DIFFERS[kind]}
        LIMIT 5
        """  # noqa: S608  # constants
    ).bindparams(*PARAMETERS)


POSTINGS_TO_RESTORE = f"""
    SELECT s.id AS transaction_id, l.line, l.account_id, l.category_id
    FROM ({SMALL["reassigned"]}) AS s
    CROSS JOIN LATERAL jsonb_to_recordset(s.old -> 'postings') AS l(line integer, account_id uuid, category_id uuid)
"""  # noqa: S608  # constants
# What imported rows remember of their account and category follows their transactions back.
ROWS_FOLLOW = text(
    f"""
    UPDATE import_rows r SET account_id = w.account_id, category_id = w.category_id
    FROM ({POSTINGS_TO_RESTORE}) AS w JOIN transactions t ON t.book_id = :book AND t.id = w.transaction_id
    WHERE r.book_id = :book AND w.line = 0 AND r.import_id = t.import_id AND r.transaction_id = w.transaction_id
      AND r.document IS NULL
    """  # noqa: S608  # constants
).bindparams(*PARAMETERS)
PAYEES_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["payee_changed"]}),
    put AS (
        UPDATE transactions t
        SET payee_id = CAST(w.old ->> 'payee_id' AS uuid), revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.date
    )
    SELECT min(date) FROM put
    """  # noqa: S608  # constants
).bindparams(*WRITING)
SEALS_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["sealed"]}),
    put AS (
        UPDATE transactions t
        SET status = w.old ->> 'status', reconciliation_id = CAST(w.old ->> 'reconciliation_id' AS uuid),
            revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.date
    )
    SELECT min(date) FROM put
    """  # noqa: S608  # constants
).bindparams(*WRITING)
TAGS_BACK = text(
    f"""
    WITH wanted AS MATERIALIZED ({SMALL["tags_changed"]}),
    gone AS (
        DELETE FROM transaction_tags x
        WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT id FROM wanted))
        RETURNING 1
    ),
    come AS (
        INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
        SELECT :book, w.id, CAST(tag.id AS uuid)
        FROM wanted w CROSS JOIN LATERAL jsonb_array_elements_text(w.old -> 'tag_ids') AS tag(id)
        WHERE (SELECT count(*) FROM gone) >= 0
        -- A tag that both states have is still there for this statement, though it is deleted in it.
        RETURNING 1
    ),
    put AS (
        UPDATE transactions t SET revision = :revision, updated_at = now()
        FROM wanted w
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM wanted)) AND t.id = w.id
        RETURNING t.date
    )
    SELECT min(date) FROM put
    """  # noqa: S608  # constants
).bindparams(*WRITING)

# The undo's own log: each event of the revision turned round, the last one first, so that undoing this is the same.
TURNED = text(
    """
    WITH turned AS (
        INSERT INTO events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
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

# Names that came along with a transaction stay when something else uses them, or when they were changed since.
SPARED = text(
    """
    SELECT e.entity_id FROM events e
    WHERE e.book_id = :book AND e.revision = :undone AND e.action = 'created'
      AND ((e.entity = 'payee' AND (
                EXISTS (SELECT 1 FROM transactions t WHERE t.book_id = :book AND t.payee_id = e.entity_id)
                OR EXISTS (SELECT 1 FROM payee_aliases a WHERE a.book_id = :book AND a.payee_id = e.entity_id
                           AND a.id NOT IN (SELECT entity_id FROM events
                                            WHERE book_id = :book AND revision = :undone AND entity = 'payee_alias'))
                OR EXISTS (SELECT 1 FROM payees p WHERE p.book_id = :book AND p.id = e.entity_id
                           AND (p.name <> e.after ->> 'name' OR p.default_category_id IS NOT NULL))))
        OR (e.entity = 'tag' AND (
                EXISTS (SELECT 1 FROM transaction_tags x WHERE x.book_id = :book AND x.tag_id = e.entity_id)
                OR EXISTS (SELECT 1 FROM tags g WHERE g.book_id = :book AND g.id = e.entity_id
                           AND g.name <> e.after ->> 'name'))))
    """
).bindparams(*PARAMETERS)
OTHER_ACCOUNTS = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM accounts
        WHERE book_id = :book
          AND id NOT IN (SELECT entity_id FROM events
                         WHERE book_id = :book AND revision = :undone AND entity = 'account'))
    """
).bindparams(*PARAMETERS)
IMPORTS_ON_ACCOUNTS = text(
    """
    SELECT i.id FROM imports i
    WHERE i.book_id = :book AND i.status <> 'previewed'
      AND i.account_id IN (SELECT entity_id FROM events
                           WHERE book_id = :book AND revision = :undone AND entity = 'account' AND action = 'created')
      AND i.id NOT IN (SELECT entity_id FROM events WHERE book_id = :book AND revision = :undone AND entity = 'import')
    LIMIT 5
    """
).bindparams(*PARAMETERS)
# A preview is no change of the ledger: it does not hold its account, and the log tells that it lost it.
DETACH_PREVIEWS = text(
    """
    WITH detached AS (
        UPDATE imports i SET account_id = NULL, revision = :revision
        FROM (SELECT entity_id FROM events
              WHERE book_id = :book AND revision = :undone AND entity = 'account' AND action = 'created') AS a
        WHERE i.book_id = :book AND i.status = 'previewed' AND i.account_id = a.entity_id
        RETURNING i.id, a.entity_id AS account_id
    ),
    told AS (
        INSERT INTO events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'import', id, 'updated', :actor,
               jsonb_build_object('account_id', account_id), jsonb_build_object('account_id', NULL)
        FROM detached
    )
    SELECT count(*) FROM detached
    """
).bindparams(*WRITING, bindparam("position", type_=Integer), bindparam("actor", type_=Uuid))
COMMITTING = text(
    """
    SELECT max(e.revision) FROM events e
    WHERE e.book_id = :book AND e.entity = 'import' AND e.entity_id = :import AND e.action = 'committed'
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))

# A load has no event for each of its transactions: what is not at the load's revision any more is compared with what
# it was before its first change since, as far as the log of that change tells.
_LATER = """
    events e WHERE e.book_id = :book AND e.entity = 'transaction' AND e.entity_id = c.id AND e.revision > :undone
"""
_FIRST_SMALL = """
    (SELECT jsonb_object_agg(k.key, k.value) FROM (
        SELECT DISTINCT ON (j.key) j.key, j.value
        FROM events e CROSS JOIN LATERAL jsonb_each(e.before) AS j
        WHERE e.book_id = :book AND e.entity = 'transaction' AND e.entity_id = c.id AND e.revision > :undone
          AND e.action NOT IN ('created', 'updated', 'deleted') AND j.key <> 'reason'
        ORDER BY j.key, e.revision, e.position
    ) AS k)
"""
LOAD_DIFFERS = text(
    f"""
    WITH changed AS MATERIALIZED (
        SELECT t.id FROM transactions t
        WHERE t.book_id = :book AND t.import_id = :import AND t.revision <> :undone
    ),
    first AS MATERIALIZED (
        SELECT c.id, (SELECT e.before FROM {_LATER} AND e.action IN ('updated', 'deleted')
                      ORDER BY e.revision, e.position LIMIT 1) AS whole,
               coalesce({_FIRST_SMALL}, '{{}}') AS small
        FROM changed c
    ),
    wanted AS MATERIALIZED (
        SELECT id, whole || (small - 'postings') AS image, small AS new FROM first
    )
    SELECT w.id {FROM_WANTED} WHERE w.image IS NOT NULL AND ({DIFFERS})
    UNION ALL
    SELECT w.id FROM wanted w JOIN transactions t ON t.book_id = :book AND t.id = w.id
    WHERE w.image IS NULL AND (
        w.new = '{{}}'
        OR (w.new ? 'postings' AND {_SMALL_DIFFERS["reassigned"]})
        OR (w.new ? 'payee_id' AND {_SMALL_DIFFERS["payee_changed"]})
        OR (w.new ? 'tag_ids' AND {_SMALL_DIFFERS["tags_changed"]})
        OR (w.new ? 'status' AND ({_SMALL_DIFFERS["sealed"]})))
    UNION ALL
    SELECT a.transaction_id FROM attachments a JOIN transactions t ON t.book_id = a.book_id AND t.id = a.transaction_id
    WHERE a.book_id = :book AND t.import_id = :import
    LIMIT 5
    """  # noqa: S608  # constants
).bindparams(*PARAMETERS, bindparam("import", type_=Uuid))
LOAD_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM transactions WHERE book_id = :book AND import_id = :import) AS present,
           (SELECT created_count FROM imports WHERE book_id = :book AND id = :import) AS created
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))
GONE_OF_LOAD = "SELECT id FROM transactions WHERE book_id = :book AND import_id = CAST(:import AS uuid)"

# What single rows cannot show: the state as a whole must be one that the rules allow.
BROKEN = {
    "categories": text(
        """
        WITH RECURSIVE reached AS (
            SELECT id FROM categories WHERE book_id = :book AND parent_id IS NULL
            UNION ALL
            SELECT c.id FROM categories c JOIN reached r ON c.parent_id = r.id WHERE c.book_id = :book
        )
        SELECT 'category' AS entity, id FROM categories
        WHERE book_id = :book AND id NOT IN (SELECT id FROM reached) LIMIT 5
        """
    ),
    "aliases": text(
        """
        SELECT 'payee' AS entity, p.id FROM payees p
        JOIN payee_aliases a ON a.book_id = p.book_id AND a.alias_key = p.name_key
        WHERE p.book_id = :book LIMIT 5
        """
    ),
    "refunds": text(
        """
        SELECT 'transaction' AS entity, r.id FROM transactions p
        JOIN transactions r ON r.book_id = p.book_id AND r.refund_of_id = p.id
        WHERE p.book_id = :book AND p.revision = :revision AND p.type NOT IN ('expense', 'journal')
        UNION ALL
        SELECT 'transaction', r.id FROM transactions r
        JOIN transactions p ON p.book_id = r.book_id AND p.id = r.refund_of_id
        WHERE r.book_id = :book AND r.revision = :revision AND p.type NOT IN ('expense', 'journal') LIMIT 5
        """
    ),
}
ATTACHED_SINCE = text(
    """
    SELECT min(t.date) FROM events e
    JOIN transactions t ON t.book_id = e.book_id
        AND t.id = CAST(coalesce(e.before, e.after) ->> 'transaction_id' AS uuid)
    WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'attachment'
    """
).bindparams(*PARAMETERS)
# A file whose attachment is back is no orphan any more; should it lose it again, its time begins anew.
FILES_IN_USE = text(
    """
    UPDATE files f SET orphaned_at = NULL
    WHERE f.book_id = :book AND f.orphaned_at IS NOT NULL
      AND f.sha256 IN (SELECT a.sha256 FROM events e JOIN attachments a ON a.book_id = e.book_id AND a.id = e.entity_id
                       WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'attachment')
    """
).bindparams(*PARAMETERS)
