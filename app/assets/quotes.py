"""Asking providers for quotes: which symbols, what of their answers is kept, and what is noted of the rest."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.assets import quote_repository as repository
from app.assets import service
from app.assets.errors import ProviderOffError
from app.assets.plausibility import sift
from app.assets.providers import Provider, Quote, is_on, provider_of
from app.assets.quote_repository import Outcome
from app.core.clock import now
from app.core.config import Settings
from app.core.database import AnyRow
from app.core.errors import FieldError
from app.core.fetching import FetchError, RefusedError, UnavailableError, UnreadableError
from app.core.fetching.breaker import State
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Work
from app.transactions.errors import ArchivedError

FETCH = "assets.fetch"
BATCH = 40
"""Symbols of one job, whose transaction is open meanwhile."""
EVERY = timedelta(hours=20)
"""Less than a day, for a task that looks once an hour."""
FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(days=1)
OFF_PAUSE = timedelta(hours=1)
OVERLAP = timedelta(days=7)
"""What was told of the last days is told again: a day's last price comes after its end."""
HISTORY = timedelta(days=366)
LEAD = timedelta(days=10)
"""Before the first trade, so that there is a price on that day."""
EARLIEST = date(1970, 1, 1)
FARTHEST_EAST = timedelta(hours=14)

Document = dict[str, Any]


async def refresh(book: BookReader, settings: Settings, asset_id: UUID) -> Document:
    """Have the asset's provider be asked soon, but not again within a quarter of an hour.

    Raises `AssetNotFoundError`, `ArchivedError`, and `ProviderOffError` where there is nobody to ask.
    """
    asset = await service.get(book, asset_id)
    provider, symbol = asset["provider"], asset["provider_symbol"]
    if asset["archived_at"] is not None:
        raise ArchivedError([FieldError("path.asset_id", "asset_archived", "is archived: no quotes are fetched")])
    if provider is None:
        raise ProviderOffError("The asset names no provider: set one, or set its prices yourself.")
    if not is_on(settings, provider):
        raise ProviderOffError(f"This server does not ask {provider}: MARKET_PROVIDERS does not name it.")
    next_at = await repository.request(book.connection, provider, symbol, now())
    await enqueue(book, provider, next_at)
    return {"provider": provider, "provider_symbol": symbol, "next_at": next_at}


async def enqueue(book: BookReader, provider: str, at: datetime) -> None:
    await defer(book.connection, FETCH, {"provider": provider}, key=_key(provider), at=at)


def _key(provider: str) -> str:
    """One job at a time asks a provider, however many workers there are: its limit is one."""
    return f"{FETCH}:{provider}"


async def look(work: Work) -> None:
    """A job for each provider that assets follow."""
    for provider in await repository.providers(work.connection):
        await defer(work.connection, FETCH, {"provider": provider}, key=_key(provider))


async def fetch_due(work: Work, name: str) -> None:
    """Ask one provider for what is due, and come back for the rest.

    Where it does not answer, or says that it is asked too often, the rest waits until it may.
    """
    rows = await repository.due(work.connection, name, work.at, BATCH + 1)
    if not is_on(work.settings, name):
        outcome = Outcome(work.at, work.at + OFF_PAUSE, "provider_off", "this server does not ask this provider")
        for row in rows:
            await repository.note(work.connection, name, row.symbol, outcome)
        return
    provider = provider_of(work.settings, name)
    for row in rows[:BATCH]:
        try:
            outcome = await _fetch(work, provider, row)
        except UnavailableError as error:
            outcome = _failed(work.at, row, error, error.retry_after)
            await repository.note(work.connection, name, row.symbol, outcome)
            if error.retry_after is not None or work.fetcher.state_of(provider.source) is not State.CLOSED:
                await _come_back(work, name, outcome.next_at)
                return
        except FetchError as error:
            await repository.note(work.connection, name, row.symbol, _failed(work.at, row, error, None))
        else:
            await repository.note(work.connection, name, row.symbol, outcome)
    if len(rows) > BATCH:
        await _come_back(work, name, work.at)


async def _come_back(work: Work, name: str, at: datetime) -> None:
    await defer(work.connection, FETCH, {"provider": name}, key=_key(name), at=at)


async def _fetch(work: Work, provider: Provider, row: AnyRow) -> Outcome:
    """Ask for one symbol and keep what is believed; raises `FetchError`."""
    today = work.at.date()
    since = _since(row, today)
    quotes = await _ask(work, provider, row.symbol, since)
    if not quotes:
        raise UnreadableError("the answer has no prices")
    known = None
    if not row.whole:  # with all of its history splits are counted anew: what is known is no measure of it
        known = await repository.before(work.connection, provider.name, row.symbol, quotes[0].date)
    sifted = sift(quotes, known, (work.at + FARTHEST_EAST).date())
    stored = await repository.store(work.connection, provider.name, row.symbol, sifted.quotes, work.at)
    problem, detail = ("implausible", sifted.problem) if sifted.problem is not None else (None, None)
    if stored < len(sifted.quotes):
        problem, detail = "unknown_currency", f"prices in {sifted.quotes[-1].currency}, which this server does not know"
    pause = EVERY if problem is None else _pause(row.failures)
    history_from = since if row.whole and problem != "unknown_currency" else None
    return Outcome(work.at, work.at + pause, problem, detail, history_from)


async def _ask(work: Work, provider: Provider, symbol: str, since: date) -> Sequence[Quote]:
    refused: RefusedError | None = None
    for ask in provider.asks(symbol, since, work.at.date()):
        answer = await work.fetcher.get(provider.source, ask.path, ask.parameters)
        try:
            return provider.read(answer, symbol, work.at.date())
        except RefusedError as error:
            refused = error
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UnreadableError("the answer is not what was asked for") from error
    raise refused or RefusedError(f"{provider.name} cannot be asked for it")


def _since(row: AnyRow, today: date) -> date:
    """From which day on to ask."""
    if not row.whole and row.newest is not None:
        newest: date = row.newest
        return max(min(newest, today) - OVERLAP, EARLIEST)
    needed: date = row.first_needed or today
    return max(min(needed - LEAD, today - HISTORY), EARLIEST)


def _failed(at: datetime, row: AnyRow, error: FetchError, retry_after: float | None) -> Outcome:
    """Noted as a problem; the provider's own word on when to come back goes before ours."""
    pause = _pause(row.failures) if retry_after is None else timedelta(seconds=retry_after)
    return Outcome(at, at + pause, error.code, error.detail)


def _pause(failures: int) -> timedelta:
    """Twice as long after each failure, a day at most."""
    return min(FIRST_PAUSE * (1 << min(failures, 10)), LONGEST_PAUSE)
