"""What single rows cannot show: statements that find why a former state does not go with the present one."""

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from app.categories.service import MAX_DEPTH
from app.history.undo_sql import PARAMETERS

# Names that came along with a transaction stay when something else uses them, or when they were changed since; so do
# assets that came with an import.
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
                           AND (p.name <> e.after ->> 'name' OR p.default_category_id IS DISTINCT FROM
                                CAST(e.after ->> 'default_category_id' AS uuid)))))
        OR (e.entity = 'tag' AND (
                EXISTS (SELECT 1 FROM transaction_tags x WHERE x.book_id = :book AND x.tag_id = e.entity_id)
                OR EXISTS (SELECT 1 FROM tags g WHERE g.book_id = :book AND g.id = e.entity_id
                           AND g.name <> e.after ->> 'name')))
        OR (e.entity = 'asset'
            AND EXISTS (SELECT 1 FROM events l WHERE l.book_id = :book AND l.revision = :undone
                        AND l.entity = 'import' AND l.action = 'committed')
            AND (EXISTS (SELECT 1 FROM trades t WHERE t.book_id = :book AND t.asset_id = e.entity_id)
                OR EXISTS (SELECT 1 FROM trades t WHERE t.book_id = :book AND t.to_asset_id = e.entity_id)
                OR EXISTS (SELECT 1 FROM asset_prices p WHERE p.book_id = :book AND p.asset_id = e.entity_id
                           AND p.revision <> :undone)
                OR EXISTS (SELECT 1 FROM assets a WHERE a.book_id = :book AND a.id = e.entity_id
                           AND a.revision <> :undone))))
    """
).bindparams(*PARAMETERS)
IN_BASE = {"budget_amount", "budget_assignment", "goal_source"}
"""Amounts of budgets, and what goals laid aside in them: in the base currency of their time."""
RECOUNTED_SINCE = text(
    "SELECT EXISTS (SELECT FROM events WHERE book_id = :book AND revision > :undone "
    "AND entity = 'book' AND action = 'base_currency_changed')"
).bindparams(*PARAMETERS)
# The totals of a book are in its base currency: where accounts count in it, it stays.
IN_BASE_CURRENCY = text(
    """
    SELECT 'account' AS entity, id FROM accounts
    WHERE book_id = :book
      AND id NOT IN (SELECT entity_id FROM events WHERE book_id = :book AND revision = :undone AND entity = 'account')
      AND EXISTS (SELECT 1 FROM events
                  WHERE book_id = :book AND revision = :undone AND entity = 'book' AND action = 'updated'
                    AND (before -> 'base_currency', before -> 'base_currency_chosen')
                        IS DISTINCT FROM (after -> 'base_currency', after -> 'base_currency_chosen'))
    UNION ALL
    SELECT 'budget', id FROM budgets
    WHERE book_id = :book
      AND id NOT IN (SELECT entity_id FROM events WHERE book_id = :book AND revision = :undone AND entity = 'budget')
      AND EXISTS (SELECT 1 FROM events
                  WHERE book_id = :book AND revision = :undone AND entity = 'book' AND action = 'updated'
                    AND before -> 'base_currency' IS DISTINCT FROM after -> 'base_currency')
    LIMIT 5
    """
).bindparams(*PARAMETERS)
BASE_CURRENCY = text("SELECT base_currency FROM books WHERE id = :book").bindparams(bindparam("book", type_=Uuid))
# The state as a whole must be one that the rules allow.
BROKEN = {
    "categories": text(
        """
        WITH RECURSIVE reached AS (
            SELECT id, 1 AS depth FROM categories WHERE book_id = :book AND parent_id IS NULL
            UNION ALL
            SELECT c.id, r.depth + 1 FROM categories c JOIN reached r ON c.parent_id = r.id WHERE c.book_id = :book
        )
        SELECT 'category' AS entity, id FROM categories
        WHERE book_id = :book AND id NOT IN (SELECT id FROM reached WHERE depth <= :deepest) LIMIT 5
        """
    ).bindparams(deepest=MAX_DEPTH),
    "shapes": text(
        """
        SELECT DISTINCT 'transaction' AS entity, t.id
        FROM transactions t
        JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
        LEFT JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
        WHERE t.book_id = :book AND t.revision = :revision AND t.type <> 'journal'
          AND ((p.account_id <> t.account_id) <> (t.type = 'transfer' AND p.line = 1)
               OR (t.type NOT IN ('income', 'trade') AND c.kind = 'income'))
        LIMIT 5
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
# What has a date besides transactions: receipts have that of theirs, reconciliations that of the statement.
EARLIEST = text(
    """
    SELECT least(
        (SELECT min(t.date) FROM events e
         JOIN transactions t ON t.book_id = e.book_id
             AND t.id = CAST(coalesce(e.before, e.after) ->> 'transaction_id' AS uuid)
         WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'attachment'),
        (SELECT min(CAST(coalesce(e.before, e.after) ->> 'statement_date' AS date)) FROM events e
         WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'reconciliation'),
        (SELECT least(min(CAST(e.before ->> 'date' AS date)), min(CAST(e.after ->> 'date' AS date))) FROM events e
         WHERE e.book_id = :book AND e.revision = :undone AND e.entity = 'trade'))
    """
).bindparams(*PARAMETERS)

# An undo of the revision that was not undone itself.
UNDONE_BY = text(
    """
    SELECT max(u.revision) FROM events u
    WHERE u.book_id = :book AND u.entity = 'book' AND u.entity_id = :book AND u.action = 'undone'
      AND CAST(u.after ->> 'revision' AS bigint) = :undone
      AND NOT EXISTS (SELECT 1 FROM events v
                      WHERE v.book_id = :book AND v.entity = 'book' AND v.entity_id = :book AND v.action = 'undone'
                        AND v.revision > u.revision AND CAST(v.after ->> 'revision' AS bigint) = u.revision)
    """
).bindparams(*PARAMETERS)
LAST_CHANGES = text(
    """
    SELECT entity_id, max(revision) AS revision FROM events
    WHERE book_id = :book AND entity_id = ANY(:ids) AND entity = ANY(:entities) AND revision > :undone
    GROUP BY entity_id
    """
).bindparams(*PARAMETERS, bindparam("ids", type_=ARRAY(Uuid)), bindparam("entities", type_=ARRAY(Text)))
