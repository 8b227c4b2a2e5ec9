"""The chart endpoint of Yahoo Finance: daily closing prices with all splits counted, in the exchange's own days."""

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.assets.providers.model import Ask, Quote
from app.assets.providers.units import whole
from app.core.config import Settings
from app.core.fetching import Answer, RefusedError, Source, UnreadableError, decimal_of, pick

DIGITS = 7
"""What a single-precision number holds for certain."""
EPOCH = date(1970, 1, 1)


class Yahoo:
    """Symbols are such as `AAPL`, `VOD.L` or `BTC-USD`; the answer says the currency."""

    name = "yahoo"

    def __init__(self, settings: Settings) -> None:
        self.source = Source(
            self.name, settings.market_yahoo_url, calls_per_minute=settings.market_yahoo_calls_per_minute
        )

    def asks(self, symbol: str, since: date, today: date) -> Sequence[Ask]:
        until = (today - EPOCH).days + 2
        wanted = {"period1": str((since - EPOCH).days * 86_400), "period2": str(until * 86_400)}
        # Of what may be in a symbol only this has a meaning in a path.
        return [Ask(f"/v8/finance/chart/{symbol.replace('^', '%5E')}", {**wanted, "interval": "1d"})]

    def read(self, answer: Answer, symbol: str, _today: date) -> Sequence[Quote]:
        """`adjusted_to` is the newest day in the answer: a split of a later one cannot be in it."""
        document = answer.json()
        if pick(document, "chart.error") is not None:
            raise RefusedError(f"{self.name} does not know the symbol")
        result = pick(document, "chart.result[0]")
        if str(pick(result, "meta.symbol")).upper() != symbol.upper():
            raise UnreadableError("the answer is about another symbol")
        unit = str(pick(result, "meta.currency"))
        columns = pick(result, "indicators.quote[0]")
        moments, closes = result.get("timestamp", []), columns.get("close", []) if isinstance(columns, dict) else None
        if not isinstance(moments, list) or not isinstance(closes, list) or len(moments) != len(closes):
            raise UnreadableError("the answer's days and prices do not go together")
        zone = _zone(result["meta"])
        found: dict[date, Decimal] = {}
        for moment, close in zip(moments, closes, strict=True):
            if close is not None:  # a day without trade
                found[_day(moment, zone)] = _told(decimal_of(close, "price"))
        newest = max(found, default=None)
        return [Quote(day, *whole(found[day], unit), adjusted_to=newest) for day in sorted(found)]


def _zone(meta: dict[str, Any]) -> tzinfo:
    """The exchange's, by name, or by how far it is from UTC."""
    try:
        return ZoneInfo(str(meta.get("exchangeTimezoneName")))
    except (ValueError, OSError, LookupError):
        offset = meta.get("gmtoffset", 0)
        seconds = offset if isinstance(offset, int) and abs(offset) <= 14 * 3600 else 0
        return timezone(timedelta(seconds=seconds))


def _day(moment: Any, zone: tzinfo) -> date:
    seconds = int(decimal_of(moment, "moment"))
    if not 0 <= seconds <= 10**11:
        raise UnreadableError("the answer has no moment where one should be")
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).date()


def _told(price: Decimal) -> Decimal:
    """189.97999572753906 is 189.98 that went through a single-precision number: its certain digits are kept."""
    single = struct.unpack("f", struct.pack("f", price))[0]  # infinite where it holds no such number
    if abs(price) >= 10**DIGITS or Decimal(repr(single)) != price:  # its steps are whole units by then: none are added
        return price
    return Context(prec=DIGITS).plus(price).normalize()
