"""Rows that hold a whole transaction, as the posting engine takes them; see `posting` for why these are no joins."""

_WANTED = """
    r.book_id = :book AND r.import_id = CAST(:import AS uuid) AND r.outcome IN ('new', 'suspect') AND NOT r.skipped
    AND NOT r.document ? 'trade'
"""
HEAD = f"""
    SELECT r.transaction_id AS id, r.document->>'type' AS type, r.date, r.account_id,
           (r.document->>'amount')::numeric AS amount,
           coalesce((SELECT p.id FROM payees p WHERE p.book_id = :book AND p.name_key = r.payee_key),
                    (SELECT a.payee_id FROM payee_aliases a WHERE a.book_id = :book AND a.alias_key = r.payee_key)
           ) AS payee_id,
           r.description, r.notes, r.document->>'status' AS status, r.external_id,
           (r.document->>'original_amount')::numeric AS original_amount,
           r.document->>'original_currency' AS original_currency, r.import_id,
           CASE WHEN r.refund_of IS NOT NULL AND r.document->>'type' = 'income' AND (
                    (SELECT t.type FROM transactions t WHERE t.book_id = :book AND t.id = r.refund_of)
                        IN ('expense', 'journal')
                    OR r.refund_of = ANY(ARRAY(SELECT r.transaction_id FROM import_rows r
                                               WHERE {_WANTED} AND r.document->>'type' IN ('expense', 'journal')))
                ) THEN r.refund_of END AS refund_of_id,
           NULL::uuid AS reconciliation_id, NULL::timestamptz AS created_at, false AS replaces
    FROM (
        SELECT r.*, lower(r.payee) AS payee_key, (r.document->>'refund_of')::uuid AS refund_of
        FROM import_rows r WHERE {_WANTED} OFFSET 0
    ) AS r
"""  # noqa: S608  # nosec B608  # the part is a constant above
LINE = f"""
    SELECT r.transaction_id, (p.place - 1)::integer AS line, (p.line->>'account_id')::uuid AS account_id,
           (p.line->>'category_id')::uuid AS category_id, p.line->>'role' AS role,
           (p.line->>'amount')::numeric AS amount,
           CASE WHEN CAST(:base AS text) =
                     (SELECT a.currency FROM accounts a
                      WHERE a.book_id = :book AND a.id = (p.line->>'account_id')::uuid)
                THEN (p.line->>'amount')::numeric END AS base_amount,
           p.line->>'memo' AS memo, r.date
    FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements(r.document->'postings') WITH ORDINALITY AS p(line, place)
    WHERE {_WANTED}
"""  # noqa: S608  # nosec B608  # the part is a constant above
TAGGED = f"""
    SELECT DISTINCT n.transaction_id,
           (SELECT t.id FROM tags t WHERE t.book_id = :book AND t.name_key = n.name_key) AS tag_id
    FROM (
        SELECT r.transaction_id, lower(tag.name) AS name_key
        FROM import_rows r CROSS JOIN LATERAL jsonb_array_elements_text(r.document->'tags') AS tag(name)
        WHERE {_WANTED} OFFSET 0
    ) AS n
"""  # noqa: S608  # nosec B608  # the part is a constant above
