"""Features above the ledger that name its accounts, categories, payees and tags, when one of those is to go.

With an heir all of them go over to it, in the same transaction; without one they say by what it is named. Features add
themselves when they are imported, as in `watching`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from app.access.context import BookReader, BookWriter
from app.access.private import seeing_all
from app.core.errors import ConflictError

MOST_SHOWN = 20

Kind = Literal["account", "category", "payee", "tag"]


class HeirDoesNotFitError(ConflictError):
    """What names the old one could not name the heir in its place."""

    code = "heir_does_not_fit"
    title = "The heir cannot take its place"


@dataclass(frozen=True)
class Going:
    """What is to go; `names` are all names by which texts may call it, and only payees and tags are called so."""

    kind: Kind
    ids: tuple[UUID, ...]
    names: frozenset[str] = frozenset()

    @classmethod
    def called(cls, kind: Kind, ids: Iterable[UUID], names: Iterable[str]) -> "Going":
        return cls(kind, tuple(ids), frozenset(name.lower() for name in names))

    def names_it(self, word: Any) -> bool:
        return isinstance(word, str) and word.lower() in self.names


@dataclass(frozen=True)
class Heir:
    """What takes its place; accounts and categories are named by their ids alone."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Use:
    """Something that names what is to go by its id."""

    entity: str
    id: UUID
    name: str


@dataclass(frozen=True)
class Uses:
    """What names it, as far as the member sees it, and whether there is more."""

    seen: Sequence[Use]
    hidden: bool

    def __bool__(self) -> bool:
        return bool(self.seen) or self.hidden

    @property
    def detail(self) -> str:
        """What is in the way, and nothing where nothing is."""
        listed = [f"the {use.entity} '{use.name}'" for use in self.seen[:MOST_SHOWN]]
        if len(self.seen) > MOST_SHOWN:
            listed.append(f"{len(self.seen) - MOST_SHOWN} more")
        if self.hidden:
            listed.append("something that you do not see")
        return f"It is named by {', '.join(listed)}. " if listed else ""

    def documents(self) -> list[dict[str, str]]:
        return [{"entity": use.entity, "id": str(use.id), "name": use.name} for use in self.seen]


Users = Callable[[BookReader, Going], Awaitable[list[Use]]]
Inherit = Callable[[BookWriter, Going, Heir], Awaitable[None]]

_FEATURES: dict[str, tuple[Users, Inherit]] = {}


def name_ledger(feature: str, users: Users, inherit: Inherit) -> None:
    """Have a feature be asked for what it names by id (`users`), and be told to name an heir instead (`inherit`).

    Both see what is hidden from the member, too.
    """
    _FEATURES[feature] = (users, inherit)


async def users_of(book: BookReader, going: Going) -> Uses:
    """All that names what is to go."""
    seen = [use for users, _ in _FEATURES.values() for use in await users(book, going)]
    if not book.hides:
        return Uses(seen, hidden=False)
    async with seeing_all(book):
        whole = [use for users, _ in _FEATURES.values() for use in await users(book, going)]
    return Uses(seen, hidden=len(whole) > len(seen))


async def hand_over(book: BookWriter, going: Going, heir: Heir) -> None:
    """Have everything name the heir, which is another one. Raises `HeirDoesNotFitError` where that cannot be."""
    async with seeing_all(book):
        for _, inherit in _FEATURES.values():
            await inherit(book, going, heir)
    book.touch_today()  # what counts by what it names counts otherwise now


def with_heir(ids: Iterable[UUID], going: Going, heir: Heir) -> list[UUID]:
    """The same ids in the same order, the heir once where one was that goes."""
    return list(dict.fromkeys(heir.id if each in going.ids else each for each in ids))


def names_by_id(document: Any, going: Going) -> bool:
    """Whether a JSON document names one by its id, under a key such as `account_id` or `fee_category_id`."""
    return bool(with_heir_inside(document, going, Heir(UUID(int=0), "")) != document)


def with_heir_inside(document: Any, going: Going, heir: Heir) -> Any:
    """The document with the heir's id under such keys."""
    gone = {str(each) for each in going.ids}
    return _swapped(document, f"{going.kind}_id", gone, str(heir.id))


def _swapped(node: Any, key: str, gone: set[str], heir: str) -> Any:
    if isinstance(node, list):
        return [_swapped(part, key, gone, heir) for part in node]
    if isinstance(node, Mapping):
        return {
            name: heir
            if name.endswith(key) and isinstance(value, str) and value in gone
            else _swapped(value, key, gone, heir)
            for name, value in node.items()
        }
    return node


def with_name(words: Iterable[str], going: Going, heir: Heir) -> list[str]:
    """The same words, the heir's name once where one was that goes."""
    found: dict[str, str] = {}
    for word in words:
        new = heir.name if going.names_it(word) else word
        found.setdefault(new.lower(), new)
    return list(found.values())
