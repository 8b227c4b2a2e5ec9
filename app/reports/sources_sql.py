"""Where the statement behind the reports reads: one of the sources, as rows that are put into groups in one way."""

from dataclasses import dataclass

from app.reports.converting_sql import RATES, SIDE, SUMS, TOTALS_CONVERTED, VALUED
from app.reports.largest_sql import kept_of_largest, kept_of_largest_converted
from app.reports.names_sql import kept_of_days_by_tag, kept_of_payees, kept_of_payees_converted, kept_of_tags

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
    SELECT p.bucket, f.account_id, f.category_id, f.day, f.transaction_id, {payee} AS payee_id, f.amount, f.base_amount
    FROM piece p CROSS JOIN account a CROSS JOIN LATERAL (
        SELECT m.account_id, m.category_id, m.date AS day, m.transaction_id, m.amount, m.base_amount
        FROM postings m
        WHERE m.book_id = :book AND m.account_id = a.id AND m.date BETWEEN p.first AND p.last AND m.role = 'flow'
              {filters_m}
        OFFSET 0
    ) AS f {header}
"""
# Few transactions are named by a payee or a tag: they are found first, and their postings by their key.
_POSTINGS_OF_NAMED = """
    SELECT p.bucket, f.account_id, f.category_id, f.date AS day, f.transaction_id, {payee} AS payee_id,
           f.amount, f.base_amount
    FROM (
        SELECT m.account_id, m.category_id, m.date, m.transaction_id, m.amount, m.base_amount
        FROM postings m
        WHERE m.book_id = :book AND m.role = 'flow' AND m.date BETWEEN :earliest AND :latest
              AND m.transaction_id = ANY (ARRAY(SELECT id FROM named)) {filters_m}
        OFFSET 0
    ) AS f JOIN piece p ON f.date BETWEEN p.first AND p.last JOIN account a ON a.id = f.account_id {header}
"""
_NAMED = """
named AS MATERIALIZED (
    SELECT t.id, t.payee_id FROM transactions t
    WHERE t.book_id = :book AND t.date BETWEEN :earliest AND :latest {filters_t}
),
"""
_HEADER = """
    JOIN transactions t ON t.book_id = :book AND t.id = f.transaction_id
        AND t.date BETWEEN :earliest AND :latest {filters_t}
"""
_TAGGED = """
    AND t.id = ANY (ARRAY(SELECT x.transaction_id FROM transaction_tags x
                          WHERE x.book_id = :book AND x.tag_id = ANY (:tags)))
