"""A circuit breaker: who keeps failing is left alone for a while, then tried once."""

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Opens after `failures` failures in a row, for `pause` seconds; then one trial decides.

    A trial that fails opens it again, for twice as long each time, up to `longest_pause`. `clock` counts seconds and
    never goes back.
    """

    def __init__(
        self, failures: int, pause: float, clock: Callable[[], float], *, longest_pause: float = 3600.0
    ) -> None:
        self._most = failures
        self._pause = pause
        self._longest = longest_pause
        self._clock = clock
        self._failures = 0
        self._openings = 0
        self._until: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        if self._until is None:
            return State.CLOSED
        return State.OPEN if self._clock() < self._until else State.HALF_OPEN

    def wait(self) -> float:
        """Seconds until a call is let through; 0 lets this one, and while it is half-open no other beside it."""
        if self._until is None:
            return 0.0
        left = self._until - self._clock()
        if left > 0:
            return left
        if self._trying:
            return self._pause
        self._trying = True
        return 0.0

    def succeeded(self) -> None:
        self._failures = self._openings = 0
        self._until = None
        self._trying = False

    def failed(self) -> None:
        self._failures += 1
        if self._trying or self._failures >= self._most:
            self._until = self._clock() + min(self._pause * 2**self._openings, self._longest)
            self._openings = min(self._openings + 1, 30)
        self._trying = False

    def gave_up(self) -> None:
        """The call ended without telling anything of the other side: another may be the trial."""
        self._trying = False
