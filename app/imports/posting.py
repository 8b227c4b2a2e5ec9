"""An import's rows as the posting engine takes them."""

HEAD = """
    SELECT r.transaction_id AS id, CASE WHEN r.amount < 0 THEN 'expense' ELSE 'income' END AS type, r.date,
           r.account_id, abs(r.amount) AS amount, p.id AS payee_id, r.description, r.notes, 'cleared' AS status,
           r.external_id, NULL::numeric AS original_amount, NULL::text AS original_currency,
           r.import_id, false AS replaces
    FROM import_rows r
    LEFT JOIN payees p ON p.book_id = :book AND p.name_key = lower(r.payee)
    WHERE r.book_id = :book AND r.import_id = CAST(:import AS uuid) AND r.outcome IN ('new', 'suspect')
      AND NOT r.skipped
"""
LINE = """
    SELECT r.transaction_id, 0 AS line, r.account_id, c.id AS category_id, 'flow' AS role, r.amount,
           CASE WHEN a.currency = CAST(:base AS text) THEN r.amount END AS base_amount, NULL::text AS memo, r.date
    FROM import_rows r
    JOIN accounts a ON a.book_id = :book AND a.id = r.account_id
    LEFT JOIN categories c ON c.book_id = :book AND c.id = r.category_id AND c.archived_at IS NULL
    WHERE r.book_id = :book AND r.import_id = CAST(:import AS uuid) AND r.outcome IN ('new', 'suspect')
      AND NOT r.skipped
"""
GONE = "SELECT id FROM transactions WHERE book_id = :book AND import_id = CAST(:import AS uuid)"
