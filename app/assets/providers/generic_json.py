"""Any server that answers with one price as JSON: where it stands is said by the settings."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import quote

from app.assets.providers.dates import day_of
from app.assets.providers.model import Ask, Quote
from app.assets.providers.symbols import parts
from app.assets.providers.units import whole
from app.core.config import Settings
from app.core.fetching import Answer, Source, decimal_of, pick


class GenericJson:
    """Symbols are whatever the server knows, with the currency behind a stroke: `GOLD/EUR`."""

    name = "json"

    def __init__(self, settings: Settings) -> None:
        url = settings.market_json_url
        if url is None:
            raise ValueError("there is no MARKET_JSON_URL")
        place = url.index("/", url.index("//") + 2)
        self._path = url[place:]
        self._price, self._date = settings.market_json_price, settings.market_json_date
        key = settings.market_json_key
        self.source = Source(
            self.name,
            url[:place],
            headers={"Authorization": f"Bearer {key}"} if key else {},
            calls_per_minute=settings.market_json_calls_per_minute,
        )

    def asks(self, symbol: str, _since: date, _today: date) -> Sequence[Ask]:
        return [Ask(self._path.replace("{symbol}", quote(parts(symbol)[0], safe="")))]

    def read(self, answer: Answer, symbol: str, today: date) -> Sequence[Quote]:
        """One quote, of the day that the answer says, or of today."""
        document = answer.json()
        day = today if self._date is None else day_of(pick(document, self._date))
        return [Quote(day, *whole(decimal_of(pick(document, self._price), "price"), parts(symbol)[1]))]
