"""Statements about what an undo means to imports: their rows, previews, and the transactions that one loaded."""

from sqlalchemy import Integer, Uuid, bindparam, text

from app.history.undo_sql import PARAMETERS, SMALL_DIFFERS, WRITING
from app.transactions.images import DIFFERS, FROM_WANTED, LOG_OF_GONE

# What imported rows remember of their account and category goes back with it, the rows of previews as well.
_ROWS_MOVED = """
    FROM events e
    CROSS JOIN LATERAL unnest(CAST(e.after ->> 'positions' AS int4multirange)) AS span
    JOIN import_rows r ON r.book_id = :book AND r.import_id = e.entity_id
        AND r.position >= lower(span) AND r.position < upper(span)
    WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'import_rows'
"""
ROWS_DIFFER = text(
    f"""
    SELECT DISTINCT r.import_id {_ROWS_MOVED}
      AND ((e.after ? 'account_id' AND r.account_id IS DISTINCT FROM CAST(e.after ->> 'account_id' AS uuid))
        OR (e.after ? 'category_id' AND r.category_id IS DISTINCT FROM CAST(e.after ->> 'category_id' AS uuid)))
    LIMIT 5
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*PARAMETERS)
ROWS_BACK = text(
    f"""
    UPDATE import_rows x
    SET account_id = CASE WHEN w.old ? 'account_id' THEN CAST(w.old ->> 'account_id' AS uuid) ELSE x.account_id END,
        category_id = CASE WHEN w.old ? 'category_id' THEN CAST(w.old ->> 'category_id' AS uuid) ELSE x.category_id END
    FROM (SELECT r.import_id, r.position, e.before AS old {_ROWS_MOVED}) AS w
    WHERE x.book_id = :book AND x.import_id = w.import_id AND x.position = w.position
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*PARAMETERS)
# Which rows a commit left out is told by what it posted: a preview has left out none yet.
ROWS_SKIPPED = text(
    """
    UPDATE import_rows r SET skipped = w.committed AND t.id IS NULL AND h.id IS NULL
    FROM (SELECT entity_id AS id, before ->> 'status' = 'committed' AS committed FROM events
          WHERE book_id = :book AND revision = :undone AND entity = 'import'
            AND (before ->> 'status', after ->> 'status')
                IN (('previewed', 'committed'), ('committed', 'previewed'))) AS w,
         import_rows x
         LEFT JOIN transactions t ON t.book_id = :book AND t.id = x.transaction_id
         LEFT JOIN trades h ON h.book_id = :book AND h.id = x.transaction_id
    WHERE x.book_id = :book AND x.import_id = w.id AND x.outcome IN ('new', 'suspect')
      AND r.book_id = :book AND r.import_id = x.import_id AND r.position = x.position
      AND r.skipped IS DISTINCT FROM (w.committed AND t.id IS NULL AND h.id IS NULL)
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
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
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
# Small images from before the first whole one, each part of them as it was first; later ones tell of a later state.
_BEFORE_WHOLE = f"""
    {_LATER} AND e.action NOT IN ('created', 'updated', 'deleted')
      AND (c.whole IS NULL OR (e.revision, e.position) < (c.whole_revision, c.whole_position))
"""
_FIRST_SMALL = f"""
    (SELECT jsonb_object_agg(k.key, k.value) FROM (
        SELECT DISTINCT ON (j.key) j.key, j.value
        FROM (SELECT e.revision, e.position, e.before FROM {_BEFORE_WHOLE}) AS e
        CROSS JOIN LATERAL jsonb_each(e.before) AS j
        WHERE j.key NOT IN ('reason', 'postings')
        ORDER BY j.key, e.revision, e.position
    ) AS k)
"""  # noqa: S608  # nosec B608  # constants
_FIRST_POSTINGS = f"""
    (SELECT jsonb_object_agg(k.line, k.value) FROM (
        SELECT DISTINCT ON (j.value -> 'line') j.value ->> 'line' AS line, j.value
        FROM (SELECT e.revision, e.position, e.before FROM {_BEFORE_WHOLE}) AS e
        CROSS JOIN LATERAL jsonb_array_elements(e.before -> 'postings') AS j
        ORDER BY j.value -> 'line', e.revision, e.position
    ) AS k)
"""  # noqa: S608  # nosec B608  # constants
LOAD_DIFFERS = text(
    f"""
    WITH changed AS MATERIALIZED (
        SELECT t.id, w.revision AS whole_revision, w.position AS whole_position, w.before AS whole
        FROM transactions t
        LEFT JOIN LATERAL (
            SELECT e.revision, e.position, e.before FROM events e
            WHERE e.book_id = :book AND e.entity = 'transaction' AND e.entity_id = t.id AND e.revision > :undone
              AND e.action IN ('updated', 'deleted')
            ORDER BY e.revision, e.position LIMIT 1
        ) AS w ON true
        WHERE t.book_id = :book AND t.import_id = :import AND t.revision <> :undone
    ),
    first AS MATERIALIZED (
        SELECT c.id, c.whole, coalesce({_FIRST_SMALL}, '{{}}') AS small, coalesce({_FIRST_POSTINGS}, '{{}}') AS lines
        FROM changed c
    ),
    wanted AS MATERIALIZED (
        SELECT f.id,
               -- The header says what its postings do.
               f.whole || f.small || jsonb_build_object(
                   'postings', m.postings, 'account_id', m.account_id,
                   'amount', CASE WHEN f.whole ->> 'type' = 'journal' THEN m.amount
                                  ELSE CAST(f.whole ->> 'amount' AS numeric) END) AS image,
               f.small || CASE WHEN f.lines = '{{}}' THEN '{{}}'::jsonb ELSE jsonb_build_object('postings', (
                   SELECT jsonb_agg(l.value) FROM jsonb_each(f.lines) AS l)) END AS new
        FROM first f CROSS JOIN LATERAL (
            SELECT jsonb_agg(p.line) AS postings, min(p.account_id) AS account_id,
                   abs(sum(CAST(p.line ->> 'amount' AS numeric))
                       FILTER (WHERE p.line ->> 'account_id' = p.account_id)) AS amount
            FROM (SELECT l.line, first_value(l.line ->> 'account_id') OVER (ORDER BY l.line -> 'line') AS account_id
                  FROM (SELECT p || coalesce(f.lines -> (p ->> 'line'), '{{}}') AS line
                        FROM jsonb_array_elements(f.whole -> 'postings') AS p) AS l) AS p
        ) AS m
    )
    SELECT w.id {FROM_WANTED} WHERE w.image IS NOT NULL AND ({DIFFERS})
    UNION ALL
    SELECT w.id FROM wanted w JOIN transactions t ON t.book_id = :book AND t.id = w.id
    WHERE w.image IS NULL AND (
        w.new = '{{}}'
        OR (w.new ? 'postings' AND {SMALL_DIFFERS["reassigned"]})
        OR (w.new ? 'payee_id' AND {SMALL_DIFFERS["payee_changed"]})
        OR (w.new ? 'tag_ids' AND {SMALL_DIFFERS["tags_changed"]})
        OR (w.new ? 'status' AND ({SMALL_DIFFERS["sealed"]})))
    UNION ALL
    SELECT a.transaction_id FROM attachments a JOIN transactions t ON t.book_id = a.book_id AND t.id = a.transaction_id
    WHERE a.book_id = :book AND t.import_id = :import
    LIMIT 5
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*PARAMETERS, bindparam("import", type_=Uuid))
# The transactions of its trades have events of their own, which the undo turns round.
LOG_OF_LOAD = f"{LOG_OF_GONE} AND t.import_id = CAST(:import AS uuid)"
LOAD_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM transactions WHERE book_id = :book AND import_id = :import)
           + (SELECT count(*) FROM trades WHERE book_id = :book AND import_id = :import) AS present,
           (SELECT created_count FROM imports WHERE book_id = :book AND id = :import) AS created
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("import", type_=Uuid))
