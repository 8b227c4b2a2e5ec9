"""Answers that are kept: the same bytes while nothing changed, and fresh ones after whatever can change them."""

import asyncio
from datetime import UTC, date, datetime
from itertools import chain, repeat
from uuid import UUID

import pytest
from sqlalchemy import text

from app.access import context
from app.core.config import Settings
from app.core.kept_answers import LARGEST, OVERHEAD, KeptAnswers
from tests.households.sharing import join
from tests.people import Person, expect, problem
from tests.performance.world import World
from tests.servers import client_of, quiet, serving

PATHS = ("valuation", "dashboard", "history", "allocation", "performance")
KEPT = {"performance", "valuation", "history", "dashboard", "allocation"}


async def total(person: Person, **params: str) -> str:
    return str((await person.read("/portfolio/valuation", **params))["total_value"])


def symbol_of(world: World) -> str:
    return f"{world.person.book_id}-kept"


async def one_share(world: World, currency: str = "EUR") -> tuple[UUID, UUID]:
    """Ten units of an asset whose quotes a provider brings."""
    depot = await world.account()
    asset = await world.asset("KEPT", currency, provider="test", provider_symbol=symbol_of(world))
    world.buy("2026-01-05", depot, asset, "10", "1000.00")
    await world.settle()
    await world.quote(symbol_of(world), currency, {"2026-01-05": "100"})
    return depot, asset


async def test_what_did_not_change_is_not_read_again(kim: Person, world: World, settings: Settings) -> None:
    await one_share(world)
    async with quiet(settings) as app, client_of(app) as client:
        seen: list[str] = []
        app.state.database.count_statements(seen.append)
        headers = dict(kim.http.headers)
        for path in PATHS:
            first = await client.get(f"/api/v1/portfolio/{path}", headers=headers)
            expect(first, 200)
            seen.clear()
            again = await client.get(f"/api/v1/portfolio/{path}", headers=headers)
            assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
            assert sum("SELECT" in statement for statement in seen) <= 3  # opened, the state, when a period begins
            held = await client.get(
                f"/api/v1/portfolio/{path}", headers={**headers, "If-None-Match": first.headers["ETag"]}
            )
            assert (held.status_code, held.content) == (304, b"")
        assert len(app.state.kept_answers) == len(KEPT)
        problem(await client.get("/api/v1/portfolio/valuation?currency=XXQ", headers=headers), 422, "invalid_input")
        refused = await client.get(f"/api/v1/portfolio/performance?benchmark_asset_id={UUID(int=1)}", headers=headers)
        problem(refused, 404, "asset_not_found")
        assert len(app.state.kept_answers) == len(KEPT)  # errors are not kept
    async with serving(settings, kept_answers_bytes=0) as (app, client):
        answers = [await client.get("/api/v1/portfolio/valuation", headers=headers) for _ in range(2)]
        assert answers[0].content == answers[1].content
        assert len(app.state.kept_answers) == 0


async def test_whoever_takes_any_answer_is_refused_what_cannot_be_asked(kim: Person, world: World) -> None:
    await one_share(world)
    headers = {"If-None-Match": '"other", *'}
    for path in PATHS:
        tag = (await kim.get(f"/portfolio/{path}")).headers["ETag"]
        answer = await kim.http.get(f"/portfolio/{path}", headers=headers)
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
        for currency in ("eur", "EUR\n", "XXQ"):
            wrong = await kim.http.get(f"/portfolio/{path}", params={"currency": currency}, headers=headers)
            problem(wrong, 422, "invalid_input")
    for question in (
        "valuation?at=nonsense",
        "valuation?at=9998-12-31",
        "allocation?at=9998-12-31",
        "allocation?cash=0.001",
        "performance?from=2026-02-01&to=2026-01-01",
        "history?from=1990-01-01&every=day",
    ):
        problem(await kim.http.get(f"/portfolio/{question}", headers=headers), 422, "invalid_input")
    unknown = await kim.http.get(f"/portfolio/performance?benchmark_asset_id={UUID(int=1)}", headers=headers)
    problem(unknown, 404, "asset_not_found")


