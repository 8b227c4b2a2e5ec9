"""Holdings: the simple way in, what becomes of them with their account or category, and who sees them."""

from typing import Any

from tests.conftest import Unchanged
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem
from tests.portfolio.trading import attempt, depot, gains, held, hold, trade

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
Document = dict[str, Any]
BODY = {
    "symbol": "acme",
    "type": "stock",
    "quantity": "10",
    "purchase_price": "10.005",
    "purchase_date": "2024-01-02",
    "currency": "EUR",
}


async def test_the_simple_way_in(kim: Person, unchanged: Unchanged) -> None:
    """A first holding brings its asset, its account and the base currency of the book; no money moves."""
    made = expect(await kim.http.post("/portfolio", json={**BODY, "fees": "1.50", "currency": "CHF"}), 201)
    assert (made["account_name"], made["quantity"], made["cost"], made["base_cost"]) == (
        "Portfolio (CHF)",
        "10",
        "101.55",
        "101.55",
    )
    assert (made["symbol"], made["name"], made["acquired_on"], made["average_cost"]) == (
        "acme",
        "acme",
        "2024-01-02",
        "10.155",
    )
    assert await kim.balance({"id": made["account_id"]}) == "0.00"
    more = expect(await kim.http.post("/portfolio", json={**BODY, "symbol": "ACME", "currency": "CHF"}), 201)
    assert (more["id"], more["asset_id"], more["quantity"], len(more["lots"])) == (
        made["id"],
        made["asset_id"],
        "20",
        2,
    )
    async with unchanged(kim):
        problem(await kim.http.post("/portfolio", json=BODY), 409, "symbol_in_other_currency")
        other = {**BODY, "symbol": "X"}
        problem(await kim.http.post("/portfolio", json={**other, "currency": "XXQ"}), 422, "invalid_input")
        problem(await kim.http.post("/portfolio", json={**other, "account_id": UNKNOWN}), 404, "account_not_found")
        for wrong in (
            {"quantity": "0"},
            {"purchase_price": "-1"},
            {"type": "tulip"},
            {"symbol": "\x00"},
            {"symbol": ""},
        ):
            problem(await kim.http.post("/portfolio", json={**other, **wrong}), 422, "invalid_input")
        big = {"quantity": "100000000000000", "purchase_price": "100000000000000"}
        problem(await kim.http.post("/portfolio", json={**other, **big}), 422, "invalid_input")
        problem(await kim.http.post("/portfolio", json={**other, "purchase_date": "2999-01-01"}), 422, "invalid_input")
    # The same request twice is one holding.
    key = {"Idempotency-Key": "once"}
    twice = [await kim.http.post("/portfolio", json={**other, "currency": "CHF"}, headers=key) for _ in range(2)]
    assert twice[0].json() == twice[1].json()
    assert twice[1].headers["Idempotency-Replayed"] == "true"
    listed = await kim.read("/portfolio", lots="true")
    assert [(item["symbol"], item["quantity"], len(item["lots"])) for item in listed["items"]] == [
        ("acme", "20", 2),
        ("X", "10", 1),
    ]
    assert listed["total"] == 2
    assert (await kim.read("/portfolio", asset_id=twice[0].json()["asset_id"]))["items"][0]["lots"] is None
    undo = {"revision": 2}
    problem(await kim.http.post(f"/books/{kim.book_id}/undo", json=undo), 409, "later_changes")


