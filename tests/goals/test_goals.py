"""Goals over the real stack: where they stand, whose money is whose, and who is told."""

import asyncio
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.jobs.tasks import Work
from app.goals import tasks
from app.main import create_app
from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.servers import client_of

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
Document = dict[str, Any]


def today(person: Person) -> date:
    zone = ZoneInfo(person.user["time_zone"])
    found: datetime = now().astimezone(zone)
    return found.date()


async def savings(person: Person, amount: str = "1000.00", name: str = "Savings", **more: Any) -> Document:
    opening = str(today(person) - relativedelta(years=1))
    return await person.account(name, type="savings", opening_balance=amount, opening_date=opening, **more)


async def card(person: Person, owed: str = "500.00", **more: Any) -> Document:
    opening = str(today(person) - relativedelta(years=1))
    account = {"type": "credit_card", "opening_balance": f"-{owed}", "opening_date": opening, **more}
    return await person.account("Card", **account)


async def goal(person: Person, *sources: Document, **more: Any) -> Document:
    """A goal to save up 3000.00 on these accounts."""
    made: Document = expect(await person.http.post("/goals", json=body(*sources, **more)), 201)
    return made


def body(*sources: Document, **more: Any) -> Document:
    named = [{"account_id": source["id"]} if "currency" in source else source for source in sources]
    return {
        "name": "Roof",
        "kind": "save_up",
        "target_amount": "3000",
        "currency": "EUR",
        "sources": named,
        **more,
    }


def named(account: Document, **more: Any) -> Document:
    """An account as a goal's documents name it."""
    return {"account_id": account["id"], "budget_id": None, **more}


async def status(person: Person, made: Document) -> Document:
    found: Document = (await person.read(f"/goals/{made['id']}"))["status"]
    return found


async def told(database: Database, person: Person) -> list[str]:
    """The titles of this person's notifications about goals."""
    statement = text("SELECT title FROM notifications WHERE user_id = :user AND kind = 'goal_reached' ORDER BY id")
    async with database.begin() as connection:
        return list((await connection.execute(statement, {"user": UUID(person.user["id"])})).scalars())


