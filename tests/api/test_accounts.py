from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI

from tests.conftest import Unchanged, fresh_email
from tests.people import Person, expect, fields, problem, register

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def test_creating_answers_the_account_with_location_and_etag(kim: Person) -> None:
    body = {
        "name": " Giro  konto ",
        "type": "credit_card",
        "currency": "EUR",
        "institution": "Bank",
        "notes": "a\nb",
        "sort": 3,
    }
    answer = await kim.http.post("/accounts", json=body)
    account = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/accounts/{account['id']}"
    assert answer.headers["etag"] == f'"{account["revision"]}"'
    assert {**body, "name": "Giro konto"}.items() <= account.items()
    assert (account["class"], account["balance"], account["archived_at"]) == ("liability", "0.00", None)
    read = await kim.get(f"/accounts/{account['id']}")
    assert (read.json(), read.headers["etag"]) == (account, answer.headers["etag"])


@pytest.mark.parametrize(
    ("kind", "account_class"),
    [("checking", "asset"), ("property", "asset"), ("loan", "liability"), ("other_liability", "liability")],
)
async def test_the_type_decides_the_class(kim: Person, kind: str, account_class: str) -> None:
    assert (await kim.account(type=kind))["class"] == account_class


async def test_the_list_is_ordered_by_sort_and_name_and_filtered_by_archived(kim: Person) -> None:
    for name, sort in (("b", 0), ("A", 0), ("z", -1)):
        await kim.account(name, sort=sort)
    old = await kim.account("old", sort=9)
    expect(await kim.http.patch(f"/accounts/{old['id']}", json={"archived": True}), 200)
    listed = await kim.read("/accounts")
    assert [account["name"] for account in listed["items"]] == ["z", "A", "b", "old"]
    assert (listed["total"], listed["next_cursor"]) == (4, None)
    assert [a["name"] for a in (await kim.read("/accounts", archived=True))["items"]] == ["old"]
    assert [a["name"] for a in (await kim.read("/accounts", archived=False))["items"]] == ["z", "A", "b"]


async def test_an_unchanged_list_is_304(kim: Person) -> None:
    first = await kim.get("/accounts")
    tag = {"If-None-Match": first.headers["etag"]}
    again = await kim.http.get("/accounts", headers=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (
        await kim.http.get("/accounts", headers={"If-None-Match": f'"x", {tag["If-None-Match"]}'})
    ).status_code == 304
    assert (await kim.http.get("/accounts", headers={"If-None-Match": "*"})).status_code == 304
    await kim.account()
    expect(await kim.http.get("/accounts", headers=tag), 200)


async def test_a_client_may_bring_the_id_once(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    assert (await kim.account(id=UNKNOWN))["id"] == UNKNOWN
    async with unchanged(kim):
        body = {"id": UNKNOWN, "name": "Again", "type": "cash", "currency": "EUR"}
        problem(await kim.http.post("/accounts", json=body), 409, "id_taken")
    assert (await robin.account(id=UNKNOWN))["id"] == UNKNOWN  # another book, another row


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": None}, "name"),
        ({"type": "sofa"}, "type"),
        ({"currency": "euro"}, "currency"),
        ({"currency": "ZZZ"}, "currency"),
        ({"opening_balance": "1.001"}, "opening_balance"),
        ({"opening_balance": 1e400}, "opening_balance"),
        ({"opening_balance": "1000000000000000"}, "opening_balance"),
        ({"opening_date": "01.02.2026"}, "opening_date"),
        ({"opening_date": "1899-12-31"}, "opening_date"),
        ({"opening_date": "9998-01-01"}, "opening_date"),
        ({"sort": 1_000_001}, "sort"),
        ({"sort": True}, "sort"),
        ({"sort": "5"}, "sort"),
        ({"id": "x"}, "id"),
        ({"balance": "5"}, "balance"),
    ],
)
async def test_returns_422_for_a_wrong_field(
    kim: Person, unchanged: Unchanged, body: dict[str, object], named: str
) -> None:
    if body.get("opening_balance") == 1e400:
        body = {"opening_balance": "1" + "0" * 400}
    async with unchanged(kim):
        answer = await kim.http.post("/accounts", json={"name": "A", "type": "cash", "currency": "EUR", **body})
    assert {field for field, _ in fields(problem(answer, 422, "invalid_input"))} == {named}


async def test_every_wrong_opening_field_is_named(kim: Person) -> None:
    body = {"name": "A", "type": "cash", "currency": "JPY", "opening_balance": "0.5", "opening_date": "9998-01-01"}
    answer = problem(await kim.http.post("/accounts", json=body), 422, "invalid_input")
    assert fields(answer) == {("opening_balance", "too_many_decimals"), ("opening_date", "date_in_future")}


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("JPY", "1500", "1500"), ("KWD", "1.234", "1.234"), ("BTC", "0.00000001", "0.00000001"), ("EUR", "7", "7.00")],
)
async def test_amounts_have_their_currencys_decimals(kim: Person, currency: str, amount: str, shown: str) -> None:
    account = await kim.account(currency=currency, opening_balance=amount, opening_date="2026-01-01")
    assert (account["balance"], account["opening_balance"]) == (shown, shown)
    assert await kim.balance(account, "2026-01-01") == shown
    added = await kim.add(account_id=account["id"], amount=amount)
    assert (added["amount"], await kim.balance(account)) == (
        shown,
        "0" if currency == "JPY" else f"{0:.{len(shown.split('.')[1])}f}",
    )


