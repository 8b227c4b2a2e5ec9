import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"


async def test_an_account_with_nothing_but_its_opening_balance_can_be_deleted(kim: Person) -> None:
    account = await kim.account(opening_balance="10", opening_date="2026-01-01")
    expect(await kim.http.delete(f"/accounts/{account['id']}"), 204)
    problem(await kim.get(f"/accounts/{account['id']}"), 404, "account_not_found")
    assert (await kim.read("/transactions"))["items"] == []


async def test_returns_409_with_the_count_when_it_is_in_use(kim: Person, unchanged: Unchanged) -> None:
    account, other = await kim.account(), await kim.account("Other")
    await kim.add(account_id=account["id"], splits=[{"amount": "4"}, {"amount": "6"}])
    await kim.add(type="transfer", account_id=other["id"], to_account_id=account["id"])
    async with unchanged(kim):
        answer = problem(await kim.http.delete(f"/accounts/{account['id']}"), 409, "account_in_use")
    assert answer["transactions"] == 2


async def test_reassigning_hands_over_balances_and_totals(kim: Person) -> None:
    old = await kim.account("Old", opening_balance="100", opening_date="2025-11-30")
    heir = await kim.account("Heir", opening_balance="7", opening_date="2025-12-01")
    third = await kim.account("Third")
    food = await kim.category()
    mine = await kim.add(account_id=old["id"], category_id=food["id"], amount="30", date="2025-12-15")
    await kim.add(account_id=heir["id"], category_id=food["id"], amount="1", date="2025-12-16")
    await kim.add(type="transfer", account_id=third["id"], to_account_id=old["id"], amount="5", date="2026-01-02")
    moved = await kim.add(
        type="transfer", account_id=old["id"], to_account_id=third["id"], amount="2", date="2026-01-03"
    )
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    assert await kim.balance(heir) == "79.00"
    assert await kim.balance(heir, "2025-11-30") == "100.00"
    assert await kim.balance(heir, "2025-12-31") == "76.00"
    assert await kim.balance(third) == "-3.00"
    read = await kim.read(f"/transactions/{mine['id']}")
    assert (read["account_id"], read["postings"][0]["account_id"]) == (heir["id"], heir["id"])
    assert read["revision"] > mine["revision"]
    assert (await kim.read(f"/transactions/{moved['id']}"))["account_id"] == heir["id"]
    # Two opening balances came together: they are shown as their sum, and changing it makes one of them.
    assert (await kim.read(f"/accounts/{heir['id']}"))["opening_balance"] == "107.00"
    merged = expect(await kim.http.patch(f"/accounts/{heir['id']}", json={"opening_balance": "1"}), 200)
    assert (merged["opening_balance"], merged["opening_date"], merged["balance"]) == ("1.00", "2025-11-30", "-27.00")


async def test_returns_409_when_there_are_transfers_between_the_two(kim: Person, unchanged: Unchanged) -> None:
    old, heir = await kim.account("Old"), await kim.account("Heir")
    await kim.add(type="transfer", account_id=heir["id"], to_account_id=old["id"])
    async with unchanged(kim):
        answer = await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]})
        problem(answer, 409, "self_transfer")


async def test_returns_409_when_both_have_an_external_id(kim: Person, unchanged: Unchanged) -> None:
    old, heir = await kim.account("Old"), await kim.account("Heir")
    for account in (old, heir):
        await kim.add(account_id=account["id"], external_id="bank-1")
    async with unchanged(kim):
        answer = await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]})
        problem(answer, 409, "duplicate_external_id")


async def test_returns_422_or_404_for_an_heir_that_cannot_be(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    old, dollars = await kim.account("Old"), await kim.account("Dollars", currency="USD")
    foreign = await robin.account()
    path = f"/accounts/{old['id']}"
    async with unchanged(kim), unchanged(robin):
        for heir, code in ((dollars["id"], "currency_mismatch"), (old["id"], "same_account")):
            answer = problem(await kim.http.delete(path, params={"reassign_to": heir}), 422, "invalid_input")
            assert fields(answer) == {("query.reassign_to", code)}
        for heir in (UNKNOWN, foreign["id"]):
            problem(await kim.http.delete(path, params={"reassign_to": heir}), 404, "account_not_found")


@pytest.mark.parametrize("reassign", [True, False])
async def test_imports_do_not_stand_in_the_way(kim: Person, reassign: bool) -> None:
    old, heir = await kim.account("Old"), await kim.account("Heir")
    file = {"file": ("bank.csv", b"Date,Amount,Payee\n2026-01-25,-10.00,Shop\n", "text/csv")}
    preview = expect(await kim.http.post("/imports", files=file, data={"account_id": old["id"]}), 201)
    expect(await kim.http.post(f"/imports/{preview['id']}/commit"), 200)
    (brought,) = (await kim.read("/transactions"))["items"]
    assert brought["import_id"] == preview["id"]
    if not reassign:  # the transaction leaves the account, its import stays
        expect(await kim.http.patch(f"/transactions/{brought['id']}", json={"account_id": heir["id"]}), 200)
    params = {"reassign_to": heir["id"]} if reassign else {}
    expect(await kim.http.delete(f"/accounts/{old['id']}", params=params), 204)
    left = await kim.read(f"/transactions/{brought['id']}")
    assert (left["account_id"], left["import_id"]) == (heir["id"], preview["id"])
    record = await kim.read(f"/imports/{preview['id']}")
    assert (record["status"], record["account_id"]) == ("committed", heir["id"] if reassign else None)
    expect(await kim.http.post(f"/imports/{preview['id']}/undo", json={"force": True}), 200)
    assert (await kim.read("/transactions"))["items"] == []


async def test_returns_409_when_the_heir_is_archived(kim: Person) -> None:
    account, heir = await kim.account(), await kim.account("Old")
    await kim.add(account_id=account["id"])
    expect(await kim.http.patch(f"/accounts/{heir['id']}", json={"archived": True}), 200)

    answer = await kim.http.delete(f"/accounts/{account['id']}", params={"reassign_to": heir["id"]})

    assert problem(answer, 409, "archived")["errors"][0]["field"] == "query.reassign_to"
    assert await kim.balance(account) == "-10.00"