async def test_a_goal_says_what_is_left_and_what_it_takes_a_month(kim: Person) -> None:
    account, day = await savings(kim), today(kim)
    target = day + relativedelta(months=7)
    answer = await kim.http.post("/goals", json=body(account, target_date=str(target), notes="For \x00the house"))
    made = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/goals/{made['id']}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    assert (made["start_amount"], made["start_date"], made["notes"]) == ("1000.00", str(day), "For the house")
    assert made["sources"] == [{"account_id": account["id"], "budget_id": None, "share": None, "earmark": None}]
    assert made["status"] == {
        "current_amount": "1000.00",
        "done_amount": "1000.00",
        "remaining": "2000.00",
        "percent": "33.33",
        "reached": False,
        "monthly_amount": "285.72",
        "payments": 7,
        "last_amount": "285.68",
        "expected_amount": "1000.00",
        "on_track": True,
        "monthly_pace": None,
        "projected_date": None,
        "sources": [named(account, balance="1000.00", claimed="1000.00", counted="1000.00")],
        "overcommitted": [],
        "unconverted": [],
    }
    read = await kim.get(f"/goals/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert (await kim.read("/goals"))["items"] == [made]


async def test_the_pace_of_the_last_months_says_when(kim: Person) -> None:
    day = today(kim)
    account = await savings(kim, "300.00")
    for back, amount in ((3, "100.00"), (2, "200.00"), (1, "300.00")):
        paid = day.replace(day=1) - relativedelta(months=back)
        await kim.add(type="income", account_id=account["id"], amount=amount, date=str(paid))
    start = str(day - relativedelta(months=6))
    made = await goal(kim, account, start_amount="300", start_date=start, target_date=str(day + relativedelta(days=40)))
    assert made["status"]["monthly_pace"] == "200.00"
    assert made["status"]["projected_date"] == str(day + relativedelta(months=11))
    assert made["status"]["on_track"] is False
    assert made["status"]["payments"] == 1
    # Since it was begun one whole month has gone by at most: the pace is that of what there was of it.
    young = await goal(kim, account, name="Young", start_date=str(day.replace(day=1) - relativedelta(months=1, days=1)))
    assert young["status"]["monthly_pace"] == "0.00"
    assert young["status"]["projected_date"] is None


async def test_money_is_counted_once(kim: Person) -> None:
    account = await savings(kim)
    fixed = await goal(kim, {"account_id": account["id"], "earmark": "600"}, name="Fixed")
    half = await goal(kim, {"account_id": account["id"], "share": "50"}, name="Half")
    rest = await goal(kim, account, name="Rest")
    found = {item["name"]: item["status"] for item in (await kim.read("/goals"))["items"]}
    assert {name: one["current_amount"] for name, one in found.items()} == {
        "Fixed": "600.00",
        "Half": "400.00",
        "Rest": "0.00",
    }
    assert [one["sources"][0]["claimed"] for one in found.values()] == ["600.00", "500.00", "1000.00"]
    for one in found.values():
        assert one["overcommitted"] == [named(account, by="1100.00")]
    expect(await kim.http.patch(f"/goals/{fixed['id']}", json={"archived": True}), 200)
    assert (await kim.read(f"/goals/{fixed['id']}"))["status"] is None
    assert (await status(kim, half))["current_amount"] == "500.00"
    assert (await status(kim, rest))["current_amount"] == "500.00"
    expect(await kim.http.delete(f"/goals/{rest['id']}"), 204)
    assert (await status(kim, half))["overcommitted"] == []


async def test_what_is_in_another_currency_is_listed_and_not_counted(kim: Person) -> None:
    account = await savings(kim)
    dollars = await savings(kim, "2500.00", "Dollars", currency="USD")
    made = await goal(kim, account, dollars)
    assert made["status"]["current_amount"] == "1000.00"
    assert made["status"]["unconverted"] == [named(dollars, currency="USD", balance="2500.00")]
    assert [source["account_id"] for source in made["status"]["sources"]] == [account["id"]]


async def test_a_debt_is_paid_down_from_where_it_started(kim: Person) -> None:
    owing = await card(kim)
    checking = await savings(kim)
    day = today(kim)
    made = await goal(
        kim, owing, kind="pay_down", target_amount="100", target_date=str(day + relativedelta(months=4)), name="Card"
    )
    assert (made["start_amount"], made["status"]["remaining"]) == ("500.00", "400.00")
    assert made["status"]["percent"] == "0.00"
    await kim.add(type="transfer", account_id=checking["id"], to_account_id=owing["id"], amount="150", date=str(day))
    found = await status(kim, made)
    assert (found["current_amount"], found["done_amount"], found["percent"]) == ("350.00", "150.00", "37.50")
    assert (found["monthly_amount"], found["payments"], found["last_amount"]) == ("62.50", 4, "62.50")
    assert found["sources"] == []
    await kim.add(type="expense", account_id=owing["id"], amount="400", date=str(day))
    found = await status(kim, made)
    assert (found["done_amount"], found["percent"], found["on_track"]) == ("-250.00", "0.00", False)


async def test_an_envelope_is_saved_up_in(kim: Person, unchanged: Unchanged, owner_database: Database) -> None:
    account, food = await savings(kim), await kim.category()
    plan = {"kind": "envelope", "period": "monthly", "start_date": str(today(kim).replace(day=1)), "rollover": "both"}

    async def budget(name: str, **more: Any) -> Document:
        sent = {"name": name, "amount": "100", "category_ids": [food["id"]], **plan, **more}
        found: Document = expect(await kim.http.post("/budgets", json=sent), 201)
        return found

    envelope, limit = await budget("Roof"), await budget("Food", kind="limit")
    part = await budget("Part", account_ids=[account["id"]])
    expect(await kim.http.post(f"/budgets/{envelope['id']}/assign", json={"amount": "300"}), 201)
    made = await goal(kim, {"budget_id": envelope["id"], "share": "50"}, {"account_id": account["id"], "earmark": "60"})
    assert (made["start_amount"], made["status"]["monthly_pace"]) == ("210.00", None)
    assert made["status"]["sources"][0] == {
        "account_id": None,
        "budget_id": envelope["id"],
        "balance": "300.00",
        "claimed": "150.00",
        "counted": "150.00",
    }
    await goal(kim, {"budget_id": envelope["id"]}, name="Rest", target_amount="250")
    assert (await status(kim, made))["overcommitted"] == [
        {"account_id": None, "budget_id": envelope["id"], "by": "100.00"}
    ]
    assert await told(owner_database, kim) == []
    expect(await kim.http.patch(f"/goals/{made['id']}", json={"archived": True}), 200)
    assert await told(owner_database, kim) == ["Goal reached: Rest"]
    async with unchanged(kim):
        problem(await kim.http.delete(f"/budgets/{envelope['id']}"), 409, "budget_in_use")
        for source, kind, code in (
            ({"budget_id": limit["id"]}, "save_up", "not_an_envelope"),
            ({"budget_id": part["id"]}, "save_up", "envelope_of_part"),
            ({"budget_id": envelope["id"]}, "pay_down", "envelope_for_debt"),
        ):
            answer = await kim.http.post("/goals", json=body(source, kind=kind))
            assert fields(problem(answer, 422, "invalid_input")) == {("sources.0.budget_id", code)}
        fine = {"budget_id": envelope["id"], "earmark": "0.001"}
        answer = await kim.http.post("/goals", json=body(fine))
        assert fields(problem(answer, 422, "invalid_input")) == {("sources.0.earmark", "too_many_decimals")}
        problem(await kim.http.post("/goals", json=body({"budget_id": UNKNOWN})), 404, "budget_not_found")


async def test_reaching_is_told_once_and_taken_back(kim: Person, owner_database: Database) -> None:
    account = await savings(kim)
    made = await goal(kim, account, target_amount="1200")
    assert await told(owner_database, kim) == []
    income = {"type": "income", "account_id": account["id"], "date": str(today(kim))}
    for _ in range(2):
        assert (await kim.add(**income, amount="200"))["warnings"] == []
        assert await told(owner_database, kim) == ["Goal reached: Roof"]
    reached = await kim.read(f"/goals/{made['id']}")
    assert reached["reached_at"] is not None
    assert (reached["status"]["percent"], reached["status"]["monthly_amount"]) == ("100.00", None)
    assert reached["revision"] == made["revision"]
    spent = await kim.add(account_id=account["id"], amount="900", date=str(today(kim)))
    assert await told(owner_database, kim) == []
    assert (await kim.read(f"/goals/{made['id']}"))["reached_at"] is None
    expect(await kim.http.delete(f"/transactions/{spent['id']}"), 204)
    assert await told(owner_database, kim) == ["Goal reached: Roof"]
    expect(await kim.http.patch(f"/goals/{made['id']}", json={"target_amount": "5000"}), 200)
    assert await told(owner_database, kim) == []
    expect(await kim.http.patch(f"/goals/{made['id']}", json={"target_amount": "100"}), 200)
    assert await told(owner_database, kim) == ["Goal reached: Roof"]
    expect(await kim.http.delete(f"/goals/{made['id']}"), 204)
    assert await told(owner_database, kim) == []


async def test_an_undo_and_the_daily_look_notice_what_came_back(
    kim: Person, settings: Settings, owner_database: Database, app_database: Database
) -> None:
    account, path = await savings(kim), f"/books/{kim.book_id}"

    async def undo_last() -> None:
        revision = (await kim.read(path))["revision"]
        expect(await kim.http.post(f"{path}/undo", json={"revision": revision}), 200)

    made = await goal(kim, account, target_amount="900")
    for wanted in ([], ["Goal reached: Roof"]):
        await undo_last()
        assert await told(owner_database, kim) == wanted
    expect(await kim.http.delete(f"/goals/{made['id']}"), 204)
    await undo_last()
    assert await told(owner_database, kim) == ["Goal reached: Roof"]
    # What is assigned to an envelope is noticed by the daily look, which leaves a book without news alone.
    envelope = {"name": "Trip", "kind": "envelope", "amount": "50", "period": "monthly", "start_date": str(today(kim))}
    trip = expect(await kim.http.post("/budgets", json=envelope), 201)
    await goal(kim, {"budget_id": trip["id"]}, name="Trip", target_amount="50")
    expect(await kim.http.post(f"/budgets/{trip['id']}/assign", json={"amount": "60"}), 201)
    both = ["Goal reached: Roof", "Goal reached: Trip"]
    before = (await kim.read(path))["revision"]
    for book_id in (kim.book_id, kim.book_id, UNKNOWN):
        async with app_database.begin() as connection:
            work = Work(connection, app_database, settings, now())
            await tasks.look_at_book(work, {"book_id": book_id})
        assert await told(owner_database, kim) == both
        assert (await kim.read(path))["revision"] == before + 1
    second = await goal(kim, account, name="Second", target_amount="50")
    expect(await kim.http.delete(f"/goals/{second['id']}"), 204)
    await undo_last()
    assert await told(owner_database, kim) == [*both, "Goal reached: Second"]
    async with app_database.begin() as connection:
        books = (await connection.execute(text("SELECT books_with_goals()"))).scalars().all()
    assert UUID(kim.book_id) in books


async def test_undo_brings_back_each_change_of_a_goal(kim: Person) -> None:
    account, other = await savings(kim), await savings(kim, name="Other")
    made = await goal(kim, {"account_id": account["id"], "earmark": "600.00"})

    async def undo_last() -> None:
        revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)

    def own(document: Document) -> Document:
        return {k: v for k, v in document.items() if k not in {"revision", "updated_at", "reached_at"}}

    changes = {"name": "Other", "target_amount": "50", "sources": [{"account_id": other["id"], "share": "10"}]}
    changed = expect(await kim.http.patch(f"/goals/{made['id']}", json=changes), 200)
    assert changed["sources"] == [named(other, share="10", earmark=None)]
    await undo_last()
    assert own(await kim.read(f"/goals/{made['id']}")) == own(made)
    expect(await kim.http.delete(f"/goals/{made['id']}"), 204)
    await undo_last()
    assert own(await kim.read(f"/goals/{made['id']}")) == own(made)
    await undo_last()
    problem(await kim.get(f"/goals/{made['id']}"), 404, "goal_not_found")
    history = (await kim.read(f"/goals/{made['id']}/history"))["items"]
    assert [event["action"] for event in history] == ["deleted", "created", "deleted", "updated", "updated", "created"]


