"""Settings about providers of market prices: none is asked until it is switched on."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

MARKET_PROVIDERS = ("alpha_vantage", "coingecko", "json", "stooq", "yahoo")
JSON_URL = re.compile(r"https?://[^/{}\s]+/[^#{}\s]*\{symbol\}[^#{}\s]*")
BASE_URL = r"^https?://[^?#\s{}]+$"


def _url(default: str) -> str:
    value: str = Field(default=default, pattern=BASE_URL)
    return value


def _per_minute(default: int) -> int:
    value: int = Field(default=default, ge=1, le=10_000)
    return value


class MarketSettings(BaseSettings):
    """One value a setting, as in `Settings`."""

    market_providers: Annotated[list[str], NoDecode] = []

    market_alpha_vantage_url: str = _url("https://www.alphavantage.co")
    market_alpha_vantage_key: str | None = Field(default=None, repr=False)
    market_alpha_vantage_calls_per_minute: int = _per_minute(5)

    market_coingecko_url: str = _url("https://api.coingecko.com/api/v3")
    market_coingecko_key: str | None = Field(default=None, repr=False)
    market_coingecko_calls_per_minute: int = _per_minute(10)

    market_stooq_url: str = _url("https://stooq.com")
    market_stooq_calls_per_minute: int = _per_minute(20)

    market_yahoo_url: str = _url("https://query1.finance.yahoo.com")
    market_yahoo_calls_per_minute: int = _per_minute(30)

    market_json_url: str | None = None
    market_json_key: str | None = Field(default=None, repr=False)
    market_json_price: str = "price"
    market_json_date: str | None = None
    market_json_calls_per_minute: int = _per_minute(60)

    @field_validator("market_providers", mode="before")
    @classmethod
    def _split_providers(cls, value: object) -> object:
        if isinstance(value, str):
            return list(dict.fromkeys(part.strip().lower() for part in value.split(",") if part.strip()))
        return value

    @field_validator("market_providers")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        for part in value:
            if part not in MARKET_PROVIDERS:
                raise ValueError(f"{part!r} is none of {', '.join(MARKET_PROVIDERS)}")
        return value

    @field_validator("market_json_url")
    @classmethod
    def _is_template(cls, value: str | None) -> str | None:
        if value is not None and not JSON_URL.fullmatch(value):
            raise ValueError("must be a URL with {symbol} in its path or query, once, and no other braces")
        return value

    @model_validator(mode="after")
    def _providers_are_whole(self) -> Self:
        if "alpha_vantage" in self.market_providers and self.market_alpha_vantage_key is None:
            raise ValueError("MARKET_ALPHA_VANTAGE_KEY is missing: MARKET_PROVIDERS names alpha_vantage")
        if "json" in self.market_providers and self.market_json_url is None:
            raise ValueError("MARKET_JSON_URL is missing: MARKET_PROVIDERS names json")
        return self
