"""Quotes through the tasks that fetch them: what is asked, kept, noted and shown, whatever the provider does."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database
from app.core.fetching import Source
from app.core.fetching.breaker import State
from tests.assets.conftest import Market, asset, listed
from tests.fetching.provider import Provider, Reply, as_json
from tests.people import Person, expect, problem
from tests.staff import run

CHART = "/yahoo/v8/finance/chart/"


def chart(symbol: str, *days: tuple[str, float], currency: str = "EUR") -> Reply:
    moments = [int(datetime.fromisoformat(f"{day}T15:00:00+00:00").timestamp()) for day, _ in days]
    result = {
        "meta": {"currency": currency, "symbol": symbol, "exchangeTimezoneName": "Europe/Berlin"},
        "timestamp": moments,
        "indicators": {"quote": [{"close": [close for _, close in days]}]},
    }
    return as_json({"chart": {"result": [result], "error": None}})


async def quotes(person: Person, made: dict[str, Any]) -> tuple[str | None, str | None]:
    """When all was well last, and what is wrong."""
    found = (await person.read(f"/portfolio/assets/{made['id']}"))["quotes"]
    return found["last_ok_at"], found["problem"]


async def waiting(owner: Database, provider: str) -> list[datetime | None]:
    """When the jobs that wait to ask a provider begin."""
    statement = (
        "SELECT scheduled_at FROM jobs.procrastinate_jobs WHERE task_name = 'assets.fetch' AND status = 'todo' "
        "AND args #>> '{payload,provider}' = :provider"
    )
    async with owner.begin() as connection:
        return list((await connection.execute(text(statement), {"provider": provider})).scalars())


def asked_from(provider: Provider, number: int = -1) -> date:
    return datetime.fromtimestamp(int(provider.queries[number]["period1"]), UTC).date()


async def test_history_comes_once_and_then_the_last_days(
    alex: Person, markets: Market, provider: Provider, owner_database: Database
) -> None:
    made = await asset(alex, "HIST", provider="yahoo", provider_symbol="hist.de")
    url = f"/portfolio/assets/{made['id']}"
    provider.answer(f"{CHART}HIST.DE", chart("HIST.DE", ("2026-03-18", 10.5), ("2026-03-19", 11.25)))
    answer = expect(await alex.http.post(f"{url}/refresh"), 202)
    assert (answer["provider"], answer["provider_symbol"]) == ("yahoo", "HIST.DE")
    assert len(await waiting(owner_database, "yahoo")) == 1
    markets.at = datetime.fromisoformat(answer["next_at"])
    today = markets.at.date()
    await markets.ask("yahoo")
    assert asked_from(provider) == today - timedelta(days=366)
    assert await listed(alex, made["id"]) == [("2026-03-19", "11.25", "EUR"), ("2026-03-18", "10.5", "EUR")]
    assert await quotes(alex, made) == (markets.at.isoformat().replace("+00:00", "Z"), None)
    found = await alex.read(f"{url}/price", at="2026-04-01")
    assert (found["price"], found["priced_on"], found["source"]) == ("11.25", "2026-03-19", "yahoo")
    assert (found["age_days"], found["stale"], found["adjusted_to"]) == (13, True, "2026-03-19")
    made_calls = len(provider.calls)
    await markets.ask("yahoo")  # it is not due
    assert len(provider.calls) == made_calls
    markets.at += timedelta(days=1)
    await markets.ask("yahoo")
    assert asked_from(provider) == date(2026, 3, 12)
    # The book's own word goes before the quote of the day.
    expect(await alex.http.put(f"{url}/prices/2026-03-19", json={"price": "12"}), 200)
    assert (await alex.read(f"{url}/price", at="2026-03-20"))["price"] == "12"
    page = await alex.read(f"{url}/prices", limit=1)
    assert [(item["own"], item["price"]) for item in page["items"]] == [(True, "12")]
    rest = await alex.read(f"{url}/prices", limit=2, cursor=page["next_cursor"])
    assert [(item["date"], item["own"]) for item in rest["items"]] == [("2026-03-19", False), ("2026-03-18", False)]
    # Asked for by hand again at once, the provider is left in peace for a quarter of an hour.
    again = expect(await alex.http.post(f"{url}/refresh"), 202)
    assert datetime.fromisoformat(again["next_at"]) == markets.at + timedelta(minutes=15)
    await alex.http.patch(url, json={"archived": True})
    problem(await alex.http.post(f"{url}/refresh"), 409, "archived")
    markets.at += timedelta(days=2)
    made_calls = len(provider.calls)
    await markets.ask("yahoo")
    assert len(provider.calls) == made_calls


async def test_a_split_and_an_older_trade_ask_for_the_whole_history(
    alex: Person, markets: Market, provider: Provider, owner_database: Database
) -> None:
    made = await asset(alex, "SPLT", provider="yahoo")
    provider.answer(f"{CHART}SPLT", chart("SPLT", ("2026-03-18", 1000)), chart("SPLT", ("2026-03-18", 10)))
    await markets.ask("yahoo")
    broker = await alex.account("Broker", type="investment")

    async def trade(kind: str, day: str) -> None:
        await run(
            owner_database,
            "INSERT INTO trades (book_id, account_id, asset_id, kind, date, quantity, ratio, revision) "
            "VALUES (:book, :account, :asset, :kind, CAST(:day AS text)::date, 1, 100, 1)",
            book=alex.book_id, account=broker["id"], asset=made["id"], kind=kind, day=day,
        )  # fmt: skip

    await trade("buy", "2020-05-04")
    await markets.ask("yahoo")
    assert asked_from(provider) == date(2020, 4, 24)
    made_calls = len(provider.calls)
    await trade("split", "2026-03-20")
    await markets.ask("yahoo")  # the night of the split is waited for
    assert len(provider.calls) == made_calls
    markets.at += timedelta(hours=19)
    await markets.ask("yahoo")
    assert asked_from(provider) == date(2020, 4, 24)
    # A hundredth of what it was is no mistake: splits are counted anew in all of it.
    assert await listed(alex, made["id"]) == [("2026-03-18", "10", "EUR")]
    made_calls = len(provider.calls)
    await markets.ask("yahoo")
    assert len(provider.calls) == made_calls
    for table in ("trades", "positions"):
        await run(owner_database, f"DELETE FROM {table} WHERE book_id = :book", book=alex.book_id)


async def test_all_providers_answer(alex: Person, markets: Market, provider: Provider) -> None:
    stamp = int(datetime(2026, 3, 19, 23, tzinfo=UTC).timestamp()) * 1000
    provider.answer("/coingecko/coins/bitcoin/market_chart", as_json({"prices": [[stamp, 70187.1]]}))
    series = {"Meta Data": {"2. Symbol": "VOD.LON"}, "Time Series (Daily)": {"2026-03-19": {"4. close": "7125.0"}}}
    premium = as_json({"Information": "outputsize=full is a premium feature"})
    provider.answer("/alpha_vantage/query", premium, as_json(series))
    provider.answer("/stooq/q/d/l/", Reply(b"Date,Open,High,Low,Close\n2026-03-19,1,1,1,5.5\n"))
    provider.answer("/json/GOLD", as_json({"data": [{"close": 2900, "day": "2026-03-19"}]}))
    wanted = {
        "coingecko": ("bitcoin", "EUR", "70187.1", "EUR"),
        "alpha_vantage": ("vod.lon", "GBP", "71.25", "GBP"),
        "stooq": ("aapl.us", "USD", "5.5", "USD"),
        "json": ("GOLD", "EUR", "2900", "EUR"),
    }
    for name, (symbol, currency, price, told) in wanted.items():
        made = await asset(alex, name, provider=name, provider_symbol=symbol, currency=currency)
        await markets.ask(name)
        assert await listed(alex, made["id"]) == [("2026-03-19", price, told)], name
        assert (await quotes(alex, made))[1] is None
    [keyed] = [sent for path, sent in zip(provider.calls, provider.headers, strict=True) if path == "/json/GOLD"]
    assert keyed["Authorization"] == "Bearer k3y-of-nobody"


WRONG: tuple[tuple[str, Reply, str], ...] = (
    ("WNEG", chart("WNEG", ("2026-03-19", -5)), "implausible"),
    ("WZERO", chart("WZERO", ("2026-03-19", 0)), "implausible"),
    ("WLATE", chart("WLATE", ("2026-03-25", 5)), "implausible"),
    ("WNAN", Reply(chart("WNAN", ("2026-03-19", 5)).content.replace(b"[5]", b"[NaN]")), "unreadable"),
    ("WOTHER", chart("MSFT", ("2026-03-19", 5)), "unreadable"),
    ("WHTML", Reply(b"<html>Please log in</html>"), "unreadable"),
    ("WBIG", Reply(b"[" + b"1," * 5_000_000), "unreadable"),
    ("WNONE", chart("WNONE"), "unreadable"),
    ("WSAYS", as_json({"chart": {"result": None, "error": {"code": "Not Found"}}}), "refused"),
    ("WGONE", Reply(b"", 404), "refused"),
    ("WMOVED", Reply(b"", 302, {"Location": "http://169.254.169.254/latest"}), "refused"),
    ("WCODE", chart("WCODE", ("2026-03-19", 5), currency="QQQ"), "unknown_currency"),
    ("WDOWN", Reply(b"", 500), "unavailable"),
)


async def test_nothing_wrong_is_stored(alex: Person, markets: Market, provider: Provider) -> None:
    made = {}
    for symbol, reply, _ in WRONG:
        made[symbol] = await asset(alex, symbol, provider="yahoo")
        provider.answer(f"{CHART}{symbol}", chart(symbol, ("2026-03-12", 4), ("2026-03-13", 5)), reply)
    await markets.ask("yahoo")
    markets.at += timedelta(hours=21)
    await markets.ask("yahoo")
    for symbol, _, code in WRONG:
        assert await listed(alex, made[symbol]["id"]) == [("2026-03-13", "5", "EUR"), ("2026-03-12", "4", "EUR")]
        found = (await alex.read(f"/portfolio/assets/{made[symbol]['id']}"))["quotes"]
        assert found["problem"] == code, (symbol, found)
        assert found["detail"]
        assert found["last_ok_at"].startswith("2026-03-20T06:17"), symbol
        assert found["next_at"].startswith("2026-03-21T03:32"), symbol  # a quarter of an hour later
        price = await alex.read(f"/portfolio/assets/{made[symbol]['id']}/price", at="2026-03-21")
        assert (price["price"], price["priced_on"]) == ("5", "2026-03-13")
    # It comes back after ever longer pauses, and all is well as soon as it is.
    markets.at += timedelta(minutes=15)
    await markets.ask("yahoo")
    found = (await alex.read(f"/portfolio/assets/{made['WNEG']['id']}"))["quotes"]
    assert found["next_at"].startswith("2026-03-21T04:02")
    provider.answer(f"{CHART}WNEG", chart("WNEG", ("2026-03-19", 5.5)))
    markets.at += timedelta(minutes=30)
    await markets.ask("yahoo")
    assert (await quotes(alex, made["WNEG"]))[1] is None
    assert (await listed(alex, made["WNEG"]["id"]))[0] == ("2026-03-19", "5.5", "EUR")


async def test_a_hundredfold_price_without_a_split_is_not_believed(
    alex: Person, markets: Market, provider: Provider
) -> None:
    made = await asset(alex, "LEAP", provider="yahoo")
    leap = chart("LEAP", ("2026-03-18", 5.1), ("2026-03-19", 512), ("2026-03-20", 5.2))
    provider.answer(f"{CHART}LEAP", chart("LEAP", ("2026-03-17", 5)), leap, chart("LEAP", ("2026-03-21", 530)))
    for _ in range(3):
        await markets.ask("yahoo")
        markets.at += timedelta(hours=21)
    assert [price for _, price, _ in await listed(alex, made["id"])] == ["5.2", "5.1", "5"]
    found = (await alex.read(f"/portfolio/assets/{made['id']}"))["quotes"]
    assert found["problem"] == "implausible"
    assert found["detail"].startswith("2026-03-21: the price is 50 times that of 2026-03-20")


async def test_who_limits_is_left_alone_and_the_rest_waits(
    alex: Person, markets: Market, provider: Provider, owner_database: Database
) -> None:
    one, two = [await asset(alex, name, provider="stooq") for name in ("lim1.us", "lim2.us")]
    provider.answer("/stooq/q/d/l/", Reply(b"", 429, {"Retry-After": "1800"}))
    await markets.ask("stooq")
    assert provider.calls.count("/stooq/q/d/l/") == 1
    assert await waiting(owner_database, "stooq") == [markets.at + timedelta(seconds=1800)]
    assert await quotes(alex, one) == (None, "paced")
    assert await quotes(alex, two) == (None, None)
    await markets.ask("stooq")  # whoever asks for it meanwhile: the provider hears nothing
    assert provider.calls.count("/stooq/q/d/l/") == 1
    provider.answer("/stooq/q/d/l/", Reply(b"Date,Close\n2026-03-19,5\n"))
    markets.time.at += 1800
    markets.at += timedelta(seconds=1800)
    await markets.ask("stooq")
    assert (await quotes(alex, one))[1] is None
    assert await listed(alex, two["id"]) == [("2026-03-19", "5", "EUR")]


async def test_a_dead_provider_opens_the_breaker_and_pages_stay_up(
    alex: Person, markets: Market, provider: Provider, owner_database: Database
) -> None:
    made = [await asset(alex, f"dead{number}", provider="coingecko") for number in range(4)]
    for each in made:
        provider.answer(f"/coingecko/coins/{each['symbol']}/market_chart", Reply(b"half", cut=True))
    await markets.ask("coingecko")
    source = Source("coingecko", "")
    assert markets.fetcher.state_of(source) is State.OPEN
    tried = [path for path in provider.calls if "/dead" in path]
    assert len(tried) == 5, "three tries for the first, two for the second, and nobody is asked any more"
    [come_back] = await waiting(owner_database, "coingecko")
    assert come_back is not None
    await markets.ask("coingecko")
    assert len([path for path in provider.calls if "/dead" in path]) == 5
    items = (await alex.read("/portfolio/assets"))["items"]
    assert {item["quotes"]["problem"] for item in items} == {"unavailable", None}
    problem(await alex.get(f"/portfolio/assets/{made[0]['id']}/price"), 404, "price_not_found")
    stamp = int(datetime(2026, 3, 19, 23, tzinfo=UTC).timestamp()) * 1000
    for each in made:
        provider.answer(f"/coingecko/coins/{each['symbol']}/market_chart", as_json({"prices": [[stamp, 2]]}))
    markets.time.at += 60
    markets.at += timedelta(minutes=16)
    await markets.ask("coingecko")
    assert markets.fetcher.state_of(source) is State.CLOSED
    assert [len(await listed(alex, each["id"])) for each in made] == [1] * 4


async def test_a_slow_one_is_given_up(alex: Person, markets: Market, provider: Provider, monkeypatch: Any) -> None:
    made = await asset(alex, "SLOW", provider="json")
    provider.answer("/json/SLOW", Reply(silent=True))
    given = markets.fetcher.get

    async def impatient(source: Source, *rest: Any) -> Any:
        from dataclasses import replace

        return await given(replace(source, read_seconds=0.05), *rest)

    monkeypatch.setattr(markets.fetcher, "get", impatient)
    await markets.ask("json")
    assert (await quotes(alex, made))[1] == "unavailable"
    assert provider.calls.count("/json/SLOW") == 3


async def test_what_is_not_switched_on_is_not_asked(
    kim: Person, alex: Person, markets: Market, provider: Provider, app: FastAPI
) -> None:
    made = await asset(kim, "OFF", provider="alpha_vantage")
    problem(await kim.http.post(f"/portfolio/assets/{made['id']}/refresh"), 409, "provider_off")
    bare = await asset(kim, "BARE")
    problem(await kim.http.post(f"/portfolio/assets/{bare['id']}/refresh"), 409, "provider_off")
    markets.settings = app.state.settings
    await markets.ask("alpha_vantage")
    assert await quotes(kim, made) == (None, "provider_off")
    assert "/alpha_vantage/query" not in provider.calls
    providers = (await alex.read("/portfolio/providers"))["items"]
    assert all(item["on"] for item in providers)
    await markets.run("assets.fetch", provider="of a later version")


async def test_the_clock_asks_each_provider_once_for_everybody(
    alex: Person, robin: Person, markets: Market, provider: Provider, owner_database: Database
) -> None:
    for person in (alex, robin):
        await asset(person, "BOTH", provider="yahoo", provider_symbol="BOTH.DE")
    provider.answer(f"{CHART}BOTH.DE", chart("BOTH.DE", ("2026-03-19", 7)))
    await markets.run("assets.quotes")
    await markets.run("assets.quotes")
    assert len(await waiting(owner_database, "yahoo")) == 1
    await markets.ask("yahoo")
    assert provider.calls.count(f"{CHART}BOTH.DE") == 1


async def test_many_symbols_are_asked_for_in_parts(
    alex: Person, markets: Market, provider: Provider, owner_database: Database, monkeypatch: Any
) -> None:
    monkeypatch.setattr("app.assets.quotes.BATCH", 2)
    await run(owner_database, "DELETE FROM jobs.procrastinate_jobs WHERE task_name = 'assets.fetch'")
    for number in range(3):
        await asset(alex, f"PART{number}", provider="json")
        provider.answer(f"/json/PART{number}", as_json({"data": [{"close": 1, "day": "2026-03-19"}]}))
    await markets.ask("json")
    assert len(await waiting(owner_database, "json")) == 1
    for _ in range(20):
        await markets.ask("json")
    assert [provider.calls.count(f"/json/PART{number}") for number in range(3)] == [1, 1, 1]