async def test_replacing_keeps_the_start_and_its_tag_is_asked_for(kim: Person, unchanged: Unchanged) -> None:
    account = await savings(kim)
    made = await goal(kim, account, notes="n", target_date="2199-12-31", start_amount="12.30")
    path, sources = f"/goals/{made['id']}", [{"account_id": account["id"]}]
    new = {"name": "New", "target_amount": "4000.00", "sources": sources}
    async with unchanged(kim):
        answer = await kim.http.put(path, json=new, headers={"If-Match": '"1"'})
        problem(answer, 412, "revision_mismatch")
    replaced = expect(await kim.http.put(path, json=new, headers={"If-Match": f'"{made["revision"]}"'}), 200)
    assert (replaced["notes"], replaced["target_date"], replaced["start_amount"]) == (None, None, "12.30")
    assert replaced["status"]["on_track"] is None
    tag = {"If-None-Match": (await kim.get("/goals")).headers["etag"]}
    assert (await kim.http.get("/goals", headers=tag)).status_code == 304
    async with unchanged(kim):
        for name in ("name", "sources", "start_amount"):
            problem(await kim.http.patch(path, json={name: None}), 422, "invalid_input")
        problem(await kim.http.patch(path, json={"kind": "pay_down"}), 422, "invalid_input")
    expect(await kim.http.patch(path, json={"archived": True}), 200)
    restored = expect(await kim.http.patch(path, json={"archived": False, "sources": sources}), 200)
    assert restored["archived_at"] is None


