"""Where reports by payee and by tag are read: totals of months and years, and the postings of days at their edges."""

# Each part's rows are found by the key of its table; the planner cannot know how few parts there are (OFFSET 0 is a
# fence). What leaves is what comes of a part that is taken away, so sums and not rows tell whether anything moved.
_KEPT = """
kept AS (
    SELECT n.bucket, n.account_id, n.category_id, NULL::date AS day, NULL::uuid AS transaction_id, n.payee_id, n.tag_id,
           n.side, sum(n.sign * n.base_inflow) AS inflow, sum(n.sign * n.base_outflow) AS outflow,
           sum(n.sign * n.unconverted_inflow) AS unconverted_inflow,
           sum(n.sign * n.unconverted_outflow) AS unconverted_outflow,
           sum(n.sign * n.count) AS count, sum(n.sign * n.counted) AS counted
    FROM ({rows}) AS n
    GROUP BY n.bucket, n.account_id, n.category_id, n.payee_id, n.tag_id, n.side
),
"""
_AMOUNTS = "m.base_inflow, m.base_outflow, m.unconverted_inflow, m.unconverted_outflow, m.count, m.counted"
_TOTALS = """
    SELECT p.bucket, p.sign, f.* FROM part p CROSS JOIN LATERAL (
        SELECT m.account_id, {category} AS category_id, {payee} AS payee_id, {tag} AS tag_id, m.side, {amounts}
        FROM {table} m
        WHERE m.book_id = :book AND {span} {filters}
        OFFSET 0
    ) AS f WHERE p.unit = '{unit}'
"""
_MONTHS = "m.month BETWEEN p.first AND p.last"
_SPANS = "m.span = '{unit}' AND m.first_day BETWEEN p.first AND p.last"
_DAYS = """
    SELECT p.bucket, p.sign, f.account_id, {category} AS category_id, {payee} AS payee_id, {tag} AS tag_id,
           coalesce(c.kind, CASE WHEN f.amount > 0 THEN 'income' ELSE 'expense' END) AS side,
           coalesce(greatest(f.base_amount, 0), 0), coalesce(greatest(-f.base_amount, 0), 0),
           CASE WHEN f.base_amount IS NULL THEN greatest(f.amount, 0) ELSE 0 END,
           CASE WHEN f.base_amount IS NULL THEN greatest(-f.amount, 0) ELSE 0 END,
           1::bigint, CASE WHEN f.base_amount <> 0 THEN 1::bigint ELSE 0 END
    FROM part p CROSS JOIN account a CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, m.amount, m.base_amount{of_header}
        FROM postings m {header}
        WHERE m.book_id = :book AND m.account_id = a.id AND m.date BETWEEN p.first AND p.last AND m.role = 'flow'
              {filters}
        OFFSET 0
    ) AS f LEFT JOIN category c ON c.id = f.category_id
    WHERE p.unit = 'day'
"""
_PAYEE_OF_DAY = """
    JOIN transactions t ON t.book_id = :book AND t.id = m.transaction_id AND t.date BETWEEN p.first AND p.last
"""
# By the key of each posting (OFFSET 0): joined by a hash, all tags of the book would be read again for each account.
_TAG_OF_DAY = """
    LEFT JOIN LATERAL (
        SELECT y.tag_id FROM transaction_tags y WHERE y.book_id = :book AND y.transaction_id = m.transaction_id OFFSET 0
    ) AS x ON true
"""


def kept_of_payees(groups: tuple[str, ...], filters: frozenset[str], own: str) -> str:
    """By month where no category is asked for, and by category and month or year else; `own` narrows postings, too."""
    by_category = bool({"category", "top_category"} & set(groups)) or "categories" in filters
    by_payee = "payee" in groups
    narrowed = own + (" AND m.payee_id = ANY (:payees)" if "payees" in filters else "")
    shown = {
        "category": "m.category_id" if by_category else "NULL::uuid",
        "payee": "m.payee_id" if by_payee else "NULL::uuid",
        "tag": "NULL::uuid",
        "amounts": _AMOUNTS,
        "filters": narrowed,
    }
    months = {"table": "payee_totals", "span": _MONTHS}
    if by_category or "payees" in filters:  # of one payee, that table has an index
        months = {"table": "payee_category_totals", "span": _SPANS.format(unit="month")}
    years = {"table": "payee_category_totals", "span": _SPANS.format(unit="year")}
    days = _DAYS.format(
        category="f.category_id" if by_category else "NULL::uuid",
        payee="f.payee_id" if by_payee else "NULL::uuid",
        tag="NULL::uuid",
        of_header=", t.payee_id",
        header=_PAYEE_OF_DAY,
        filters=own + (" AND t.payee_id = ANY (:payees)" if "payees" in filters else ""),
    )
    rows = (_TOTALS.format(unit="month", **months, **shown), _TOTALS.format(unit="year", **years, **shown), days)
    return _KEPT.format(rows="UNION ALL".join(rows))


def kept_of_tags(groups: tuple[str, ...], filters: frozenset[str], own: str) -> str:
    """A transaction with two tags is in both groups; of those that have one tag each is there once."""
    by_category = bool({"category", "top_category"} & set(groups)) or "categories" in filters
    by_tag = "tag" in groups
    shown = {
        "category": "m.category_id" if by_category else "NULL::uuid",
        "payee": "NULL::uuid",
        "tag": "m.tag_id" if by_tag else "NULL::uuid",
        "amounts": _AMOUNTS,
        "filters": own + (" AND m.tag_id = ANY (:tags)" if "tags" in filters else ""),
    }
    days = _DAYS.format(
        category="f.category_id" if by_category else "NULL::uuid",
        payee="NULL::uuid",
        tag="f.tag_id" if by_tag else "NULL::uuid",
        of_header=", x.tag_id",
        header=_TAG_OF_DAY,
        filters=own + (" AND x.tag_id = ANY (:tags)" if "tags" in filters else ""),
    )
    rows = (_TOTALS.format(unit="month", table="tag_totals", span=_MONTHS, **shown), days)
    return _KEPT.format(rows="UNION ALL".join(rows))
