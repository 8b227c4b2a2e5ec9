"""Which sessions and personal tokens opened a request lately, and which sessions turned out to be over."""

from collections import OrderedDict
from uuid import UUID

from app.core.security import Bearer

MOST_BEARERS = 10_000

Key = UUID | bytes | None


class Bearers:
    """What this process has seen of them; of each kind so many, and the one not seen for longest makes place."""

    def __init__(self, most: int = MOST_BEARERS) -> None:
        self._most = most
        self._owners: OrderedDict[Key, UUID] = OrderedDict()
        self._over: OrderedDict[Key, None] = OrderedDict()

    def note(self, bearer: Bearer, user_id: UUID | None) -> None:
        """That this one just opened a request of this user, or with None that it opens nothing any more."""
        key = _key(bearer)
        if user_id is not None:
            self._owners[key] = user_id
            self._owners.move_to_end(key)
        else:
            self._owners.pop(key, None)
            if bearer.session_id is not None:  # anybody can make up personal tokens, and they need no note
                self._over[key] = None
                self._over.move_to_end(key)
        for kept in (self._owners, self._over):
            if len(kept) > self._most:
                kept.popitem(last=False)

    def owner_of(self, bearer: Bearer) -> UUID | None:
        return self._owners.get(_key(bearer))

    def is_over(self, bearer: Bearer) -> bool:
        return _key(bearer) in self._over


def _key(bearer: Bearer) -> Key:
    return bearer.session_id or bearer.token_hash
