"""Asking other servers for rates and prices: bounded in time, size and number, and never on somebody else's behalf.

A provider is a `Source`; the worker's one `Fetcher` calls it, and hands jobs itself as `Work.fetcher`. What goes wrong
is a `FetchError`, which a caller keeps as a state: it is nobody's internal error.
"""

from app.core.fetching.answers import Answer, decimal_of, pick
from app.core.fetching.breaker import CircuitBreaker
from app.core.fetching.errors import FetchError, PacedError, RefusedError, UnavailableError, UnreadableError
from app.core.fetching.fetcher import Fetcher, Source

__all__ = [
    "Answer",
    "CircuitBreaker",
    "FetchError",
    "Fetcher",
    "PacedError",
    "RefusedError",
    "Source",
    "UnavailableError",
    "UnreadableError",
    "decimal_of",
    "pick",
]
