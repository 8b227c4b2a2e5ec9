"""Damage to the totals by payee and by tag."""

from tests.ledger.damage_of_log import Damage

KEPT = (
    "inflow",
    "outflow",
    "base_inflow",
    "base_outflow",
    "unconverted_inflow",
    "unconverted_outflow",
    "count",
)
NAMED = (
    *(
        ("payee_totals", f"a payee's {span}", f"account_id = :account AND payee_id IS NULL AND span = '{span}'")
        for span in ("third", "month", "year")
    ),
    ("payee_category_totals", "a payee's category", "account_id = :account AND category_id = :category"),
    *(
        ("tag_totals", f"a tag's {span}", f"account_id = :account AND category_id = :category AND span = '{span}'")
        for span in ("day", "month")
    ),
)
"""Tables by name, what their damage is called, and which rows of them are damaged."""
NAMED_KEPT = (*KEPT[2:], "counted")
EACH = {"a payee's third": NAMED_KEPT, "a tag's day": (*KEPT, "counted")}
BY_NAME = {f"{table}_equal_postings" for table, _, _ in NAMED}
OF_NAMES = [
    f"UPDATE {table} SET {{change}} WHERE book_id = :book AND {rows} AND side = 'expense'" for table, _, rows in NAMED
]

OF_TAGS = (
    "UPDATE tag_totals SET {change} WHERE book_id = :book AND account_id = :account AND category_id = :category "
    "AND side = 'expense'"
)


def of_names(change: str) -> list[str]:
    """A change of every total by name that the expense is in."""
    return [statement.format(change=change) for statement in OF_NAMES]


# Nothing is kept in another currency until it is asked for: the damage begins with a month that says it is.
MONTH_OF_EXPENSE = (
    "SELECT book_id, 'CHF', 'month', date_trunc('month', date::timestamp)::date FROM transactions "
    "WHERE book_id = :book AND id = :expense"
)
SAID_TO_BE_KEPT = [
    "INSERT INTO converted_currencies VALUES (:book, 'CHF', '2026-01-01')",
    f"INSERT INTO converted_spans {MONTH_OF_EXPENSE}",
]

OF_NAMED: dict[str, Damage] = {
    "a converted month's totals lost": (SAID_TO_BE_KEPT, {"converted_payee_totals_equal_postings"}, "account"),
    **{
        f"{what}'s {column}": (
            [f"UPDATE {table} SET {column} = {column} + 1 WHERE book_id = :book AND {rows}"],
            {f"{table}_equal_postings"},
            "account",
        )
        for table, what, rows in NAMED
        for column in EACH.get(what, NAMED_KEPT[-1:])  # the words are the same for all
    },
    **{
        f"{what} lost": (
            [f"DELETE FROM {table} WHERE book_id = :book AND {rows}"],
            {f"{table}_equal_postings"},
            "account",
        )
        for table, what, rows in NAMED
    },
}
