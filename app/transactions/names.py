"""Payees and tags that transactions name."""

from uuid import UUID

from app.access.context import BookWriter, Event
from app.core.ids import new_id
from app.transactions.references import References


class Names:
    """Payees and tags by name; one that the book has not met is made once, however often the input says it."""

    def __init__(self, known: References) -> None:
        self._keys = known.name_keys
        self._payees = dict(known.payees)
        self._tags = dict(known.tags)
        self.new_payees: list[tuple[UUID, str]] = []
        self.new_tags: list[tuple[UUID, str]] = []

    def payee(self, name: str) -> tuple[UUID, str]:
        return self._resolve(name, self._payees, self.new_payees)

    def tag(self, name: str) -> tuple[UUID, str]:
        return self._resolve(name, self._tags, self.new_tags)

    def record(self, book: BookWriter) -> None:
        """Log the names that are new; they are written with what names them."""
        for row_id, name in self.new_payees:
            book.record(Event("payee", row_id, "created", after={"name": name, "default_category_id": None}))
        for row_id, name in self.new_tags:
            book.record(Event("tag", row_id, "created", after={"name": name}))

    def _resolve(self, name: str, found: dict[str, tuple[UUID, str]], new: list[tuple[UUID, str]]) -> tuple[UUID, str]:
        key = self._keys[name]
        if key not in found:
            found[key] = (new_id(), name)
            new.append(found[key])
        return found[key]
