"""The one way to call a provider."""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import structlog
from anyio import to_thread
from prometheus_client import Counter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from app.core.fetching.addresses import GuardedTransport
from app.core.fetching.answers import Answer
from app.core.fetching.breaker import CircuitBreaker, State
from app.core.fetching.errors import FetchError, PacedError, RefusedError, UnavailableError, UnreadableError
from app.core.fetching.pacing import Pace
from app.core.fetching.retry_after import seconds_of
from app.core.version import VERSION

MAX_REDIRECTS = 3
LONGEST_PAUSE_SECONDS = 10.0
"""Whoever says to come back later than this is not waited for: the job comes back instead."""
AGENT = f"finance-tracker/{VERSION}"
JSON = "application/json"

FETCHES = Counter(
    "finance_fetches", "Calls to providers of rates and prices, by provider and outcome", ["provider", "outcome"]
)

log = structlog.get_logger("finance.fetching")


@dataclass(frozen=True)
class Source:
    """A provider, and how it may be called.

    `url` comes from the server's settings and is what paths are put behind. `headers` and `parameters` go along with
    every call: keys are in them, so they are shown nowhere. Times are in seconds; `whole_seconds` is for one call with
    its redirects, without the pauses between tries.
    """

    name: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    calls_per_minute: int = 60
    attempts: int = 3
    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    whole_seconds: float = 30.0
    max_bytes: int = 8 * 1024 * 1024
    failures_to_open: int = 5
    open_seconds: float = 60.0


class _Gate:
    """What is remembered of one provider between calls."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self.pace = Pace(source.calls_per_minute, clock)
        self.breaker = CircuitBreaker(source.failures_to_open, source.open_seconds, clock)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates of the authorities takes long enough to do it once."""
    return httpx.create_ssl_context()


class _Again(Exception):  # noqa: N818  # it never leaves this module
    """A try that failed and may be made again, with what to raise when there is no other."""

    def __init__(self, error: UnavailableError) -> None:
        super().__init__(error.detail)
        self.error = error


