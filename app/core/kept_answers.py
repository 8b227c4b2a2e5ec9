"""Answers kept in memory, by all that they depend on: a key never means two answers."""

from collections import OrderedDict

LARGEST = 4
"""An answer that takes more than one in so many of all bytes is not kept."""
OVERHEAD = 500
"""Bytes that an answer takes beside its own, about."""


class KeptAnswers:
    """Bodies by their keys, `most_bytes` of them at most; what was asked for longest ago goes first.

    It is one process's own. Who makes keys puts into them whatever can change an answer, read from the database with
    the request that asks: so it need not be told of changes, in this process or another, and nothing in it is stale.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> bytes | None:
        body = self._kept.get(key)
        if body is not None:
            self._kept.move_to_end(key)
        return body

    def put(self, key: str, body: bytes) -> None:
        size = len(body) + OVERHEAD
        if size * LARGEST > self._most or key in self._kept:
            return
        self._kept[key] = body
        self.size += size
        while self.size > self._most:
            _, gone = self._kept.popitem(last=False)
            self.size -= len(gone) + OVERHEAD
