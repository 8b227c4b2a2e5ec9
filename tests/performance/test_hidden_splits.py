"""A split tells what prices of its asset mean, for everybody who sees the asset, on whatever account it is entered."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from app.access.acting import open_as
from tests.households.sharing import join
from tests.people import Person
from tests.performance.world import World
from tests.plaintext.test_round_trip import exported

QUOTES = {"2026-01-05": "50", "2026-01-07": "51", "2026-01-30": "52", "2026-02-03": "53"}
TIME = {"from": "2026-01-05", "to": "2026-02-28"}


async def test_a_split_on_an_account_that_is_not_seen_counts_for_prices(
    kim: Person, robin: Person, world: World
) -> None:
    """What went before a split meets quotes that count it, though only the hidden account was there for it."""
    await join(kim, robin)
    shared, hidden = await world.account("Shared"), await world.account("Hidden", visibility="private")
    names = {name: f"{kim.book_id}-{name}" for name in ("GONE", "KEPT", "SECRET")}
    gone, kept, secret = [
        await world.asset(name, provider="test", provider_symbol=symbol) for name, symbol in names.items()
    ]
    for account, asset in ((shared, gone), (shared, kept), (hidden, gone), (hidden, kept), (hidden, secret)):
        world.buy("2026-01-05", account, asset, "10", "1000.00")
    world.trade("withdrawal", "2026-01-07", shared, gone, quantity="4")
    world.sell("2026-01-09", shared, gone, "6", "612.00")
    split = ((hidden, gone, "2"), (hidden, kept, "2.0"), (shared, kept, "2"), (hidden, secret, "3"))
    for account, asset, ratio in split:
        world.trade("split", "2026-02-02", account, asset, ratio=ratio)
    await world.settle()
    for symbol in names.values():
        await world.quote(symbol, "EUR", QUOTES, adjusted_to="2026-02-28")
    robin.http.headers["X-Book-Id"] = kim.book_id

    for day, values in (("2026-01-06", {"GONE": "1000.00", "KEPT": "1000.00"}), ("2026-02-03", {"KEPT": "1060.00"})):
        found = await robin.read("/portfolio/valuation", at=day)
        assert {one["symbol"]: one["value"] for one in found["holdings"]} == values
    for every, value in (("day", "2000.00"), ("month", "1040.00")):  # walked, and looked up
        found = await robin.read("/portfolio/history", every=every, **TIME)
        assert found["points"][0]["value"] == value
    found = await robin.read("/portfolio/performance", **TIME)
    assert (found["outflow"], found["end_value"]) == ("1020.00", "1060.00")  # in kind at the price of its day
    # Both are told the same of the account that both see.
    asked = {"account_id": str(shared), "at": "2026-01-06", "benchmark_asset_id": str(gone), **TIME}
    for path in ("valuation", "history", "performance", "allocation", "dashboard"):
        assert await robin.read(f"/portfolio/{path}", **asked) == await kim.read(f"/portfolio/{path}", **asked), path
    # A quote that counts a later split is no price of its day.
    days = [line.split()[0] for line in (await exported(robin, "beancount")).decode().splitlines() if " price " in line]
    assert days == ["2026-02-03"] * 2

    async with world.owner.begin() as connection:
        for person, wanted in ((kim, {gone: 2, kept: 2, secret: 3}), (robin, {gone: 2, kept: 2})):
            await open_as(connection, UUID(kim.book_id), UUID(person.user["id"]))
            rows = (await connection.execute(text("SELECT asset_id, ratio FROM known_splits()"))).all()
            assert sorted(rows) == sorted((asset, Decimal(ratio)) for asset, ratio in wanted.items())
    del robin.http.headers["X-Book-Id"]
