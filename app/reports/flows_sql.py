"""The text of the one statement behind every report about income and spending.

Where rows come from: the totals by month with days at their edges, the totals by day, those by payee or by tag, the
largest of each day, or the postings of a bounded period. What each is, income or spending, and what is summed by what,
is the same words for all.
"""

import re
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BindParameter,
    Boolean,
    Date,
    Integer,
    Numeric,
    Text,
    TextualSelect,
    Uuid,
    bindparam,
    text,
)

from app.reports.converted_sql import BEHIND
from app.reports.sources_sql import KNOW_SIDES, Shape, by_parts, by_totals, has_whole, keeps, kept, own_filters

_PIECES = """
piece AS MATERIALIZED (
    SELECT * FROM unnest(:buckets, :monthly, :firsts, :lasts) AS p(bucket, monthly, first, last)
),
"""
_PARTS = """
part AS MATERIALIZED (
    SELECT * FROM unnest(:part_buckets, :units, :signs, :part_firsts, :part_lasts) AS p(bucket, unit, sign, first, last)
),
"""
_SIDES = """
{name} AS MATERIALIZED (
    SELECT s.*, c.top_id,
           CASE {kind} WHEN 'income' THEN s.inflow - s.outflow WHEN 'expense' THEN 0 ELSE s.inflow END AS income,
           CASE {kind} WHEN 'income' THEN 0 WHEN 'expense' THEN s.outflow - s.inflow ELSE s.outflow END AS expenses,
           CASE {kind} WHEN 'income' THEN s.unconverted_inflow - s.unconverted_outflow
                       WHEN 'expense' THEN 0 ELSE s.unconverted_inflow END AS unconverted_income,
           CASE {kind} WHEN 'income' THEN 0 WHEN 'expense' THEN s.unconverted_outflow - s.unconverted_inflow
                       ELSE s.unconverted_outflow END AS unconverted_expenses
    FROM {kept} s LEFT JOIN category c ON c.id = s.category_id
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
{pieces}
{kept}
{sides}
grouped AS MATERIALIZED (
    SELECT {columns} sum(s.income) AS income, sum(s.expenses) AS expenses,
           sum(s.income) - sum(s.expenses) AS net, {count} AS count,
           sum(s.inflow) <> 0 OR sum(s.outflow) <> 0 AS moved,
           sum(s.unconverted_inflow) <> 0 OR sum(s.unconverted_outflow) <> 0 AS incomplete
    FROM side s {joins}
    {grouping}
)
SELECT
    (SELECT json_agg(to_json(c)) FROM category c) AS categories,
    (SELECT json_agg(to_json(a) ORDER BY a.sort, lower(a.name), a.id) FROM account a) AS accounts,
    (SELECT json_agg(to_json(n) ORDER BY n.place) FROM (
        SELECT g.place, {names} g.income::text AS income, g.expenses::text AS expenses, g.count, g.moved, g.incomplete
        FROM (SELECT g.*, row_number() OVER ({order}) AS place FROM grouped g ORDER BY place {limit}) AS g {naming}
    ) AS n) AS groups,
    (SELECT count(*) FROM grouped) AS group_count,
    (SELECT to_json(s) FROM (
        SELECT coalesce(sum(s.income), 0)::text AS income, coalesce(sum(s.expenses), 0)::text AS expenses,
               coalesce(sum(s.count), 0) AS count FROM {whole} s
    ) AS s) AS total,
    (SELECT json_agg(to_json(u)) FROM (
        SELECT s.bucket, a.currency, a.exponent, sum(s.unconverted_income)::text AS income,
               sum(s.unconverted_expenses)::text AS expenses
        FROM {whole} s JOIN account a ON a.id = s.account_id
        GROUP BY s.bucket, a.currency, a.exponent
        HAVING sum(s.unconverted_inflow) <> 0 OR sum(s.unconverted_outflow) <> 0
    ) AS u) AS unconverted,
    (SELECT json_agg(x.id) FROM unnest(:categories) AS x(id)
     WHERE NOT EXISTS (SELECT FROM category c WHERE c.id = x.id)) AS no_category,
    (SELECT json_agg(x.id) FROM unnest(:accounts) AS x(id)
     WHERE NOT EXISTS (SELECT FROM account a WHERE a.id = x.id)) AS no_account,
    {behind} AS behind
"""

