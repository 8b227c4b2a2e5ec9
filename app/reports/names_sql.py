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


# The largest of a period without reading it: of each day on which something of the filters moved the `limit` largest
# postings of transactions with one, off an index, and whatever has more than one posting. Of the rest none is among the
# largest: on its day there are `limit` others, each as large or larger in all. IS TRUE keeps the walk on that index;
# where filters leave few postings of a day, those are read by the filter instead.
KEPT_OF_LARGEST = """
parted AS MATERIALIZED (
    SELECT DISTINCT m.transaction_id AS id FROM postings m
    WHERE m.book_id = :book AND m.date BETWEEN :earliest AND :latest AND m.role = 'flow' AND m.line > 0
),
moved_on AS MATERIALIZED (
    SELECT m.day, sum(m.count) AS count FROM account a CROSS JOIN LATERAL (
        SELECT m.day, m.count FROM daily_totals m
        WHERE m.book_id = :book AND m.account_id = a.id AND m.day BETWEEN :earliest AND :latest {filters}
        OFFSET 0
    ) AS m GROUP BY m.day HAVING sum(m.count) > 0
),
of_kind AS MATERIALIZED (
    SELECT array_agg(c.id) AS ids FROM category c WHERE c.kind = '{kind}'
),
found AS MATERIALIZED (
    SELECT f.* FROM moved_on d CROSS JOIN LATERAL (
        {single} {walked}
        ORDER BY m.base_amount {way}, m.transaction_id
        LIMIT :limit
    ) AS f {many}
    {few}
),
chosen AS MATERIALIZED (
    SELECT id FROM parted
    UNION ALL
    (SELECT id FROM found ORDER BY base_amount {way}, id LIMIT :limit)
),
kept AS (
    SELECT 0 AS bucket, m.account_id, m.category_id, m.date AS day, m.transaction_id, NULL::uuid AS payee_id,
           coalesce(greatest(m.base_amount, 0), 0) AS inflow, coalesce(greatest(-m.base_amount, 0), 0) AS outflow,
           CASE WHEN m.base_amount IS NULL THEN greatest(m.amount, 0) ELSE 0 END AS unconverted_inflow,
           CASE WHEN m.base_amount IS NULL THEN greatest(-m.amount, 0) ELSE 0 END AS unconverted_outflow,
           1::bigint AS count
    FROM postings m
    WHERE m.book_id = :book AND m.transaction_id = ANY (ARRAY(SELECT id FROM chosen)) AND m.role = 'flow' {filters}
),
"""
# The postings of one day that are all that their transactions moved.
_SINGLE = """
        SELECT m.transaction_id AS id, m.base_amount FROM postings m
        WHERE m.book_id = :book AND m.date = d.day AND m.role = 'flow' AND m.base_amount IS NOT NULL
              AND (m.category_id IS NULL OR m.category_id = ANY ((SELECT ids FROM of_kind)::uuid[]))
              AND m.transaction_id NOT IN (SELECT id FROM parted)
"""
_FEW = """
    UNION ALL
    SELECT f.* FROM moved_on d CROSS JOIN LATERAL (
        {single} {filters}
        OFFSET 0
    ) AS f WHERE d.count <= 3 * :limit
"""


def kept_of_largest(side: str, own: str) -> str:
    """Of the `limit` largest on one side; spending is what leaves, so the least amounts are the largest."""
    kind, way = ("expense", "ASC") if side == "expenses" else ("income", "DESC")
    narrowed = bool(own)
    return KEPT_OF_LARGEST.format(
        kind=kind,
        way=way,
        filters=own,
        single=_SINGLE,
        walked=f"AND (true {own}) IS TRUE" if narrowed else "",
        many="WHERE d.count > 3 * :limit" if narrowed else "",
        few=_FEW.format(single=_SINGLE, filters=own) if narrowed else "",
    )