"""
# What a posting is worth as the ledger keeps it. A category's kind decides the side, and without one its direction.
_IN_BASE = "SELECT o.*, o.base_amount AS value FROM ({source}) AS o"
_EACH = """
kept AS (
    SELECT v.bucket, v.account_id, v.category_id, v.day, v.transaction_id, v.payee_id,
           {side} AS side,
           coalesce(greatest(v.value, 0), 0) AS inflow, coalesce(greatest(-v.value, 0), 0) AS outflow,
           CASE WHEN v.value IS NULL THEN greatest(v.amount, 0) ELSE 0 END AS unconverted_inflow,
           CASE WHEN v.value IS NULL THEN greatest(-v.amount, 0) ELSE 0 END AS unconverted_outflow,
           1::bigint AS count, CASE WHEN v.value <> 0 THEN 1::bigint ELSE 0 END AS counted
    FROM ({source}) AS v LEFT JOIN category c ON c.id = v.category_id
),
"""
# Summed before they are put on a side, so that all that follows meets few rows.
_SUMMED = """
kept AS (
    SELECT v.bucket, v.account_id, v.category_id, {day} AS day, NULL::uuid AS transaction_id, v.payee_id,
           {side} AS side, {sums}
    FROM ({source}) AS v LEFT JOIN category c ON c.id = v.category_id
    GROUP BY 1, 2, 3, 4, 6, 7
),
"""
BY_SUMS = {"payees", "tags"}
"""Sources that are totals by name."""
KNOW_SIDES = {*BY_SUMS, "postings"}
"""Sources of which each row is on one side, and says how much of it counts there."""
TOLD_TWICE = {"tags", "largest"}
"""Sources in which something counts twice, or not all is: what the period has in all is read beside them."""


@dataclass(frozen=True)
class Shape:
    """What decides the text of the statement; the values are its parameters.

    `source` is `months`, `days`, `payees`, `tags`, `largest` or `postings`. `filters` names those that are set:
    categories, accounts, payees, tags, min_amount, max_amount. `sort` is a measure or a group, downwards with a minus
    before it; groups decide ties. `side` leaves out groups in which there is none of it, income or expenses; of
    postings it counts those of it.
    """

    source: str
    groups: tuple[str, ...]
    filters: frozenset[str]
    converts: bool
    sort: str | None = None
    side: str | None = None
    limited: bool = False


def has_whole(shape: Shape) -> bool:
    """Whether what the period has in all is read beside the groups: not of one tag, which has it once."""
    return shape.source in TOLD_TWICE and "tags" not in shape.filters


def keeps(shape: Shape) -> bool:
    """Whether what is read posting by posting could have been kept."""
    return shape.source == "payees" and shape.converts


def by_day(shape: Shape) -> bool:
    """Whether only days tell what is asked for: their rates, or what day of the week they are."""
    return shape.converts or "weekday" in shape.groups


def by_parts(shape: Shape) -> bool:
    """Whether totals are read that have sums of years, months or thirds of months, and parts can be taken away."""
    return shape.source in BY_SUMS and (keeps(shape) or not by_day(shape))


def own_filters(shape: Shape) -> str:
    """What narrows postings as well as totals."""
    own = ""
    if "accounts" in shape.filters:
        own += " AND m.account_id = ANY (:accounts)"
    if "categories" in shape.filters:
        own += " AND m.category_id = ANY (ARRAY(SELECT id FROM below))"
    return own


def kept(shape: Shape) -> str:
    if keeps(shape):
        return kept_of_payees_converted(shape.groups, own_filters(shape))
    return (RATES if shape.converts else "") + _kept(own_filters(shape), shape)


def _kept(own: str, shape: Shape) -> str:
    if shape.source == "payees":
        return kept_of_payees(shape.groups, shape.filters, own)
    if shape.source == "tags":
        if by_day(shape):
            return kept_of_days_by_tag(shape.groups, shape.filters, own, converts=shape.converts)
        return kept_of_tags(shape.groups, shape.filters, own)
    if shape.source == "largest":
        return _of_largest(own, shape)
    if shape.source == "postings":
        return _of_postings(own, shape)
    return by_totals("kept", own, shape)


def by_totals(name: str, own: str, shape: Shape) -> str:
    """Totals by month with days at their edges, or by day alone."""
    if shape.converts:
        day = "o.day" if "weekday" in shape.groups else "NULL::date"
        return TOTALS_CONVERTED.format(name=name, day=day, source=_by_days(own, shape))
    return f"{name} AS ({_by_days(own, shape) if shape.source == 'days' else by_months(own, shape)}),"


def _of_postings(own: str, shape: Shape) -> str:
    named = _NAMED.format(filters_t=_of_headers(shape)) if by_name(shape) else ""
    source = (VALUED if shape.converts else _IN_BASE).format(source=_postings(own, shape))
    each = bool({"transaction", "tag"} & set(shape.groups))
    day = "v.day" if "weekday" in shape.groups else "NULL::date"
    rows = (
        _EACH.format(side=SIDE, source=source) if each else _SUMMED.format(side=SIDE, sums=SUMS, source=source, day=day)
    )
    return named + rows


def _of_largest(own: str, shape: Shape) -> str:
    if not shape.converts:
        return kept_of_largest(str(shape.side), own)
    found, source = kept_of_largest_converted(str(shape.side), own)
    return found + _EACH.format(side=SIDE, source=VALUED.format(source=source))


def _by_days(own: str, shape: Shape) -> str:
    return _BY_DAY.format(filters_m=own, amounts=_OWN_AMOUNTS if shape.converts else _KEPT_AMOUNTS)


def by_months(own: str, shape: Shape) -> str:
    return _BY_MONTH.format(filters_m=own) + "UNION ALL" + _by_days(own, shape)


def by_name(shape: Shape) -> bool:
    """Whether postings are found by the payee or tag of their transaction."""
    return shape.source == "postings" and bool({"payees", "tags"} & shape.filters)


def joins_many(shape: Shape) -> bool:
    """Whether many rows meet their rates or transactions: the planner takes them for a handful, and seeks each."""
    of_postings = shape.source in {"payees", "postings"} and "transaction" not in shape.groups
    return shape.converts or of_postings


def _of_headers(shape: Shape) -> str:
    conditions = {
        "payees": " AND t.payee_id = ANY (:payees)",
        "min_amount": " AND t.amount >= :min_amount",
        "max_amount": " AND t.amount <= :max_amount",
        "tags": _TAGGED,
    }
    return "".join(condition for name, condition in conditions.items() if name in shape.filters)


def _postings(own: str, shape: Shape) -> str:
    by_payee = "payee" in shape.groups
    payee = "t.payee_id" if by_payee else "NULL::uuid"
    if by_name(shape):
        header = "JOIN named t ON t.id = f.transaction_id" if by_payee else ""
        return _POSTINGS_OF_NAMED.format(payee=payee, filters_m=own, header=header)
    of_header = _of_headers(shape)
    header = _HEADER.format(filters_t=of_header) if of_header or by_payee else ""
    return _POSTINGS.format(payee=payee, filters_m=own, header=header)
