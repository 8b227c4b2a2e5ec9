"""Where is counted: in Redis for several processes together, else, and while Redis does not answer, in this process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from limits.aio.storage import RedisStorage, Storage
from prometheus_client import Counter, Gauge
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.core.failures import StartupError
from app.core.rate_limits.memory import BoundedMemory

PATIENCE_SECONDS = 0.25
"""How long one question to Redis may take: far more than it needs, for moments in which this process is slow itself."""
PAUSE_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""
CONNECTIONS = 20
KEY_PREFIX = "finance"

FAILURES = Counter("finance_rate_limit_store_failures_total", "Questions that Redis did not answer")
AWAY = Gauge("finance_rate_limit_store_away", "1 while Redis does not answer and each process counts by itself")

log = structlog.get_logger("finance.limits")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Count:
    """How often a key was counted in its window, and how many seconds the window has left."""

    count: int
    seconds: float


class Counters:
    """Fixed windows that begin with a key's first count.

    They take one number a key, one round trip, and tell exactly when the next try is good; the price is that twice the
    limit fits around the border of two windows.

    A store that fails refuses nobody: it is left alone for some seconds, each process counts in its own memory
    meanwhile, and a metric and the log tell.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._local = BoundedMemory()
        self._pool = _pool(redis_url) if redis_url is not None else None
        self._shared = _storage(redis_url, self._pool) if redis_url is not None and self._pool is not None else None
        self._paused_until = 0.0
        self._away = False

    async def hit(self, key: str, window: int) -> Count:
        """Count the key once more, in a window of so many seconds if none is open."""

        async def ask(store: Storage) -> Count:
            count, end = await _both(store, store.incr(key, window), store.get_expiry(key))
            # The two may overtake each other at the first count.
            return Count(count, window if count == 1 else max(0.0, end - time.time()))

        return await self._ask(ask)

    async def look(self, key: str) -> Count:
        """The same without counting."""

        async def ask(store: Storage) -> Count:
            count, end = await _both(store, store.get(key), store.get_expiry(key))
            return Count(count, max(0.0, end - time.time()))

        return await self._ask(ask)

    async def open(self, key: str, window: int) -> None:
        """A new window, whatever there was before."""

        async def ask(store: Storage) -> None:
            await store.clear(key)
            await store.incr(key, window)

        await self._ask(ask)

    async def clear(self, key: str) -> None:
        await self._ask(lambda store: store.clear(key))

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.disconnect()

    async def _ask(self, question: Callable[[Storage], Awaitable[Answer]]) -> Answer:
        if self._shared is not None and time.monotonic() >= self._paused_until:
            if self._away:
                # One request tries whether it is back; the others go on without.
                self._paused_until = time.monotonic() + PAUSE_SECONDS
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    answer = await question(self._shared)
            except (RedisError, OSError, TimeoutError) as error:
                self._failed(error)
            else:
                self._answered()
                return answer
        return await question(self._local)

    def _failed(self, error: Exception) -> None:
        FAILURES.inc()
        AWAY.set(1)
        self._paused_until = time.monotonic() + PAUSE_SECONDS
        if not self._away:
            log.error("rate_limit_store_away", error=f"{type(error).__name__}: {error}")
        self._away = True

    def _answered(self) -> None:
        if self._away:
            self._away = False
            self._paused_until = 0.0
            AWAY.set(0)
            log.warning("rate_limit_store_back")


async def _both(store: Storage, first: Awaitable[int], second: Awaitable[float]) -> tuple[int, float]:
    """Two answers in the time of one, where that is a journey; in memory it is cheaper to ask one after the other."""
    if isinstance(store, BoundedMemory):
        return await first, await second
    return await asyncio.gather(first, second)


def _pool(redis_url: str) -> BlockingConnectionPool:
    """Few connections, and no tries of its own: who waits for Redis is a request."""
    options: dict[str, Any] = {
        "max_connections": CONNECTIONS,
        "timeout": PATIENCE_SECONDS,
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    try:
        pool: BlockingConnectionPool = BlockingConnectionPool.from_url(redis_url, **options)
    except ValueError:
        raise StartupError(
            "REDIS_URL is not usable: it must look like redis://:password@host:6379/0, with special characters in the "
            "password percent-encoded."
        ) from None
    return pool


def _storage(redis_url: str, pool: BlockingConnectionPool) -> RedisStorage:
    options: dict[str, Any] = {"connection_pool": pool}
    return RedisStorage(f"async+{redis_url}", implementation="redispy", key_prefix=KEY_PREFIX, **options)
