"""Damage to a book, done as the owner of the database, for the checks of the ledger to find.

The names behind a colon are rows of the fixture `ids` in test_integrity.py.
"""

from tests.ledger.damage_of_log import OF_THE_LOG, Damage
from tests.ledger.damage_of_names import BY_NAME, KEPT, OF_NAMED, OF_TAGS, of_names
from tests.ledger.damage_of_trades import OF_TRADES

BALANCE_OF = "UPDATE accounts SET balance = balance + 1 WHERE id = :account"
TOTALS = (
    "UPDATE monthly_totals SET {change} WHERE book_id = :book AND account_id = :account AND category_id = :category"
)
DAYS = "UPDATE daily_totals SET {change} WHERE book_id = :book AND account_id = :account AND category_id = :category"
LINE = "UPDATE postings SET {change} WHERE book_id = :book AND transaction_id = :expense AND line = 0"

# What is damaged, which checks must find it, and which id they must name.
DAMAGE: dict[str, Damage] = {
    "a balance": ([BALANCE_OF], {"balances_equal_postings"}, "account"),
    **{
        f"a total's {column}": (
            [TOTALS.format(change=f"{column} = {column} + 1")],
            {"totals_equal_postings"},
            "account",
        )
        for column in KEPT
    },
    **{
        f"a day's {column}": (
            [DAYS.format(change=f"{column} = {column} + 1")],
            {"daily_totals_equal_postings"},
            "account",
        )
        for column in KEPT
    },
    **OF_NAMED,
    "a lost day": (
        ["DELETE FROM daily_totals WHERE book_id = :book AND category_id = :category"],
        {"daily_totals_equal_postings"},
        "account",
    ),
    "a lost total": (
        ["DELETE FROM monthly_totals WHERE book_id = :book AND category_id = :category"],
        {"totals_equal_postings"},
        "account",
    ),
    "a total of nothing": (
        [
            (
                "INSERT INTO monthly_totals SELECT :book, '2020-01-01', account_id, category_id, role, inflow, outflow,"
                "base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count FROM monthly_totals "
                "WHERE book_id = :book AND category_id = :category"
            )
        ],
        {"totals_equal_postings"},
        "account",
    ),
    "a posting's amount": (
        [LINE.format(change="amount = amount - 1")],
        {
            "balances_equal_postings",
            "totals_equal_postings",
            "daily_totals_equal_postings",
            "tag_totals_equal_postings",
            "amount_equals_its_postings",
            "base_amounts_are_the_amounts_at_their_days_rates",
        },
        "",
    ),
    "a posting's amount and all that follows from it": (
        [
            LINE.format(change="amount = amount - 1, base_amount = base_amount - 1"),
            "UPDATE accounts SET balance = balance - 1 WHERE id = :account",
            TOTALS.format(change="outflow = outflow + 1, base_outflow = base_outflow + 1"),
            DAYS.format(change="outflow = outflow + 1, base_outflow = base_outflow + 1"),
            *of_names("base_outflow = base_outflow + 1"),
            OF_TAGS.format(change="outflow = outflow + 1"),
        ],
        {"amount_equals_its_postings"},
        "expense",
    ),
    "a header's amount": (
        ["UPDATE transactions SET amount = amount + 1 WHERE id = :expense"],
        {"amount_equals_its_postings"},
        "expense",
    ),
    "a posting's date": (
        [LINE.format(change="date = date + 1")],
        {
            "postings_have_their_transactions_date",
            "daily_totals_equal_postings",
            "tag_totals_equal_postings",
        },
        "",
    ),
    "a header's date": (
        ["UPDATE transactions SET date = date + 1 WHERE id = :expense"],
        {"postings_have_their_transactions_date"},
        "expense",
    ),
    "a posting's line": ([LINE.format(change="line = 1")], {"lines_are_numbered_from_zero"}, "expense"),
    "a header's account": (
        ["UPDATE transactions SET account_id = :other WHERE id = :expense"],
        {"first_line_is_on_the_transactions_account", "simple_transactions_stay_on_one_account"},
        "expense",
    ),
    "a posting's account": (
        [LINE.format(change="account_id = :other")],
        {
            "balances_equal_postings",
            "totals_equal_postings",
            "daily_totals_equal_postings",
            "first_line_is_on_the_transactions_account",
            "simple_transactions_stay_on_one_account",
        }
        | BY_NAME,
        "",
    ),
    "a category's kind": (
        ["UPDATE categories SET kind = 'income' WHERE id = :category"],
        {"expenses_are_not_on_income_categories"} | BY_NAME,
        "",
    ),
    "a category below its own child": (
        ["UPDATE categories SET parent_id = :child WHERE id = :root"],
        {"categories_form_trees"},
        "root",
    ),
    "a posting's base amount": (
        [
            LINE.format(change="base_amount = base_amount - 1"),
            TOTALS.format(change="base_outflow = base_outflow + 1"),
            DAYS.format(change="base_outflow = base_outflow + 1"),
            *of_names("base_outflow = base_outflow + 1"),
        ],
        {"base_amounts_are_the_amounts_at_their_days_rates"},
        "expense",
    ),
    "a posting's decimals": (
        [LINE.format(change="amount = -10.000")],
        {"amounts_have_their_currencys_decimals"},
        "expense",
    ),
    "a posting's role": (
        [
            "UPDATE postings SET role = 'equity' WHERE book_id = :book AND transaction_id = :plain",
            (
                "UPDATE monthly_totals SET role = 'equity' "
                "WHERE account_id = :account AND category_id IS NULL AND role = 'flow'"
            ),
            "DELETE FROM daily_totals WHERE account_id = :account AND category_id IS NULL",
            "DELETE FROM payee_category_totals WHERE account_id = :account AND category_id IS NULL",
            "DELETE FROM tag_totals WHERE account_id = :account AND category_id IS NULL",
            (
                "UPDATE payee_totals SET base_outflow = base_outflow - 10, count = count - 1, counted = counted - 1 "
                "WHERE account_id = :account"
            ),
            "UPDATE transactions SET amount = 0 WHERE id = :plain",
        ],
        {"roles_fit_the_type"},
        "plain",
    ),
    "one leg of a transfer": (
        [
            (
                "UPDATE postings SET amount = amount + 1, base_amount = base_amount + 1 "
                "WHERE book_id = :book AND transaction_id = :transfer AND line = 1"
            ),
            "UPDATE accounts SET balance = balance + 1 WHERE id = :other",
            (
                "UPDATE monthly_totals SET inflow = inflow + 1, base_inflow = base_inflow + 1 "
                "WHERE account_id = :other AND role = 'transfer'"
            ),
        ],
        {"transfers_balance_in_each_currency"},
        "transfer",
    ),
    "an alias that is a payee's name": (
        ["UPDATE payees SET name = 'ALIAS' WHERE id = :payee"],
        {"an_alias_is_no_payees_name"},
        "payee",
    ),
    "a revision": (
        ["UPDATE transactions SET revision = revision + 1000 WHERE id = :expense"],
        {"nothing_is_newer_than_the_book", "transactions_revisions_are_in_the_log"},
        "expense",
    ),
    "a revision without a story": (
        ["UPDATE transactions SET revision = 0 WHERE id = :expense"],
        {"transactions_revisions_are_in_the_log"},
        "expense",
    ),
    "a reconciliation's revision": (
        ["UPDATE reconciliations SET revision = revision + 1000 WHERE id = :reconciliation"],
        {"nothing_is_newer_than_the_book"},
        "reconciliation",
    ),
    "a refund of an income": (
        ["UPDATE transactions SET refund_of_id = :income WHERE id = :refund"],
        {"refunds_are_income_from_a_purchase"},
        "refund",
    ),
    "an expense that is a refund": (
        ["UPDATE transactions SET refund_of_id = :plain WHERE id = :expense"],
        {"refunds_are_income_from_a_purchase"},
        "expense",
    ),
    "a seal behind its statement's day": (
        ["UPDATE reconciliations SET statement_date = '2025-12-31' WHERE id = :reconciliation"],
        {"sealed_transactions_are_on_their_statement"},
        "reconciliation",
    ),
    "a seal of another account's statement": (
        ["UPDATE transactions SET status = 'reconciled', reconciliation_id = :reconciliation WHERE id = :expense"],
        {"sealed_transactions_are_on_their_statement"},
        "expense",
    ),
    "a statement of another account": (
        ["UPDATE reconciliations SET account_id = :account WHERE id = :reconciliation"],
        {"sealed_transactions_are_on_their_statement"},
        "reconciliation",
    ),
    "a journal's amount": (
        ["UPDATE transactions SET amount = amount + 1 WHERE id = :journal"],
        {"amount_equals_its_postings"},
        "journal",
    ),
    "an adjustment's amount": (
        ["UPDATE transactions SET amount = amount + 1 WHERE id = :adjustment"],
        {"amount_equals_its_postings"},
        "adjustment",
    ),
    "a journal called an adjustment": (
        ["UPDATE transactions SET type = 'adjustment', amount = 3 WHERE id = :journal"],
        {
            "roles_fit_the_type",
            "types_have_their_lines",
            "simple_transactions_stay_on_one_account",
        },
        "journal",
    ),
    "a transfer to its own account": (
        [
            "UPDATE postings SET account_id = :account WHERE book_id = :book AND transaction_id = :transfer",
            "UPDATE accounts SET balance = balance + 10 WHERE id = :account",
            "UPDATE accounts SET balance = balance - 10 WHERE id = :other",
            (
                "UPDATE monthly_totals SET inflow = inflow + 10, base_inflow = base_inflow + 10, count = count + 1 "
                "WHERE account_id = :account AND role = 'transfer'"
            ),
            (
                "UPDATE monthly_totals SET inflow = inflow - 10, base_inflow = base_inflow - 10, count = count - 1 "
                "WHERE account_id = :other AND role = 'transfer'"
            ),
        ],
        {"types_have_their_lines"},
        "transfer",
    ),
    **OF_THE_LOG,
    **OF_TRADES,
}
