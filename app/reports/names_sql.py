"""Where reports by payee and by tag are read: totals of spans, and the postings of days at their edges."""

from app.reports.converted_sql import KEPT_ROWS, LIVE_RATES, LIVE_ROWS, UNITS

# Each part's rows are found by the key of its table; the planner cannot know how few parts there are (OFFSET 0 is a
# fence). What leaves is what comes of a part that is taken away, so sums and not rows tell whether anything moved.
_SUMMED = ", ".join(
    f"sum(CASE n.sign WHEN 1 THEN n.{name} ELSE -n.{name} END) AS {name}"
    for name in ("inflow", "outflow", "unconverted_inflow", "unconverted_outflow", "count", "counted")
)
_KEPT = """
kept AS (
    SELECT n.bucket, n.account_id, n.category_id, NULL::date AS day, NULL::uuid AS transaction_id, n.payee_id, n.tag_id,
           n.side, {summed}
    FROM ({rows}) AS n
    GROUP BY n.bucket, n.account_id, n.category_id, n.payee_id, n.tag_id, n.side
),
"""
_TOTALS = """
    SELECT p.bucket, p.sign, f.* FROM part p CROSS JOIN LATERAL (
        SELECT m.account_id, {category} AS category_id, {payee} AS payee_id, {tag} AS tag_id, m.side,
               m.base_inflow AS inflow, m.base_outflow AS outflow, m.unconverted_inflow, m.unconverted_outflow,
               m.count, m.counted
        FROM {table} m
        WHERE m.book_id = :book AND m.span = '{unit}' AND m.first_day BETWEEN p.first AND p.last {filters}
        OFFSET 0
    ) AS f WHERE p.unit = '{unit}'
"""
# Only payees are read in postings: tags have totals of days. Postings are found by account, or by category where these
# are asked for, and meet the transactions of their days once.
_DAYS = """
    SELECT p.bucket, p.sign, f.account_id, {category} AS category_id, {payee} AS payee_id, NULL::uuid AS tag_id,
           coalesce(c.kind, CASE WHEN f.amount > 0 THEN 'income' ELSE 'expense' END) AS side,
           coalesce(greatest(f.base_amount, 0), 0), coalesce(greatest(-f.base_amount, 0), 0),
           CASE WHEN f.base_amount IS NULL THEN greatest(f.amount, 0) ELSE 0 END,
           CASE WHEN f.base_amount IS NULL THEN greatest(-f.amount, 0) ELSE 0 END,
           1::bigint, CASE WHEN f.base_amount <> 0 THEN 1::bigint ELSE 0 END
    FROM part p CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, m.amount, m.base_amount, t.payee_id
        FROM (
            SELECT m.* FROM {ids} x CROSS JOIN LATERAL (
                SELECT m.transaction_id, m.account_id, m.category_id, m.amount, m.base_amount FROM postings m
                WHERE m.book_id = :book AND m.{found_by} = x.id AND m.date BETWEEN p.first AND p.last
                      AND m.role = 'flow' {filters}
                OFFSET 0
            ) AS m OFFSET 0
        ) AS m
        JOIN transactions t ON t.book_id = :book AND t.id = m.transaction_id AND t.date BETWEEN p.first AND p.last
            {of_payees}
        OFFSET 0
    ) AS f LEFT JOIN category c ON c.id = f.category_id
    WHERE p.unit = 'day'
"""
_KEPT_OF_DAYS = """
kept AS (
    SELECT o.bucket, o.account_id, {category} AS category_id, {day} AS day, NULL::uuid AS transaction_id,
           NULL::uuid AS payee_id, {tag} AS tag_id, o.side, {sums}
    FROM (
        SELECT p.bucket, f.* FROM piece p CROSS JOIN LATERAL (
            SELECT m.account_id, m.category_id, m.tag_id, m.side, m.first_day AS day, {amounts}, m.count, m.counted
            FROM tag_totals m
            WHERE m.book_id = :book AND m.span = 'day' AND m.first_day BETWEEN p.first AND p.last {filters}
            OFFSET 0
        ) AS f OFFSET 0
    ) AS o {rates}
    GROUP BY 1, 2, 3, 4, 7, 8
),
"""
_IN_BASE = """
    m.base_inflow AS inflow, m.base_outflow AS outflow, m.unconverted_inflow, m.unconverted_outflow
"""
_OF_BASE = """
    sum(o.inflow) AS inflow, sum(o.outflow) AS outflow, sum(o.unconverted_inflow) AS unconverted_inflow,
    sum(o.unconverted_outflow) AS unconverted_outflow, sum(o.count) AS count, sum(o.counted) AS counted
"""
# Whether a posting's own part of a day's total comes to nothing is not known: all that have a rate are counted.
_CONVERTED = """
    coalesce(sum(round(o.inflow * r.rate, :exponent)), 0) AS inflow,
    coalesce(sum(round(o.outflow * r.rate, :exponent)), 0) AS outflow,
    coalesce(sum(o.inflow) FILTER (WHERE r.rate IS NULL), 0) AS unconverted_inflow,
    coalesce(sum(o.outflow) FILTER (WHERE r.rate IS NULL), 0) AS unconverted_outflow,
    sum(o.count) AS count, coalesce(sum(o.count) FILTER (WHERE r.rate IS NOT NULL), 0) AS counted
"""
_RATES = """
    JOIN account a ON a.id = o.account_id
    LEFT JOIN rate r ON r.currency = a.currency AND r.day = least(o.day, :today)
"""


