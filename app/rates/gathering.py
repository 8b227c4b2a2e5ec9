"""Asking providers for the currencies in use, and believing of it what can be believed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.config import Settings
from app.core.fetching import FetchError, UnavailableError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Work
from app.rates import fetch_repository, repository
from app.rates.errors import NoProviderError
from app.rates.providers import Provider, Quote, Wanted, names_in, providers_of

FETCH = "rates.fetch"
MOST_TIMES_OFF = 10
"""A rate that is so many times the one before, or that part of it, is taken for a slip."""
RECENT = timedelta(days=30)
"""How old the one before may be for that: what stays at another level is believed in the end."""
LONGEST_LIST = 50
PAUSES = 6
"""How often a provider that does not answer is asked again, an hour later each time, until its next day."""

log = structlog.get_logger("finance.rates")


@dataclass(frozen=True)
class Sifted:
    """What is believed of some quotes, and of the others why not."""

    good: list[Quote]
    kept_out: list[str]


def sift(quotes: Iterable[Quote], known: Mapping[str, tuple[date, Decimal]], today: date) -> Sifted:
    """Keep out what is not positive, of a day to come, or ten times off the rate before; `known` are the newest ones
    before the first of these quotes, by currency."""
    before = dict(known)
    good: list[Quote] = []
    kept_out: list[str] = []
    for quote in sorted(quotes, key=lambda one: (one.quote, one.date)):
        reason = _doubt(quote, before.get(quote.quote), today)
        if reason is None:
            good.append(quote)
            before[quote.quote] = (quote.date, quote.rate)
        else:
            kept_out.append(f"{quote.base}/{quote.quote} of {quote.date}: {quote.rate:f} {reason}")
    return Sifted(good, kept_out)


def _doubt(quote: Quote, before: tuple[date, Decimal] | None, today: date) -> str | None:
    if quote.rate <= 0:
        return "is not positive"
    if quote.date > today:
        return "is of a day to come"
    if before is not None and timedelta(0) <= quote.date - before[0] <= RECENT:
        ratio = quote.rate / before[1]
        if ratio >= MOST_TIMES_OFF or ratio * MOST_TIMES_OFF <= 1:
            return f"is ten times off {before[1]:f} of {before[0]}"
    return None


async def ask_now(connection: AsyncConnection, settings: Settings) -> list[str]:
    """Have the providers asked once this transaction is committed; raises `NoProviderError` where there is none."""
    names = names_in(settings)
    if not names:
        raise NoProviderError("The settings name no provider of rates: set RATE_PROVIDERS, for example to ecb.")
    await defer(connection, FETCH, {}, key=FETCH)
    return names


async def fetch(work: Work, payload: Mapping[str, Any]) -> None:
    """Ask each provider for what is missing; one that does not answer now is asked again later."""
    providers = providers_of(work.settings)
    needed = await repository.in_use(work.connection) if providers else {}
    later = False
    for provider in providers if needed else []:
        later = not await _fetch_from(work, provider, needed) or later
    tries = int(payload.get("tries", 0))
    if later and tries < PAUSES:
        again = work.at + timedelta(hours=1)
        await defer(work.connection, FETCH, {"tries": tries + 1}, key=f"{FETCH}:again", at=again)


async def _fetch_from(work: Work, provider: Provider, needed: Mapping[str, date | None]) -> bool:
    """Whether the provider answered, be it with nonsense; how it went is noted."""
    today = work.at.date()
    since = {code: first or today for code, first in needed.items() if code != provider.base}
    spans = await repository.span(work.connection, provider.name, provider.base, since)
    histories = await fetch_repository.histories(work.connection, provider.name)
    try:
        gathered = await provider.gather(work.fetcher, Wanted(since, spans, histories, today))
    except FetchError as error:
        log.warning("rates_not_fetched", provider=provider.name, error=error.detail)
        await fetch_repository.note(work.connection, provider.name, work.at, status="failed", detail=error.detail)
        return not isinstance(error, UnavailableError)
    # What was needed for a day on which nothing is quoted is the rate of a day before it.
    earliest = {code: first - RECENT for code, first in since.items()}
    quotes = {
        (quote.quote, quote.date): quote
        for quote in gathered.quotes
        if quote.quote in earliest and quote.date >= earliest[quote.quote] and quote.base == provider.base
    }
    first = min((day for _, day in quotes), default=today)
    known = await repository.last_before(work.connection, provider.base, since, first)
    sifted = sift(quotes.values(), known, today)
    if sifted.kept_out:
        log.warning("rates_kept_out", provider=provider.name, count=len(sifted.kept_out), first=sifted.kept_out[0])
    rows = [{"base": one.base, "quote": one.quote, "date": one.date, "rate": one.rate} for one in sifted.good]
    stored = await repository.store(work.connection, provider.name, rows) if rows else 0
    await fetch_repository.note(
        work.connection,
        provider.name,
        work.at,
        status="succeeded",
        detail=gathered.cut_short,
        stored=stored,
        kept_out=sifted.kept_out[:LONGEST_LIST],
        histories=gathered.histories,
    )
    return gathered.cut_short is None
