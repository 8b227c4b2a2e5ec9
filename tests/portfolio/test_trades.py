"""Trades over the real stack: their money, their lots, and what is refused."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.database import Database
from app.portfolio import checking
from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem
from tests.portfolio.trading import attempt, depot, gains, held, hold, trade

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
Document = dict[str, Any]


async def test_a_purchase_and_a_sale(kim: Person) -> None:
    """Cash moves as equity, lots go by the method, and the gain is the proceeds less fees and cost."""
    account = await depot(kim, opening_balance="5000", opening_date="2024-01-01")
    holding = await hold(kim, account_id=account["id"], pay_from_cash=True, fees="5")
    assert (holding["quantity"], holding["cost"], holding["average_cost"]) == ("10", "105.00", "10.5")
    assert await kim.balance(account) == "4895.00"
    second = await trade(kim, "buy", holding, "2024-06-03", quantity="10", price="20", fees="5", taxes="1")
    assert (second["amount"], second["currency"], second["rate"], second["symbol"]) == ("200.00", "EUR", "1", "ACME")
    sold = await trade(kim, "sell", holding, "2025-02-03", quantity="15", amount="450.00", fees="9", taxes="11")
    assert await kim.balance(account) == "5119.00"
    assert await gains(kim) == [("10", "189.00", True), ("5", "44.00", False)]
    assert await held(kim, holding) == ("5", "103.00")
    whole = await kim.read("/portfolio/gains", account_id=account["id"], **{"from": "2025-01-01", "to": "2025-12-31"})
    assert whole["currencies"] == [{"currency": "EUR",
        "short_term": {"proceeds": "147.00", "cost": "103.00", "gain": "44.00"},
        "long_term": {"proceeds": "294.00", "cost": "105.00", "gain": "189.00"},
        "total": {"proceeds": "441.00", "cost": "208.00", "gain": "233.00"}
    }]  # fmt: skip
    assert whole["base"] == whole["currencies"][0]
    assert whole["unconverted"] == []
    money = await kim.read(f"/transactions/{sold['transaction_id']}")
    assert (money["type"], money["amount"], money["description"]) == ("trade", "430.00", "Sell 15 ACME")
    assert [(p["role"], p["amount"], p["category_id"]) for p in money["postings"]] == [("equity", "430.00", None)]
    (found,) = (await kim.read("/transactions", type="trade", q="type:trade", date_from="2025-01-01"))["items"]
    assert found["id"] == sold["transaction_id"]
    (listed,) = (await kim.read("/portfolio/trades", transaction_id=sold["transaction_id"]))["items"]
    assert listed == {**sold, "warnings": []}


async def test_income_is_gross_and_fees_are_spending(kim: Person) -> None:
    account = await depot(kim)
    salary, tax, costs = (
        await kim.category("Dividends", kind="income"),
        await kim.category("Tax"),
        await kim.category("Bank"),
    )
    holding = await hold(kim, account_id=account["id"])
    named = {"category_id": salary["id"], "tax_category_id": tax["id"]}
    paid = await trade(
        kim,
        "dividend",
        holding,
        "2025-03-03",
        amount="25",
        taxes="6.59",
        fees="1",
        fee_category_id=costs["id"],
        **named,
    )
    money = await kim.read(f"/transactions/{paid['transaction_id']}")
    assert [(p["role"], p["amount"], p["category_id"]) for p in money["postings"]] == [
        ("flow", "25.00", salary["id"]),
        ("flow", "-6.59", tax["id"]),
        ("flow", "-1.00", costs["id"]),
    ]
    assert await kim.balance(account) == "17.41"
    await trade(kim, "fee", holding, "2025-03-04", amount="2.41", category_id=costs["id"])
    await trade(kim, "interest", holding, "2025-03-05", amount="5")
    assert await kim.balance(account) == "20.00"
    bought = await trade(
        kim, "reinvest", holding, "2025-03-06", quantity="0.5", price="20", taxes="2.50", fees="1", **named
    )
    assert (bought["amount"], await kim.balance(account)) == ("13.50", "20.00")
    assert await held(kim, holding) == ("10.5", "111.00")
    found = await kim.read("/transactions", category_id=salary["id"])
    assert len(found["items"]) == 2
    report = await kim.read("/reports/monthly", year=2025, month=3)
    assert report["total_income"] == "43.50"
    # Its categories are the trade's: nothing else changes them.
    moved = {"filter": {"category_id": [salary["id"]]}, "category_id": None}
    changed = expect(await kim.http.post("/transactions/recategorise", json={**moved, "dry_run": False}), 200)
    assert changed["count"] == 0


async def test_what_happens_to_shares_without_cash(kim: Person) -> None:
    """Splits on all accounts in one request, transfers, mergers, spin-offs, withdrawals: no money moves."""
    first, second = await depot(kim), await depot(kim, "Second")
    holding = await hold(kim, account_id=first["id"])
    other = await hold(kim, account_id=second["id"], quantity="5")
    new = await hold(kim, "NEW", account_id=first["id"], quantity="1", purchase_price="1")
    split = await trade(kim, "split", {**holding, "account_id": None}, "2024-05-02", ratio="3:1")
    assert len(split["beside"]) == 1
    assert await held(kim, holding) == ("30", "100.00")
    assert await held(kim, other) == ("15", "50.00")
    await trade(kim, "split", holding, "2024-05-03", ratio="1:3")
    assert await held(kim, holding) == ("10", "100.00")
    await trade(kim, "transfer", holding, "2024-05-04", quantity="4", to_account_id=second["id"])
    assert await held(kim, holding) == ("6", "60.00")
    assert await held(kim, other) == ("19", "90.00")
    await trade(kim, "spin_off", holding, "2024-05-05", to_asset_id=new["asset_id"], ratio="1:2", cost_percent="12.5")
    assert await held(kim, holding) == ("6", "52.50")
    assert await held(kim, new) == ("4", "8.50")
    await trade(kim, "withdrawal", holding, "2024-05-06", quantity="1")
    await trade(kim, "return_of_capital", holding, "2024-05-07", amount="5")
    assert await held(kim, holding) == ("5", "38.75")
    await trade(kim, "merger", holding, "2024-05-08", to_asset_id=new["asset_id"], ratio="2", amount="40")
    assert await held(kim, holding) == ("0", "0.00")
    assert await held(kim, new) == ("14", "8.50")
    assert await gains(kim) == [("0", "1.25", False)]
    assert [item["symbol"] for item in (await kim.read("/portfolio"))["items"]] == ["ACME", "NEW"]
    lots = (await kim.read(f"/portfolio/{new['id']}"))["lots"]
    assert [(lot["acquired_on"], lot["quantity"], lot["cost"]) for lot in lots] == [
        ("2024-01-02", "1", "1.00"),
        ("2024-01-02", "3", "7.50"),
        ("2024-01-02", "10", "0.00"),
    ]
    assert await kim.balance(first) == "45.00"
    assert {row["kind"] for row in (await kim.read("/portfolio/trades", account_id=second["id"]))["items"]} == {
        "deposit",
        "split",
        "transfer",
    }


async def test_a_later_sale_stands_in_the_way(kim: Person, unchanged: Unchanged) -> None:
    """Whatever takes away what a later trade needs is refused, names that trade, and changes nothing."""
    holding = await hold(kim)
    bought = await trade(kim, "buy", holding, "2024-02-01", quantity="10", price="20")
    sold = await trade(kim, "sell", holding, "2024-03-01", quantity="15", price="30")
    revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    async with unchanged(kim):
        for path, body in (
            (f"/portfolio/trades/{bought['id']}", {"quantity": "4"}),
            (f"/portfolio/trades/{bought['id']}", {"date": "2024-03-02"}),
        ):
            refused = problem(await kim.http.patch(path, json=body), 409, "would_oversell")
            assert (refused["trade_id"], refused["kind"], refused["reason"]) == (sold["id"], "sell", "oversold")
        refused = problem(await kim.http.delete(f"/portfolio/trades/{bought['id']}"), 409, "would_oversell")
        assert (refused["held"], refused["quantity"], refused["date"]) == ("10", "15", "2024-03-01")
        problem(await attempt(kim, "sell", holding, "2024-02-15", quantity="6", price="1"), 409, "would_oversell")
        undo = {"revision": revision - 1}
        problem(await kim.http.post(f"/books/{kim.book_id}/undo", json=undo), 409, "would_oversell")
        refused = problem(await attempt(kim, "sell", holding, "2024-03-02", quantity="5.1", price="1"), 409, "oversold")
        assert (refused["held"], refused["quantity"]) == ("5", "5.1")
        problem(await attempt(kim, "sell", holding, "2024-01-01", quantity="1", price="1"), 409, "oversold")
        problem(await kim.http.patch(f"/portfolio/trades/{sold['id']}", json={"quantity": "21"}), 409, "oversold")
    both = await asyncio.gather(
        *(attempt(kim, "sell", holding, "2024-04-01", quantity="3", price="30") for _ in range(2))
    )
    assert sorted(answer.status_code for answer in both) == [201, 409]


async def test_a_trade_is_changed_deleted_and_brought_back(kim: Person) -> None:
    account = await depot(kim, opening_balance="1000", opening_date="2024-01-01")
    holding = await hold(kim, account_id=account["id"])
    bought = await trade(kim, "buy", holding, "2024-02-01", quantity="10", price="20", fees="3", external_id="A-1")
    path = f"/portfolio/trades/{bought['id']}"
    stale = {"If-Match": f'"{bought["revision"] - 1}"'}
    problem(await kim.http.patch(path, json={"fees": "4"}, headers=stale), 412, "revision_mismatch")
    changed = expect(await kim.http.patch(path, json={"quantity": "11", "fees": None, "notes": "n"}), 200)
    assert (changed["amount"], changed["fees"], changed["transaction_id"]) == (
        "220.00",
        "0.00",
        bought["transaction_id"],
    )
    assert changed["created_at"] == bought["created_at"]
    assert await kim.balance(account) == "780.00"
    body = {"kind": "deposit", "date": "2024-02-02", "quantity": "1", "cost": "9", "asset_id": holding["asset_id"]}
    replaced = expect(await kim.http.put(path, json={**body, "account_id": account["id"]}), 200)
    assert (replaced["transaction_id"], replaced["external_id"]) == (None, None)
    assert await kim.balance(account) == "1000.00"
    assert await held(kim, holding) == ("11", "109.00")
    for revision, balance, position in (
        (replaced["revision"], "780.00", ("21", "320.00")),
        (changed["revision"], "797.00", ("20", "303.00")),
    ):
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)
        assert (await kim.balance(account), await held(kim, holding)) == (balance, position)
        await kim.check_integrity()
    assert expect(await kim.http.get(path), 200)["external_id"] == "A-1"
    expect(await kim.http.delete(path), 204)
    assert await kim.balance(account) == "1000.00"
    problem(await kim.http.get(path), 404, "trade_not_found")
    gone = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": gone}), 200)
    back = expect(await kim.http.get(path), 200)
    assert (back["transaction_id"], back["created_at"]) == (bought["transaction_id"], bought["created_at"])
    assert await held(kim, holding) == ("20", "303.00")
    feed = await kim.read(f"/books/{kim.book_id}/changes", since=gone)
    assert {"trade", "transaction", "account"} <= {item["entity"] for item in feed["items"]}


async def test_the_money_of_a_trade_is_changed_through_it(kim: Person, unchanged: Unchanged) -> None:
    holding = await hold(kim, pay_from_cash=True)
    (bought,) = (await kim.read("/portfolio/trades"))["items"]
    path = f"/transactions/{bought['transaction_id']}"
    expense = {"type": "expense", "date": "2024-01-02", "amount": "1", "account_id": holding["account_id"]}
    async with unchanged(kim):
        problem(await kim.http.put(path, json=expense), 409, "belongs_to_trade")
        problem(await kim.http.patch(path, json={"notes": "n"}), 409, "belongs_to_trade")
        problem(await kim.http.delete(path), 409, "belongs_to_trade")
        for operation in ({"op": "delete"}, {"op": "patch", "changes": {"notes": "n"}}):
            body = {"mode": "atomic", "operations": [{**operation, "id": bought["transaction_id"]}]}
            refused = problem(await kim.http.post("/transactions/bulk", json=body), 422, "invalid_input")
            assert {code for _, code in fields(refused)} == {"belongs_to_trade"}
    # It is reconciled as any other; then the trade keeps what moved, and may change what did not.
    body = {"statement_date": "2024-01-31", "statement_balance": "-100.00"}
    expect(await kim.http.post(f"/accounts/{holding['account_id']}/reconcile", json=body), 201)
    trade_path = f"/portfolio/trades/{bought['id']}"
    async with unchanged(kim):
        problem(await kim.http.patch(trade_path, json={"price": "11"}), 409, "sealed")
        problem(await kim.http.delete(trade_path), 409, "sealed")
    changed = expect(await kim.http.patch(trade_path, json={"notes": "seen"}), 200)
    assert (await kim.read(path))["status"] == "reconciled"
    assert changed["notes"] == "seen"


async def test_closed_periods(kim: Person, unchanged: Unchanged) -> None:
    holding = await hold(kim)
    sold = await trade(kim, "sell", holding, "2024-02-01", quantity="1", price="30")
    split = await trade(kim, "split", holding, "2024-02-02", ratio="2")
    undone = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    method = f"/portfolio/accounts/{holding['account_id']}/cost-method"
    await trade(kim, "buy", holding, "2024-01-20", quantity="1", price="99")
    expect(await kim.http.put(method, json={"method": "lifo"}), 200)
    counted = (await kim.read(f"/books/{kim.book_id}"))["revision"]
    lock = {"locked_until": "2024-02-29"}
    expect(await kim.http.put(f"/books/{kim.book_id}/lock", json=lock), 200)
    async with unchanged(kim):
        problem(await attempt(kim, "split", holding, "2024-02-29", ratio="2"), 409, "period_locked")
        problem(await kim.http.delete(f"/portfolio/trades/{split['id']}"), 409, "period_locked")
        problem(
            await kim.http.patch(f"/portfolio/trades/{sold['id']}", json={"date": "2024-03-01"}), 409, "period_locked"
        )
        problem(await kim.http.put(method, json={"method": "fifo"}), 409, "period_locked")
        for revision in (undone, counted):
            undo = {"revision": revision}
            problem(await kim.http.post(f"/books/{kim.book_id}/undo", json=undo), 409, "period_locked")
    await trade(kim, "split", holding, "2024-03-01", ratio="2")


async def test_cost_methods(kim: Person, unchanged: Unchanged) -> None:
    holding = await hold(kim)
    path = f"/portfolio/accounts/{holding['account_id']}/cost-method"
    first = expect(await kim.http.get(path), 200)
    assert (first["id"], first["method"], first["long_term_months"], first["revision"]) == (None, "fifo", 12, 0)
    second = await trade(kim, "buy", holding, "2024-02-01", quantity="10", price="20")
    (lot, _) = (await kim.read(f"/portfolio/{holding['id']}"))["lots"]
    chosen = [{"trade_id": second["id"], "quantity": "4"}, {"trade_id": lot["trade_id"], "quantity": "1"}]
    sold = await trade(kim, "sell", holding, "2024-03-01", quantity="5", price="30", lots=chosen)
    assert await gains(kim) == [("5", "100.00", False)]
    made: Document = {}
    expected = {
        "specific": [("4", "40.00"), ("1", "20.00")],
        "lifo": [("5", "50.00")],
        "hifo": [("5", "50.00")],
        "average": [("5", "75.00")],
    }
    for method, found in expected.items():
        body = {"method": method, "long_term_months": 0}
        made = expect(await kim.http.put(path, json=body), 200)
        assert (made["method"], await gains(kim)) == (method, [(*each, True) for each in found])
        await kim.check_integrity()
    undo = {"revision": made["revision"]}
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json=undo), 200)
    assert await gains(kim) == [("5", "50.00", True)]
    events = (await kim.read(f"/portfolio/cost-methods/{made['id']}/history"))["items"]
    assert [each["after"]["method"] for each in events] == ["hifo", "average", "hifo", "lifo", "specific"]
    tag = {"If-Match": '"1"'}
    problem(await kim.http.put(path, json={"method": "fifo"}, headers=tag), 412, "revision_mismatch")
    expect(await kim.http.put(path, json={"method": "specific"}), 200)
    bad = f"/portfolio/trades/{sold['id']}"
    async with unchanged(kim):
        problem(await kim.http.put(path, json={"method": "best"}), 422, "invalid_input")
        problem(await kim.http.get(f"/portfolio/accounts/{UNKNOWN}/cost-method"), 404, "account_not_found")
        none = [{"trade_id": UNKNOWN, "quantity": "5"}]
        refused = problem(await kim.http.patch(bad, json={"lots": none}), 409, "lot_not_held")
        assert refused["lot_trade_id"] == UNKNOWN
        for wrong in ([{"trade_id": UNKNOWN, "quantity": "4"}], [*chosen, {**chosen[0], "quantity": "0.5"}], []):
            problem(await kim.http.patch(bad, json={"lots": wrong}), 422, "invalid_input")


async def test_prices_in_other_currencies(kim: Person, owner_database: Database, unchanged: Unchanged) -> None:
    """The rate is sent, follows from the amount, or is looked up; without one nothing is guessed."""
    account = await depot(kim)
    dollars = await depot(kim, "Dollars", currency="USD")
    async with owner_database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO book_rates (book_id, base, quote, date, rate, source, revision) "
                "VALUES (:book, 'USD', 'EUR', '2024-02-01', 0.8, 'manual', 1),"
                "(:book, 'USD', 'EUR', '2024-03-01', 0.9, 'manual', 1)"
            ),
            {"book": kim.book_id},
        )
    holding = await hold(
        kim, "USX", account_id=account["id"], currency="USD", purchase_date="2024-02-03", purchase_price="10"
    )
    assert (holding["cost"], holding["currency"], holding["base_cost"]) == ("80.00", "EUR", "80.00")
    known = await trade(kim, "buy", holding, "2024-02-01", quantity="1", price="10")
    sent = await trade(kim, "buy", holding, "2025-01-02", quantity="1", price="10", rate="0.75")
    implied = await trade(kim, "buy", holding, "2025-01-02", quantity="1", price="10", amount="7.70")
    own = await trade(kim, "buy", holding, "2025-01-02", quantity="1", price="10", currency="EUR")
    free = await trade(kim, "buy", holding, "2024-02-01", quantity="1", price="10", amount="0")
    assert [(each["amount"], each["rate"]) for each in (known, sent, implied, own, free)] == [
        ("8.00", "0.8"),
        ("7.50", "0.75"),
        ("7.70", "0.77"),
        ("10.00", "1"),
        ("0.00", "0.8"),
    ]
    expect(await kim.http.delete(f"/portfolio/trades/{free['id']}"), 204)
    async with unchanged(kim):
        refused = problem(await attempt(kim, "buy", holding, "2025-01-02", quantity="1", price="10"), 422, "no_rate")
        assert fields(refused) == {("rate", "no_rate")}
        body = {"symbol": "USY", "quantity": "1", "purchase_price": "1", "purchase_date": "2025-01-02"}
        answer = await kim.http.post("/portfolio", json={**body, "currency": "USD", "account_id": account["id"]})
        problem(answer, 422, "no_rate")
        moved = {"quantity": "1", "to_account_id": dollars["id"]}
        problem(await attempt(kim, "transfer", holding, "2025-01-03", **moved), 422, "no_rate")
        for price in ({"rate": "2", "currency": "EUR"}, {"currency": "XXQ"}):
            answer = await attempt(kim, "buy", holding, "2025-01-02", quantity="1", price="10", **price)
            problem(answer, 422, "invalid_input")
    await trade(kim, "transfer", holding, "2025-01-03", **moved, rate="1.25")
    there = await hold(kim, "USX", account_id=dollars["id"], currency="USD", purchase_date="2024-03-01")
    assert (there["quantity"], there["cost"], there["base_cost"]) == ("11", "110.00", "98.00")
    await trade(kim, "sell", there, "2024-03-02", quantity="1", price="30")
    await trade(kim, "sell", there, "2025-06-02", quantity="1", price="30")
    found = await kim.read("/portfolio/gains", account_id=dollars["id"])
    assert [(item["base_proceeds"], item["base_cost"], item["base_gain"]) for item in found["items"]] == [
        ("27.00", "9.00", "18.00"),
        (None, "8.00", None),
    ]
    assert found["base"]["total"] == {"proceeds": "27.00", "cost": "9.00", "gain": "18.00"}
    assert found["unconverted"] == [
        {"currency": "USD", "disposals": 1, "proceeds": "30.00", "cost": "10.00", "gain": "20.00"}
    ]
    # Another day or currency has the rate looked up anew.
    moved_day = expect(await kim.http.patch(f"/portfolio/trades/{known['id']}", json={"date": "2024-03-03"}), 200)
    assert (moved_day["rate"], moved_day["amount"]) == ("0.9", "9.00")


async def test_bad_trades_change_nothing(kim: Person, robin: Person, unchanged: Unchanged) -> None:
    account, gone = await depot(kim), await depot(kim, "Gone")
    card = await kim.account("Card", type="credit_card")
    holding = await hold(kim, account_id=account["id"])
    theirs = await hold(robin)
    income, food = await kim.category("Dividends", kind="income"), await kim.category("Food")
    await trade(kim, "buy", holding, "2024-02-01", quantity="1", price="1", external_id="one")
    expect(await kim.http.patch(f"/accounts/{gone['id']}", json={"archived": True}), 200)
    buy = {"quantity": "1", "price": "1"}
    wrong: tuple[tuple[str, Document, int, str], ...] = (
        ("buy", {}, 422, "invalid_input"),
        ("buy", {"quantity": "0", "price": "1"}, 422, "invalid_input"),
        ("buy", {"quantity": "-1", "price": "1"}, 422, "invalid_input"),
        ("buy", {"quantity": "1e3", "price": "1"}, 422, "invalid_input"),
        ("buy", {"quantity": True, "price": "1"}, 422, "invalid_input"),
        ("buy", {"quantity": "1.1234567890123456789", "price": "1"}, 422, "invalid_input"),
        ("buy", {**buy, "fees": "0.001"}, 422, "invalid_input"),
        ("buy", {**buy, "kind": "short"}, 422, "invalid_input"),
        ("buy", {**buy, "ratio": "2"}, 422, "invalid_input"),
        ("buy", {"quantity": "100000000000000", "price": "100000000000000"}, 422, "invalid_input"),
        ("buy", {**buy, "date": "2999-01-01"}, 422, "invalid_input"),
        ("buy", {**buy, "external_id": "one"}, 409, "duplicate_external_id"),
        ("buy", {**buy, "account_id": UNKNOWN}, 404, "reference_not_found"),
        ("buy", {**buy, "account_id": theirs["account_id"]}, 404, "reference_not_found"),
        ("buy", {**buy, "asset_id": theirs["asset_id"]}, 404, "reference_not_found"),
        ("buy", {**buy, "account_id": gone["id"]}, 409, "archived"),
        ("buy", {**buy, "account_id": card["id"]}, 422, "invalid_input"),
        ("dividend", {"amount": "1", "category_id": food["id"]}, 422, "invalid_input"),
        ("dividend", {"amount": "1", "tax_category_id": income["id"]}, 422, "invalid_input"),
        ("fee", {"amount": "1", "category_id": income["id"]}, 422, "invalid_input"),
        ("dividend", {"amount": "0"}, 422, "invalid_input"),
        ("reinvest", {"quantity": "1", "amount": "1", "taxes": "2"}, 422, "invalid_input"),
        ("deposit", {"quantity": "1", "cost": "1", "acquired_on": "2025-01-01"}, 422, "invalid_input"),
        ("transfer", {"quantity": "1", "to_account_id": account["id"]}, 422, "invalid_input"),
        ("transfer", {"quantity": "1", "to_account_id": gone["id"], "rate": "2"}, 422, "invalid_input"),
        ("transfer", {"quantity": "1", "to_account_id": theirs["account_id"]}, 404, "reference_not_found"),
        ("merger", {"to_asset_id": holding["asset_id"], "ratio": "1"}, 422, "invalid_input"),
        ("spin_off", {"to_asset_id": UNKNOWN, "ratio": "1", "cost_percent": "100.1"}, 422, "invalid_input"),
        *(("split", {"ratio": ratio}, 422, "invalid_input") for ratio in ("0", "-1", "0:1", "1:", "x", True, 10**7)),
        ("split", {"ratio": "0." + "1" * 41}, 422, "invalid_input"),
        ("split", {"ratio": "2", "account_id": None, "date": "2023-01-01"}, 409, "nothing_held"),
        ("split", {"ratio": "2", "date": "2023-01-01"}, 409, "nothing_held"),
    )
    async with unchanged(kim):
        for kind, changes, status, code in wrong:
            wanted = {"kind": kind, "date": "2024-03-01", **changes}
            places = {"account_id": holding["account_id"], "asset_id": holding["asset_id"]}
            problem(await kim.http.post("/portfolio/trades", json={**places, **wanted}), status, code)
        taken = (await kim.read("/portfolio/trades"))["items"][0]["id"]
        problem(await attempt(kim, "buy", holding, "2024-03-01", **buy, id=taken), 409, "id_taken")
        path = f"/portfolio/trades/{taken}"
        problem(await kim.http.patch(path, json={"quantity": None}), 422, "invalid_input")
        problem(await kim.http.patch(path, json={"ratio": "2"}), 422, "invalid_input")
        body = {"kind": "buy", "date": "2024-02-01", "account_id": account["id"], "asset_id": holding["asset_id"]}
        problem(await kim.http.put(path, json={**body, **buy, "id": UNKNOWN}), 422, "invalid_input")
        problem(await kim.http.patch(f"/portfolio/trades/{UNKNOWN}", json={}), 404, "trade_not_found")
        problem(await robin.http.get(path), 404, "trade_not_found")
        problem(await robin.http.delete(path), 404, "trade_not_found")
    odd = await trade(kim, "buy", holding, "2024-03-01", quantity="10", price="10", amount="10", notes="a\x00b")
    assert [warning["code"] for warning in odd["warnings"]] == ["amount_differs"]
    assert odd["notes"] == "ab"


async def test_lists_are_walked_by_cursor(kim: Person) -> None:
    holding = await hold(kim)
    for day in range(1, 8):
        await trade(kim, "sell", holding, f"2024-02-0{1 + day // 2}", quantity="1", price="12")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await kim.read("/portfolio/trades", limit=3, sort="date", include_total="true", **cursor)
        seen += [item["id"] for item in page["items"]]
        assert page["total"] == 8
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    newest = await kim.read("/portfolio/trades", kind=["sell", "buy"], date_from="2024-02-01", date_to="2024-02-09")
    assert seen[1:] == [item["id"] for item in reversed(newest["items"])]
    gained, cursor = [], {}
    for _ in range(3):
        page = await kim.read("/portfolio/gains", limit=3, include_total="true", **cursor)
        gained += [item["trade_id"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (gained, page["next_cursor"], page["total"]) == (seen[1:], None, 7)
    for path in ("/portfolio/trades", "/portfolio/gains"):
        for bad in ("x", page["next_cursor"] or "W10"):
            problem(await kim.get(path, cursor=bad), 422, "invalid_input")
    problem(await kim.get("/portfolio/gains", **{"from": "2024-02-01", "to": "2024-01-01"}), 422, "invalid_input")
    empty = await kim.read("/portfolio/gains", **{"from": "2030-01-01"})
    assert (empty["currencies"], empty["base"]["total"]["gain"]) == ([], "0.00")


async def test_what_is_kept_is_proved_by_computing_it_again(kim: Person, owner_database: Database) -> None:
    """A base cost is in no sum of the other checks; nor is a trade that cannot be."""
    holding = await hold(kim)
    await trade(kim, "sell", holding, "2024-02-01", quantity="1", price="12")
    named = {"book": kim.book_id}
    found = []
    for table, change in (
        ("lots", "base_cost = base_cost + 1"),
        ("disposals", "long_term = NOT long_term"),
        ("trades", "quantity = CASE kind WHEN 'sell' THEN 100 ELSE quantity END"),
    ):
        async with owner_database.engine.connect() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            await connection.execute(text(f"UPDATE {table} SET {change} WHERE book_id = :book"), named)
            await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), named)
            rows = await checking.differences(connection, UUID(kim.book_id), 5)
            found.append([(row["kept_in"], row["side"]) for row in rows])
            await connection.rollback()
    assert found == [
        [("lots", "kept"), ("lots", "computed")],
        [("disposals", "kept"), ("disposals", "computed")],
        [("trades", "oversold")],
    ]


async def test_a_trade_of_more_than_any_amount_is_refused(kim: Person, unchanged: Unchanged) -> None:
    holding = await hold(kim, account_id=(await depot(kim, currency="AAVE"))["id"], currency="AAVE")
    most = "999999999999999"
    async with unchanged(kim):
        answer = await attempt(kim, "buy", holding, "2024-01-03", quantity=most, price=most, rate=most, currency="EUR")
        assert fields(problem(answer, 422, "invalid_input")) == {("amount", "too_large")}