def by_category(groups: tuple[str, ...], filters: frozenset[str]) -> bool:
    """Whether what is asked for is told by categories, of which the totals by payee have no thirds of months."""
    return bool({"category", "top_category"} & set(groups)) or "categories" in filters


def kept_of_payees(groups: tuple[str, ...], filters: frozenset[str], own: str) -> str:
    """From the totals with categories only where these are asked for; `own` narrows postings, too."""
    with_category = by_category(groups, filters)
    by_payee = "payee" in groups
    shown = {
        "category": "m.category_id" if with_category else "NULL::uuid",
        "payee": "m.payee_id" if by_payee else "NULL::uuid",
        "tag": "NULL::uuid",
        "filters": own + (" AND m.payee_id = ANY (:payees)" if "payees" in filters else ""),
    }
    # Of one payee, the table with categories has an index.
    table = "payee_category_totals" if with_category or "payees" in filters else "payee_totals"
    tables = {"year": table, "month": table} | ({} if with_category else {"third": "payee_totals"})
    narrow = "categories" in filters
    days = _DAYS.format(
        ids="below" if narrow else "account",
        found_by="category_id" if narrow else "account_id",
        category="f.category_id" if with_category else "NULL::uuid",
        payee="f.payee_id" if by_payee else "NULL::uuid",
        filters=own,
        of_payees="AND t.payee_id = ANY (:payees)" if "payees" in filters else "",
    )
    rows = [_TOTALS.format(unit=unit, table=table, **shown) for unit, table in tables.items()]
    return _KEPT.format(summed=_SUMMED, rows="UNION ALL".join([*rows, days]))


def kept_of_payees_converted(groups: tuple[str, ...], own: str) -> str:
    """In another currency, from what is kept of it and from postings; `own` narrows to accounts alone."""
    shown = "payee" in groups
    rows = [
        KEPT_ROWS.format(payee="m.payee_id" if shown else "NULL::uuid", filters=own),
        LIVE_ROWS.format(payee="v.payee_id" if shown else "NULL::uuid"),
    ]
    return UNITS + LIVE_RATES + _KEPT.format(summed=_SUMMED, rows="UNION ALL".join(rows))


def kept_of_tags(groups: tuple[str, ...], filters: frozenset[str], own: str) -> str:
    """From totals alone: a transaction with two tags is in both groups; of what has one tag each is there once."""
    shown = {
        "table": "tag_totals",
        "category": "m.category_id" if by_category(groups, filters) else "NULL::uuid",
        "payee": "NULL::uuid",
        "tag": "m.tag_id" if "tag" in groups else "NULL::uuid",
        "filters": own + _of_tags(filters),
    }
    return _KEPT.format(
        summed=_SUMMED, rows="UNION ALL".join(_TOTALS.format(unit=unit, **shown) for unit in ("month", "day"))
    )


def kept_of_days_by_tag(groups: tuple[str, ...], filters: frozenset[str], own: str, *, converts: bool) -> str:
    """The same from days alone, for weekdays and for other currencies: each total of a day is converted and rounded."""
    return _KEPT_OF_DAYS.format(
        category="o.category_id" if by_category(groups, filters) else "NULL::uuid",
        day="o.day" if "weekday" in groups else "NULL::date",
        tag="o.tag_id" if "tag" in groups else "NULL::uuid",
        amounts="m.inflow, m.outflow" if converts else _IN_BASE,
        sums=_CONVERTED if converts else _OF_BASE,
        filters=own + _of_tags(filters),
        rates=_RATES if converts else "",
    )


def _of_tags(filters: frozenset[str]) -> str:
    return " AND m.tag_id = ANY (:tags)" if "tags" in filters else ""
