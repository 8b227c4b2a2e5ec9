"""The rules of the totals by payee and by tag, as statements that return the rows which break them."""

from collections.abc import Mapping

_IN_BASE = {
    "base_inflow": "coalesce(sum(greatest(p.base_amount, 0)), 0)",
    "base_outflow": "coalesce(sum(greatest(-p.base_amount, 0)), 0)",
    "unconverted_inflow": "coalesce(sum(greatest(p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0)",
    "unconverted_outflow": "coalesce(sum(greatest(-p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0)",
    "count": "count(*)",
    "counted": "count(*) FILTER (WHERE p.base_amount <> 0)",
}
_OWN = {"inflow": "sum(greatest(p.amount, 0))", "outflow": "sum(greatest(-p.amount, 0))"}
_SIDE = "coalesce(c.kind, CASE WHEN p.amount > 0 THEN 'income' ELSE 'expense' END)"


def _differing(
    table: str, names: tuple[str, ...], columns: str, joins: str, spans: tuple[str, ...], kept: Mapping[str, str]
) -> str:
    """Rows of a table of totals that are not what the postings sum up to by `names`.

    These may be NULL; they are compared as texts, so that the join can be a hash.
    """
    source = _postings(joins, columns, spans, kept)
    keys = ("span", "first_day", *names)
    shown = ", ".join(f"coalesce(m.{key}, w.{key}) AS {key}" for key in keys)
    same = " AND ".join(f"coalesce(m.{key}::text, '') = coalesce(w.{key}::text, '')" for key in keys)
    of = {side: ", ".join(f"coalesce({side}.{column}, 0)" for column in kept) for side in ("m", "w")}
    return f"""
        SELECT {shown}, m.base_inflow - m.base_outflow AS stored, w.base_inflow - w.base_outflow AS computed,
               m.count AS stored_count, w.count AS computed_count
        FROM (SELECT * FROM {table} WHERE book_id = :book) m
        FULL JOIN (
            {source}
        ) w ON {same}
        WHERE ({of["m"]}) <> ({of["w"]})
    """  # noqa: S608  # nosec B608  # constants of this module


_FIRST_DAYS = {
    "day": "{day}",
    "third": "make_date(extract(year FROM {day})::integer, extract(month FROM {day})::integer, "
    "CASE WHEN extract(day FROM {day}) < 11 THEN 1 WHEN extract(day FROM {day}) < 21 THEN 11 ELSE 21 END)",
    "month": "date_trunc('month', {day}::timestamp)::date",
    "year": "date_trunc('year', {day}::timestamp)::date",
}


def _postings(joins: str, columns: str, spans: tuple[str, ...], kept: Mapping[str, str]) -> str:
    """The first of the spans from the postings, the others from what that has."""
    keys = ", ".join(str(number) for number in range(1, columns.count(",") + 5))
    names = columns.replace("t.", "").replace("p.", "").replace("x.", "")
    sums = ", ".join(f"{value} AS {column}" for column, value in kept.items())
    summed = ", ".join(f"sum({column})" for column in kept)
    return f"""
            WITH each AS MATERIALIZED (
                SELECT '{spans[0]}' AS span, {_FIRST_DAYS[spans[0]].format(day="p.date")} AS first_day, {columns},
                       {_SIDE} AS side, {sums}
                FROM postings p LEFT JOIN categories c ON c.book_id = :book AND c.id = p.category_id {joins}
                WHERE p.book_id = :book AND p.role = 'flow'
                GROUP BY {keys}
            )
            SELECT * FROM each
    """ + "".join(  # noqa: S608  # nosec B608  # constants of this module
        f"""
            UNION ALL
            SELECT '{span}', {_FIRST_DAYS[span].format(day="first_day")}, {names}, side, {summed} FROM each
            GROUP BY {keys}
        """  # noqa: S608  # nosec B608  # constants of this module
        for span in spans[1:]
    )


_PAYEE = "JOIN transactions t ON t.book_id = :book AND t.id = p.transaction_id"
_TAG = "LEFT JOIN transaction_tags x ON x.book_id = :book AND x.transaction_id = p.transaction_id"

NAMED: dict[str, str] = {
    "payee_totals_equal_postings": _differing(
        "payee_totals",
        ("payee_id", "account_id", "side"),
        "t.payee_id, p.account_id",
        _PAYEE,
        ("third", "month", "year"),
        _IN_BASE,
    ),
    "payee_category_totals_equal_postings": _differing(
        "payee_category_totals",
        ("payee_id", "account_id", "category_id", "side"),
        "t.payee_id, p.account_id, p.category_id",
        _PAYEE,
        ("month", "year"),
        _IN_BASE,
    ),
    "tag_totals_equal_postings": _differing(
        "tag_totals",
        ("tag_id", "account_id", "category_id", "side"),
        "x.tag_id, p.account_id, p.category_id",
        _TAG,
        ("day", "month"),
        _OWN | _IN_BASE,
    ),
}