WRONG: list[tuple[Document, str, str]] = [
    ({"name": ""}, "name", "string_too_short"),
    ({"target_amount": "0"}, "target_amount", "not_positive"),
    ({"target_amount": "-1"}, "target_amount", "value_error"),
    ({"target_amount": "1.001"}, "target_amount", "too_many_decimals"),
    ({"target_amount": "1e3"}, "target_amount", "value_error"),
    ({"target_amount": "1" * 16}, "target_amount", "value_error"),
    ({"currency": "XXQ"}, "currency", "unknown_currency"),
    ({"target_date": "2020-01-01"}, "target_date", "not_after_start"),
    ({"target_date": "2200-01-01"}, "target_date", "value_error"),
    ({"start_date": "2190-01-01"}, "start_date", "date_in_future"),
    ({"sources": []}, "sources", "too_short"),
    ({"kind": "win"}, "kind", "literal_error"),
    ({"colour": "red"}, "colour", "extra_forbidden"),
]


async def test_what_is_wrong_is_named_and_changes_nothing(kim: Person, unchanged: Unchanged) -> None:
    account, owing = await savings(kim), await card(kim)
    dollars = await card(kim, currency="USD")
    old = await kim.account("Old")
    expect(await kim.http.patch(f"/accounts/{old['id']}", json={"archived": True}), 200)
    own = account["id"]
    claims: list[tuple[list[Document], str, str, str]] = [
        ([{"account_id": own}, {"account_id": own}], "save_up", "sources", "value_error"),
        ([{"account_id": own, "share": "100.1"}], "save_up", "sources.0.share", "value_error"),
        ([{"account_id": own, "share": "0"}], "save_up", "sources.0.share", "value_error"),
        ([{"account_id": own, "earmark": "0.001"}], "save_up", "sources.0.earmark", "too_many_decimals"),
        ([{"account_id": own, "earmark": "1", "share": "1"}], "save_up", "sources.0", "value_error"),
        ([{"share": "1"}], "save_up", "sources.0", "value_error"),
        ([{"account_id": own, "budget_id": own}], "save_up", "sources.0", "value_error"),
        ([{"account_id": owing["id"]}], "save_up", "sources.0.account_id", "wrong_account_class"),
        ([{"account_id": own}], "pay_down", "sources.0.account_id", "wrong_account_class"),
        ([{"account_id": owing["id"], "share": "5"}], "pay_down", "sources.0", "claim_on_debt"),
        ([{"account_id": dollars["id"]}], "pay_down", "sources.0.account_id", "currency_mismatch"),
    ]
    async with unchanged(kim):
        for more, field, code in WRONG:
            answer = await kim.http.post("/goals", json=body(account, **more))
            assert (field, code) in fields(problem(answer, 422, answer.json()["code"])), (more, answer.text)
        for sources, kind, field, code in claims:
            answer = await kim.http.post("/goals", json=body(*sources, kind=kind))
            assert (field, code) in fields(problem(answer, 422, answer.json()["code"])), (sources, answer.text)
        problem(await kim.http.post("/goals", json=body({"account_id": UNKNOWN})), 404, "account_not_found")
        problem(await kim.http.post("/goals", json=body(old)), 409, "archived")
        problem(await kim.http.patch(f"/goals/{UNKNOWN}", json={}), 404, "goal_not_found")


