"""Bringing in hledger and Beancount files over HTTP: what they become, what is told, and what is refused unchanged."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.imports.uploads import bring_in, commit, listed, outcomes, rows_of, statement, try_commit, try_upload, undo
from tests.people import Person, expect, fields, problem

JOURNAL = """
account Assets:Bank  ; type: A

2026-01-02 * Opening
    Assets:Bank  100.00 EUR
    Equity:Opening Balances

2026-01-05 ! Café | two espressi  ; holiday:
    Expenses:Food:Out   4.50 EUR  ; with Kim
    Assets:Bank

2026-01-06 Exchange office
    Assets:Cash    20 USD @@ 18.50 EUR
    Assets:Bank   -18.50 EUR = 77.00 EUR
"""


async def upload(person: Person, journal: str | bytes, **options: Any) -> dict[str, Any]:
    data = journal.encode() if isinstance(journal, str) else journal
    preview: dict[str, Any] = expect(await try_upload(person, None, data, name="main.journal", **options), 201)
    return preview


async def test_a_preview_writes_nothing_but_itself(kim: Person, owner_database: Database) -> None:
    before = await kim.read("/categories")
    preview = await upload(kim, JOURNAL)
    assert (preview["format"], preview["account_id"], preview["status"]) == ("hledger", None, "previewed")
    assert preview["rows"] == {"total": 3, "new": 3, "duplicate": 0, "suspect": 0, "error": 0}
    assert {(row["name"], row["currency"], row["new"]) for row in preview["mapping"]["accounts"]} == {
        ("Assets:Bank", "EUR", True),
        ("Assets:Cash", "USD", True),
    }
    assert (await kim.read("/accounts"))["items"] == []
    assert await kim.read("/categories") == before
    assert await listed(kim) == []


async def test_the_commit_makes_what_the_file_names(kim: Person) -> None:
    done = await commit(kim, await upload(kim, JOURNAL))
    assert (done["created"], done["skipped"]) == (3, 0)
    accounts = {a["name"]: a for a in (await kim.read("/accounts"))["items"]}
    assert {name: (a["currency"], a["balance"], a["type"]) for name, a in accounts.items()} == {
        "Bank": ("EUR", "77.00", "checking"),
        "Cash": ("USD", "20.00", "cash"),
    }
    assert accounts["Bank"]["opening_balance"] == "100.00"
    opening, coffee, exchange = await listed(kim)
    assert (opening["type"], exchange["type"], exchange["to_amount"]) == ("opening_balance", "transfer", "20.00")
    assert (coffee["type"], coffee["amount"], coffee["status"]) == ("expense", "4.50", "pending")
    assert (coffee["payee"], coffee["description"], coffee["tags"]) == ("Café", "two espressi", ["holiday"])
    assert coffee["postings"][0]["memo"] == "with Kim"
    assert {t["import_id"] for t in (opening, coffee, exchange)} == {done["id"]}
    category = await kim.read(f"/categories/{coffee['postings'][0]['category_id']}")
    assert (category["name"], category["kind"]) == ("Out", "expense")


async def test_accounts_and_categories_of_the_same_name_are_used(kim: Person) -> None:
    bank = await kim.account("bank")
    food = next(c for c in (await kim.read("/categories"))["items"] if c["name"] == "Groceries")
    data = "2026-01-05 Shop\n  Expenses:food & drink:GROCERIES  5 EUR\n  Assets:Bank\n"
    preview = await upload(kim, data)
    assert {row["new"] for part in ("accounts", "categories") for row in preview["mapping"][part]} == {False}
    await commit(kim, preview)
    (made,) = await listed(kim)
    assert (made["account_id"], made["category_id"]) == (bank["id"], food["id"])


async def test_the_same_file_twice_adds_nothing(kim: Person) -> None:
    await commit(kim, await upload(kim, JOURNAL))
    again = await upload(kim, JOURNAL)
    assert outcomes(await rows_of(kim, again)) == ["duplicate"] * 3
    assert (await commit(kim, again))["created"] == 0
    assert len((await kim.read("/accounts"))["items"]) == 2


async def test_an_undone_import_can_be_repeated(kim: Person) -> None:
    preview = await upload(kim, JOURNAL)
    await commit(kim, preview)
    await undo(kim, preview)
    assert (await kim.read("/accounts"))["items"] == []
    assert (await commit(kim, await upload(kim, JOURNAL)))["created"] == 3


async def test_an_account_that_is_used_by_now_survives_the_undo(kim: Person) -> None:
    preview = await upload(kim, JOURNAL)
    await commit(kim, preview)
    bank = next(a for a in (await kim.read("/accounts"))["items"] if a["name"] == "Bank")
    await kim.add(account_id=bank["id"], amount="1.00")
    await undo(kim, preview)
    assert [(a["name"], a["balance"]) for a in (await kim.read("/accounts"))["items"]] == [("Bank", "-1.00")]


async def test_what_is_wrong_is_a_row_with_line_and_reason(kim: Person) -> None:
    data = (
        JOURNAL
        + "\n2026-02-30 bad\n  Assets:Bank  1 EUR\n  Assets:Cash\n\n2999-01-01 far\n  Assets:Bank  1 EUR\n  Income:x\n"
    )
    data += "\n2026-01-09 shares\n  Assets:Bank  3 HOOL\n  Income:x\n"
    preview = await upload(kim, data)
    errors = await rows_of(kim, preview, outcome="error")
    lines = data.split("\n")
    wrong = ("2026-02-30 bad", "2999-01-01 far", "  Assets:Bank  3 HOOL")
    assert [row["line"] for row in errors] == [lines.index(line) + 1 for line in wrong]
    assert "date" in errors[0]["reason"]
    assert "future" in errors[1]["reason"]
    assert "HOOL" in errors[2]["reason"]
    assert (await commit(kim, preview))["created"] == 3


async def test_a_balance_that_differs_is_told(kim: Person) -> None:
    (warning,) = (await upload(kim, JOURNAL.replace("= 77.00", "= 78.00")))["warnings"]
    assert warning["code"] == "balance_differs"
    assert "78.00 EUR" in warning["detail"]
    assert "-1.00" in warning["detail"]
    data = '2026-01-05 * "x"\n  Assets:A  5.00 EUR\n  Income:B\n2026-01-05 balance Assets:A  5.00 EUR\n'
    (warning,) = (await upload(kim, data))["warnings"]
    assert warning["detail"].startswith("Line 4 says Assets:A holds 5.00 EUR on 2026-01-05")
    assert (await upload(kim, data.replace("05 balance", "06 balance")))["warnings"] == []


async def test_signs_and_separators_are_asked_about(kim: Person, unchanged: Unchanged) -> None:
    dollars = "2026-01-05 x\n  expenses:food  $4.50\n  assets:cash\n"
    thousand = "2026-01-05 x\n  expenses:food  1,000 EUR\n  assets:cash\n"
    async with unchanged(kim):
        body = problem(await try_upload(kim, None, dollars.encode()), 422, "unreadable_file")
        assert fields(body) == {("mapping.commodities", "ambiguous_commodity")}
        body = problem(await try_upload(kim, None, thousand.encode()), 422, "mapping_needed")
        assert body["questions"][0]["options"] == [".", ","]
    await commit(kim, await upload(kim, dollars, mapping={"commodities": {"$": "CAD"}}))
    await commit(kim, await upload(kim, thousand, mapping={"decimal_separator": "."}))
    balances = {a["currency"]: a["balance"] for a in (await kim.read("/accounts"))["items"]}
    assert balances == {"CAD": "-4.50", "EUR": "-1000.00"}


@pytest.mark.parametrize(
    ("data", "form", "code"),
    [
        (b"\xff\xfe2026-01-05 x\n", {"format": "hledger"}, "unreadable_file"),
        (b"2026-01-05 x\x00\n  Assets:A  1 EUR\n  Income:B\n", {"format": "hledger"}, "unreadable_file"),
        (b"", {"format": "beancount"}, "unreadable_file"),
        (b"; nothing\n", {"format": "hledger"}, "unreadable_file"),
        (JOURNAL.encode(), {"format": "qif"}, "invalid_input"),
        (JOURNAL.encode(), {"mapping": '{"date_order": "DMY"}'}, "invalid_input"),
        (JOURNAL.encode(), {"mapping": '{"commodities": {"$": "dollars"}}'}, "invalid_input"),
        (b"Date,Amount\n2026-01-05,1\n", {}, "invalid_input"),
        (f"account Assets:{'x' * 300}  ; currency: EUR\n".encode(), {"format": "hledger"}, "unreadable_file"),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    kim: Person, unchanged: Unchanged, data: bytes, form: dict[str, Any], code: str
) -> None:
    async with unchanged(kim):
        problem(await try_upload(kim, None, data, **form), 422, code)


async def test_an_account_is_not_named_twice(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = problem(await try_upload(kim, account, JOURNAL.encode(), format="hledger"), 422, "invalid_input")
    assert fields(body) == {("account_id", "not_for_this_format")}


async def test_a_viewer_may_not_import(kim: Person, robin: Person, owner_database: Database) -> None:
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'viewer')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    answer = await try_upload(robin, None, JOURNAL.encode(), headers={"X-Book-Id": kim.book_id})
    problem(answer, 403, "forbidden")
    preview = await upload(kim, JOURNAL)
    problem(await try_commit(robin, preview), 404, "import_not_found")


async def test_a_preview_that_the_book_has_overtaken_is_refused(kim: Person, unchanged: Unchanged) -> None:
    first, second = await upload(kim, JOURNAL), await upload(kim, JOURNAL + "\n; again\n")
    await commit(kim, first)
    async with unchanged(kim):
        problem(await try_commit(kim, second), 409, "import_state")
    third = await upload(kim, JOURNAL.replace("two espressi", "tea"))
    bank = next(a for a in (await kim.read("/accounts"))["items"] if a["name"] == "Bank")
    expect(await kim.http.patch(f"/accounts/{bank['id']}", json={"archived": True}), 200)
    async with unchanged(kim):
        problem(await try_commit(kim, third), 409, "import_state")
    rows = await rows_of(kim, await upload(kim, JOURNAL.replace("two espressi", "water")))
    assert {(row["outcome"], row["reason"]) for row in rows} == {("error", "'Bank' is archived")}


async def test_two_commits_at_once_post_it_once(kim: Person) -> None:
    preview = await upload(kim, JOURNAL)
    answers = await asyncio.gather(*(try_commit(kim, preview) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await listed(kim)) == 3


async def test_rows_may_be_skipped(kim: Person) -> None:
    done = await commit(kim, await upload(kim, JOURNAL), skip=[2])
    assert done["created"] == 2
    assert (await kim.read("/payees"))["items"][0]["name"] == "Exchange office"
    assert (await kim.read("/tags"))["items"] == []


async def test_csv_goes_on_as_before(kim: Person) -> None:
    account = await kim.account()
    assert (await bring_in(kim, account, statement("2026-01-05,Shop,Milk,-5.00")))["format"] == "csv"
