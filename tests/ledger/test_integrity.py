"""Each check finds the damage it is for, and names the row."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.integrity.repository import CHECKS
from app.integrity.service import check_every_book
from tests.people import Person, expect

BALANCE_OF = "UPDATE accounts SET balance = balance + 1 WHERE id = :account"
TOTALS = (
    "UPDATE monthly_totals SET {change} WHERE book_id = :book AND account_id = :account AND category_id = :category"
)
LINE = "UPDATE postings SET {change} WHERE book_id = :book AND transaction_id = :expense AND line = 0"

# What is damaged, which checks must find it, and which id they must name.
DAMAGE: dict[str, tuple[list[str], set[str], str]] = {
    "a balance": ([BALANCE_OF], {"balances_equal_postings"}, "account"),
    **{
        f"a total's {column}": (
            [TOTALS.format(change=f"{column} = {column} + 1")],
            {"totals_equal_postings"},
            "account",
        )
        for column in (
            "inflow",
            "outflow",
            "base_inflow",
            "base_outflow",
            "unconverted_inflow",
            "unconverted_outflow",
            "count",
        )
    },
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
            "amount_equals_its_postings",
            "base_amounts_are_known_in_the_base_currency_alone",
        },
        "",
    ),
    "a posting's amount and all that follows from it": (
        [
            LINE.format(change="amount = amount - 1, base_amount = base_amount - 1"),
            "UPDATE accounts SET balance = balance - 1 WHERE id = :account",
            TOTALS.format(change="outflow = outflow + 1, base_outflow = base_outflow + 1"),
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
        {"postings_have_their_transactions_date"},
        "expense",
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
            "first_line_is_on_the_transactions_account",
            "simple_transactions_stay_on_one_account",
        },
        "",
    ),
    "a category's kind": (
        ["UPDATE categories SET kind = 'income' WHERE id = :category"],
        {"expenses_are_not_on_income_categories"},
        "expense",
    ),
    "a category below its own child": (
        ["UPDATE categories SET parent_id = :child WHERE id = :root"],
        {"categories_form_trees"},
        "root",
    ),
    "a posting's base amount": (
        [LINE.format(change="base_amount = base_amount - 1"), TOTALS.format(change="base_outflow = base_outflow + 1")],
        {"base_amounts_are_known_in_the_base_currency_alone"},
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
            "UPDATE monthly_totals SET role = 'equity' WHERE book_id = :book AND category_id IS NULL AND role = 'flow'",
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
            "UPDATE monthly_totals SET inflow = inflow + 1, base_inflow = base_inflow + 1 WHERE account_id = :other",
        ],
        {"transfers_balance_in_each_currency"},
        "transfer",
    ),
    "a revision": (
        ["UPDATE transactions SET revision = revision + 1000 WHERE id = :expense"],
        {"nothing_is_newer_than_the_book"},
        "expense",
    ),
    "an alias that is a payee's name": (
        ["UPDATE payees SET name = 'ALIAS' WHERE id = :payee"],
        {"an_alias_is_no_payees_name"},
        "payee",
    ),
    "a header without postings": (
        [
            (
                "INSERT INTO transactions (book_id, id, type, date, account_id, amount, revision) "
                "VALUES (:book, :lost, 'expense', '2026-01-01', :account, 0, 1)"
            )
        ],
        {"transactions_have_postings"},
        "lost",
    ),
}


@pytest.fixture
async def ids(kim: Person) -> dict[str, Any]:
    account, other, category = await kim.account(), await kim.account("Other"), await kim.category()
    expense = await kim.add(account_id=account["id"], category_id=category["id"])
    plain = await kim.add(account_id=account["id"])
    transfer = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"])
    payee = expect(await kim.http.post("/payees", json={"name": "Payee"}), 201)
    expect(await kim.http.post("/payees", json={"name": "Other", "aliases": ["alias"]}), 201)
    root = await kim.category("Root")
    child = await kim.category("Child", parent_id=root["id"])
    rows = {
        "root": root,
        "child": child,
        "account": account,
        "other": other,
        "category": category,
        "expense": expense,
        "plain": plain,
        "payee": payee,
    }
    named = {name: row["id"] for name, row in {**rows, "transfer": transfer}.items()}
    return {**named, "book": kim.book_id, "lost": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"}


@pytest.mark.parametrize("name", DAMAGE)
async def test_the_check_for_it_finds_the_damage_and_names_the_row(
    kim: Person, ids: dict[str, Any], owner_database: Database, name: str
) -> None:
    statements, checks, named = DAMAGE[name]
    await kim.check_integrity()
    async with owner_database.engine.connect() as connection:
        for statement in statements:
            used = {key: value for key, value in ids.items() if f":{key}" in statement}
            assert (await connection.execute(text(statement), used)).rowcount > 0, statement
        found = {}
        for check, query in CHECKS.items():
            rows = (await connection.execute(text(query), {"book": ids["book"]})).mappings().all()
            if rows:
                found[check] = str([dict(row) for row in rows])
        await connection.rollback()
    assert found.keys() == checks
    if named:
        assert all(ids[named] in rows for rows in found.values())


def test_every_check_has_damage_that_it_finds() -> None:
    assert set().union(*(checks for _, checks, _ in DAMAGE.values())) == set(CHECKS)


async def test_the_report_names_every_check_and_the_first_offenders(
    kim: Person, ids: dict[str, Any], owner_database: Database
) -> None:
    async with owner_database.begin() as connection:
        await connection.execute(text(BALANCE_OF), {"account": ids["account"]})
    report = await kim.read(f"/books/{kim.book_id}/integrity")
    every = await check_every_book(owner_database)
    async with owner_database.begin() as connection:
        await connection.execute(text(BALANCE_OF.replace("+", "-")), {"account": ids["account"]})
    assert report["ok"] is False
    assert [check["name"] for check in report["checks"]] == list(CHECKS)
    (broken,) = [check for check in report["checks"] if not check["ok"]]
    assert broken["offenders"] == [{"account_id": ids["account"], "stored": "-29.00", "computed": "-30.00"}]
    assert [str(book) for book, found in every.items() if not found["ok"]] == [kim.book_id]
