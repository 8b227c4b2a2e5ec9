"""From postings that come and go to the totals by payee and by tag, for every statement that changes either.

They are of income and spending alone. Each is told by its side: the kind of its category or, without one, its
direction. A payee has totals by third of a month, month and year, of which each has few, and by category and month or
year, for what asks for categories. A tag, of which few are used on a day, has totals by category and day or month, in
the account's currency as well. What has no payee or no tag has a row, too.
"""

# `counted` are those of a known value other than 0: what reports of one side count.
_IN_BASE = {
    "base_inflow": "coalesce(sum(sign * greatest(base_amount, 0)), 0)",
    "base_outflow": "coalesce(sum(sign * greatest(-base_amount, 0)), 0)",
    "unconverted_inflow": "coalesce(sum(sign * greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0)",
    "unconverted_outflow": "coalesce(sum(sign * greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0)",
    "count": "sum(sign)",
    "counted": "coalesce(sum(sign) FILTER (WHERE base_amount <> 0), 0)",
}
_OWN = {"inflow": "sum(sign * greatest(amount, 0))", "outflow": "sum(sign * greatest(-amount, 0))"}
_KEPT = {"payee": _IN_BASE, "tag": _OWN | _IN_BASE}
_SIDE = "coalesce(c.kind, CASE WHEN m.amount > 0 THEN 'income' ELSE 'expense' END)"
_THIRD = (
    "m.date - (extract(day FROM m.date)::integer - 1) + 10 * least((extract(day FROM m.date)::integer - 1) / 10, 2)"
)
_MONTH = "date_trunc('month', first_day::timestamp)::date"
_YEAR = "date_trunc('year', first_day::timestamp)::date"

_EACH = """
each_{name} AS MATERIALIZED (
    SELECT * FROM (
        SELECT {first_day} AS first_day, m.{name}_id, m.account_id, m.category_id, {side} AS side, {sums}
        FROM ({movement}) AS m LEFT JOIN categories c ON c.book_id = :book AND c.id = m.category_id
        GROUP BY 1, 2, 3, 4, 5
    ) AS n {changes}
),
"""
# What moved, even from one day to another of the same third, may have another rate: what is kept of these thirds and
# their months in other currencies does not count any more (app/reports/converted.py).
_UNKEPT = f"""
unkept AS (
    DELETE FROM converted_spans s
    USING (SELECT DISTINCT 'third' AS span, first_day FROM each_payee
           UNION SELECT 'month', {_MONTH} FROM each_payee) AS e
    WHERE s.book_id = :book AND s.span = e.span AND s.first_day = e.first_day
),
"""  # noqa: S608  # nosec B608  # constants of this module
_SUMS = """
{table}_sums AS (
    INSERT INTO {table} AS m (book_id, span, first_day, {keys}, {columns})
    {spans}
    ON CONFLICT (book_id, span, first_day, {keys}) DO UPDATE SET {added}
),
"""


def _each(name: str, first_day: str, movement: str, changes: str = "") -> str:
    return _EACH.format(
        name=name,
        first_day=first_day,
        side=_SIDE,
        sums=", ".join(f"{value} AS {column}" for column, value in _KEPT[name].items()),
        movement=movement,
        changes=changes,
    )


def _sums(table: str, name: str, keys: str, **spans: str) -> str:
    """Rows of a table of totals for each kind of span, which is named with its first day, made of the smallest."""
    columns = _KEPT[name]
    summed = ", ".join(f"sum({column}) AS {column}" for column in columns)
    changes = " OR ".join(f"sum({column}) <> 0" for column in columns)
    return _SUMS.format(
        table=table,
        keys=keys,
        columns=", ".join(columns),
        spans=" UNION ALL ".join(
            f"SELECT :book, '{span}', {first_day}, {keys}, {summed} FROM each_{name} GROUP BY {first_day}, {keys} "  # noqa: S608  # nosec B608
            f"HAVING {changes}"
            for span, first_day in spans.items()
        ),
        added=", ".join(f"{column} = m.{column} + excluded.{column}" for column in columns),
    )


_OF_PAYEES = _sums(
    "payee_totals", "payee", "payee_id, account_id, side", third="first_day", month=_MONTH, year=_YEAR
) + _sums("payee_category_totals", "payee", "category_id, payee_id, account_id, side", month=_MONTH, year=_YEAR)
_TAG_CHANGES = "WHERE " + " OR ".join(f"{column} <> 0" for column in _KEPT["tag"])
_OF_TAGS = _sums("tag_totals", "tag", "tag_id, category_id, account_id, side", day="first_day", month=_MONTH)


def sums_of_payees(movement: str) -> str:
    """Common table expressions, over payee_id, account_id, category_id, amount, base_amount, date and sign."""
    return _each("payee", _THIRD, movement) + _UNKEPT + _OF_PAYEES


def sums_of_tags(movement: str) -> str:
    """The same with tag_id: a posting of a transaction with two tags comes twice, of one without any with NULL."""
    return _each("tag", "m.date", movement, _TAG_CHANGES) + _OF_TAGS


def sums_of_names(*, payees: str, tags: str) -> str:
    return sums_of_payees(payees) + sums_of_tags(tags)
