"""Any server that answers with the rate of a pair in JSON: where, and where in the answer, the settings say."""

from datetime import date, timedelta
from urllib.parse import urlsplit

from app.core.config import Settings
from app.core.fetching import Fetcher, FetchError, Source, UnavailableError, decimal_of, pick
from app.rates.providers.quotes import Gathered, Provider, Quote, Wanted

MOST_DAYS = 31
"""So many days are caught up in a run, each with a call for each currency; the others in the runs after it."""


class JsonProvider(Provider):
    """One call for each currency and day that is missing; only today where the address has no `{date}`."""

    name = "json"

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.rate_json_url or "")
        self._template = parts.path + (f"?{parts.query}" if parts.query else "")
        token = settings.rate_json_token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._source = Source("json", f"{parts.scheme}://{parts.netloc}", headers=headers)
        self._path = settings.rate_json_path
        self.base = settings.rate_json_base

    async def gather(self, fetcher: Fetcher, wanted: Wanted) -> Gathered:
        gathered = Gathered()
        failed: FetchError | None = None
        for code in sorted(wanted.since):
            try:
                for day in self._days(wanted, code):
                    gathered.quotes.append(await self._ask(fetcher, code, day))
            except UnavailableError as error:  # what there is by now is kept, the rest is for the next time
                failed = error
                break
            except FetchError as error:  # a currency that it does not know keeps nobody from the others
                failed = failed or error
        if failed is not None:
            if not gathered.quotes:
                raise failed
            gathered.cut_short = failed.detail
        return gathered

    def _days(self, wanted: Wanted, code: str) -> list[date]:
        if "{date}" not in self._template:
            return [wanted.today]
        first = wanted.since[code]
        if code in wanted.spans:
            first = max(first, wanted.spans[code][1] + timedelta(days=1))
        count = min((wanted.today - first).days + 1, MOST_DAYS)
        return [first + timedelta(days=number) for number in range(count)]

    async def _ask(self, fetcher: Fetcher, code: str, day: date) -> Quote:
        named = {"{base}": self.base, "{quote}": code, "{date}": str(day)}
        path, place = self._template, self._path
        for name, value in named.items():
            path, place = path.replace(name, value), place.replace(name, value)
        return Quote(self.base, code, day, decimal_of(pick(await fetcher.json(self._source, path), place), "rate"))
