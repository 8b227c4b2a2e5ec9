"""The text of the one statement behind every report about income and spending.

Where rows come from is one of three: the totals by month with days at their edges, the totals by day, or the postings
of a bounded period. What each is, income or spending, and what is summed by what, is the same words for all.
"""

from functools import cache

from sqlalchemy import ARRAY, JSON, Boolean, Date, Integer, Numeric, Text, TextClause, Uuid, bindparam, text

# For each piece the rows are found by the key of the totals: the planner cannot know how few pieces there are (OFFSET 0
# is a fence). Days are found by account, for the key of the totals by day begins with the category.
_BY_MONTH = """
    SELECT p.bucket, f.* FROM piece p CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, NULL::date AS day, NULL::uuid AS transaction_id, NULL::uuid AS payee_id,
               m.base_inflow AS inflow, m.base_outflow AS outflow, m.unconverted_inflow, m.unconverted_outflow, m.count
        FROM monthly_totals m
        WHERE m.book_id = :book AND m.role = 'flow' AND m.month BETWEEN p.first AND p.last {filters_m}
        OFFSET 0
    ) AS f WHERE p.monthly
"""
_BY_DAY = """
    SELECT p.bucket, f.* FROM piece p CROSS JOIN account a CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, m.day, NULL::uuid AS transaction_id, NULL::uuid AS payee_id, {amounts}
        FROM daily_totals m
        WHERE m.book_id = :book AND m.account_id = a.id AND m.day BETWEEN p.first AND p.last {filters_m}
        OFFSET 0
    ) AS f WHERE NOT p.monthly
"""
_KEPT_AMOUNTS = """
    m.base_inflow AS inflow, m.base_outflow AS outflow, m.unconverted_inflow, m.unconverted_outflow, m.count
"""
# In the currency of the account; `converted` makes another one of it.
_OWN_AMOUNTS = """
    m.inflow, m.outflow, 0::numeric AS unconverted_inflow, 0::numeric AS unconverted_outflow, m.count
"""
_POSTINGS = """
    SELECT p.bucket, f.account_id, f.category_id, f.day, f.transaction_id, {payee} AS payee_id, {amounts}
    FROM piece p CROSS JOIN account a CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, m.date AS day, m.transaction_id, m.amount, m.base_amount
        FROM postings m
        WHERE m.book_id = :book AND m.account_id = a.id AND m.date BETWEEN p.first AND p.last AND m.role = 'flow'
              {filters_m}
        OFFSET 0
    ) AS f {header}
"""
_HEADER = """
    JOIN transactions t ON t.book_id = :book AND t.id = f.transaction_id
        AND t.date BETWEEN :earliest AND :latest {filters_t}
"""
_POSTING_AMOUNTS = """
    coalesce(greatest(f.base_amount, 0), 0) AS inflow, coalesce(greatest(-f.base_amount, 0), 0) AS outflow,
    CASE WHEN f.base_amount IS NULL THEN greatest(f.amount, 0) ELSE 0 END AS unconverted_inflow,
    CASE WHEN f.base_amount IS NULL THEN greatest(-f.amount, 0) ELSE 0 END AS unconverted_outflow, 1::bigint AS count
"""
_OWN_POSTING_AMOUNTS = """
    greatest(f.amount, 0) AS inflow, greatest(-f.amount, 0) AS outflow, 0::numeric AS unconverted_inflow,
    0::numeric AS unconverted_outflow, 1::bigint AS count
"""
_TAGGED = """
    AND EXISTS (SELECT FROM transaction_tags x
                WHERE x.book_id = :book AND x.transaction_id = t.id AND x.tag_id = ANY (:tags))
"""
# Each day of each currency is looked up once; what is rounded is each total of a day, so that all sums of it agree.
_CONVERTED = """
own AS MATERIALIZED ({source}),
rate AS MATERIALIZED (
    SELECT x.currency, x.day, rate_at(x.currency, :currency, x.day) AS rate
    FROM (SELECT DISTINCT a.currency, o.day FROM own o JOIN account a ON a.id = o.account_id) AS x
),
kept AS (
    SELECT o.bucket, o.account_id, o.category_id, o.day, o.transaction_id, o.payee_id,
           coalesce(round(o.inflow * r.rate, :exponent), 0) AS inflow,
           coalesce(round(o.outflow * r.rate, :exponent), 0) AS outflow,
           CASE WHEN r.rate IS NULL THEN o.inflow ELSE 0 END AS unconverted_inflow,
           CASE WHEN r.rate IS NULL THEN o.outflow ELSE 0 END AS unconverted_outflow, o.count
    FROM own o JOIN account a ON a.id = o.account_id JOIN rate r ON r.currency = a.currency AND r.day = o.day
),
"""
# A category's kind decides the side: a refund lowers its category. What has no category stands by its direction.
_STATEMENT = """
WITH RECURSIVE category AS MATERIALIZED (
    SELECT k.id, k.parent_id, k.name, k.kind, k.id AS top_id FROM categories k
    WHERE k.book_id = :book AND k.parent_id IS NULL
    UNION ALL
    SELECT k.id, k.parent_id, k.name, k.kind, above.top_id
    FROM category above JOIN categories k ON k.book_id = :book AND k.parent_id = above.id
),
below AS (
    SELECT x.id FROM unnest(:categories) AS x(id)
    UNION
    SELECT k.id FROM below JOIN categories k ON k.book_id = :book AND k.parent_id = below.id
),
account AS MATERIALIZED (
    SELECT a.id, a.name, a.type, a.currency, a.sort, c.exponent FROM accounts a
    JOIN currencies c ON c.code = a.currency
    WHERE a.book_id = :book AND (cardinality(:accounts) = 0 OR a.id = ANY (:accounts))
),
piece AS MATERIALIZED (
    SELECT * FROM unnest(:buckets, :monthly, :firsts, :lasts) AS p(bucket, monthly, first, last)
),
{kept}
side AS MATERIALIZED (
    SELECT s.*, c.top_id,
           CASE c.kind WHEN 'income' THEN s.inflow - s.outflow WHEN 'expense' THEN 0 ELSE s.inflow END AS income,
           CASE c.kind WHEN 'income' THEN 0 WHEN 'expense' THEN s.outflow - s.inflow ELSE s.outflow END AS expenses,
           CASE c.kind WHEN 'income' THEN s.unconverted_inflow - s.unconverted_outflow
                       WHEN 'expense' THEN 0 ELSE s.unconverted_inflow END AS unconverted_income,
           CASE c.kind WHEN 'income' THEN 0 WHEN 'expense' THEN s.unconverted_outflow - s.unconverted_inflow
                       ELSE s.unconverted_outflow END AS unconverted_expenses
    FROM kept s LEFT JOIN category c ON c.id = s.category_id
),
grouped AS MATERIALIZED (
    SELECT {columns} sum(s.income) AS income, sum(s.expenses) AS expenses,
           sum(s.income) - sum(s.expenses) AS net, sum(s.count) AS count,
           bool_or(s.inflow <> 0 OR s.outflow <> 0) AS moved,
           bool_or(s.unconverted_inflow <> 0 OR s.unconverted_outflow <> 0) AS incomplete
    FROM side s {joins}
    {grouping}
)
SELECT
    (SELECT json_agg(to_json(c)) FROM category c) AS categories,
    (SELECT json_agg(to_json(a) ORDER BY a.sort, lower(a.name), a.id) FROM account a) AS accounts,
    (SELECT json_agg(to_json(g)) FROM (
        SELECT {names} g.income::text AS income, g.expenses::text AS expenses, g.count, g.moved, g.incomplete
        FROM grouped g {naming} {order}
    ) AS g) AS groups,
    (SELECT count(*) FROM grouped) AS group_count,
    (SELECT to_json(s) FROM (
        SELECT coalesce(sum(s.income), 0)::text AS income, coalesce(sum(s.expenses), 0)::text AS expenses,
               coalesce(sum(s.count), 0) AS count FROM side s
    ) AS s) AS total,
    (SELECT json_agg(to_json(u)) FROM (
        SELECT a.currency, a.exponent, sum(s.unconverted_income)::text AS income,
               sum(s.unconverted_expenses)::text AS expenses
        FROM side s JOIN account a ON a.id = s.account_id
        WHERE s.unconverted_inflow <> 0 OR s.unconverted_outflow <> 0
        GROUP BY a.currency, a.exponent ORDER BY a.currency
    ) AS u) AS unconverted,
    (SELECT json_agg(x.id) FROM unnest(:categories) AS x(id)
     WHERE NOT EXISTS (SELECT FROM category c WHERE c.id = x.id)) AS no_category,
    (SELECT json_agg(x.id) FROM unnest(:accounts) AS x(id)
     WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = x.id)) AS no_account
"""

