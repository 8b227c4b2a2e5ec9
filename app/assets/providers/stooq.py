"""Stooq: daily closing prices as CSV, with splits counted. It says no with status 200 and a sentence."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from app.assets.providers.dates import day_of
from app.assets.providers.model import Ask, Quote
from app.assets.providers.symbols import parts
from app.assets.providers.units import whole
from app.core.config import Settings
from app.core.fetching import Answer, PacedError, RefusedError, Source, UnreadableError, decimal_of

LIMIT_SECONDS = 6 * 3600.0
COLUMNS = ("Date", "Close")


class Stooq:
    """Symbols are such as `aapl.us/USD` or, in pence, `vod.uk/GBX`."""

    name = "stooq"

    def __init__(self, settings: Settings) -> None:
        self.source = Source(
            self.name, settings.market_stooq_url, calls_per_minute=settings.market_stooq_calls_per_minute
        )

    def asks(self, symbol: str, since: date, today: date) -> Sequence[Ask]:
        wanted = {"s": parts(symbol)[0].lower(), "i": "d", "d1": f"{since:%Y%m%d}", "d2": f"{today:%Y%m%d}"}
        return [Ask("/q/d/l/", wanted)]

    def read(self, answer: Answer, symbol: str, _today: date) -> Sequence[Quote]:
        """`adjusted_to` is the newest day in the answer: a split of a later one cannot be in it."""
        text = answer.text().strip()
        if text.lower().startswith("exceeded"):
            raise PacedError(f"{self.name} says that it is asked too often", retry_after=LIMIT_SECONDS)
        if text.lower() in {"", "no data"}:
            raise RefusedError(f"{self.name} does not know the symbol, or has nothing of these days")
        rows = csv.DictReader(io.StringIO(text))
        try:
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise UnreadableError("the answer has other columns than Date and Close")
            found = {day_of(row["Date"]): decimal_of(row["Close"], "price") for row in rows}
        except csv.Error:
            raise UnreadableError("the answer is no CSV") from None
        newest = max(found, default=None)
        unit = parts(symbol)[1]
        return [Quote(day, *whole(found[day], unit), adjusted_to=newest) for day in sorted(found)]
