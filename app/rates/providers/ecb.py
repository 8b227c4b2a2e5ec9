"""The reference rates of the European Central Bank: how much of a currency one euro is, each working day since 1999.

https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/index.en.html
"""

import csv
import io
import xml.etree.ElementTree as ET  # nosec B405  # nothing with entities is read, see `quotes_of_xml`
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, timedelta

from anyio import to_thread

from app.core.config import Settings
from app.core.fetching import Fetcher, Source, UnreadableError, decimal_of
from app.rates.providers.quotes import Gathered, Provider, Quote, Wanted

BASE = "EUR"
FIRST_DAY = date(1999, 1, 4)
DAILY = "/eurofxref-daily.xml"
QUARTER = "/eurofxref-hist-90d.xml"
HISTORY = "/eurofxref-hist.zip"
FEW_DAYS = timedelta(days=4)
"""No longer than a weekend before the newest: what lies between is in no file but the last day."""
QUARTER_DAYS = timedelta(days=85)
MOST_BYTES = 64 * 1024 * 1024
NOT_QUOTED = {"", "N/A", "-"}


class EuropeanCentralBank(Provider):
    """The daily file each day; the last ninety days or all of them where there is a gap."""

    name = "ecb"
    base = BASE

    def __init__(self, settings: Settings) -> None:
        self._source = Source("ecb", settings.rate_ecb_url, whole_seconds=120.0, max_bytes=MOST_BYTES)

    async def gather(self, fetcher: Fetcher, wanted: Wanted) -> Gathered:
        answer = await fetcher.get(self._source, DAILY)
        latest = await to_thread.run_sync(quotes_of_xml, answer.content)
        listed = {quote.quote for quote in latest}
        newest = max(quote.date for quote in latest)
        gathered = Gathered(latest)
        needed = {code: max(since, FIRST_DAY) for code, since in wanted.since.items() if code in listed}
        if any(self._needs_history(wanted, code, first, newest) for code, first in needed.items()):
            answer = await fetcher.get(self._source, HISTORY)
            gathered.quotes += await to_thread.run_sync(quotes_of_zip, answer.content)
            gathered.histories = needed
        elif any(newest - wanted.spans[code][1] >= FEW_DAYS for code in needed.keys() & wanted.spans.keys()):
            answer = await fetcher.get(self._source, QUARTER)
            gathered.quotes += await to_thread.run_sync(quotes_of_xml, answer.content)
        return gathered

    @staticmethod
    def _needs_history(wanted: Wanted, code: str, first: date, newest: date) -> bool:
        """Whether days are missing that the file of ninety days does not have; nothing is asked for twice in vain."""
        if code not in wanted.spans:
            return wanted.histories.get(code, date.max) > first
        known_from, known_to = wanted.spans[code]
        if newest - known_to > QUARTER_DAYS:
            return True
        return known_from > first and wanted.histories.get(code, date.max) > first


def quotes_of_xml(content: bytes) -> list[Quote]:
    """The rates in the daily file or in that of ninety days; raises `UnreadableError` for anything else."""
    if b"<!" in content.replace(b"<!--", b""):
        raise UnreadableError("the answer of ecb declares entities, which its files do not")
    try:
        root = ET.fromstring(content)  # noqa: S314  # nosec B314  # without declarations there is nothing to expand
    except ET.ParseError:
        raise UnreadableError("the answer of ecb is no XML") from None
    found = [
        Quote(BASE, _code(cube.get("currency")), day, decimal_of(cube.get("rate"), "rate"))
        for of_day in root.iter()
        if (time := of_day.get("time")) is not None
        for day in [_day(time)]
        for cube in of_day
    ]
    if not found:
        raise UnreadableError("the answer of ecb has no rates in it")
    return found


def quotes_of_zip(content: bytes) -> list[Quote]:
    """The rates of all days: a table in a ZIP, with a line for each day and a column for each currency."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise UnreadableError("the answer of ecb has not one table in it")
            with archive.open(names[0]) as file:
                table = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError, OSError):
        raise UnreadableError("the answer of ecb is no ZIP") from None
    if len(table) > MOST_BYTES:
        raise UnreadableError("the answer of ecb is too large when it is unpacked")
    return list(_quotes_of_table(table))


def _quotes_of_table(table: bytes) -> Iterator[Quote]:
    try:
        rows = csv.reader(io.StringIO(table.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(rows, [])]
        if not header or header[0] != "Date" or len(header) < 2:  # a day and a currency
            raise UnreadableError("the table of ecb has other columns than it had")
        codes = {place: _code(name) for place, name in enumerate(header) if place and name}
        for row in rows:
            if len(row) != len(header):
                raise UnreadableError("the table of ecb has rows of different length")
            day = _day(row[0])
            for place, code in codes.items():
                if (value := row[place].strip()) not in NOT_QUOTED:
                    yield Quote(BASE, code, day, decimal_of(value, "rate"))
    except (UnicodeDecodeError, csv.Error):
        raise UnreadableError("the table of ecb is no CSV") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UnreadableError("the answer of ecb has something else where a day should be") from None


def _code(text: str | None) -> str:
    if text is None or not (text.isascii() and text.isalnum() and text.isupper()):
        raise UnreadableError("the answer of ecb has something else where a currency should be")
    return text
