"""Counters in this process's memory, of which there are only so many."""

import time
from collections import OrderedDict

from limits.aio.storage import Storage

MOST_KEYS = 20_000
"""Of one kind. The first part of a key, up to its first slash, is its kind."""


class BoundedMemory(Storage):
    """A storage of the package `limits` for fixed windows.

    The package's own keeps every key until a sweep over all of them, which is started by requests; whoever chooses
    keys then chooses its size and its cost. Here each kind of key has its room, and the key not used for longest makes
    place; so nobody pushes out another kind's, and nobody their own while they use it.
    """

    STORAGE_SCHEME = None

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self._most_keys = most_keys
        self._kinds: dict[str, OrderedDict[str, tuple[int, float]]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    def _room(self, key: str) -> OrderedDict[str, tuple[int, float]]:
        return self._kinds.setdefault(key.partition("/")[0], OrderedDict())

    def _live(self, key: str) -> tuple[int, float] | None:
        """The count and the end of a key whose window is not over."""
        room = self._room(key)
        found = room.get(key)
        if found is None:
            return None
        if found[1] <= time.time():
            del room[key]
            return None
        room.move_to_end(key)
        return found

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        count, end = self._live(key) or (0, time.time() + expiry)
        room = self._room(key)
        room[key] = (count + amount, end)
        if len(room) > self._most_keys:
            room.popitem(last=False)
        return count + amount

    async def get(self, key: str) -> int:
        found = self._live(key)
        return found[0] if found else 0

    async def get_expiry(self, key: str) -> float:
        found = self._live(key)
        return found[1] if found else time.time()

    async def clear(self, key: str) -> None:
        self._room(key).pop(key, None)

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        count = sum(len(room) for room in self._kinds.values())
        self._kinds.clear()
        return count
