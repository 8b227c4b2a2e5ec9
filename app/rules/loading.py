"""The matchers of books: compiled once for as long as the rules stay as they are, and kept for the books in use."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.core.database import AnyRow
from app.rules import repository
from app.rules.matcher import Matcher
from app.rules.service import compiled_row

MOST_MATCHERS = 64
FEW_RULES = 20
"""Up to so many rules are compiled where they are needed; more of them in a thread."""

Key = tuple[UUID, str, str]


class Matchers:
    """The matchers that were asked for last, by book, occasion and version of the rules."""

    def __init__(self, most: int = MOST_MATCHERS) -> None:
        self._most = most
        self._kept: OrderedDict[Key, Matcher] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Matcher | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Key, matcher: Matcher) -> None:
        with self._lock:
            self._kept[key] = matcher
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


_MATCHERS = Matchers()


async def matcher_for(book: BookReader, cause: str) -> Matcher:
    """The rules that are asked on this occasion, of those that the member sees."""
    key = (book.book_id, cause, await repository.version(book.connection, book.book_id, cause))
    found = _MATCHERS.get(key)
    if found is None:
        found = await built(await repository.asked(book.connection, book.book_id, cause))
        _MATCHERS.keep(key, found)
    return found


async def built(rows: Sequence[AnyRow]) -> Matcher:
    """A matcher of stored rules, made off the event loop where they are many."""

    def build() -> Matcher:
        return Matcher([compiled_row(row) for row in rows])

    return build() if len(rows) <= FEW_RULES else await to_thread.run_sync(build)
