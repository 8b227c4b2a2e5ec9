"""CoinGecko: coins by their id, in the currency that is asked for. A day's price is its last one, in UTC."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from app.assets.providers.model import Ask, Quote
from app.assets.providers.symbols import parts
from app.core.config import Settings
from app.core.fetching import Answer, Source, UnreadableError, decimal_of, pick

MOST_DAYS = 365
"""How far back the API goes without a paid plan."""
HEADER = "x-cg-demo-api-key"
PAID_HEADER = "x-cg-pro-api-key"


class CoinGecko:
    """Symbols are ids such as `bitcoin/EUR`."""

    name = "coingecko"

    def __init__(self, settings: Settings) -> None:
        key = settings.market_coingecko_key
        header = PAID_HEADER if "//pro-" in settings.market_coingecko_url else HEADER
        self.source = Source(
            self.name,
            settings.market_coingecko_url,
            headers={header: key} if key else {},
            calls_per_minute=settings.market_coingecko_calls_per_minute,
        )

    def asks(self, symbol: str, since: date, today: date) -> Sequence[Ask]:
        name, currency = parts(symbol)
        days = min(max((today - since).days, 2), MOST_DAYS)
        wanted = {"vs_currency": currency.lower(), "days": str(days), "precision": "full"}
        return [Ask(f"/coins/{name}/market_chart", wanted)]

    def read(self, answer: Answer, symbol: str, _today: date) -> Sequence[Quote]:
        """As [[milliseconds, price], ...]."""
        rows = pick(answer.json(), "prices")
        found: dict[date, Quote] = {}
        for row in rows if isinstance(rows, list) else [rows]:
            if not isinstance(row, list) or len(row) != 2:
                raise UnreadableError("the answer's prices are not in pairs")
            seconds = int(decimal_of(row[0], "moment") / 1000)
            day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(seconds, 10**11))).date()
            found[day] = Quote(day, decimal_of(row[1], "price"), parts(symbol)[1])
        return [found[day] for day in sorted(found)]