async def test_an_account_of_a_goal_is_not_deleted_under_it(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    made = await goal(kim, account)
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/accounts/{account['id']}"), 409, "account_in_use")
        assert refused["used_by"] == [{"entity": "goal", "id": made["id"], "name": "Roof"}]
    answers = await asyncio.gather(*(kim.http.post("/goals", json=body(account, id=UNKNOWN)) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    for goal_id in (made["id"], UNKNOWN):
        expect(await kim.http.delete(f"/goals/{goal_id}"), 204)
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)


async def test_a_goal_on_a_private_account_is_hidden_whole(
    kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    shared = await savings(kim)
    hidden = await savings(kim, name="Hidden", visibility="private")
    secret = await goal(kim, hidden, shared, name="Secret", target_amount="3000")
    open_one = await goal(kim, shared, name="Open", target_amount="1000")
    assert [item["name"] for item in (await robin.read("/goals"))["items"]] == ["Open"]
    for method in ("GET", "PATCH", "DELETE"):
        answer = await robin.http.request(method, f"/goals/{secret['id']}", json={} if method == "PATCH" else None)
        problem(answer, 404, "goal_not_found")
    problem(await robin.get(f"/goals/{secret['id']}/history"), 404, "entity_not_found")
    problem(await robin.http.post("/goals", json=body(hidden)), 404, "account_not_found")
    # What Kim's goal claims of the shared account is nothing that Robin is told of.
    assert (await status(robin, open_one))["current_amount"] == "1000.00"
    assert (await status(kim, open_one))["current_amount"] == "0.00"
    # Robin's own change reaches both goals, as those see who see all.
    await robin.add(type="income", account_id=shared["id"], amount="2000", date=str(today(kim)))
    assert await told(owner_database, kim) == ["Goal reached: Secret", "Goal reached: Open"]
    assert await told(owner_database, robin) == ["Goal reached: Open"]


async def test_planning_stores_nothing(kim: Person, unchanged: Unchanged) -> None:
    plan = {"amount": "1000", "already": "0.01", "currency": "EUR", "start_date": "2026-01-31"}
    async with unchanged(kim):
        by_day = expect(await kim.http.post("/goals/plan", json={**plan, "target_date": "2026-04-30"}), 200)
        assert (by_day["monthly_amount"], by_day["payments"], by_day["last_amount"]) == ("333.33", 3, "333.33")
        assert [line["date"] for line in by_day["schedule"]] == ["2026-02-28", "2026-03-31", "2026-04-30"]
        assert (by_day["schedule"][-1]["total"], by_day["reached_on"]) == ("1000.00", "2026-04-30")
        by_amount = expect(await kim.http.post("/goals/plan", json={**plan, "monthly_amount": "400"}), 200)
        assert (by_amount["payments"], by_amount["last_amount"]) == (3, "199.99")
        done = expect(await kim.http.post("/goals/plan", json={**plan, "already": "1000", "monthly_amount": "1"}), 200)
        assert (done["payments"], done["reached_on"], done["schedule"]) == (0, "2026-01-31", [])
        for wrong, code in (
            ({}, "value_error"),
            ({"target_date": "2026-04-30", "monthly_amount": "1"}, "value_error"),
            ({"target_date": "2026-01-31"}, "not_after_start"),
            ({"target_date": "2199-01-01"}, "takes_too_long"),
            ({"monthly_amount": "0.01"}, "takes_too_long"),
            ({"monthly_amount": "0.001"}, "too_many_decimals"),
        ):
            answer = await kim.http.post("/goals/plan", json={**plan, **wrong})
            assert code in {named for _, named in fields(problem(answer, 422, "invalid_input"))}, answer.text


async def test_a_list_costs_the_same_however_many_goals_there_are(kim: Person, settings: Settings) -> None:
    account = await savings(kim)
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), "database_pool_size": 1}))
    seen: list[str] = []
    app.state.database.count_statements(seen.append)
    counts = []
    async with client_of(app) as client:
        for number in range(3):
            await goal(kim, account, name=f"Goal {number}")
            seen.clear()
            expect(await client.get("/api/v1/goals", headers=dict(kim.http.headers)), 200)
            counts.append(sum("SELECT" in statement for statement in seen))
    await app.state.database.dispose()
    assert counts == [3, 3, 3]  # opening the request, the goals, their accounts