async def test_a_holding_is_replaced_and_deleted(kim: Person, unchanged: Unchanged) -> None:
    made = expect(await kim.http.post("/portfolio", json=BODY), 201)
    first = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    path = f"/portfolio/{made['id']}"
    body = {**BODY, "quantity": "12", "purchase_price": "9", "purchase_date": "2024-02-02"}
    answer = await kim.http.put(path, json=body, headers={"If-Match": f'"{made["revision"]}"'})
    changed = expect(answer, 200)
    assert (changed["id"], changed["quantity"], changed["cost"], changed["acquired_on"]) == (
        made["id"],
        "12",
        "108.00",
        "2024-02-02",
    )
    async with unchanged(kim):
        stale = {"If-Match": f'"{made["revision"]}"'}
        problem(await kim.http.put(path, json=body, headers=stale), 412, "revision_mismatch")
        wrong = {**body, "symbol": "OTHER", "account_id": UNKNOWN}
        refused = problem(await kim.http.put(path, json=wrong), 422, "invalid_input")
        assert fields(refused) == {("symbol", "cannot_change"), ("account_id", "cannot_change")}
        problem(await kim.http.get(f"/portfolio/{UNKNOWN}"), 404, "holding_not_found")
    paid = expect(await kim.http.put(path, json={**body, "pay_from_cash": True}), 200)
    assert (paid["cost"], await kim.balance({"id": made["account_id"]})) == ("108.00", "-108.00")
    sold = await trade(kim, "sell", paid, "2024-03-01", quantity="2", price="10")
    async with unchanged(kim):
        refused = problem(await kim.http.put(path, json=body), 409, "has_trades")
        assert len(refused["trades"]) == 2
        assert sold["id"] in refused["trades"]
    expect(await kim.http.delete(path), 204)
    assert await kim.balance({"id": made["account_id"]}) == "0.00"
    problem(await kim.http.get(path), 404, "holding_not_found")
    gone = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": gone}), 200)
    assert await held(kim, made) == ("10", "90.00")
    assert await gains(kim) == [("2", "2.00", False)]
    for revision in range(gone + 1, first - 1, -1):
        if revision != gone:
            expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        if revision == gone + 1:
            break
    problem(await kim.http.get(path), 404, "holding_not_found")


async def test_a_first_holding_is_undone_with_all_that_came_with_it(kim: Person) -> None:
    expect(await kim.http.post("/portfolio", json=BODY), 201)
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    for _ in range(3):  # away, back, and away again
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        revision += 1
        await kim.check_integrity()
    assert (await kim.read("/portfolio"))["items"] == []
    assert (await kim.read("/accounts"))["items"] == []


async def test_holdings_that_hang_together_are_not_deleted_alone(kim: Person, unchanged: Unchanged) -> None:
    first, second = await depot(kim), await depot(kim, "Second")
    holding = await hold(kim, account_id=first["id"])
    moved = await trade(kim, "transfer", holding, "2024-02-01", quantity="4", to_account_id=second["id"])
    (other,) = (await kim.read("/portfolio", account_id=second["id"]))["items"]
    async with unchanged(kim):
        for one in (holding, other):
            refused = problem(await kim.http.delete(f"/portfolio/{one['id']}"), 409, "has_trades")
            assert refused["trades"] == [moved["id"]]
        refused = problem(
            await kim.http.put(f"/portfolio/{other['id']}", json={**BODY, "symbol": "ACME"}), 409, "has_trades"
        )


