"""A commit posts what the preview promised: balances, reports and lists agree with the file."""

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.core.database import Database
from tests.imports.uploads import (
    bring_in,
    commit,
    csv_of,
    listed,
    of_interest,
    rows_of,
    signed,
    statement,
    try_commit,
    upload,
    with_ids,
)
from tests.people import Person, expect, fields, problem

FILE = with_ids(
    "2025-03-03,Bakery,Rolls,-4.50,T-100",
    "2025-03-04,Employer,Salary March,2500.00,T-101",
    "2025-03-05,bakery,Cake,-12.25,T-102",
)


async def events(owner: Database, person: Person) -> list[Any]:
    async with owner.begin() as connection:
        statement = text(
            "SELECT entity, action, entity_id, before, after FROM events WHERE book_id = :b ORDER BY revision, position"
        )
        found = await connection.execute(statement, {"b": person.book_id})
        return list(found.all())


async def test_balances_and_the_report_of_the_month_follow(kim: Person) -> None:
    account = await kim.account(opening_balance="100.00", opening_date="2025-01-01")
    done = await bring_in(kim, account, FILE)
    assert of_interest(done, "status", "created", "skipped", "undone_at") == ("committed", 3, 0, None)
    assert done["committed_at"] is not None
    assert done["rows"] == {"total": 3, "new": 3, "duplicate": 0, "suspect": 0, "error": 0}
    assert await kim.balance(account) == "2583.25"
    assert await kim.balance(account, "2025-03-03") == "95.50"
    report = await kim.read("/reports/monthly", year=2025, month=3)
    assert of_interest(report, "total_income", "total_expenses", "net") == ("2500.00", "16.75", "2483.25")