async def test_what_is_wrong_is_said_once_and_in_words(kim: Person) -> None:
    """However many parts of a route read the same parameter."""
    found = problem(
        await kim.http.get("/portfolio/performance?asset_id=&asset_id=x&currency=eur"), 422, "invalid_input"
    )
    assert [error["field"] for error in found["errors"]] == ["query.currency", "query.asset_id.0", "query.asset_id.1"]
    assert found["errors"][0]["detail"] == "is not a currency's code in capitals, such as EUR"
    assert found["detail"].count("query.asset_id.0") == 1
    body = {"base": "USD", "quote": "eur", "date": "2026-01-05", "rate": "0.9"}
    found = problem(await kim.http.put("/rates", json=body), 422, "invalid_input")
    wrong = {
        "field": "quote",
        "code": "string_pattern_mismatch",
        "detail": "is not a currency's code in capitals, such as EUR",
    }
    assert found["errors"] == [wrong]


async def test_each_change_gives_a_fresh_answer(kim: Person, world: World, settings: Settings) -> None:
    """On two servers in turn, neither of which is told anything."""
    depot, asset = await one_share(world, "USD")
    await world.rate("EUR", "USD", {"2026-01-05": "1.25"})
    day = {"at": "2026-01-31"}
    async with serving(settings) as (_, other):
        other.headers.update(kim.http.headers)

        async def both(wanted: str | None) -> str:
            found = [await total(kim, **day)]
            for _ in range(2):
                answer = await other.get("/api/v1/portfolio/valuation", params=day)
                found.append(expect(answer, 200)["total_value"])
            found.append(await total(kim, **day))
            assert len(set(found)) == 1
            assert wanted is None or found[0] == wanted
            return found[0]

        await both("0.00")  # the rate is too old on that day
        await world.rate("EUR", "USD", {"2026-01-31": "1.25"})
        await both("800.00")
        await world.quote(symbol_of(world), "USD", {"2026-01-30": "110"})
        await both("880.00")
        async with world.owner.begin() as connection:
            named = {"symbol": symbol_of(world)}
            await connection.execute(text("UPDATE market_quotes SET price = 120 WHERE symbol = :symbol"), named)
        await both("960.00")
        await world.price(asset, {"2026-01-31": "130"})
        await both("1040.00")
        trade = {"kind": "buy", "date": "2026-01-20", "account_id": str(depot), "asset_id": str(asset)}
        made = await kim.http.post("/portfolio/trades", json={**trade, "quantity": "10", "amount": "5.00"})
        trade_id = expect(made, 201)["id"]
        await both("2080.00")
        expect(await kim.http.delete(f"/portfolio/trades/{trade_id}"), 204)
        await both("1040.00")
        await asyncio.gather(both(None), both(None))
        async with world.owner.begin() as connection:  # providers' rates are everybody's: a pair of its own
            brought = text(
                "INSERT INTO exchange_rates (base, quote, date, rate, source) VALUES ('KMF', 'DJF', :day, 1, 'test')"
            )
            before = (await other.get("/api/v1/portfolio/valuation", params=day)).headers["ETag"]
            await connection.execute(brought, {"day": date(2026, 1, 31)})
        after = (await other.get("/api/v1/portfolio/valuation", params=day)).headers["ETag"]
        assert after != before
        async with world.owner.begin() as connection:
            await connection.execute(text("DELETE FROM exchange_rates WHERE base = 'KMF' AND quote = 'DJF'"))
            await connection.execute(text("DELETE FROM market_quotes WHERE symbol = :symbol"), named)
        assert (await other.get("/api/v1/portfolio/valuation", params=day)).headers["ETag"] not in {before, after}