async def test_an_account_goes_with_an_heir(kim: Person, unchanged: Unchanged) -> None:
    """Trades, their money and the cost method go over; what cannot be together is refused."""
    old, heir, other = await depot(kim), await depot(kim, "Heir"), await depot(kim, "Other")
    holding = await hold(kim, account_id=old["id"], pay_from_cash=True)
    await trade(kim, "buy", holding, "2024-02-01", quantity="10", price="30")
    method = f"/portfolio/accounts/{old['id']}/cost-method"
    expect(await kim.http.put(method, json={"method": "lifo"}), 200)
    there = await hold(kim, account_id=heir["id"], quantity="1", purchase_price="50", purchase_date="2024-03-01")
    between = await trade(kim, "transfer", holding, "2024-04-01", quantity="1", to_account_id=heir["id"])
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/accounts/{old['id']}"), 409, "account_in_use")
        assert {use["entity"] for use in refused["used_by"]} == {"trade", "cost_method"}
        answer = await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]})
        problem(answer, 409, "heir_does_not_fit")
    expect(await kim.http.delete(f"/portfolio/trades/{between['id']}"), 204)
    expect(await kim.http.delete(f"/accounts/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    assert (await held(kim, there), await kim.balance(heir)) == (("21", "450.00"), "-400.00")
    await trade(kim, "sell", there, "2024-05-01", quantity="1", price="60")
    assert await gains(kim) == [("1", "10.00", False)]
    await kim.check_integrity()
    # An heir that has a method of its own keeps it.
    mine = f"/portfolio/accounts/{other['id']}/cost-method"
    expect(await kim.http.put(mine, json={"method": "fifo"}), 200)
    expect(await kim.http.delete(f"/accounts/{heir['id']}", params={"reassign_to": other["id"]}), 204)
    assert await gains(kim) == [("1", "50.00", False)]
    assert expect(await kim.http.get(mine), 200)["method"] == "fifo"
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
    assert await gains(kim) == [("1", "10.00", False)]


async def test_a_category_goes_with_an_heir(kim: Person, unchanged: Unchanged) -> None:
    holding = await hold(kim)
    old, heir = await kim.category("Old", kind="income"), await kim.category("New", kind="income")
    paid = await trade(kim, "dividend", holding, "2024-02-01", amount="1", category_id=old["id"])
    async with unchanged(kim):
        refused = problem(await kim.http.delete(f"/categories/{old['id']}"), 409, "category_in_use")
        assert [use["entity"] for use in refused["used_by"]] == ["trade"]
    expect(await kim.http.delete(f"/categories/{old['id']}", params={"reassign_to": heir["id"]}), 204)
    after = await kim.read(f"/portfolio/trades/{paid['id']}")
    assert (after["category_id"], after["revision"] > paid["revision"]) == (heir["id"], True)
    money = await kim.read(f"/transactions/{paid['transaction_id']}")
    assert money["postings"][0]["category_id"] == heir["id"]


async def test_a_private_depot_is_nobody_elses(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    """Robin sees neither what Kim's own account holds, nor what went to it, nor in what way it stands in the way."""
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    shared, own = await depot(kim), await depot(kim, "Own", visibility="private")
    holding = await hold(kim, account_id=shared["id"])
    secret = await hold(kim, "SECRET", account_id=own["id"])
    moved = await trade(kim, "transfer", holding, "2024-02-01", quantity="4", to_account_id=own["id"])
    (there,) = (await kim.read("/portfolio", account_id=own["id"], asset_id=holding["asset_id"]))["items"]
    sold = await trade(kim, "sell", there, "2024-02-02", quantity="3", price="20")
    seen = (await robin.read("/portfolio"))["items"]
    assert [(item["symbol"], item["quantity"]) for item in seen] == [("ACME", "6")]
    assert [row["kind"] for row in (await robin.read("/portfolio/trades"))["items"]] == ["deposit"]
    assert await gains(robin) == []
    for path in (f"/portfolio/trades/{moved['id']}", f"/portfolio/{there['id']}", f"/portfolio/trades/{sold['id']}"):
        assert (await robin.http.get(path)).status_code == 404
    history = await robin.http.get(f"/portfolio/trades/{moved['id']}/history")
    problem(history, 404, "entity_not_found")
    (bought,) = (await robin.read("/portfolio/trades"))["items"]
    async with unchanged(kim):
        problem(await robin.http.delete(f"/portfolio/trades/{bought['id']}"), 409, "private_other_side")
        problem(await attempt(robin, "sell", secret, "2024-03-01", quantity="1", price="1"), 404, "reference_not_found")
        own_method = f"/portfolio/accounts/{own['id']}/cost-method"
        problem(await robin.http.put(own_method, json={"method": "lifo"}), 404, "account_not_found")
    everywhere = await trade(robin, "split", {**holding, "account_id": None}, "2024-03-01", ratio="2")
    assert (everywhere["beside"], await held(robin, holding)) == ([], ("12", "60.00"))
    robin.http.headers.pop("X-Book-Id")
