"""How the answers of providers are read; the answers have the shapes that the services document."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from app.assets.providers import Provider, Quote, provider_of
from app.assets.providers.yahoo import _told
from app.core.config import load_settings
from app.core.fetching import Answer, FetchError, PacedError, RefusedError, UnreadableError

TODAY = date(2026, 3, 20)
SETTINGS = load_settings(
    _env_file=None,
    market_alpha_vantage_key="k3y",
    market_json_url="https://prices.example.com/v1/{symbol}/latest?full=1",
    market_json_price="data[0].close",
    market_json_date="data[0].day",
)


def provider(name: str) -> Provider:
    return provider_of(SETTINGS, name)


def at(day: str, hour: int = 14, minute: int = 30) -> int:
    return int(datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}:00").replace(tzinfo=UTC).timestamp())


def read(name: str, symbol: str, content: Any) -> list[Quote]:
    data = content if isinstance(content, bytes) else orjson.dumps(content)
    return list(provider(name).read(Answer(data), symbol, TODAY))


def chart(**changes: Any) -> dict[str, Any]:
    result = {
        "meta": {"currency": "USD", "symbol": "AAPL", "exchangeTimezoneName": "America/New_York"},
        "timestamp": [at("2026-03-17"), at("2026-03-18"), at("2026-03-19")],
        "indicators": {"quote": [{"close": [189.97999572753906, None, 190.5]}]},
    }
    return {"chart": {"result": [{**result, **changes}], "error": None}}


def test_yahoo() -> None:
    newest = date(2026, 3, 19)
    assert read("yahoo", "AAPL", chart()) == [
        Quote(date(2026, 3, 17), Decimal("189.98"), "USD", newest),
        Quote(newest, Decimal("190.5"), "USD", newest),
    ]
    # In Sydney it is the next day already; in London it is pence.
    sydney = {"currency": "AUD", "symbol": "aapl", "exchangeTimezoneName": "Australia/Sydney"}
    quotes = read(
        "yahoo",
        "AAPL",
        chart(meta=sydney, timestamp=[at("2026-03-17", 23), at("2026-03-18", 23), at("2026-03-19", 23)]),
    )
    assert [quote.date for quote in quotes] == [date(2026, 3, 18), date(2026, 3, 20)]
    pence = {"currency": "GBp", "symbol": "AAPL", "exchangeTimezoneName": "Nowhere/At all", "gmtoffset": 3600}
    quotes = read("yahoo", "AAPL", chart(meta=pence, indicators={"quote": [{"close": [7512.5, 1e39, 123456.789]}]}))
    assert [(quote.price, quote.currency) for quote in quotes] == [
        (Decimal("75.125"), "GBP"),
        (Decimal("1e37"), "GBP"),
        (Decimal("1234.56789"), "GBP"),
    ]
    assert read("yahoo", "AAPL", chart(timestamp=[], indicators={"quote": [{}]})) == []
    [ask] = provider("yahoo").asks("^GSPC", date(2026, 3, 1), TODAY)
    assert ask.path == "/v8/finance/chart/%5EGSPC"
    assert ask.parameters == {
        "period1": str(at("2026-03-01", 0, 0)),
        "period2": str(at("2026-03-22", 0, 0)),
        "interval": "1d",
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"chart": {"result": None, "error": {"code": "Not Found"}}}, RefusedError),
        (b"<html>Sorry</html>", UnreadableError),
        ({"chart": {"result": [], "error": None}}, UnreadableError),
        (chart(meta={"currency": "USD", "symbol": "MSFT"}), UnreadableError),
        (chart(meta={"symbol": "AAPL"}), UnreadableError),
        (chart(meta={"currency": None, "symbol": "AAPL"}), UnreadableError),
        (chart(timestamp=[1]), UnreadableError),
        (chart(timestamp="x"), UnreadableError),
        (chart(timestamp=[-5, -5, -5]), UnreadableError),
        (chart(indicators={"quote": [{"close": ["x", None, 1]}]}), UnreadableError),
        (chart(indicators={"quote": [None]}), UnreadableError),
        (chart(meta="AAPL"), UnreadableError),
        ([], UnreadableError),
    ],
)
def test_what_yahoo_must_not_say(content: Any, error: type[FetchError]) -> None:
    with pytest.raises(error):
        read("yahoo", "AAPL", content)


def test_yahoo_keeps_whole_units() -> None:
    assert [_told(Decimal(price)) for price in ("15234567", "189.97999572753906")] == [
        Decimal(15234567),
        Decimal("189.98"),
    ]


def test_coingecko() -> None:
    rows = [
        [at("2026-03-18", 0) * 1000, 70187.5],
        [at("2026-03-18", 23) * 1000 + 59, 70187.17],
        [at("2026-03-19", 6) * 1000, 1e-9],
    ]
    assert read("coingecko", "bitcoin/EUR", {"prices": rows, "market_caps": []}) == [
        Quote(date(2026, 3, 18), Decimal("70187.17"), "EUR"),
        Quote(date(2026, 3, 19), Decimal("1e-9"), "EUR"),
    ]
    [ask] = provider("coingecko").asks("bitcoin/EUR", date(2010, 1, 1), TODAY)
    assert ask.path == "/coins/bitcoin/market_chart"
    assert ask.parameters == {"vs_currency": "eur", "days": "365", "precision": "full"}
    [ask] = provider("coingecko").asks("bitcoin/EUR", TODAY, TODAY)
    assert ask.parameters["days"] == "2"
    bad: list[Any] = ["x", [[1]], [["x", 1]], {}]
    with pytest.raises((UnreadableError, ArithmeticError)):  # which whoever asks takes for the same
        read("coingecko", "bitcoin/EUR", {"prices": [[-1e30, 1]]})
    for wrong in ({"error": "coin not found"}, *({"prices": rows} for rows in bad)):
        with pytest.raises(UnreadableError):
            read("coingecko", "bitcoin/EUR", wrong)


def daily(symbol: str = "VOD.LON", **days: Any) -> dict[str, Any]:
    series = {day.replace("_", "-").strip("d"): close for day, close in days.items()}
    return {"Meta Data": {"1. Information": "Daily", "2. Symbol": symbol}, "Time Series (Daily)": series}


def test_alpha_vantage() -> None:
    content = daily(d2026_03_19={"1. open": "70.1", "4. close": "71.2500"}, d2026_03_18={"4. close": "70.0000"})
    assert read("alpha_vantage", "VOD.LON/GBX", content) == [
        Quote(date(2026, 3, 18), Decimal("0.7"), "GBP"),
        Quote(date(2026, 3, 19), Decimal("0.7125"), "GBP"),
    ]
    asks = provider("alpha_vantage").asks("VOD.LON/GBX", date(2025, 1, 1), TODAY)
    assert [ask.parameters["outputsize"] for ask in asks] == ["full", "compact"]
    [ask] = provider("alpha_vantage").asks("VOD.LON/GBX", date(2026, 3, 1), TODAY)
    assert (ask.path, ask.parameters["symbol"], ask.parameters["outputsize"]) == ("/query", "VOD.LON", "compact")
    assert "k3y" not in repr(provider("alpha_vantage").source)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"Error Message": "Invalid API call"}, RefusedError),
        ({"Information": "The outputsize=full parameter value is a premium feature"}, RefusedError),
        ({"Information": "our standard API rate limit is 25 requests per day"}, PacedError),
        ({"Note": "Our standard API call frequency is 5 calls per minute"}, PacedError),
        (daily("IBM"), UnreadableError),
        ({"Meta Data": {"2. Symbol": "VOD.LON"}}, UnreadableError),
        (daily(d2026_03_19={"4. close": "NaN"}), UnreadableError),
        (daily(d2026_03_19="x"), UnreadableError),
        (daily(dyesterday={"4. close": "1"}), UnreadableError),
        (daily(d2026_02_30={"4. close": "1"}), UnreadableError),
        ([], UnreadableError),
        ({"Meta Data": []}, UnreadableError),
    ],
)
def test_what_alpha_vantage_must_not_say(content: Any, error: type[FetchError]) -> None:
    with pytest.raises(error):
        read("alpha_vantage", "VOD.LON/GBX", content)


def test_stooq() -> None:
    content = b"Date,Open,High,Low,Close,Volume\r\n2026-03-18,1,2,1,71.5,900\r\n2026-03-19,1,2,1,72,900\r\n"
    newest = date(2026, 3, 19)
    assert read("stooq", "aapl.us/USD", content) == [
        Quote(date(2026, 3, 18), Decimal("71.5"), "USD", newest),
        Quote(newest, Decimal(72), "USD", newest),
    ]
    [ask] = provider("stooq").asks("aapl.us/USD", date(2026, 3, 1), TODAY)
    assert ask.parameters == {"s": "aapl.us", "i": "d", "d1": "20260301", "d2": "20260320"}
    for wrong, error in (
        (b"No data", RefusedError),
        (b"", RefusedError),
        (b"Exceeded the daily hits limit", PacedError),
        (b"<html>hello</html>", UnreadableError),
        (b"Date,Close\n2026-03-18,x\n", UnreadableError),
        (b"Date,Close\n2026-03-18\n", UnreadableError),
        (b"Date,Close\n" + b"1" * 200_000, UnreadableError),
        (b"\xff\xfe", UnreadableError),
    ):
        with pytest.raises(error):
            read("stooq", "aapl.us/USD", wrong)


def test_generic_json() -> None:
    answer = b'{"data": [{"close": "1890.10", "day": "2026-03-19T21:00:00Z"}]}'
    assert read("json", "GOLD/EUR", answer) == [Quote(date(2026, 3, 19), Decimal("1890.10"), "EUR")]
    [ask] = provider("json").asks("^GOLD=X/EUR", TODAY, TODAY)
    assert ask.path == "/v1/%5EGOLD%3DX/latest?full=1"
    assert provider("json").source.url == "https://prices.example.com"
    undated = provider_of(SETTINGS.model_copy(update={"market_json_date": None, "market_json_price": "p"}), "json")
    assert undated.read(Answer(b'{"p": 2}'), "GOLD/GBX", TODAY) == [Quote(TODAY, Decimal("0.02"), "GBP")]
    for wrong in (
        b'{"data": []}',
        b'{"data": [{"close": 1, "day": 5}]}',
        b'{"data": [{"close": null, "day": "2026-03-19"}]}',
    ):
        with pytest.raises(UnreadableError):
            read("json", "GOLD/EUR", wrong)
