"""Alpha Vantage: daily closing prices as they were traded. It says no with status 200 and a sentence."""

from collections.abc import Sequence
from datetime import date

from app.assets.providers.dates import day_of
from app.assets.providers.model import Ask, Quote
from app.assets.providers.symbols import parts
from app.assets.providers.units import whole
from app.core.config import Settings
from app.core.fetching import Answer, PacedError, RefusedError, Source, UnreadableError, decimal_of

COMPACT_DAYS = 130
"""A compact answer has the last hundred trading days."""
LIMIT_SECONDS = 3600.0
SAYS_NO = ("Error Message", "Note", "Information")


class AlphaVantage:
    """Symbols are such as `IBM/USD` or, in pence, `VOD.LON/GBX`."""

    name = "alpha_vantage"

    def __init__(self, settings: Settings) -> None:
        self.source = Source(
            self.name,
            settings.market_alpha_vantage_url,
            parameters={"apikey": settings.market_alpha_vantage_key or ""},
            calls_per_minute=settings.market_alpha_vantage_calls_per_minute,
        )

    def asks(self, symbol: str, since: date, today: date) -> Sequence[Ask]:
        """All of the history takes a paid key: without one the last hundred days are asked for."""
        sizes = ["compact"] if (today - since).days <= COMPACT_DAYS else ["full", "compact"]
        wanted = {"function": "TIME_SERIES_DAILY", "symbol": parts(symbol)[0]}
        return [Ask("/query", {**wanted, "outputsize": size}) for size in sizes]

    def read(self, answer: Answer, symbol: str, _today: date) -> Sequence[Quote]:
        document = answer.json()
        said = next((document[key] for key in SAYS_NO if isinstance(document, dict) and key in document), None)
        if said is not None:
            self._refuse(str(said))
        name, unit = parts(symbol)
        if _symbol_of(document).upper() != name.upper():
            raise UnreadableError("the answer is about another symbol")
        series = document.get("Time Series (Daily)")
        if not isinstance(series, dict):
            raise UnreadableError("the answer has no daily prices")
        quotes = []
        for text, values in series.items():
            close = values.get("4. close") if isinstance(values, dict) else None
            price, currency = whole(decimal_of(close, "price"), unit)
            quotes.append(Quote(day_of(text), price, currency))
        return sorted(quotes, key=lambda quote: quote.date)

    def _refuse(self, said: str) -> None:
        lowered = said.lower()
        if "premium" in lowered and "outputsize" in lowered:
            raise RefusedError(f"{self.name} gives all of the history to paid keys alone")
        if "rate limit" in lowered or "requests per" in lowered or "call frequency" in lowered:
            raise PacedError(f"{self.name} says that it is asked too often", retry_after=LIMIT_SECONDS)
        raise RefusedError(f"{self.name} does not know the symbol, or does not take the key")


def _symbol_of(document: object) -> str:
    told = document.get("Meta Data") if isinstance(document, dict) else None
    return str(told.get("2. Symbol")) if isinstance(told, dict) else ""
