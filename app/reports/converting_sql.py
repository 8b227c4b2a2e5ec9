"""Amounts in another currency than the book's: the rates of days, and what they make of totals and postings."""


def rates_of(stretches: str, day: str) -> str:
    """The rates of the currencies of accounts on the days on which these moved anything, looked up at once.

    `stretches` yields the first and the last of some days. `day` says whose rates a day's amounts `m` are converted by.
    """
    return f"""
rate AS MATERIALIZED (
    SELECT n.currency, r.day, r.rate
    FROM (
        SELECT a.currency, array_agg(DISTINCT d.day) AS days
        FROM ({stretches}) AS s CROSS JOIN account a CROSS JOIN LATERAL (
            SELECT {day} AS day FROM daily_totals m
            WHERE m.book_id = :book AND m.account_id = a.id AND m.day BETWEEN s.first AND s.last
            OFFSET 0
        ) AS d
        GROUP BY a.currency
    ) AS n CROSS JOIN LATERAL rates_over(n.currency, :currency, n.days) AS r
),
"""  # noqa: S608  # nosec B608  # constants of the callers


KNOWN_DAY = "least(m.day, :today)"
"""Days to come have today's rates (`Actor.known_day`)."""
RATES = rates_of("SELECT p.first, p.last FROM piece p", KNOWN_DAY)
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
# Of such postings `v`: the side that one is on, by its category `c`, and what they come to there.
SIDE = "coalesce(c.kind, CASE WHEN v.amount > 0 THEN 'income' ELSE 'expense' END)"
SUMS = """
    coalesce(sum(v.value) FILTER (WHERE v.value > 0), 0) AS inflow,
    coalesce(-sum(v.value) FILTER (WHERE v.value < 0), 0) AS outflow,
    coalesce(sum(v.amount) FILTER (WHERE v.value IS NULL AND v.amount > 0), 0) AS unconverted_inflow,
    coalesce(-sum(v.amount) FILTER (WHERE v.value IS NULL AND v.amount < 0), 0) AS unconverted_outflow,
    count(*) AS count, count(*) FILTER (WHERE v.value <> 0) AS counted
"""
