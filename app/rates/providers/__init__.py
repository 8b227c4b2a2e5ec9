"""Who can be asked for exchange rates: each turns what a server answers into quotes, which are not believed yet."""

from app.core.config import Settings
from app.rates.providers.ecb import EuropeanCentralBank
from app.rates.providers.generic import JsonProvider
from app.rates.providers.quotes import Provider, Quote, Wanted

__all__ = ["Provider", "Quote", "Wanted", "names_in", "providers_of"]


def names_in(settings: Settings) -> list[str]:
    """The providers that the settings name, each once."""
    return list(dict.fromkeys(name for part in settings.rate_providers.split(",") if (name := part.strip())))


def providers_of(settings: Settings) -> list[Provider]:
    """The providers that the settings name, in their order."""
    made: dict[str, type[Provider]] = {"ecb": EuropeanCentralBank, "json": JsonProvider}
    return [made[name](settings) for name in names_in(settings)]
