"""What holdings are worth: by day, in any currency, and what is missing."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from app.access.acting import open_as
from app.core.config import Settings, load_settings
from app.main import create_app
from app.performance.service import Unvalued, holdings_value
from tests.households.sharing import join
from tests.people import Person, expect, problem
from tests.performance.world import World
from tests.servers import client_of

D = Decimal


async def test_a_book_without_holdings(kim: Person) -> None:
    found = await kim.read("/portfolio/valuation", at="2026-01-31")
    assert found == {
        "at": "2026-01-31",
        "currency": "EUR",
        "total_value": "0.00",
        "total_cost": "0.00",
        "total_gain": "0.00",
        "total_gain_percent": None,
        "holdings": [],
        "unpriced": [],
        "unconverted": [],
    }
    assert (await kim.read("/portfolio/history"))["points"][0]["value"] == "0.00"
    dashboard = await kim.read("/portfolio/dashboard")
    assert (dashboard["top"], dashboard["allocation"]["type"], dashboard["income"]["total"]) == ([], [], "0.00")
    performance = await kim.read("/portfolio/performance")
    assert performance["time_weighted"]["reason"] == "nothing_held"
    assert performance["money_weighted"]["reason"] == "nothing_held"
    allocation = await kim.read("/portfolio/allocation")
    assert (allocation["items"], allocation["moves"]) == ([], [])


async def three_currencies(world: World) -> tuple[UUID, UUID, UUID, UUID]:
    """A euro account with a euro and a dollar share, and a dollar account with a dollar share."""
    await world.rate("EUR", "USD", {"2026-01-02": "1.25", "2026-01-30": "1.20"})
    await world.rate("EUR", "JPY", {"2026-01-30": "160"})
    depot, abroad = await world.account(), await world.account("Abroad", "USD")
    home, away = await world.asset("HOME", sector="Energy"), await world.asset("AWAY", "USD", type="etf")
    world.buy("2026-01-05", depot, home, "10", "1000.00", fees="5.00")
    world.buy("2026-01-05", depot, away, "4", "320.00")
    world.buy("2026-01-05", abroad, away, "2", "200.00")
    await world.settle()
    await world.price(home, {"2026-01-05": "100", "2026-01-29": "110.5", "2026-01-30": "111"})
    await world.price(away, {"2026-01-28": "120"})
    return depot, abroad, home, away


async def test_holdings_in_three_currencies(kim: Person, world: World) -> None:
    _, abroad, _, away = await three_currencies(world)
    found = await kim.read("/portfolio/valuation", at="2026-01-31")
    # 10 x 111; 4 x 120 and 2 x 120 dollars at 1.20. The dollars of the purchase cost 200 / 1.25.
    assert (found["total_value"], found["total_cost"]) == ("1710.00", "1485.00")
    assert (found["total_gain"], found["total_gain_percent"]) == ("225.00", "15.15")
    by_place = {(one["account_id"], one["symbol"]): one for one in found["holdings"]}
    dear = by_place[str(abroad), "AWAY"]
    assert dear == {
        "id": dear["id"],
        "account_id": str(abroad),
        "asset_id": str(away),
        "symbol": "AWAY",
        "name": "AWAY Inc.",
        "type": "etf",
        "quantity": "2",
        "cost": "160.00",
        "currency": "EUR",
        "account_cost": "200.00",
        "account_currency": "USD",
        "current_price": "120",
        "price_currency": "USD",
        "price_at": "2026-01-28",
        "price_age_days": 3,
        "price_source": "manual",
        "value": "200.00",
        "gain": "40.00",
        "gain_percent": "25.00",
        "day_change": "0.00",
    }
    earlier = await kim.read("/portfolio/valuation", at="2026-01-30")
    assert {one["symbol"]: one["day_change"] for one in earlier["holdings"]}["HOME"] == "5.00"
    # In dollars what was paid in dollars is exact; the rest is the day's. Without decimals in yen.
    dollars = await kim.read("/portfolio/valuation", at="2026-01-31", currency="USD", account_id=str(abroad))
    assert (dollars["total_value"], dollars["total_cost"], dollars["total_gain_percent"]) == (
        "240.00",
        "200.00",
        "20.00",
    )
    yen = await kim.read("/portfolio/valuation", at="2026-01-31", currency="JPY")
    assert (yen["total_value"], yen["total_cost"]) == ("273600", "238667")
    # Nothing was held before the purchases, and later rates are too old: only what needs none is in the totals.
    assert (await kim.read("/portfolio/valuation", at="2026-01-04"))["holdings"] == []
    late = await kim.read("/portfolio/valuation", at="2026-03-31")
    assert (late["total_value"], late["total_cost"]) == ("1110.00", "1005.00")
    assert [(one["missing"], one["value"], one["price_currency"], one["cost"]) for one in late["unconverted"]] == [
        ("value", "480", "USD", "320.00"),
        ("value", "240", "USD", "200.00"),
    ]


async def test_what_has_no_price_is_in_no_total(kim: Person, world: World) -> None:
    depot = await world.account()
    known, unknown = await world.asset("KNOWN"), await world.asset("UNKNOWN")
    world.buy("2026-01-05", depot, known, "1", "50.00")
    world.buy("2026-01-05", depot, unknown, "3", "70.00")
    world.sell("2026-01-20", depot, known, "1", "60.00")
    await world.settle()
    await world.price(known, {"2026-01-05": "50"})
    found = await kim.read("/portfolio/valuation", at="2026-01-10")
    assert (found["total_value"], found["total_cost"]) == ("50.00", "50.00")
    [missing] = found["unpriced"]
    assert (missing["symbol"], missing["quantity"], missing["cost"], missing["currency"]) == (
        "UNKNOWN",
        "3",
        "70.00",
        "EUR",
    )
    assert (await kim.read("/portfolio/valuation", at="2026-01-31"))["holdings"] == []
    # A cost is unknown where the day of a purchase had no rate; the value is known all the same.
    abroad = await world.account("Abroad", "USD")
    world.buy("2026-01-06", abroad, known, "1", "50.00")
    await world.settle()
    await world.rate("EUR", "USD", {"2026-02-01": "1.25"})
    found = await kim.read("/portfolio/valuation", at="2026-02-02", account_id=str(abroad))
    assert [(one["missing"], one["value"]) for one in found["unconverted"]] == [("cost", "50")]
    async with world.owner.begin() as connection:
        book = await open_as(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        value = await holdings_value(book, [date(2026, 2, 2), date(2026, 1, 10)], "EUR")
    assert value.by_account == {
        (date(2026, 1, 10), depot): D("50.00"),
        (date(2026, 1, 10), abroad): D("50.00"),
        (date(2026, 2, 2), depot): D(0),
        (date(2026, 2, 2), abroad): D("50.00"),
    }
    assert value.unpriced == [Unvalued(day, depot, unknown) for day in (date(2026, 1, 10), date(2026, 2, 2))]


async def test_holdings_in_a_currency_without_rates(kim: Person, world: World) -> None:
    depot, _, home, _ = await three_currencies(world)
    async with world.owner.begin() as connection:
        book = await open_as(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        value = await holdings_value(book, [date(2026, 1, 31)], "CHF")
        assert not any(value.by_account.values())
        assert Unvalued(date(2026, 1, 31), depot, home, "EUR", D("1110.0")) in value.unconverted
        # Many days are walked, few are looked up: both find the same.
        days = [date.fromordinal(date(2026, 1, 1).toordinal() + number) for number in range(60)]
        many = await holdings_value(book, days, "USD")
        few = [await holdings_value(book, days[place : place + 20], "USD") for place in range(0, 60, 20)]
    assert many.by_account == {key: each for part in few for key, each in part.by_account.items()}
    assert many.unconverted == [each for part in few for each in part.unconverted]
    assert len(many.by_account) > 100


async def test_splits_and_prices_meet(kim: Person, world: World) -> None:
    """Two for one on the 10th: a provider that counts splits has 50 before it, another the 100 of the time."""
    depot = await world.account()
    symbol = f"SPLIT-{kim.book_id}"
    adjusted = await world.asset("ADJ", provider="test", provider_symbol=symbol)
    traded = await world.asset("RAW")
    for asset in (adjusted, traded):
        world.buy("2026-01-05", depot, asset, "10", "1000.00")
        world.trade("split", "2026-01-10", depot, asset, ratio="2")
    await world.settle()
    await world.quote(symbol, "EUR", {"2026-01-05": "50", "2026-01-09": "51", "2026-01-12": "52"}, "2026-02-01")
    await world.price(traded, {"2026-01-05": "100", "2026-01-09": "102"})
    for day, value in (("2026-01-05", "1000.00"), ("2026-01-09", "1020.00"), ("2026-01-11", "1020.00")):
        found = await kim.read("/portfolio/valuation", at=day)
        assert {one["symbol"]: one["value"] for one in found["holdings"]} == {"ADJ": value, "RAW": value}, day
    found = await kim.read("/portfolio/valuation", at="2026-01-10")
    assert {one["quantity"] for one in found["holdings"]} == {"20"}
    assert {one["day_change"] for one in found["holdings"]} == {"0.00"}
    # Priced anew after the split, as traded.
    await world.price(traded, {"2026-01-12": "52"})
    found = await kim.read("/portfolio/valuation", at="2026-01-12")
    assert {one["value"] for one in found["holdings"]} == {"1040.00"}
    history = await kim.read("/portfolio/history", every="day", **{"from": "2026-01-05", "to": "2026-02-15"})
    values = {point["date"]: point["value"] for point in history["points"]}
    assert (values["2026-01-05"], values["2026-01-10"], values["2026-02-15"]) == ("2000.00", "2040.00", "2080.00")
    # An own price of the same day goes before the quote, however many days are asked for.
    await world.price(adjusted, {"2026-01-12": "60"})
    assert (await kim.read("/portfolio/valuation", at="2026-01-12"))["total_value"] == "2240.00"
    history = await kim.read("/portfolio/history", every="day", **{"from": "2026-01-05", "to": "2026-02-15"})
    assert history["points"][-1]["value"] == "2240.00"


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("valuation", {"at": "2026-13-01"}, "invalid_input"),
        ("valuation", {"currency": "QQQ"}, "invalid_input"),
        ("valuation", {"currency": "eur"}, "invalid_input"),
        ("valuation", {"account_id": "x"}, "invalid_input"),
        ("history", {"from": "2026-02-01", "to": "2026-01-01"}, "invalid_input"),
        ("history", {"from": "1900-01-01", "to": "2026-01-01", "every": "day"}, "invalid_input"),
        ("history", {"every": "hour"}, "invalid_input"),
        ("allocation", {"by": "colour"}, "invalid_input"),
        ("allocation", {"cash": "-1"}, "invalid_input"),
        ("allocation", {"cash": "0.001"}, "invalid_input"),
        ("allocation", {"cash": "1e5"}, "invalid_input"),
        ("performance", {"from": "2026-02-01", "to": "2026-01-01"}, "invalid_input"),
    ],
)
async def test_what_is_refused(kim: Person, path: str, params: dict[str, str], code: str) -> None:
    problem(await kim.get(f"/portfolio/{path}", **params), 422, code)


async def test_a_private_account_is_not_given_away(kim: Person, robin: Person, world: World) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    shared, hidden = await world.account("Shared"), await world.account("Hidden", visibility="private")
    one, secret = await world.asset("ONE"), await world.asset("SECRET")
    for account, asset in ((shared, one), (hidden, one), (hidden, secret)):
        world.buy("2026-01-05", account, asset, "1", "100.00")
    await world.settle()
    for asset in (one, secret):
        await world.price(asset, {"2026-01-05": "100"})
    for path in ("valuation", "dashboard", "history", "performance", "allocation"):
        theirs = (await robin.get(f"/portfolio/{path}")).text
        assert str(hidden) not in theirs, path
        assert "SECRET" not in theirs, path
        assert "SECRET" in (await kim.get(f"/portfolio/{path}", by="asset")).text or path == "history"
    assert (await robin.read("/portfolio/valuation"))["total_value"] == "100.00"
    assert (await kim.read("/portfolio/valuation"))["total_value"] == "300.00"
    problem(await robin.get("/portfolio/performance", benchmark_asset_id=str(secret)), 404, "asset_not_found")
    robin.http.headers.pop("X-Book-Id")


async def test_how_many_statements_it_takes(kim: Person, world: World, settings: Settings) -> None:
    await three_currencies(world)
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), "database_pool_size": 1}))
    seen: list[str] = []
    app.state.database.count_statements(seen.append)
    counts = {}
    async with client_of(app) as client:
        for path in ("valuation", "history", "dashboard", "performance", "allocation"):
            seen.clear()
            expect(await client.get(f"/api/v1/portfolio/{path}", headers=dict(kim.http.headers)), 200)
            counts[path] = sum("SELECT" in statement for statement in seen)
    await app.state.database.dispose()
    # Each opens the request first and asks what has changed; a period asks when it begins; flows cost two settings of
    # the planner each time.
    assert counts == {"valuation": 3, "history": 10, "dashboard": 7, "performance": 10, "allocation": 4}
