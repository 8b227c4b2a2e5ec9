"""Amounts in another currency than the book's: the rates of all days, and what they make of totals and postings."""


def rates_of_days(days: str) -> str:
    """The rates of all accounts' currencies on these days, looked up at once."""
    return f"""
rate AS MATERIALIZED (
    SELECT x.currency, r.day, r.rate
    FROM (SELECT DISTINCT a.currency FROM account a) AS x
    CROSS JOIN LATERAL rates_over(x.currency, :currency, ARRAY({days})) AS r
),
"""  # noqa: S608  # nosec B608  # constants of the callers


# All days that anything may be dated on; days to come have today's rates (`Actor.known_day`).
RATES = rates_of_days("""
        SELECT :today
        UNION
        SELECT d.day::date FROM piece p CROSS JOIN LATERAL generate_series(
            greatest(p.first, (SELECT min(m.month) FROM monthly_totals m WHERE m.book_id = :book))::timestamp,
            least(p.last, :today)::timestamp, interval '1 day'
        ) AS d(day)
""")
# What is rounded is each total of a day, so that all sums of it agree. What is read is behind a fence (OFFSET 0): the
# planner might read it once for each rate.
TOTALS_CONVERTED = """
{name} AS (
    SELECT o.bucket, o.account_id, o.category_id, {day} AS day, NULL::uuid AS transaction_id, NULL::uuid AS payee_id,
           coalesce(sum(round(o.inflow * r.rate, :exponent)), 0) AS inflow,
           coalesce(sum(round(o.outflow * r.rate, :exponent)), 0) AS outflow,
           coalesce(sum(o.inflow) FILTER (WHERE r.rate IS NULL), 0) AS unconverted_inflow,
           coalesce(sum(o.outflow) FILTER (WHERE r.rate IS NULL), 0) AS unconverted_outflow, sum(o.count) AS count
    FROM ({source} OFFSET 0) AS o JOIN account a ON a.id = o.account_id
    LEFT JOIN rate r ON r.currency = a.currency AND r.day = least(o.day, :today)
    GROUP BY 1, 2, 3, 4
),
"""
# What each posting is worth by the rate of its day, nothing without one (OFFSET 0: reckoned once).
VALUED = """
    SELECT o.*, round(o.amount * r.rate, :exponent) AS value
    FROM ({source} OFFSET 0) AS o JOIN account a ON a.id = o.account_id
    LEFT JOIN rate r ON r.currency = a.currency AND r.day = least(o.day, :today)
    OFFSET 0
"""