async def test_transactions_carry_what_the_file_says(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    await kim.add(account_id=account["id"])
    items = await listed(kim, import_id=done["id"])
    assert [(i["date"], i["type"], i["amount"], i["description"], i["external_id"]) for i in items] == [
        ("2025-03-03", "expense", "4.50", "Rolls", "T-100"),
        ("2025-03-04", "income", "2500.00", "Salary March", "T-101"),
        ("2025-03-05", "expense", "12.25", "Cake", "T-102"),
    ]
    assert {i["import_id"] for i in items} == {done["id"]}
    assert {i["status"] for i in items} == {"cleared"}
    assert [i["payee"] for i in items] == ["Bakery", "Employer", "Bakery"]
    assert items[0]["payee_id"] == items[2]["payee_id"]
    assert len(items[0]["postings"]) == 1
    assert items[0]["postings"][0]["amount"] == "-4.50"
    assert len(await listed(kim)) == 4
    assert await listed(kim, import_id="01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6") == []


async def test_a_payee_the_book_has_is_the_one_that_is_used(kim: Person) -> None:
    account = await kim.account()
    known = await kim.add(account_id=account["id"], payee="BAKERY")
    await bring_in(kim, account, FILE)
    assert {i["payee_id"] for i in await listed(kim, q="bakery")} == {known["payee_id"]}
    assert [p["name"] for p in (await kim.read("/payees"))["items"]] == ["BAKERY", "Employer"]


async def test_an_alias_of_a_payee_is_no_new_payee(kim: Person) -> None:
    account = await kim.account()
    body = {"name": "The Bread Shop", "aliases": ["BAKERY", "Boulangerie"]}
    known = expect(await kim.http.post("/payees", json=body), 201)
    await bring_in(kim, account, FILE)
    items = await listed(kim)
    assert [item["payee"] for item in items] == ["The Bread Shop", "Employer", "The Bread Shop"]
    assert {items[0]["payee_id"], items[2]["payee_id"]} == {known["id"]}
    assert [p["name"] for p in (await kim.read("/payees"))["items"]] == ["Employer", "The Bread Shop"]


async def test_the_payees_default_category_fills_a_row_without_one(kim: Person) -> None:
    account = await kim.account()
    food, other, wages = (
        await kim.category("Test food"),
        await kim.category("Test other"),
        await kim.category("Test wages", kind="income"),
    )
    shut = await kim.category("Test shut")
    for name, default, aliases in (
        ("Bakery", food, ["Boulangerie"]),
        ("Employer", wages, []),
        ("Attic", shut, []),
    ):
        body = {"name": name, "aliases": aliases, "default_category_id": default["id"]}
        expect(await kim.http.post("/payees", json=body), 201)
    expect(await kim.http.patch(f"/categories/{shut['id']}", json={"archived": True}), 200)
    data = csv_of(
        "Date,Payee,Amount,Category",
        "2025-03-01,bakery,-5.00,",
        "2025-03-02,boulangerie,-6.00,Unheard of",
        "2025-03-03,Bakery,-7.00,Test other",
        "2025-03-04,Bakery,3.00,",
        "2025-03-05,Employer,100.00,",
        "2025-03-06,Employer,-1.00,",
        "2025-03-07,Attic,-1.00,",
        "2025-03-08,Somebody,-1.00,",
        "2025-03-09,,-1.00,",
    )
    await bring_in(kim, account, data)
    expected = [food, food, other, None, wages, None, None, None, None]
    assert [item["category_id"] for item in await listed(kim)] == [c and c["id"] for c in expected]


async def test_a_category_is_taken_by_its_name_where_that_is_unique_and_fits(kim: Person) -> None:
    account = await kim.account()
    food = await kim.category("Test food")
    wages = await kim.category("Test wages", kind="income")
    both = await kim.category("Test gifts"), await kim.category("Test gifts", kind="income")
    await kim.category("Twice", parent_id=food["id"])
    await kim.category("Twice", parent_id=both[0]["id"])
    old = await kim.category("Test old")
    expect(await kim.http.patch(f"/categories/{old['id']}", json={"archived": True}), 200)
    data = csv_of(
        "Date,Amount,Category",
        "2025-03-01,-5.00,test FOOD",
        "2025-03-02,3.00,Test food",
        "2025-03-03,100.00,Test wages",
        "2025-03-04,-7.00,Test wages",
        "2025-03-05,-8.00,Test gifts",
        "2025-03-06,9.00,Test gifts",
        "2025-03-07,-1.00,Twice",
        "2025-03-08,-1.00,Test old",
        "2025-03-09,-1.00,Unheard of",
        "2025-03-10,-1.00,",
    )
    done = await bring_in(kim, account, data)
    expected = [food, food, wages, None, both[0], both[1], None, None, None, None]
    expected_ids = [category and category["id"] for category in expected]
    assert [row["category_id"] for row in await rows_of(kim, done)] == expected_ids
    assert [item["category_id"] for item in await listed(kim)] == expected_ids
    report = await kim.read("/reports/monthly", year=2025, month=3)
    amounts = {node["name"]: node["amount"] for side in ("income", "expenses") for node in report[side]}
    assert amounts["Test food"] == "2.00"  # 5 less the refund of 3
    assert amounts["Uncategorised"] == "11.00"


async def test_a_category_that_went_meanwhile_leaves_the_row_without_one(kim: Person) -> None:
    account = await kim.account()
    gone, archived = await kim.category("Gone"), await kim.category("Shut")
    preview = await upload(
        kim, account, csv_of("Date,Amount,Category", "2025-03-01,-5.00,Gone", "2025-03-02,-6.00,Shut")
    )
    expect(await kim.http.delete(f"/categories/{gone['id']}"), 204)
    expect(await kim.http.patch(f"/categories/{archived['id']}", json={"archived": True}), 200)
    assert (await commit(kim, preview))["created"] == 2
    assert [item["category_id"] for item in await listed(kim)] == [None, None]


async def test_an_account_archived_meanwhile_takes_nothing(kim: Person) -> None:
    account = await kim.account("Savings account")
    preview = await upload(kim, account, FILE)
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": True}), 200)
    assert "'Savings account' is archived" in problem(await try_commit(kim, preview), 409, "import_state")["detail"]
    expect(await kim.http.patch(f"/accounts/{account['id']}", json={"archived": False}), 200)
    assert (await commit(kim, preview))["created"] == 3


async def test_an_account_deleted_meanwhile_stops_the_commit_and_the_import_stays(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)
    assert "deleted" in problem(await try_commit(kim, preview), 409, "import_state")["detail"]
    assert (await kim.read(f"/imports/{preview['id']}"))["account_id"] is None
    expect(await kim.http.delete(f"/imports/{preview['id']}"), 204)


async def test_rows_left_out_are_counted_and_marked(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    beyond = await try_commit(kim, preview, skip=[2, 99])
    assert fields(problem(beyond, 422, "invalid_input")) == {("skip", "unknown_position")}
    done = await commit(kim, preview, skip=[2])
    assert of_interest(done, "created", "skipped") == (2, 1)
    rows = await rows_of(kim, done)
    assert [row["skipped"] for row in rows] == [False, True, False]
    assert [row["transaction_id"] is None for row in rows] == [False, True, False]
    assert [item["description"] for item in await listed(kim)] == ["Rolls", "Cake"]


async def test_all_rows_may_be_left_out(kim: Person) -> None:
    account = await kim.account()
    done = await commit(kim, await upload(kim, account, FILE), skip=[1, 2, 3])
    assert of_interest(done, "status", "created", "skipped") == ("committed", 0, 3)
    assert await listed(kim) == []
    assert (await kim.read("/payees"))["items"] == []
    empty = await bring_in(kim, account, statement())
    assert of_interest(empty, "created", "skipped") == (0, 0)


async def test_what_a_commit_does_not_understand_is_refused(kim: Person) -> None:
    preview = await upload(kim, await kim.account(), FILE)
    for body, field in (
        ({"suspects": "perhaps"}, "suspects"),
        ({"skip": [0]}, "skip.0"),
        ({"skip": 3}, "skip"),
        ({"skip": [3_000_000_000]}, "skip.0"),
        ({"skipped": []}, "skipped"),
    ):
        assert {name for name, _ in fields(problem(await try_commit(kim, preview, **body), 422, "invalid_input"))} == {
            field
        }
    assert (await kim.read(f"/imports/{preview['id']}"))["status"] == "previewed"


async def test_what_is_committed_cannot_be_committed_or_discarded(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, FILE)
    before = await listed(kim)
    assert "committed" in problem(await try_commit(kim, done), 409, "import_state")["detail"]
    problem(await kim.http.delete(f"/imports/{done['id']}"), 409, "import_state")
    assert await listed(kim) == before


async def test_a_preview_may_be_discarded(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    expect(await kim.http.delete(f"/imports/{preview['id']}"), 204)
    for path in ("", "/rows"):
        problem(await kim.get(f"/imports/{preview['id']}{path}"), 404, "import_not_found")
    problem(await try_commit(kim, preview), 404, "import_not_found")
    problem(await kim.http.delete(f"/imports/{preview['id']}"), 404, "import_not_found")
    assert (await kim.read("/imports"))["items"] == []
    async with owner_database.begin() as connection:
        left = await connection.scalar(
            text("SELECT count(*) FROM import_rows WHERE import_id = :id"), {"id": preview["id"]}
        )
    assert left == 0


async def test_the_whole_batch_is_one_event_beside_those_of_its_payees(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    before = len(await events(owner_database, kim))
    preview = await upload(kim, account, FILE)
    assert len(await events(owner_database, kim)) == before
    await commit(kim, preview)
    found = (await events(owner_database, kim))[before:]
    made = {payee["name"]: payee["id"] for payee in (await kim.read("/payees"))["items"]}
    assert [(event.entity, event.action, str(event.entity_id), event.after.get("name")) for event in found] == [
        *(("payee", "created", made[name], name) for name in ("Bakery", "Employer")),
        ("import", "committed", preview["id"], None),
    ]
    assert found[0].before is None
    assert found[0].after == {"name": "Bakery", "default_category_id": None}
    assert found[-1].before["status"] == "previewed"
    assert found[-1].after["status"] == "committed"
    assert found[-1].after["created_count"] == 3


async def test_a_currency_without_a_rate_is_posted_and_shown_as_unconverted(kim: Person) -> None:
    await kim.account("Base")
    yen = await kim.account("Yen", currency="JPY")
    done = await bring_in(kim, yen, statement("2025-03-03,A,a,-500", "2025-03-04,B,b,1200"))
    assert done["created"] == 2
    assert await kim.balance(yen) == "700"
    report = await kim.read("/reports/monthly", year=2025, month=3)
    assert report["unconverted"] == [{"currency": "JPY", "income": "1200", "expenses": "500"}]
    assert report["net"] == "0.00"


async def test_the_sum_of_a_file_is_exact(kim: Person) -> None:
    account = await kim.account()
    amounts = ["0.01", "-0.02", "999999999999999.99", "-999999999999999.99", "0.10", "0.20", "-123456.70"]
    data = statement(*(f"2025-03-{day:02d},,row {day},{amount}" for day, amount in enumerate(amounts, 1)))
    await bring_in(kim, account, data)
    assert [signed(item) for item in await listed(kim)] == amounts
    assert Decimal(await kim.balance(account)) == sum(map(Decimal, amounts))