class Fetcher:
    """Calls providers over one client, and remembers how each of them behaves; a process has one.

    Nothing is opened before the first call. `clock` counts seconds, `sleep` waits that many, `chance` is a number from
    0 to 1: tests bring their own.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._allow_private = allow_private
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._client: httpx.AsyncClient | None = None
        self._gates: dict[str, _Gate] = {}

    async def close(self) -> None:
        """Close what is open; the next call opens it again."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def state_of(self, source: Source) -> State:
        """How the breaker of a provider stands."""
        return self._gate(source).breaker.state

    async def get(self, source: Source, path: str = "", parameters: Mapping[str, str] | None = None) -> Answer:
        """The content behind a path of the provider, tried again where that may help.

        `path` is put behind the source's URL as it stands: quote what users wrote. Raises `PacedError`,
        `UnavailableError`, `RefusedError` and `UnreadableError`.
        """
        gate = self._gate(source)
        tries = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(source.attempts),
            retry=retry_if_exception(lambda error: isinstance(error, _Again)),
            wait=self._pause,
            reraise=True,
        )
        outcome = "failed"
        try:
            answer: Answer = await tries(self._try, source, gate, path, {**source.parameters, **(parameters or {})})
            outcome = "succeeded"
        except _Again as last:
            outcome = last.error.code
            raise last.error from None
        except FetchError as error:
            outcome = error.code
            raise
        finally:
            FETCHES.labels(source.name, outcome).inc()
        return answer

    async def json(self, source: Source, path: str = "", parameters: Mapping[str, str] | None = None) -> Any:
        """The JSON behind a path, its fractions as `Decimal`; raises what `get` raises."""
        answer = await self.get(source, path, parameters)
        return await to_thread.run_sync(answer.json)

    def _gate(self, source: Source) -> _Gate:
        gate = self._gates.get(source.name)
        if gate is None:
            gate = self._gates[source.name] = _Gate(source, self._clock)
        return gate

    def _pause(self, state: RetryCallState) -> float:
        """Half a second doubled with each try, less up to half of it by chance; or what the provider asked for."""
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.error.retry_after if isinstance(error, _Again) else None
        backoff: float = 0.5 * 2 ** (state.attempt_number - 1) * (1 - self._chance() / 2)
        return max(backoff, asked or 0.0)

    async def _try(self, source: Source, gate: _Gate, path: str, parameters: Mapping[str, str]) -> Answer:
        left = gate.breaker.wait()
        if left > 0:
            raise UnavailableError(f"{source.name} did not answer for a while and is left alone", retry_after=left)
        try:
            await self._turn(source, gate)
            async with asyncio.timeout(source.whole_seconds):
                answer = await self._call(source, path, parameters)
        except _LimitedError as error:
            # It answers, and says that this is too often: that is no reason to take it for broken.
            gate.breaker.gave_up()
            raise self._limited(source, gate, error.seconds) from None
        except (TimeoutError, httpx.TransportError, _BrokenError) as error:
            gate.breaker.failed()
            log.warning("fetch_failed", provider=source.name, error=type(error).__name__)
            raise _Again(UnavailableError(f"{source.name} does not answer")) from None
        except (RefusedError, UnreadableError):
            gate.breaker.succeeded()  # it is there, whatever it says
            raise
        except BaseException:
            gate.breaker.gave_up()
            raise
        gate.breaker.succeeded()
        return answer

    @staticmethod
    def _limited(source: Source, gate: _Gate, seconds: float | None) -> Exception:
        """What to raise for a provider that says it is asked too often: it is left alone for as long as it says."""
        if seconds is not None:
            gate.pace.hold(seconds)
        error = PacedError(f"{source.name} says that it is asked too often", retry_after=seconds)
        return error if seconds is not None and seconds > LONGEST_PAUSE_SECONDS else _Again(error)

    async def _turn(self, source: Source, gate: _Gate) -> None:
        """Wait for this call's turn where that is soon; else raise `PacedError`."""
        while (left := gate.pace.wait()) > 0:
            if left > LONGEST_PAUSE_SECONDS:
                raise PacedError(f"{source.name} may not be asked more often", retry_after=left)
            await self._sleep(left)

    async def _call(self, source: Source, path: str, parameters: Mapping[str, str]) -> Answer:
        if self._client is None:
            transport = GuardedTransport(_tls(), allow_private=self._allow_private)
            self._client = httpx.AsyncClient(transport=transport, follow_redirects=False, trust_env=False)
        url = httpx.URL(source.url.rstrip("/") + path)
        url = url.copy_merge_params(dict(parameters)) if parameters else url
        # Compressed answers are not asked for and not taken: a small one can be very large.
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        own = dict(source.headers)
        limits = httpx.Timeout(source.read_seconds, connect=source.connect_seconds)
        for _ in range(MAX_REDIRECTS + 1):
            request = self._client.build_request("GET", url, headers={**headers, **own}, timeout=limits)
            response = await self._client.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    return await _read(source, response)
                target = _target(source, url, response.headers["location"])
            finally:
                await response.aclose()
            if not _same_origin(url, target):
                own = {}  # a key is for whom it was given to
            url = target
        raise RefusedError(f"{source.name} sends this server from one place to the next")


class _LimitedError(Exception):
    """The status 429."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("limited")
        self.seconds = seconds


class _BrokenError(Exception):
    """A status that says the provider is out of order."""


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _target(source: Source, url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads: by https, or to the very place it came from."""
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise RefusedError(f"{source.name} sends this server nowhere") from None
    if target.userinfo or not (target.scheme == "https" or _same_origin(url, target)):
        raise RefusedError(f"{source.name} sends this server elsewhere without https")
    return target


async def _read(source: Source, response: httpx.Response) -> Answer:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise _LimitedError(seconds_of(response.headers.get("retry-after")))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _BrokenError
    if status != httpx.codes.OK:
        raise RefusedError(f"{source.name} answers with status {status}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise UnreadableError(f"{source.name} sent a compressed answer, which was not asked for")
    pieces = bytearray()
    async for piece in response.aiter_raw():
        pieces += piece
        if len(pieces) > source.max_bytes:
            raise UnreadableError(f"the answer of {source.name} is too large")
    media_type = response.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    return Answer(bytes(pieces), media_type)
