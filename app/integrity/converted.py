"""The rule of the totals by payee in other currencies, as a statement that returns the rows which break it."""

_COLUMNS = ("inflow", "outflow", "unconverted_inflow", "unconverted_outflow", "count", "counted")
_OF = {name: ", ".join(f"coalesce({name}.{column}, 0)" for column in _COLUMNS) for name in ("m", "w")}
_KEYS = ("currency", "span", "first_day", "payee_id", "account_id", "side")
_SHOWN = ", ".join(f"coalesce(m.{key}, w.{key}) AS {key}" for key in _KEYS)
_SAME = " AND ".join(f"coalesce(m.{key}::text, '') = coalesce(w.{key}::text, '')" for key in _KEYS)

# Of the spans that count. As with other rates, the book that is checked is opened for the function of rates.
CONVERTED: dict[str, str] = {
    "converted_payee_totals_equal_postings": f"""
        WITH opened AS MATERIALIZED (
            SELECT set_config('app.book_id', CAST(b.id AS text), true) AS book FROM books b WHERE b.id = :book
        ),
        span AS MATERIALIZED (
            SELECT s.currency, s.span, s.first_day, k.exponent
            FROM opened o JOIN converted_spans s ON s.book_id = CAST(o.book AS uuid)
            JOIN currencies k ON k.code = s.currency
            WHERE s.book_id = :book
        ),
        line AS MATERIALIZED (
            SELECT s.currency, s.span, s.first_day, s.exponent, p.transaction_id, p.account_id, p.category_id, p.amount,
                   p.date, a.currency AS own
            FROM postings p CROSS JOIN LATERAL (VALUES
                ('month', date_trunc('month', p.date::timestamp)::date),
                ('third', date_trunc('month', p.date::timestamp)::date
                              + 10 * least((extract(day FROM p.date)::integer - 1) / 10, 2))
            ) AS u(span, first_day)
            JOIN span s ON s.span = u.span AND s.first_day = u.first_day
            JOIN accounts a ON a.book_id = :book AND a.id = p.account_id
            WHERE p.book_id = :book AND p.role = 'flow'
        ),
        rate AS MATERIALIZED (
            SELECT x.currency, x.own, r.day, r.rate
            FROM (SELECT l.currency, l.own, array_agg(DISTINCT l.date) AS days FROM line l GROUP BY 1, 2) AS x
            CROSS JOIN LATERAL rates_over(x.own, x.currency, x.days) AS r
        ),
        valued AS (
            SELECT l.*, round(l.amount * r.rate, l.exponent) AS value
            FROM line l LEFT JOIN rate r ON r.currency = l.currency AND r.own = l.own AND r.day = l.date
            OFFSET 0
        )
        SELECT {_SHOWN}, m.inflow - m.outflow AS stored, w.inflow - w.outflow AS computed,
               m.count AS stored_count, w.count AS computed_count
        FROM (
            SELECT m.* FROM converted_payee_totals m
            JOIN span s ON s.currency = m.currency AND s.span = m.span AND s.first_day = m.first_day
            WHERE m.book_id = :book
        ) AS m FULL JOIN (
            SELECT v.currency, v.span, v.first_day, t.payee_id, v.account_id,
                   coalesce(c.kind, CASE WHEN v.amount > 0 THEN 'income' ELSE 'expense' END) AS side,
                   coalesce(sum(v.value) FILTER (WHERE v.value > 0), 0) AS inflow,
                   coalesce(-sum(v.value) FILTER (WHERE v.value < 0), 0) AS outflow,
                   coalesce(sum(v.amount) FILTER (WHERE v.value IS NULL AND v.amount > 0), 0) AS unconverted_inflow,
                   coalesce(-sum(v.amount) FILTER (WHERE v.value IS NULL AND v.amount < 0), 0) AS unconverted_outflow,
                   count(*) AS count, count(*) FILTER (WHERE v.value <> 0) AS counted
            FROM valued v
            JOIN transactions t ON t.book_id = :book AND t.id = v.transaction_id
            LEFT JOIN categories c ON c.book_id = :book AND c.id = v.category_id
            GROUP BY 1, 2, 3, 4, 5, 6
        ) AS w ON {_SAME}
        WHERE ({_OF["m"]}) <> ({_OF["w"]})
    """,  # noqa: S608  # nosec B608  # constants of this module
}
