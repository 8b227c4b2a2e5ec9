"""The rules of trades and of what is held, as statements that return the rows which break them."""

HELD: dict[str, str] = {
    "trades_move_what_they_say": """
        SELECT x.trade_id, x.transaction_id, x.wanted, x.moved
        FROM (
            SELECT t.id AS trade_id, t.transaction_id, h.id AS found,
                   CASE WHEN t.kind = 'buy' THEN -(t.amount + t.fees + t.taxes)
                        WHEN t.kind IN ('sell', 'dividend', 'interest') THEN t.amount - t.fees - t.taxes
                        WHEN t.kind = 'fee' THEN -t.amount
                        WHEN t.kind IN ('return_of_capital', 'merger') THEN coalesce(t.amount, 0)
                        ELSE 0 END AS wanted,
                   coalesce((SELECT sum(p.amount) FROM postings p
                             WHERE p.book_id = :book AND p.transaction_id = t.transaction_id
                               AND p.account_id = t.account_id AND p.date = t.date), 0) AS moved
            FROM trades t
            LEFT JOIN transactions h ON h.book_id = :book AND h.id = t.transaction_id AND h.type = 'trade'
            WHERE t.book_id = :book
        ) x
        WHERE x.wanted <> x.moved OR (x.transaction_id IS NOT NULL AND x.found IS NULL)
        UNION ALL
        SELECT NULL, h.id, NULL, NULL FROM transactions h
        WHERE h.book_id = :book AND h.type = 'trade'
          AND NOT EXISTS (SELECT FROM trades t WHERE t.book_id = :book AND t.transaction_id = h.id)
    """,
    "positions_are_their_lots": """
        SELECT p.account_id, p.asset_id, p.quantity, p.cost, l.quantity AS of_lots, l.cost AS cost_of_lots, p.stale
        FROM positions p
        LEFT JOIN (SELECT account_id, asset_id, sum(quantity) AS quantity, sum(cost) AS cost
                   FROM lots WHERE book_id = :book GROUP BY 1, 2) l
            ON l.account_id = p.account_id AND l.asset_id = p.asset_id
        LEFT JOIN LATERAL (SELECT d.quantity, d.cost FROM position_days d
                           WHERE d.book_id = :book AND d.account_id = p.account_id AND d.asset_id = p.asset_id
                           ORDER BY d.date DESC LIMIT 1) d ON true
        WHERE p.book_id = :book
          AND (p.stale OR (p.quantity, p.cost) <> (coalesce(l.quantity, 0), coalesce(l.cost, 0))
               OR (p.quantity, p.cost) <> (coalesce(d.quantity, 0), coalesce(d.cost, 0)))
    """,
}