COLUMNS = {
    "bucket": "s.bucket",
    "category": "s.category_id",
    "top_category": "s.top_id",
    "account": "s.account_id",
    "payee": "s.payee_id",
    "tag": "x.tag_id",
    "weekday": "extract(isodow FROM s.day)::integer",
}
TAGS = "LEFT JOIN transaction_tags x ON x.book_id = :book AND x.transaction_id = s.transaction_id"
NAMING = {
    "payee": ("y.name AS payee_name", "LEFT JOIN payees y ON y.book_id = :book AND y.id = g.payee"),
    "tag": ("w.name AS tag_name", "LEFT JOIN tags w ON w.book_id = :book AND w.id = g.tag"),
}
SORTS = {"income": "g.income", "expenses": "g.expenses", "net": "g.net", "count": "g.count"}
SORTS["average"] = "CASE WHEN NOT g.incomplete THEN g.net / nullif(g.count, 0) END"

_TYPES = {
    "book": Uuid(),
    "categories": ARRAY(Uuid()),
    "accounts": ARRAY(Uuid()),
    "tags": ARRAY(Uuid()),
    "payees": ARRAY(Uuid()),
    "buckets": ARRAY(Integer()),
    "monthly": ARRAY(Boolean()),
    "firsts": ARRAY(Date()),
    "lasts": ARRAY(Date()),
    "earliest": Date(),
    "latest": Date(),
    "currency": Text(),
    "exponent": Integer(),
    "min_amount": Numeric(),
    "max_amount": Numeric(),
    "limit": Integer(),
}
_RESULT = ("categories", "accounts", "groups", "total", "unconverted", "no_category", "no_account")