async def test_midnight_where_somebody_lives(kim: Person, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await one_share(world)
    await world.quote(symbol_of(world), "EUR", {"2026-03-02": "200"})
    expect(await kim.http.patch("/users/me", json={"time_zone": "Pacific/Auckland"}), 200)
    monkeypatch.setattr(context, "now", lambda: datetime(2026, 3, 1, 10, 59, tzinfo=UTC))
    assert await total(kim) == "1000.00"
    monkeypatch.setattr(context, "now", lambda: datetime(2026, 3, 1, 11, 0, tzinfo=UTC))
    assert await total(kim) == "2000.00"
    expect(await kim.http.patch("/users/me", json={"time_zone": "Europe/Berlin"}), 200)
    assert await total(kim) == "1000.00"


async def test_midnight_passes_while_an_answer_is_made(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is of the new day then, and nobody for whom the old one lasts is told it."""
    expect(await kim.http.patch("/users/me", json={"time_zone": "Pacific/Auckland"}), 200)
    evening, later = datetime(2026, 3, 1, 10, 59, 59, tzinfo=UTC), datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
    times = chain([evening], repeat(later))
    monkeypatch.setattr(context, "now", lambda: next(times))
    assert (await kim.read("/portfolio/valuation"))["at"] == "2026-03-02"
    expect(await kim.http.patch("/users/me", json={"time_zone": "Europe/Berlin"}), 200)
    assert (await kim.read("/portfolio/valuation"))["at"] == "2026-03-01"


async def test_members_are_answered_by_what_they_see(kim: Person, robin: Person, world: World) -> None:
    await join(kim, robin)
    shared, hidden = await world.account("Shared"), await world.account("Hidden", visibility="private")
    one, secret = await world.asset("ONE"), await world.asset("SECRET")
    for account, asset in ((shared, one), (hidden, secret)):
        world.buy("2026-01-05", account, asset, "1", "100.00")
    await world.settle()
    for asset in (one, secret):
        await world.price(asset, {"2026-01-05": "100"})
    headers = {"X-Book-Id": kim.book_id}

    async def as_robin(path: str) -> str:
        answer = await robin.http.get(f"/portfolio/{path}", headers=headers)
        expect(answer, 200)
        return answer.text

    for path in PATHS:
        for _ in range(2):  # whoever asks first, and whoever finds something kept
            mine, theirs = (await kim.get(f"/portfolio/{path}")).text, await as_robin(path)
            assert str(hidden) not in theirs
            assert "SECRET" not in theirs
            assert mine != theirs, path
    tag = (await kim.get("/portfolio/valuation")).headers["ETag"]
    asked = await robin.http.get("/portfolio/valuation", headers={**headers, "If-None-Match": tag})
    assert asked.status_code == 200
    both = {"visible_to": [kim.user["id"], robin.user["id"]]}
    tag = (await kim.get(f"/accounts/{hidden}")).headers["ETag"]
    body = {"visibility": "private", **both}
    answer = await kim.http.patch(f"/accounts/{hidden}", json=body, headers={"If-Match": tag})
    expect(answer, 200)
    assert "SECRET" in await as_robin("valuation")
    problem(await robin.get("/portfolio/valuation", at="nonsense"), 422, "invalid_input")
    expect(await kim.http.delete(f"/books/{kim.book_id}/members/{robin.user['id']}"), 204)
    problem(await robin.http.get("/portfolio/valuation", headers=headers), 404, "not_found")


def test_what_is_kept_is_bounded() -> None:
    kept = KeptAnswers(10 * (100 + OVERHEAD))
    for number in range(25):
        kept.put(str(number), bytes(100))
        kept.get("3")
    assert len(kept) == 10
    assert kept.size == 10 * (100 + OVERHEAD)
    assert kept.get("3") is not None  # asked for again and again
    assert kept.get("4") is None
    kept.put("3", b"other")
    assert kept.get("3") == bytes(100)
    kept.put("large", bytes(10 * (100 + OVERHEAD) // LARGEST))
    assert kept.get("large") is None
    nothing = KeptAnswers(0)
    nothing.put("any", b"")
    assert len(nothing) == 0
