"""Days that are still to come: periods end today, and balances of then are valued by what is known today."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.access import context
from tests.people import Person, expect, fields, problem
from tests.performance.world import World

TODAY, TOMORROW, LATER = "2026-03-15", "2026-03-16", "2026-12-31"
Document = dict[str, Any]


@pytest.fixture(autouse=True)
def march(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noon of 15 March 2026 in UTC; in Auckland it is the 16th."""
    monkeypatch.setattr(context, "now", lambda: datetime(2026, 3, 15, 12, tzinfo=UTC))


async def lives_in(person: Person, zone: str) -> None:
    expect(await person.http.patch("/users/me", json={"time_zone": zone}), 200)


@pytest.fixture
async def share(world: World) -> Document:
    """Ten of a share in dollars, 1,000.00 euros now; of later days there is a price and a rate that nobody may use."""
    depot = await world.account()
    asset = await world.asset("SHARE", "USD")
    await world.price(asset, {"2026-01-05": "100", "2026-03-13": "120", TOMORROW: "500", "2026-12-30": "999"})
    await world.rate("EUR", "USD", {"2026-01-04": "1.25", "2026-01-05": "1.25", "2026-03-13": "1.2"})
    await world.rate("EUR", "USD", {TOMORROW: "1.5", "2026-12-30": "9"})
    world.buy("2026-01-05", depot, asset, "10", "800.00")
    await world.settle()
    return {"depot": depot, "asset": asset}


@pytest.mark.usefixtures("share")
async def test_a_period_ends_today(kim: Person) -> None:
    for path, more in (("performance", {}), ("history", {"every": "month"}), ("history", {})):
        for begin in ({}, {"from": "2026-01-01"}):
            now = await kim.read(f"/portfolio/{path}", **begin, **more, to=TODAY)
            assert await kim.read(f"/portfolio/{path}", **begin, **more, to=LATER) == now
            assert await kim.read(f"/portfolio/{path}", **begin, **more) == now
            assert now["to"] == TODAY
    found = await kim.read("/portfolio/performance", **{"from": "2026-01-01", "to": LATER})
    assert (found["days"], found["gain"], found["end_value"]) == (74, "200.00", "1000.00")
    assert (found["time_weighted"]["percent"], found["money_weighted"]["percent"]) == ("25.0000", "25.0000")
    assert found["unpriced"] == found["unconverted"] == []
    points = (await kim.read("/portfolio/history", every="month", **{"from": "2026-01-01", "to": LATER}))["points"]
    assert [(point["date"], point["value"]) for point in points][-1] == (TODAY, "1000.00")


@pytest.mark.usefixtures("share")
async def test_what_is_all_to_come_is_refused(kim: Person) -> None:
    for path in ("performance", "history"):
        for asked, wrong in (
            ({"from": TOMORROW}, ("query.from", "period_in_future")),
            ({"from": TOMORROW, "to": LATER}, ("query.from", "period_in_future")),
            ({"from": LATER, "to": TOMORROW}, ("query.from", "from_after_to")),
            ({"from": TODAY, "to": "2026-03-14"}, ("query.from", "from_after_to")),
        ):
            body = problem(await kim.get(f"/portfolio/{path}", **asked), 422, "invalid_input")
            assert fields(body) == {wrong}, asked
        assert (await kim.read(f"/portfolio/{path}", **{"from": TODAY, "to": LATER}))["from"] == TODAY
    for path in ("valuation", "allocation"):
        body = problem(await kim.get(f"/portfolio/{path}", at=TOMORROW), 422, "invalid_input")
        assert fields(body) == {("query.at", "date_in_future")}
        assert "today is 2026-03-15" in body["detail"]
        assert (await kim.read(f"/portfolio/{path}", at=TODAY))["total_value"] == "1000.00"
    await lives_in(kim, "Pacific/Auckland")
    assert (await kim.read("/portfolio/valuation", at=TOMORROW))["total_value"] == "3333.33"