@cache
def statement(
    source: str, groups: tuple[str, ...], filters: frozenset[str], sort: str | None, *, converts: bool, limited: bool
) -> TextClause:
    """The statement for this shape of a question; the values are its parameters.

    `source` is `months`, `days` or `postings`. `filters` names those that are set: categories, accounts, payees, tags,
    min_amount, max_amount. `sort` is a key of `SORTS` or a group, downwards with a minus before it; groups decide ties.
    """
    columns = [f"{COLUMNS[group]} AS {group}" for group in groups]
    named = [NAMING[group] for group in groups if group in NAMING]
    ties = ", ".join(f"g.{group}" for group in groups)
    order = []
    if sort is not None:
        name = sort.removeprefix("-")
        order.append(f"{SORTS.get(name, f'g.{name}')} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST")
    if ties:
        order.append(ties)
    grouping = f"GROUP BY {', '.join(str(number) for number in range(1, len(groups) + 1))}"
    words = _STATEMENT.format(
        kept=_kept(source, groups, filters, converts=converts),
        columns="".join(f"{column}, " for column in columns),
        joins=TAGS if "tag" in groups else "",
        grouping=grouping if groups else "HAVING count(*) > 0",
        names="".join(f"g.{group}, " for group in groups) + "".join(f"{name}, " for name, _ in named),
        naming=" ".join(join for _, join in named),
        order=(f"ORDER BY {', '.join(order)}" if order else "") + (" LIMIT :limit" if limited else ""),
    )
    parameters = [bindparam(name, type_=kind) for name, kind in _TYPES.items() if f":{name}" in words]
    return text(words).bindparams(*parameters).columns(**dict.fromkeys(_RESULT, JSON()))


def _kept(source: str, groups: tuple[str, ...], filters: frozenset[str], *, converts: bool) -> str:
    own = ""
    if "accounts" in filters:
        own += " AND m.account_id = ANY (:accounts)"
    if "categories" in filters:
        own += " AND m.category_id IN (SELECT id FROM below)"
    if source == "months":
        words = _BY_MONTH.format(filters_m=own) + "UNION ALL" + _BY_DAY.format(filters_m=own, amounts=_KEPT_AMOUNTS)
    elif source == "days":
        words = _BY_DAY.format(filters_m=own, amounts=_OWN_AMOUNTS if converts else _KEPT_AMOUNTS)
    else:
        words = _postings(own, groups, filters, converts=converts)
    return _CONVERTED.format(source=words) if converts else f"kept AS ({words}),"


def _postings(own: str, groups: tuple[str, ...], filters: frozenset[str], *, converts: bool) -> str:
    header = ""
    of_header = filters & {"payees", "tags", "min_amount", "max_amount"}
    if of_header or "payee" in groups:
        conditions = ""
        if "payees" in filters:
            conditions += " AND t.payee_id = ANY (:payees)"
        if "min_amount" in filters:
            conditions += " AND t.amount >= :min_amount"
        if "max_amount" in filters:
            conditions += " AND t.amount <= :max_amount"
        if "tags" in filters:
            conditions += _TAGGED
        header = _HEADER.format(filters_t=conditions)
    return _POSTINGS.format(
        payee="t.payee_id" if header else "NULL::uuid",
        amounts=_OWN_POSTING_AMOUNTS if converts else _POSTING_AMOUNTS,
        filters_m=own,
        header=header,
    )
