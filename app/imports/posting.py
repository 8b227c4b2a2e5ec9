"""An import's rows as the posting engine takes them."""

# Names are looked up by subqueries that give one value: see `staging_sql` for why these are no joins. `payee_key` is
# computed before (OFFSET 0 keeps it there): row-level security lets no index serve a condition with a function that is
# not leakproof, and each row would look at every payee.

HEAD = """
    SELECT r.transaction_id AS id, CASE WHEN r.amount < 0 THEN 'expense' ELSE 'income' END AS type, r.date,
           r.account_id, abs(r.amount) AS amount,
           (SELECT p.id FROM payees p WHERE p.book_id = :book AND p.name_key = r.payee_key) AS payee_id,
           r.description, r.notes, 'cleared' AS status,
           r.external_id, NULL::numeric AS original_amount, NULL::text AS original_currency,
           r.import_id, NULL::uuid AS refund_of_id, NULL::uuid AS reconciliation_id, NULL::timestamptz AS created_at,
           false AS replaces
    FROM (
        SELECT *, lower(payee) AS payee_key FROM import_rows
        WHERE book_id = :book AND import_id = CAST(:import AS uuid) AND outcome IN ('new', 'suspect') AND NOT skipped
        OFFSET 0
    ) AS r
"""
LINE = """
    SELECT r.transaction_id, 0 AS line, r.account_id,
           (SELECT c.id FROM categories c
            WHERE c.book_id = :book AND c.id = r.category_id AND c.archived_at IS NULL) AS category_id,
           'flow' AS role, r.amount,
           CASE WHEN CAST(:base AS text) =
                     (SELECT a.currency FROM accounts a WHERE a.book_id = :book AND a.id = r.account_id)
                THEN r.amount END AS base_amount,
           NULL::text AS memo, r.date
    FROM import_rows r
    WHERE r.book_id = :book AND r.import_id = CAST(:import AS uuid) AND r.outcome IN ('new', 'suspect')
      AND NOT r.skipped
"""
GONE = "SELECT id FROM transactions WHERE book_id = :book AND import_id = CAST(:import AS uuid)"
