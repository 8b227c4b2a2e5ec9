"""From postings that come and go to the totals by payee and by tag, for every statement that changes either.

They are of income and spending alone and in the book's base currency. Each is told by its side: the kind of its
category or, without one, its direction. A payee has totals by month and side, of which a month has few, and by category
and month or year, for what asks for categories or for years. What has no payee or no tag has a row, too.
"""

_KEPT = ("base_inflow", "base_outflow", "unconverted_inflow", "unconverted_outflow", "count", "counted")
_COLUMNS = ", ".join(_KEPT)
_SUMMED = ", ".join(f"sum({column}) AS {column}" for column in _KEPT)
_ADDED = ", ".join(f"{column} = m.{column} + excluded.{column}" for column in _KEPT)
_CHANGES = " OR ".join(f"sum({column}) <> 0" for column in _KEPT)

# `counted` are those of a known value other than 0: what reports of one side count.
SUMS_OF_LINES = """
    coalesce(sum(sign * greatest(base_amount, 0)), 0) AS base_inflow,
    coalesce(sum(sign * greatest(-base_amount, 0)), 0) AS base_outflow,
    coalesce(sum(sign * greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
    coalesce(sum(sign * greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
    sum(sign) AS count,
    coalesce(sum(sign) FILTER (WHERE base_amount <> 0), 0) AS counted
"""
SIDE = "coalesce(c.kind, CASE WHEN m.amount > 0 THEN 'income' ELSE 'expense' END)"
"""Of a posting `m` and its category `c`."""

_EACH = """
each_{name} AS MATERIALIZED (
    SELECT * FROM (
        SELECT date_trunc('month', m.date::timestamp)::date AS month, m.{name}_id, m.account_id, m.category_id,
               {side} AS side, {sums}
        FROM ({movement}) AS m LEFT JOIN categories c ON c.book_id = :book AND c.id = m.category_id
        GROUP BY 1, 2, 3, 4, 5
    ) AS n WHERE {changes}
),
"""
_CHANGES_EACH = " OR ".join(f"{column} <> 0" for column in _KEPT)
_OF_PAYEES = f"""
payee_sums AS (
    INSERT INTO payee_totals AS m (book_id, month, payee_id, account_id, side, {_COLUMNS})
    SELECT :book, month, payee_id, account_id, side, {_SUMMED}
    FROM each_payee GROUP BY month, payee_id, account_id, side HAVING {_CHANGES}
    ON CONFLICT (book_id, month, payee_id, account_id, side) DO UPDATE SET {_ADDED}
),
payee_category_sums AS (
    INSERT INTO payee_category_totals AS m (book_id, span, first_day, category_id, payee_id, account_id, side,
                                            {_COLUMNS})
    SELECT :book, 'month', month, category_id, payee_id, account_id, side, {_COLUMNS} FROM each_payee
    UNION ALL
    SELECT :book, 'year', date_trunc('year', month::timestamp)::date, category_id, payee_id, account_id, side, {_SUMMED}
    FROM each_payee GROUP BY 3, 4, 5, 6, 7 HAVING {_CHANGES}
    ON CONFLICT (book_id, span, first_day, category_id, payee_id, account_id, side) DO UPDATE SET {_ADDED}
),
"""  # noqa: S608  # nosec B608  # constants of this module
_OF_TAGS = f"""
tag_sums AS (
    INSERT INTO tag_totals AS m (book_id, month, tag_id, category_id, account_id, side, {_COLUMNS})
    SELECT :book, month, tag_id, category_id, account_id, side, {_COLUMNS} FROM each_tag
    ON CONFLICT (book_id, month, tag_id, category_id, account_id, side) DO UPDATE SET {_ADDED}
),
"""  # noqa: S608  # nosec B608  # constants of this module


def _each(name: str, movement: str) -> str:
    return _EACH.format(name=name, side=SIDE, sums=SUMS_OF_LINES, movement=movement, changes=_CHANGES_EACH)


def sums_of_payees(movement: str) -> str:
    """Common table expressions, over payee_id, account_id, category_id, amount, base_amount, date and sign."""
    return _each("payee", movement) + _OF_PAYEES


def sums_of_tags(movement: str) -> str:
    """The same with tag_id: a posting of a transaction with two tags comes twice, of one without any with NULL."""
    return _each("tag", movement) + _OF_TAGS


def sums_of_names(*, payees: str, tags: str) -> str:
    return sums_of_payees(payees) + sums_of_tags(tags)
