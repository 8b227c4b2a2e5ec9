"""How often one provider is asked."""

from collections import deque
from collections.abc import Callable

MINUTE = 60.0


class Pace:
    """At most `calls_per_minute` calls in any sixty seconds, and none while the provider has asked to wait."""

    def __init__(self, calls_per_minute: int, clock: Callable[[], float]) -> None:
        self._most = calls_per_minute
        self._clock = clock
        self._calls: deque[float] = deque()
        self._held_until = 0.0

    def wait(self) -> float:
        """Seconds until the next call may be made; 0 takes a place for it."""
        moment = self._clock()
        while self._calls and self._calls[0] <= moment - MINUTE:
            self._calls.popleft()
        free_at = self._calls[0] + MINUTE if len(self._calls) >= self._most else moment
        left = max(free_at, self._held_until) - moment
        if left > 0:
            return left
        self._calls.append(moment)
        return 0.0

    def hold(self, seconds: float) -> None:
        """The provider asks not to be called for so long."""
        self._held_until = max(self._held_until, self._clock() + seconds)
