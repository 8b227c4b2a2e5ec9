"""An import's rows as the posting engine takes them."""

# Names are looked up by subqueries that give one value: see `staging_sql` for why these are no joins. What such a
# subquery compares with is computed one level below (OFFSET 0 keeps it there): row-level security lets no index serve a
# condition with anything in it that is not leakproof, and each row would look at every payee.

_ROWS = """
    SELECT k.*, CASE WHEN {wanted} THEN coalesce(
               (SELECT p.id FROM payees p WHERE p.book_id = :book AND p.name_key = k.payee_key),
               (SELECT a.payee_id FROM payee_aliases a WHERE a.book_id = :book AND a.alias_key = k.payee_key)
           ) END AS payee_id
    FROM (
        SELECT *, lower(payee) AS payee_key FROM import_rows
        WHERE book_id = :book AND import_id = CAST(:import AS uuid) AND outcome IN ('new', 'suspect') AND NOT skipped
          AND (document IS NULL OR NOT document ?| ARRAY['postings', 'trade'])
        OFFSET 0
    ) AS k
    OFFSET 0
"""
# Most books have no default categories: what follows from there being any is asked once, not for each row.
_MAY_HAVE_DEFAULT = """
    k.category_id IS NULL
    AND (SELECT EXISTS (SELECT 1 FROM payees WHERE book_id = :book AND default_category_id IS NOT NULL))
"""

HEAD = f"""
    SELECT r.transaction_id AS id, CASE WHEN r.amount < 0 THEN 'expense' ELSE 'income' END AS type, r.date,
           r.account_id, abs(r.amount) AS amount, r.payee_id, r.description, r.notes, 'cleared' AS status,
           r.external_id, NULL::numeric AS original_amount, NULL::text AS original_currency,
           r.import_id, NULL::uuid AS refund_of_id, NULL::uuid AS reconciliation_id, NULL::timestamptz AS created_at,
           false AS replaces
    FROM ({_ROWS.format(wanted="k.payee_key IS NOT NULL")}) AS r
"""  # noqa: S608  # nosec B608  # constants of this module

# A row without a category gets its payee's default, where that is of the row's kind and in use.
LINE = f"""
    SELECT r.transaction_id, 0 AS line, r.account_id,
           CASE WHEN r.category_id IS NOT NULL
                THEN CASE WHEN r.category_id IN
                               (SELECT c.id FROM categories c WHERE c.book_id = :book AND c.archived_at IS NULL)
                          THEN r.category_id END
                ELSE (SELECT c.id FROM categories c
                      WHERE c.book_id = :book AND c.id = r.default_id AND c.archived_at IS NULL
                        AND c.kind = CASE WHEN r.amount < 0 THEN 'expense' ELSE 'income' END)
           END AS category_id,
           'flow' AS role, r.amount,
           CASE WHEN CAST(:base AS text) =
                     (SELECT a.currency FROM accounts a WHERE a.book_id = :book AND a.id = r.account_id)
                THEN r.amount END AS base_amount,
           NULL::text AS memo, r.date
    FROM (
        SELECT n.*, (SELECT p.default_category_id FROM payees p
                     WHERE p.book_id = :book AND p.id = n.payee_id) AS default_id
        FROM ({_ROWS.format(wanted=_MAY_HAVE_DEFAULT)}) AS n
        OFFSET 0
    ) AS r
"""  # noqa: S608  # nosec B608  # constants of this module
# What trades move goes with them: their transactions have no import of their own.
GONE = "SELECT id FROM transactions WHERE book_id = :book AND import_id = CAST(:import AS uuid)"
