"""The providers that there are, and those that the server has switched on."""

from collections.abc import Callable

from app.assets.providers.alpha_vantage import AlphaVantage
from app.assets.providers.coingecko import CoinGecko
from app.assets.providers.generic_json import GenericJson
from app.assets.providers.model import Provider
from app.assets.providers.stooq import Stooq
from app.assets.providers.symbols import plain, with_currency
from app.assets.providers.yahoo import Yahoo
from app.core.config import Settings
from app.core.market_settings import MARKET_PROVIDERS

_MAKERS: dict[str, Callable[[Settings], Provider]] = {
    "alpha_vantage": AlphaVantage,
    "coingecko": CoinGecko,
    "json": GenericJson,
    "stooq": Stooq,
    "yahoo": Yahoo,
}
NAMES = MARKET_PROVIDERS
IN_PENCE = {"alpha_vantage": (".LON",), "stooq": (".UK",)}
"""Where these quote in pence what others call pounds."""


def is_on(settings: Settings, name: str) -> bool:
    return name in settings.market_providers


def provider_of(settings: Settings, name: str) -> Provider:
    """Raises `KeyError` for a name that is none of `NAMES`."""
    return _MAKERS[name](settings)


def normal_symbol(provider: str, symbol: str, currency: str) -> str:
    """A symbol as it is kept: one that needs a currency gets the asset's where it names none.

    Raises `ValueError`, for a person to read, for what the provider could not know anything by.
    """
    if provider == "yahoo":
        return plain(symbol).upper()
    upper = symbol.upper()
    if currency == "GBP" and "/" not in symbol and upper.endswith(IN_PENCE.get(provider, ("\0",))):
        currency = "GBX"
    normal = with_currency(symbol, currency)
    name, _, code = normal.partition("/")
    lower = provider in {"coingecko", "stooq"}
    if provider == "json":
        return normal
    return f"{name.lower() if lower else name.upper()}/{code}"