COLUMNS = {
    "bucket": "s.bucket",
    "category": "s.category_id",
    "top_category": "s.top_id",
    "account": "s.account_id",
    "payee": "s.payee_id",
    "tag": "x.tag_id",
    "transaction": "s.transaction_id",
    "weekday": "extract(isodow FROM s.day)::integer",
}
TAGS = "LEFT JOIN transaction_tags x ON x.book_id = :book AND x.transaction_id = s.transaction_id"
NAMING = {
    "payee": ("y.name AS payee_name", "LEFT JOIN payees y ON y.book_id = :book AND y.id = g.payee"),
    "tag": ("w.name AS tag_name", "LEFT JOIN tags w ON w.book_id = :book AND w.id = g.tag"),
    # Of each that is shown, by its key (OFFSET 0): joined by a hash, all transactions of the book would be read.
    "transaction": (
        "t.date, t.description, t.payee, t.account, t.category",
        """CROSS JOIN LATERAL (
            SELECT h.date, h.description, a.name AS account,
                   (SELECT y.name FROM payees y WHERE y.book_id = :book AND y.id = h.payee_id) AS payee,
                   (SELECT k.name FROM postings q LEFT JOIN categories k ON k.book_id = :book AND k.id = q.category_id
                    WHERE q.book_id = :book AND q.transaction_id = g.transaction AND q.role = 'flow'
                    ORDER BY abs(q.amount) DESC, q.line LIMIT 1) AS category
            FROM transactions h JOIN accounts a ON a.book_id = :book AND a.id = h.account_id
            WHERE h.book_id = :book AND h.id = g.transaction
            OFFSET 0
        ) AS t""",
    ),
}
SORTS = {"income": "g.income", "expenses": "g.expenses", "net": "g.net", "count": "g.count"}
SORTS["average"] = "CASE WHEN NOT g.incomplete THEN g.net / nullif(g.count, 0) END"

_TYPES: dict[str, BindParameter[Any]] = {
    "book": bindparam("book", type_=Uuid),
    **{name: bindparam(name, type_=ARRAY(Uuid)) for name in ("categories", "accounts", "tags", "payees")},
    "buckets": bindparam("buckets", type_=ARRAY(Integer)),
    "monthly": bindparam("monthly", type_=ARRAY(Boolean)),
    **{name: bindparam(name, type_=ARRAY(Date)) for name in ("firsts", "lasts", "part_firsts", "part_lasts")},
    **{name: bindparam(name, type_=ARRAY(Integer)) for name in ("part_buckets", "signs")},
    "units": bindparam("units", type_=ARRAY(Text)),
    **{name: bindparam(name, type_=Date) for name in ("earliest", "latest", "today", "settled")},
    **{name: bindparam(name, type_=Text) for name in ("currency", "base")},
    **{name: bindparam(name, type_=Integer) for name in ("exponent", "limit")},
    **{name: bindparam(name, type_=Numeric) for name in ("min_amount", "max_amount")},
}
_RESULT = ("categories", "accounts", "groups", "total", "unconverted", "no_category", "no_account", "behind")


@cache
def statement(shape: Shape) -> TextualSelect:
    groups = shape.groups
    columns = [f"{_column(shape, group)} AS {group}" for group in groups]
    named = [NAMING[group] for group in groups if group in NAMING]
    grouping = f"GROUP BY {', '.join(str(number) for number in range(1, len(groups) + 1))} " if groups else ""
    apart = has_whole(shape)
    words = _STATEMENT.format(
        pieces=(_PARTS if by_parts(shape) else "") + ("" if by_parts(shape) and not apart else _PIECES),
        kept=kept(shape) + (by_totals("all_kept", own_filters(shape), shape) if apart else ""),
        sides=_SIDES.format(name="side", kept="kept", kind="s.side" if shape.source in KNOW_SIDES else "c.kind")
        + (_SIDES.format(name="all_side", kept="all_kept", kind="c.kind") if apart else ""),
        whole="all_side" if apart else "side",
        columns="".join(f"{column}, " for column in columns),
        count=_count(shape),
        joins=TAGS if "tag" in groups and shape.source != "tags" else "",
        grouping=grouping + ("HAVING sum(s.count) > 0" if shape.side is None else f"HAVING sum(s.{shape.side}) <> 0"),
        names="".join(f"g.{group}, " for group in groups) + "".join(f"{name}, " for name, _ in named),
        naming=" ".join(join for _, join in named),
        order=_order(shape),
        limit="LIMIT :limit" if shape.limited else "",
        behind=BEHIND if keeps(shape) else "NULL::json",
    )
    parameters = [_TYPES[name] for name in _TYPES if re.search(rf":{name}\b", words)]
    return text(words).bindparams(*parameters).columns(**dict.fromkeys(_RESULT, JSON()))


def _column(shape: Shape, group: str) -> str:
    return "s.tag_id" if group == "tag" and shape.source == "tags" else COLUMNS[group]


def _count(shape: Shape) -> str:
    if shape.side is not None and shape.source in KNOW_SIDES:
        kind = "expense" if shape.side == "expenses" else "income"
        return f"coalesce(sum(s.counted) FILTER (WHERE s.side = '{kind}'), 0)"
    return "sum(s.count)"


def _order(shape: Shape) -> str:
    order = [f"g.{group}" for group in shape.groups]
    if shape.sort is not None:
        name = shape.sort.removeprefix("-")
        way = "DESC" if shape.sort.startswith("-") else "ASC"
        order.insert(0, f"{SORTS.get(name, f'g.{name}')} {way} NULLS LAST")
    return f"ORDER BY {', '.join(order)}" if order else ""