async def test_today_is_where_the_person_lives(app: FastAPI) -> None:
    east = await register(app, fresh_email(), time_zone="Pacific/Kiritimati")
    west = await register(app, fresh_email(), time_zone="Etc/GMT+12")
    today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    account = await east.account(opening_balance="1", opening_date=str(today))
    assert account["opening_date"] == str(today)
    assert expect(await east.get(f"/accounts/{account['id']}/balance"), 200)["at"] == str(today)
    body = {"name": "A", "type": "cash", "currency": "EUR", "opening_balance": "1", "opening_date": str(today)}
    answer = problem(await west.http.post("/accounts", json=body), 422, "invalid_input")
    assert fields(answer) == {("opening_date", "date_in_future")}
    without_date = await west.account(opening_balance="1")
    assert without_date["opening_date"] in {str(today - timedelta(days=days)) for days in (1, 2)}
    for person in (east, west):
        await person.check_integrity()
        await person.http.aclose()


async def test_patch_changes_what_it_names(kim: Person) -> None:
    account = await kim.account(institution="Bank", notes="old", sort=5)
    path = f"/accounts/{account['id']}"
    changed = expect(await kim.http.patch(path, json={"name": "New", "notes": None}), 200)
    assert changed["revision"] > account["revision"]
    own = {"name", "notes", "revision", "updated_at"}
    assert {k: v for k, v in changed.items() if k not in own} == {k: v for k, v in account.items() if k not in own}
    assert (changed["name"], changed["notes"]) == ("New", None)


async def test_put_sets_what_it_leaves_out_to_its_default(kim: Person) -> None:
    account = await kim.account(
        institution="Bank", notes="old", sort=5, opening_balance="10", opening_date="2026-01-01"
    )
    path = f"/accounts/{account['id']}"
    expect(await kim.http.patch(path, json={"archived": True}), 200)
    changed = expect(await kim.http.put(path, json={"name": "New", "type": "savings", "currency": "EUR"}), 200)
    assert (changed["institution"], changed["notes"], changed["sort"], changed["archived_at"]) == (None, None, 0, None)
    assert (changed["name"], changed["type"], changed["opening_balance"]) == ("New", "savings", "10.00")
    changed = expect(await kim.http.put(path, json={"name": "New", "type": "savings", "opening_balance": "-3"}), 200)
    assert (changed["balance"], changed["opening_balance"], changed["opening_date"]) == ("-3.00", "-3.00", "2026-01-01")


async def test_put_cannot_change_the_currency(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = {"name": "A", "type": "cash", "currency": "USD"}
        problem(await kim.http.put(f"/accounts/{account['id']}", json=body), 409, "currency_fixed")


@pytest.mark.parametrize("field", ["name", "type", "sort", "archived", "opening_date"])
async def test_patch_refuses_null_where_there_must_be_a_value(kim: Person, unchanged: Unchanged, field: str) -> None:
    account = await kim.account()
    async with unchanged(kim):
        answer = await kim.http.patch(f"/accounts/{account['id']}", json={field: None})
    assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {field}


async def test_if_match_guards_every_change(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    path, stale = f"/accounts/{account['id']}", {"If-Match": f'"{account["revision"]}"'}
    await kim.add(account_id=account["id"])  # a new balance is a new revision
    async with unchanged(kim):
        for answer in (
            await kim.http.patch(path, json={"name": "B"}, headers=stale),
            await kim.http.put(path, json={"name": "B", "type": "cash"}, headers=stale),
            await kim.http.delete(path, headers=stale),
        ):
            assert problem(answer, 412, "revision_mismatch")["revision"] == account["revision"] + 1
        wrong = await kim.http.patch(path, json={"name": "B"}, headers={"If-Match": "rubbish"})
        assert fields(problem(wrong, 422, "invalid_input")) == {("header.if-match", "bad_etag")}
    fresh = (await kim.get(path)).headers["etag"]
    for tag in (fresh, "*"):
        answer = await kim.http.patch(path, json={"name": "B"}, headers={"If-Match": tag})
        expect(answer, 200)
        assert answer.headers["etag"] != fresh


async def test_an_archived_account_keeps_its_past_and_can_be_restored(kim: Person) -> None:
    account = await kim.account()
    path = f"/accounts/{account['id']}"
    await kim.add(account_id=account["id"])
    archived = expect(await kim.http.patch(path, json={"archived": True}), 200)
    assert archived["archived_at"] is not None
    again = expect(await kim.http.patch(path, json={"archived": True}), 200)
    assert again["archived_at"] == archived["archived_at"]
    problem(await kim.try_add(account_id=account["id"]), 409, "archived")
    assert await kim.balance(account) == "-10.00"
    assert expect(await kim.http.patch(path, json={"archived": False}), 200)["archived_at"] is None
    await kim.add(account_id=account["id"])


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_returns_404_for_an_account_that_is_not_there(kim: Person, unchanged: Unchanged, method: str) -> None:
    body = {"name": "A", "type": "cash"} if method in {"PUT", "PATCH"} else None
    async with unchanged(kim):
        problem(await kim.http.request(method, f"/accounts/{UNKNOWN}", json=body), 404, "account_not_found")
