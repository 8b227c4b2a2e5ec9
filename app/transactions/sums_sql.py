"""From postings that come and go to what is kept of them: totals by month, by day and by name, and balances.

{movement} yields postings that come with sign 1 and those that leave with -1; what both sum to is the change.
"""

from app.transactions.name_sums_sql import sums_of_names

_KEPT = (
    "inflow",
    "outflow",
    "base_inflow",
    "base_outflow",
    "unconverted_inflow",
    "unconverted_outflow",
    "count",
)
_ADDED = ", ".join(f"{column} = m.{column} + excluded.{column}" for column in _KEPT)
_CHANGES_A_MONTH = " OR ".join(f"sum({column}) <> 0" for column in _KEPT)
_CHANGES_A_DAY = """
        sum(sign) <> 0
        OR sum(sign * amount) <> 0 OR sum(sign * abs(amount)) <> 0
        OR coalesce(sum(sign * base_amount), 0) <> 0 OR coalesce(sum(sign * abs(base_amount)), 0) <> 0
        OR sum(sign) FILTER (WHERE base_amount IS NULL) <> 0
"""
_SUMS = """
each_day AS MATERIALIZED (
    SELECT date AS day, account_id, category_id, role,
           sum(sign * greatest(amount, 0)) AS inflow,
           sum(sign * greatest(-amount, 0)) AS outflow,
           coalesce(sum(sign * greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_inflow,
           coalesce(sum(sign * greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_outflow,
           coalesce(sum(sign * greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
           coalesce(sum(sign * greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
           sum(sign) AS count
    FROM ({movement}) AS movement
    GROUP BY 1, 2, 3, 4
    HAVING {changes_each_day}
),
delta AS MATERIALIZED (
    SELECT date_trunc('month', day::timestamp)::date AS month, account_id, category_id, role,
           sum(inflow) AS inflow, sum(outflow) AS outflow,
           sum(base_inflow) AS base_inflow, sum(base_outflow) AS base_outflow,
           sum(unconverted_inflow) AS unconverted_inflow, sum(unconverted_outflow) AS unconverted_outflow,
           sum(count) AS count
    FROM each_day
    GROUP BY 1, 2, 3, 4
    HAVING {changes_a_month}
),
totals AS (
    INSERT INTO monthly_totals AS m (book_id, month, account_id, category_id, role, inflow, outflow,
        base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
    SELECT :book, d.month, d.account_id, d.category_id, d.role, d.inflow, d.outflow,
           d.base_inflow, d.base_outflow, d.unconverted_inflow, d.unconverted_outflow, d.count
    FROM delta d
    ON CONFLICT (book_id, month, account_id, category_id, role) DO UPDATE SET {added}
),
daily AS (
    INSERT INTO daily_totals AS m (book_id, day, account_id, category_id, inflow, outflow,
        base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
    SELECT :book, d.day, d.account_id, d.category_id, d.inflow, d.outflow,
           d.base_inflow, d.base_outflow, d.unconverted_inflow, d.unconverted_outflow, d.count
    FROM each_day d WHERE d.role = 'flow'
    ON CONFLICT (book_id, category_id, day, account_id) DO UPDATE SET {added}
),
{names}
balances AS (
    UPDATE accounts a
    SET balance = a.balance + d.amount, revision = :revision, updated_at = now()
    FROM (SELECT account_id, sum(inflow - outflow) AS amount FROM delta GROUP BY account_id
          -- An account shows its opening balance: it changes with that even where nothing moves in all.
          HAVING sum(inflow - outflow) <> 0 OR bool_or(role = 'equity')) d
    WHERE a.book_id = :book AND a.id = d.account_id
),
"""


def sums_of(movement: str, *, payees: str, tags: str) -> str:
    """Common table expressions, to be followed by more.

    `movement` yields account_id, category_id, role, amount, base_amount, date and sign; `payees` and `tags` the same of
    what has the role `flow`, without the role and with payee_id or tag_id: NULL where there is none.
    """
    return _SUMS.format(
        movement=movement,
        added=_ADDED,
        changes_each_day=_CHANGES_A_DAY,
        changes_a_month=_CHANGES_A_MONTH,
        names=sums_of_names(payees=payees, tags=tags),
    )