async def test_a_balance_sheet_of_a_day_to_come(kim: Person, world: World, share: Document) -> None:
    """Balances are those of that day, and so is what somebody further east has entered already."""
    cash = await kim.account("Cash", opening_balance="500.00", opening_date="2026-01-01")
    await kim.account("Dollars", currency="USD", opening_balance="120.00", opening_date="2026-01-01")
    await kim.account("Yen", currency="JPY", opening_balance="9", opening_date="2026-01-01")
    await lives_in(kim, "Pacific/Auckland")
    await kim.add(account_id=cash["id"], date=TOMORROW, amount="50.00")
    await lives_in(kim, "Europe/Berlin")
    unpriced = await world.asset("NOPRICE")
    world.buy("2026-01-05", share["depot"], unpriced, "1", "1.00")
    world.buy(TOMORROW, share["depot"], share["asset"], "1", "100.00")
    await world.settle()

    async def sheet(day: str, **more: str) -> Document:
        found: Document = await kim.read("/reports/balance-sheet", **{"at": day, "compare": "none", **more})
        return found

    def worth(found: Document) -> dict[str, str]:
        return {line["name"]: line["amount"] for line in found["assets"]}

    now, then = await sheet(TODAY), await sheet(LATER)
    assert worth(now) == {"Cash": "500.00", "Depot": "1000.00", "Dollars": "100.00", "Yen": None}
    assert worth(then) == {"Cash": "450.00", "Depot": "1100.00", "Dollars": "100.00", "Yen": None}
    assert (now["net_worth"]["amount"], then["net_worth"]["amount"]) == ("1600.00", "1650.00")
    for day, found in ((TODAY, now), (LATER, then)):
        assert [(each["currency"], each["date"]) for each in found["unconverted"]] == [("JPY", day)]
        assert [(each["asset_id"], each["date"]) for each in found["unpriced"]] == [(str(unpriced), day)]
    both = await sheet(LATER, against=TODAY)
    assert (both["net_worth"]["amount"], both["net_worth"]["previous"]) == ("1650.00", "1600.00")
    assert {each["date"] for each in both["unpriced"]} == {LATER, TODAY}
    points = (await kim.read("/reports/networth", **{"from": "2026-01-01", "to": LATER}))["points"]
    assert (points[-1]["date"], points[-1]["net_worth"]) == (TODAY, "1600.00")


@pytest.mark.usefixtures("share")
async def test_what_is_entered_ahead_is_converted_by_the_rate_of_today(kim: Person) -> None:
    cash = await kim.account("Cash")
    await lives_in(kim, "Pacific/Auckland")
    for day in (TODAY, TOMORROW):
        await kim.add(account_id=cash["id"], date=day, amount="50.00", payee="Grid")
    await lives_in(kim, "Europe/Berlin")
    year = {"from": "2026-01-01", "to": LATER, "currency": "USD"}
    found = await kim.read("/reports/income-statement", **year, compare="none")
    assert (found["expenses"]["amount"], found["unconverted"]) == ("120.00", [])
    weekdays = await kim.read("/reports/weekdays", **year)
    assert [each["amount"] for each in weekdays["items"] if each["amount"] != "0.00"] == ["60.00", "60.00"]
    payees = await kim.read("/reports/payees", **year)
    assert [(each["name"], each["amount"]) for each in payees["items"]] == [("Grid", "120.00")]
    definition = {
        "name": "The year",
        "measures": ["expenses"],
        "dimensions": ["quarter"],
        "filters": {"period": f"2026-01-01..{LATER}"},
        "currency": "USD",
    }
    saved = expect(await kim.http.post("/reports/saved", json=definition), 201)
    ran = await kim.read(f"/reports/saved/{saved['id']}/run")
    assert (ran["totals"]["expenses"], ran["unconverted"]) == ("120.00", [])
