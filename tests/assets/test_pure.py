"""Numbers that check themselves, symbols, units, and what is believed of quotes."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from app.assets import isin
from app.assets.plausibility import sift
from app.assets.providers import Quote, normal_symbol, provider_of
from app.assets.providers.units import whole
from app.core.config import load_settings
from app.core.failures import StartupError
from app.core.fetching import UnreadableError

DAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    "number", ["US0378331005", "AU0000XVGZA3", "GB0002634946", "IE00BK5BQT80", "DE000BAY0017", "CH0012032048"]
)
def test_published_isins_check(number: str) -> None:
    assert isin.normal(f" {number.lower()} ") == number
    for digit in range(10):
        if digit != int(number[-1]):
            with pytest.raises(ValueError, match="does not check"):
                isin.normal(f"{number[:-1]}{digit}")


@pytest.mark.parametrize(
    ("provider", "symbol", "currency", "normal"),
    [
        ("yahoo", "vwce.de", "EUR", "VWCE.DE"),
        ("yahoo", "^gspc", "USD", "^GSPC"),
        ("coingecko", "Bitcoin", "EUR", "bitcoin/EUR"),
        ("coingecko", "bitcoin/usd", "EUR", "bitcoin/USD"),
        ("alpha_vantage", "vod.lon", "GBP", "VOD.LON/GBX"),
        ("alpha_vantage", "vod.lon/gbp", "GBP", "VOD.LON/GBP"),
        ("stooq", "VOD.UK", "GBP", "vod.uk/GBX"),
        ("stooq", "AAPL.US", "USD", "aapl.us/USD"),
        ("json", "Gold", "EUR", "Gold/EUR"),
    ],
)
def test_a_symbol_is_kept_in_one_form(provider: str, symbol: str, currency: str, normal: str) -> None:
    assert normal_symbol(provider, symbol, currency) == normal
    assert normal_symbol(provider, normal, currency) == normal


@pytest.mark.parametrize(
    "symbol", ["", "a b", "../x", "a/b/c", "a?b", "a&b", "a%2fb", "ä", "a/€", "-a", "a#", "x" * 51]
)
def test_what_is_no_symbol_is_refused(symbol: str) -> None:
    for provider in ("yahoo", "json", "stooq"):
        with pytest.raises(ValueError, match="is no symbol"):
            normal_symbol(provider, symbol, "EUR")


def test_pence_become_pounds() -> None:
    assert whole(Decimal("7512.5"), "GBp") == (Decimal("75.125"), "GBP")
    assert whole(Decimal(100), "GBX") == (Decimal(1), "GBP")
    assert whole(Decimal(100), "ZAc") == (Decimal(1), "ZAR")
    assert whole(Decimal("1.5"), "GBP") == (Decimal("1.5"), "GBP")
    for unit in ("", "gbp", "None", "£", "E"):
        with pytest.raises(UnreadableError):
            whole(Decimal(1), unit)


def quote(days: int, price: str, currency: str = "EUR") -> Quote:
    return Quote(DAY + timedelta(days=days), Decimal(price), currency)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (quote(1, "-1"), "not above 0"),
        (quote(1, "0"), "not above 0"),
        (quote(1, "NaN"), "not above 0"),
        (quote(1, "Infinity"), "not above 0"),
        (quote(1, "1e15"), "out of all proportion"),
        (quote(9, "10"), "still to come"),
        (quote(1, "1000"), "50 times"),
        (quote(1, "0.1"), "50 times"),
        (Quote(date(1850, 1, 1), Decimal(10), "EUR"), "too long ago"),
    ],
)
def test_a_wrong_quote_is_left_out_and_told(wrong: Quote, said: str) -> None:
    good, later = quote(0, "10"), quote(2, "11")
    found = sift([good, wrong, later], quote(-1, "9"), DAY + timedelta(days=5))
    assert list(found.quotes) == [good, later]
    assert found.problem is not None
    assert said in found.problem
    assert found.problem.startswith(str(wrong.date))
    assert sift([good, wrong, wrong], None, DAY + timedelta(days=5)) == sift(
        [good, wrong], None, DAY + timedelta(days=5)
    )


def test_what_moves_as_markets_do_is_believed() -> None:
    quotes = [quote(0, "10"), quote(1, "490"), quote(2, "9.9"), quote(3, "0.1", "GBP"), quote(60, "100000")]
    found = sift(quotes, None, DAY + timedelta(days=90))
    assert (list(found.quotes), found.problem) == (quotes, None)
    known = quote(-40, "0.01")
    assert sift(quotes[:1], known, DAY).problem is None
    assert sift(quotes[:1], quote(-1, "0.01"), DAY).quotes == []
    assert sift([], None, DAY).quotes == []
    [fine] = sift([quote(0, "0.1234567890123456789")], None, DAY).quotes
    assert str(fine.price) == "0.123456789012345679"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"market_providers": "yahoo,nobody"}, "'nobody' is none of"),
        ({"market_providers": "alpha_vantage"}, "MARKET_ALPHA_VANTAGE_KEY is missing"),
        ({"market_providers": "json"}, "MARKET_JSON_URL is missing"),
        ({"market_json_url": "https://example.com/"}, "MARKET_JSON_URL"),
        ({"market_json_url": "https://{symbol}.example.com/"}, "MARKET_JSON_URL"),
        ({"market_json_url": "ftp://example.com/{symbol}"}, "MARKET_JSON_URL"),
        ({"market_yahoo_url": "javascript:1"}, "MARKET_YAHOO_URL"),
        ({"market_stooq_calls_per_minute": 0}, "MARKET_STOOQ_CALLS_PER_MINUTE"),
    ],
)
def test_wrong_settings_are_said_at_the_start(changes: dict[str, object], said: str) -> None:
    with pytest.raises(StartupError, match=said):
        load_settings(_env_file=None, **changes)


def test_nobody_is_asked_by_default() -> None:
    settings = load_settings(_env_file=None)
    assert settings.market_providers == []
    assert load_settings(_env_file=None, market_providers=" Yahoo , stooq,yahoo").market_providers == ["yahoo", "stooq"]
    with pytest.raises(ValueError, match="MARKET_JSON_URL"):
        provider_of(settings, "json")
    keyed = load_settings(_env_file=None, market_coingecko_key="k3y", market_alpha_vantage_key="k3y")
    assert "k3y" not in repr(keyed)
    paid = keyed.model_copy(update={"market_coingecko_url": "https://pro-api.coingecko.com/api/v3"})
    assert list(provider_of(paid, "coingecko").source.headers) == ["x-cg-pro-api-key"]


def test_a_validation_error_shows_no_key() -> None:
    with pytest.raises((StartupError, ValidationError)) as refusal:
        load_settings(_env_file=None, market_json_key="k3y-of-nobody", market_json_url="x")
    assert "k3y-of-nobody" not in str(refusal.value)
