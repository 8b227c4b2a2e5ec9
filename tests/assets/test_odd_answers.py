"""Answers that nobody expects: each is noted, none is kept, none keeps others from being asked for."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.assets.plausibility import EARLIEST, HIGHEST, sift
from app.assets.providers import NAMES, provider_of
from app.core.config import load_settings
from app.core.database import Database
from app.core.fetching import Answer, FetchError
from tests.assets.conftest import Market, asset, listed
from tests.fetching.provider import Provider, Reply, as_json
from tests.people import Person
from tests.staff import run

TODAY = date(2026, 3, 20)
SYMBOLS = {
    "alpha_vantage": "IBM/USD",
    "coingecko": "bitcoin/EUR",
    "json": "GOLD/EUR",
    "stooq": "aapl.us/USD",
    "yahoo": "AAPL",
}
ODD_TEXTS = (
    *(b"", b" ", b"null", b"true", b"0", b'"x"', b"[]", b"{}", b"[[]]", b"[{}]", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf"),
    *(b"[" * 200_000, b"9" * 6000, b'{"a": 1e999999999}', b"[NaN]", b"Date,Close", b"Date,Close\n2026-03-19", b'"\n'),
)
ODD: tuple[Any, ...] = (
    *(None, True, "", "x", "\x00", "NaN", "1e999", [], {}, [1], {"a": 1}, -1, 0, 1e-30, 1e300, 10**60, "2026-02-30"),
    *("9999-12-31", "0001-01-01", "\ud7ff", "💶", 10**11, -(10**15)),
)


def shapes(odd: Any) -> list[Any]:
    """What each provider answers, with the odd thing in each place in turn."""
    moment = int(datetime(2026, 3, 19, 15, tzinfo=UTC).timestamp())
    meta = {"currency": "USD", "symbol": "AAPL", "exchangeTimezoneName": "Europe/Berlin", "gmtoffset": 3600}
    result = {"meta": meta, "timestamp": [moment], "indicators": {"quote": [{"close": [5]}]}}
    made: list[Any] = [{**result, name: odd} for name in result]
    made += [{**result, "meta": {**meta, name: odd}} for name in meta]
    made += [{**result, "meta": {**meta, "exchangeTimezoneName": None, "gmtoffset": odd}}]
    made += [{**result, "timestamp": [odd]}, {**result, "indicators": {"quote": odd}}]
    made += [{**result, "indicators": {"quote": [{"close": inner}]}} for inner in (odd, [odd])]
    charts = [{"chart": {"result": inner, "error": None}} for inner in (odd, *([one] for one in (odd, *made)))]
    series = [{"4. close": odd}, {odd if isinstance(odd, str) else "x": {"4. close": 5}}, odd]
    told = {"2. Symbol": "IBM"}
    daily = [{"Meta Data": told, "Time Series (Daily)": one} for one in (odd, *({"2026-03-19": one} for one in series))]
    others = [{"Meta Data": odd}, {"Note": odd}, {"prices": odd}, {"prices": [odd]}, {"prices": [[odd, odd]]}]
    others += [{"prices": [[moment * 1000, odd]]}, {"price": odd}, {"price": 5, "day": odd}, {"chart": odd}, odd]
    return [*charts, *daily, *others]


def is_json(odd: Any) -> bool:
    return not isinstance(odd, int) or abs(odd) < 2**63


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_answered_is_read_as_plausible_quotes_or_refused(name: str) -> None:
    settings = load_settings(
        _env_file=None,
        market_json_url="https://example.com/{symbol}",
        market_json_price="price",
        market_json_date="day",
        market_alpha_vantage_key="k3y-of-nobody",
    )
    provider = provider_of(settings, name)
    contents = [*ODD_TEXTS, *(orjson.dumps(shape) for odd in ODD if is_json(odd) for shape in shapes(odd))]
    contents += [f"Date,Close\n{odd},5\n2026-03-19,{odd}\n".encode() for odd in ODD]
    readable = 0
    for content in contents:
        try:
            quotes = provider.read(Answer(content), SYMBOLS[name], TODAY)
        except (FetchError, ArithmeticError, LookupError, TypeError, ValueError):  # what the task takes for unreadable
            continue
        readable += 1
        for quote in sift(quotes, None, TODAY).quotes:
            assert Decimal(0) < quote.price < HIGHEST, content
            assert EARLIEST <= quote.date <= TODAY, content
            assert quote.currency.isascii(), content
    assert readable < len(contents)


ANSWERED = (
    Reply(b"[" * 200_000),
    Reply(b"9" * 6000),
    Reply(b"\x00\xff"),
    as_json({"data": [{"close": 1e-30, "day": "2026-03-19"}]}),
    as_json({"data": [{"close": "1" + "0" * 39, "day": "2026-03-19"}]}),
    as_json({"data": [{"close": 5, "day": "9999-12-31"}]}),
    as_json({"data": [{"close": 5, "day": "2026-03-1\x00"}]}),
    as_json({"data": [{"close": True, "day": "2026-03-19"}]}),
    as_json({"data": {"0": {"close": 5}}}),
    Reply(b"", 204),
    Reply(b"", 302, {"Location": "http://["}),
    Reply(b"", 429, {"Retry-After": "soon, perhaps"}),
    Reply(b"{}", 200, {"Content-Encoding": "gzip"}),
)


async def test_an_odd_answer_keeps_nobody_from_being_asked_for(
    alex: Person, markets: Market, provider: Provider
) -> None:
    made = [await asset(alex, f"ODD{number:02}", provider="json") for number in range(len(ANSWERED))]
    fine = await asset(alex, "ZZZ", provider="json")
    for each, reply in zip(made, ANSWERED, strict=True):
        provider.answer(f"/json/{each['symbol']}", reply)
    provider.answer("/json/ZZZ", as_json({"data": [{"close": "7.5", "day": "2026-03-19"}]}))
    for _ in range(4):  # what does not answer at all ends a round; the next one goes on
        await markets.ask("json")
        markets.time.at += 3600
    assert await listed(alex, fine["id"]) == [("2026-03-19", "7.5", "EUR")]
    for each in made:
        found = (await alex.read(f"/portfolio/assets/{each['id']}"))["quotes"]
        assert found["problem"] in {"unreadable", "refused", "implausible", "unavailable", "paced"}, (each, found)
        assert found["detail"]
        assert await listed(alex, each["id"]) == []


async def test_who_waits_the_longest_is_asked_first_and_nobody_for_ever(
    alex: Person, markets: Market, provider: Provider, owner_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.assets.quotes.BATCH", 2)
    waited = {"LAST": 1, "FIRST": 30, "THIRD": 10, "SECOND": 20}
    for symbol in waited:
        await asset(alex, symbol, provider="json")
    await asset(alex, "A_NEW_ONE", provider="json")  # it was never asked for: it waits since now
    await asset(alex, "NOT_YET", provider="json")
    due = {symbol: markets.at - timedelta(hours=hours) for symbol, hours in waited.items()}
    due["NOT_YET"] = markets.at + timedelta(hours=1)
    for symbol, at in due.items():
        await run(
            owner_database,
            "INSERT INTO quote_sources (provider, symbol, next_at, history_from, history_on) VALUES "
            "('json', CAST(:symbol AS text) || '/EUR', CAST(:at AS text)::timestamptz, '2000-01-01', '2026-01-01')",
            symbol=symbol,
            at=at.isoformat(),
        )
    provider.answer("/json/FIRST", Reply(b"", 404))  # what fails goes to the end, too
    expected = ["FIRST", "SECOND", "THIRD", "LAST", "A_NEW_ONE"]
    for symbol in expected[1:]:
        provider.answer(f"/json/{symbol}", as_json({"data": [{"close": 1, "day": "2026-03-19"}]}))
    for _ in range(4):
        await markets.ask("json")
    assert [path.removeprefix("/json/") for path in provider.calls] == expected
