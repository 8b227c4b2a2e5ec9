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

# An event rewritten, then what its link says of it, then the link itself: the next link still knows.
REWRITE = "UPDATE events SET action = 'forged' WHERE book_id = :book AND revision = 2"
DIGEST = (
    "UPDATE event_chain c SET digest = (SELECT sha256(string_agg(event_hash(e), ''::bytea ORDER BY e.position)) "
    "FROM events e WHERE e.book_id = c.book_id AND e.revision = c.revision) WHERE c.book_id = :book AND c.revision = 2"
)
HASH = (
    "UPDATE event_chain c SET hash = sha256((SELECT b.hash FROM event_chain b WHERE b.book_id = c.book_id "
    "AND b.revision < c.revision ORDER BY b.revision DESC, b.first_position DESC LIMIT 1) || c.digest) "
    "WHERE c.book_id = :book AND c.revision = 2"
)

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
            (
                "UPDATE monthly_totals SET role = 'equity' "
                "WHERE account_id = :account AND category_id IS NULL AND role = 'flow'"
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
    **{
        f"an event's {column}": (
            [f"UPDATE events SET {change} WHERE book_id = :book AND entity_id = :expense"],  # noqa: S608  # constants
            {"events_are_as_they_were_written"},
            "",
        )
        for column, change in {
            "before": """before = '{"amount": "1"}'""",
            "after": "after = after || '{\"amount\": \"1.00\"}'",
            "lost image": "after = NULL",
            "actor": "actor_id = NULL",
            "instant": "at = at - interval '1 microsecond'",
            "action": "action = 'deleted'",
            "entity": "entity = 'account'",
            "id": "entity_id = book_id",
        }.items()
    },
    "a lost event": (
        ["DELETE FROM events WHERE book_id = :book AND entity_id = :expense"],
        {"events_are_as_they_were_written", "transactions_revisions_are_in_the_log"},
        "",
    ),
    "an event in another place": (
        ["UPDATE events SET position = position + 1000 WHERE book_id = :book AND entity_id = :expense"],
        {"events_are_as_they_were_written", "events_are_all_in_the_chain"},
        "",
    ),
    "an event past the chain": (
        [
            "SET LOCAL session_replication_role = replica",
            (
                "INSERT INTO events (book_id, revision, position, entity, entity_id, action) "
                "VALUES (:book, 0, 0, 'transaction', :lost, 'created')"
            ),
        ],
        {"events_are_all_in_the_chain"},
        "",
    ),
    "an event put in between": (
        [
            (
                "INSERT INTO events (book_id, revision, position, entity, entity_id, action) "
                "VALUES (:book, 1, 1000, 'transaction', :lost, 'created')"
            ),
        ],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "a lost link": (
        ["DELETE FROM event_chain WHERE book_id = :book AND revision = 2"],
        {"events_are_all_in_the_chain", "links_of_the_log_hold_together"},
        "",
    ),
    "a link's hash": (
        ["UPDATE event_chain SET hash = sha256(hash) WHERE book_id = :book AND revision = 2"],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "an event with its link's digest": (
        [REWRITE, DIGEST],
        {"links_of_the_log_hold_together"},
        "",
    ),
    "an event with its whole link": (
        [REWRITE, DIGEST, HASH],
        {"links_of_the_log_hold_together"},
        "",
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
    third, fourth = await kim.account("Third"), await kim.account("Fourth")
    income = await kim.add(type="income", account_id=fourth["id"])
    refund = await kim.add(type="income", account_id=fourth["id"], refund_of_id=expense["id"])
    lines = [
        {"account_id": third["id"], "role": "flow", "amount": "3"},
        {"account_id": other["id"], "role": "flow", "amount": "4", "category_id": category["id"]},
    ]
    made = await kim.http.post("/transactions", json={"type": "journal", "date": "2026-01-15", "postings": lines})
    journal = expect(made, 201)
    wanted = {"type": "adjustment", "date": "2026-01-16", "account_id": third["id"], "balance": "9"}
    adjustment = expect(await kim.http.post("/transactions", json=wanted), 201)
    statement = {"statement_date": "2026-01-31", "statement_balance": "9"}
    reconciliation = expect(await kim.http.post(f"/accounts/{third['id']}/reconcile", json=statement), 201)
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
        "income": income,
        "refund": refund,
        "journal": journal,
        "adjustment": adjustment,
        "reconciliation": reconciliation,
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
            done = await connection.execute(text(statement), used)
            assert done.rowcount > 0 or statement.startswith("SET"), statement
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
