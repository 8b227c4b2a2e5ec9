"""What was gained in a time, and at which rates, over the real stack."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.people import Person, expect
from tests.performance.world import World

D = Decimal
Document = dict[str, Any]


async def performance(person: Person, first: str | None, last: str, **more: Any) -> Document:
    period = {"to": last} if first is None else {"from": first, "to": last}
    found: Document = await person.read("/portfolio/performance", **period, **more)
    return found


# Two shares of the CFA curriculum; see test_returns.py. 2021 and 2022 have 365 days each.
async def test_two_shares_entered_as_trades(kim: Person, world: World) -> None:
    depot = await kim.account("Depot", type="investment")
    share = str(await world.asset("CFA"))
    steps: tuple[Document, ...] = (
        {"kind": "buy", "date": "2021-01-01", "quantity": "1", "price": "200"},
        {"kind": "buy", "date": "2022-01-01", "quantity": "1", "price": "225"},
        {"kind": "dividend", "date": "2022-01-01", "amount": "5"},
        {"kind": "dividend", "date": "2023-01-01", "amount": "10"},
        {"kind": "sell", "date": "2023-01-01", "quantity": "2", "price": "235"},
    )
    made = []
    for step in steps:
        body = {"account_id": depot["id"], "asset_id": share, **step}
        made.append(expect(await kim.http.post("/portfolio/trades", json=body), 201))
    await world.price(UUID(share), {"2021-01-01": "200", "2022-01-01": "225", "2023-01-01": "235"})
    found = await performance(kim, None, "2023-01-01")
    assert (found["from"], found["start_value"], found["end_value"]) == ("2021-01-01", "0.00", "0.00")
    assert (found["inflow"], found["outflow"], found["income"], found["gain"]) == ("425.00", "470.00", "15.00", "60.00")
    assert (found["realised_gain"], found["unrealised_gain"], found["dividends"]) == ("45.00", "0.00", "15.00")
    # Of the two years in which there was money in it: the root of 1.226667, and 1.093928 to the power of 730 / 365.
    assert found["time_weighted"]["percent"] == "22.6667"
    assert found["time_weighted"]["annual_percent"] == "10.7550"
    assert found["money_weighted"]["annual_percent"] == "9.3928"
    assert found["money_weighted"]["percent"] == "19.6679"
    assert found["unpriced"] == found["unconverted"] == []
    for trade in reversed(made):
        expect(await kim.http.delete(f"/portfolio/trades/{trade['id']}"), 204)


async def test_what_a_half_year_brought(kim: Person, world: World) -> None:
    """Two shares held before, one sold in part, income, fees and taxes; everything sums."""
    depot = await world.account()
    one, two = await world.asset("ONE"), await world.asset("TWO")
    index = await world.asset("INDEX")
    world.buy("2025-01-10", depot, one, "10", "1000.00", fees="10.00")
    world.buy("2025-03-01", depot, two, "5", "500.00")
    world.sell("2025-08-01", depot, one, "4", "520.00", fees="4.00", taxes="6.00")
    world.buy("2025-09-01", depot, two, "5", "600.00", taxes="1.00")
    world.trade("dividend", "2025-10-01", depot, two, amount="30.00", taxes="8.00")
    world.trade("interest", "2025-10-02", depot, two, amount="2.00")
    world.trade("fee", "2025-10-03", depot, one, amount="3.00")
    world.trade("reinvest", "2025-11-01", depot, one, quantity="1", amount="135.00", taxes="5.00")
    world.trade("return_of_capital", "2025-11-02", depot, two, amount="20.00")
    await world.settle()
    for asset, prices in (
        (one, {"2025-06-30": "120", "2025-08-01": "130", "2025-12-31": "140"}),
        (two, {"2025-06-30": "110", "2025-09-01": "120", "2025-12-31": "118"}),
        (index, {"2025-06-30": "1000", "2025-08-01": "1050", "2025-12-31": "1100"}),
    ):
        await world.price(asset, prices)
    found = await performance(kim, "2025-07-01", "2025-12-31", benchmark_asset_id=str(index))
    assert (found["start_value"], found["end_value"], found["days"]) == ("1750.00", "2160.00", 184)
    # 601 and 130 in; 510 out; 22 + 2 - 3 + 130 + 20 of income.
    assert (found["inflow"], found["outflow"], found["income"]) == ("731.00", "510.00", "171.00")
    assert found["gain"] == "360.00"
    assert (found["dividends"], found["interest"], found["fees"], found["taxes"]) == (
        "165.00",
        "2.00",
        "7.00",
        "20.00",
    )
    # Gain: realised, unrealised, dividends and interest, less the fee for holding and the taxes that were withheld; the
    # fee of the sale is in the realised gain, the tax of the purchase in the cost.
    realised, unrealised = D(found["realised_gain"]), D(found["unrealised_gain"])
    assert realised == D("516.00") - D("404.00")
    assert realised + unrealised + D("165") + D("2") - D("3") - D("19") == D("360")
    assert sum(D(each["gain"]) for each in found["holdings"]) == D("360")
    parts = sum(D(each["contribution_percent"]) for each in found["holdings"])
    assert str(parts) == found["modified_dietz"]["percent"]
    # 1750 = 17.5 x 100 x ...: what was in the shares buys 1.75 of the index.
    benchmark = found["benchmark"]
    assert (benchmark["symbol"], benchmark["own"]["percent"]) == ("INDEX", "10.0000")
    units = D("1750") / 1000 + (D("-510") + 601 + D("130") - 171) / 1050
    assert D(benchmark["end_value"]) == (units * 1100).quantize(D("0.01"))
    assert D(benchmark["gain"]) == D(benchmark["end_value"]) - 1750 - D("50")
    # Of parts of it: one asset, one account.
    alone = await performance(kim, "2025-07-01", "2025-12-31", asset_id=str(two))
    [entry] = [each for each in found["holdings"] if each["symbol"] == "TWO"]
    assert (alone["gain"], alone["holdings"][0]["end_value"]) == (entry["gain"], entry["end_value"])
    assert (await performance(kim, None, "2025-12-31", account_id=str(depot)))["from"] == "2025-01-10"
    dashboard = await kim.read("/portfolio/dashboard")
    assert dashboard["top"][0]["symbol"] == "ONE"
    history = await kim.read("/portfolio/history", every="month", **{"from": "2025-06-01", "to": "2025-12-31"})
    last = history["points"][-1]
    assert (last["date"], last["value"], last["invested"]) == ("2025-12-31", "2160.00", "1560.00")
    assert history["points"][0]["date"] == "2025-06-30"
    weeks = await kim.read("/portfolio/history", every="week", **{"from": "2025-12-15", "to": "2025-12-31"})
    assert [point["date"] for point in weeks["points"]] == ["2025-12-21", "2025-12-28", "2025-12-31"]


async def test_what_changes_place_is_no_flow_of_the_whole(kim: Person, world: World) -> None:
    first, second = await world.account("First"), await world.account("Second")
    old, new, child = await world.asset("OLD"), await world.asset("NEW"), await world.asset("CHILD")
    world.buy("2025-01-10", first, old, "10", "1000.00")
    world.trade("transfer", "2025-02-01", first, old, quantity="4", to_account_id=second)
    world.trade("merger", "2025-03-01", first, old, ratio="2", to_asset_id=new, amount="12.00", fees="2.00")
    world.trade("spin_off", "2025-04-01", first, new, ratio="0.5", cost_percent="10", to_asset_id=child)
    world.trade("withdrawal", "2025-05-01", second, old, quantity="1")
    world.trade("deposit", "2025-05-02", second, old, quantity="2", cost="50.00", acquired_on="2020-01-01")
    world.trade("deposit", "2025-05-03", second, child, quantity="1", cost="7.00")
    await world.settle()
    await world.price(old, {"2025-01-10": "100", "2025-05-01": "110"})
    await world.price(new, {"2025-03-01": "51"})
    await world.price(child, {"2025-04-01": "8"})
    found = await performance(kim, "2025-01-01", "2025-06-30")
    # In: 1000, two old units at 110, one of the child for what it cost. Out: one at 110, and the cash of the merger.
    assert (found["inflow"], found["outflow"]) == ("1227.00", "120.00")
    by_place = {(each["account_id"], each["symbol"]): each for each in found["holdings"]}
    assert (by_place[str(first), "OLD"]["outflow"], by_place[str(first), "OLD"]["gain"]) == ("1022.00", "22.00")
    assert by_place[str(second), "OLD"]["inflow"] == "620.00"
    assert (by_place[str(first), "NEW"]["inflow"], by_place[str(first), "NEW"]["outflow"]) == ("612.00", "48.00")
    assert by_place[str(first), "CHILD"]["inflow"] == "48.00"
    assert found["end_value"] == "1218.00"
    assert sum(D(each["gain"]) for each in found["holdings"]) == D(found["gain"]) == D("111.00")
    part = await performance(kim, "2025-01-01", "2025-06-30", account_id=str(second))
    assert (part["inflow"], part["outflow"], part["end_value"]) == ("627.00", "110.00", "558.00")
    # Nothing but the price moved the whole but for cash and fees: the course of it is chained around the moves.
    assert found["time_weighted"]["reason"] is None


async def test_why_there_is_no_rate(kim: Person, world: World) -> None:
    depot, abroad = await world.account(), await world.account("Abroad", "USD")
    late, dear = await world.asset("LATE"), await world.asset("DEAR", "USD")
    world.buy("2025-01-10", depot, late, "10", "1000.00")
    world.buy("2025-06-10", depot, late, "1", "100.00")
    world.buy("2025-02-10", abroad, dear, "1", "100.00")
    await world.settle()
    unpriced = await performance(kim, "2025-03-01", "2025-12-31", account_id=str(depot))
    for name in ("time_weighted", "money_weighted", "modified_dietz"):
        assert (unpriced[name]["percent"], unpriced[name]["reason"]) == (None, "no_price"), name
    assert (unpriced["gain"], unpriced["start_value"], unpriced["holdings"][0]["gain"]) == (None, None, None)
    assert {(each["symbol"], each["date"]) for each in unpriced["unpriced"]} >= {("LATE", "2025-02-28")}
    await world.price(late, {"2025-06-30": "110"})
    await world.price(dear, {"2025-01-01": "100"})
    # From the first purchase on the money-weighted return is known, the time-weighted one lacks a price in between.
    since = await performance(kim, None, "2025-12-31", account_id=str(depot))
    assert (since["gain"], since["money_weighted"]["reason"]) == ("110.00", None)
    assert (since["time_weighted"]["reason"], since["unpriced"][0]["date"]) == ("no_price", "2025-01-10")
    unrated = await performance(kim, None, "2025-12-31", account_id=str(abroad))
    assert (unrated["gain"], unrated["time_weighted"]["reason"]) == (None, "no_rate")
    assert unrated["unconverted"][0] == {"currency": "USD", "date": "2025-02-10"}
    quiet = await performance(kim, "2025-07-01", "2025-07-01", account_id=str(depot), currency="EUR")
    assert (quiet["money_weighted"]["annual_percent"], quiet["time_weighted"]["percent"]) == ("0.0000", "0.0000")
    benchmark = await performance(kim, "2025-03-01", "2025-12-31", asset_id=str(dear), benchmark_asset_id=str(late))
    assert benchmark["benchmark"]["own"]["reason"] == "no_price"
    bought = await performance(kim, "2025-06-10", "2025-06-10", asset_id=str(late), benchmark_asset_id=str(dear))
    assert bought["benchmark"]["money_weighted"]["reason"] == "no_rate"
    history = await kim.read("/portfolio/history", every="month", **{"from": "2025-01-01", "to": "2025-12-31"})
    assert history["points"][-1]["invested"] is None
    assert {each["symbol"] for each in history["assets"]} == {"LATE", "DEAR"}
    dashboard = await kim.read("/portfolio/dashboard")
    assert dashboard["changes"]["year"]["gain"] is None
