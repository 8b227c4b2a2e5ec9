"""The rules of the totals by payee and by tag, as statements that return the rows which break them."""

_SUMS = """
    coalesce(sum(greatest(p.base_amount, 0)), 0) AS base_inflow,
    coalesce(sum(greatest(-p.base_amount, 0)), 0) AS base_outflow,
    coalesce(sum(greatest(p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0) AS unconverted_inflow,
    coalesce(sum(greatest(-p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0) AS unconverted_outflow,
    count(*) AS count, count(*) FILTER (WHERE p.base_amount <> 0) AS counted
"""
_KEPT = ("base_inflow", "base_outflow", "unconverted_inflow", "unconverted_outflow", "count", "counted")
_SIDE = "coalesce(c.kind, CASE WHEN p.amount > 0 THEN 'income' ELSE 'expense' END)"


def _differing(table: str, day: str, keys: tuple[str, ...], source: str) -> str:
    """Rows of a table of totals that are not what `source`, a FROM over the postings `p`, sums up to by `keys`.

    `keys` may be NULL; they are compared as texts, so that the join can be a hash.
    """
    shown = ", ".join(f"coalesce(m.{key}, w.{key}) AS {key}" for key in (day, *keys))
    same = " AND ".join(f"coalesce(m.{key}::text, '') = coalesce(w.{key}::text, '')" for key in (day, *keys))
    of = {side: ", ".join(f"coalesce({side}.{column}, 0)" for column in _KEPT) for side in ("m", "w")}
    return f"""
        SELECT {shown}, m.base_inflow - m.base_outflow AS stored, w.base_inflow - w.base_outflow AS computed,
               m.count AS stored_count, w.count AS computed_count
        FROM (SELECT * FROM {table} WHERE book_id = :book) m
        FULL JOIN (
            {source}
        ) w ON {same}
        WHERE ({of["m"]}) <> ({of["w"]})
    """  # noqa: S608  # nosec B608  # constants of this module


def _postings(day: str, unit: str, columns: str, joins: str) -> str:
    count = columns.count(",") + 3
    return f"""
            SELECT date_trunc('{unit}', p.date::timestamp)::date AS {day}, {columns}, {_SIDE} AS side, {_SUMS}
            FROM postings p LEFT JOIN categories c ON c.book_id = :book AND c.id = p.category_id {joins}
            WHERE p.book_id = :book AND p.role = 'flow'
            GROUP BY {", ".join(str(number) for number in range(1, count + 1))}
    """  # noqa: S608  # nosec B608  # constants of this module


_PAYEE = "JOIN transactions t ON t.book_id = :book AND t.id = p.transaction_id"
_TAG = "LEFT JOIN transaction_tags x ON x.book_id = :book AND x.transaction_id = p.transaction_id"
_BY_CATEGORY = "t.payee_id, p.account_id, p.category_id"

NAMED: dict[str, str] = {
    "payee_totals_equal_postings": _differing(
        "payee_totals",
        "month",
        ("payee_id", "account_id", "side"),
        _postings("month", "month", "t.payee_id, p.account_id", _PAYEE),
    ),
    "payee_category_totals_equal_postings": _differing(
        "payee_category_totals",
        "first_day",
        ("span", "payee_id", "account_id", "category_id", "side"),
        _postings("first_day", "month", f"'month' AS span, {_BY_CATEGORY}", _PAYEE)
        + "UNION ALL"
        + _postings("first_day", "year", f"'year' AS span, {_BY_CATEGORY}", _PAYEE),
    ),
    "tag_totals_equal_postings": _differing(
        "tag_totals",
        "month",
        ("tag_id", "account_id", "category_id", "side"),
        _postings("month", "month", "x.tag_id, p.account_id, p.category_id", _TAG),
    ),
}
