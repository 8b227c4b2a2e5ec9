"""Short ways to a book's revisions, to undoing them, to all that the book is, and a client that follows the feed."""

from dataclasses import dataclass, field
from typing import Any

from httpx import Response
from sqlalchemy import text

from app.core.database import Database
from tests.imports.uploads import rows_of
from tests.people import Person, expect

Document = dict[str, Any]
Key = tuple[str, str]

MOMENTS = {"revision", "updated_at"}
"""What says when something was written, and is another after an undo."""
NAMES = {"payee", "tags"}
"""What a transaction's state says of other rows, which the feed tells of themselves."""


async def revision(person: Person) -> int:
    return int((await person.read(f"/books/{person.book_id}"))["revision"])


async def try_undo(person: Person, number: int, **headers: str) -> Response:
    return await person.http.post(f"/books/{person.book_id}/undo", json={"revision": number}, headers=headers)


async def undo(person: Person, number: int) -> Document:
    done: Document = expect(await try_undo(person, number), 200)
    return done


async def undo_last(person: Person) -> int:
    """Undo the newest revision; returns which it was."""
    number = await revision(person)
    await undo(person, number)
    return number


async def changes(person: Person, since: int = 0, limit: int = 500) -> tuple[list[Document], int]:
    """All items of the feed, page by page, and the revision to go on from."""
    items: list[Document] = []
    cursor: dict[str, str] = {}
    while True:
        page = await person.read(f"/books/{person.book_id}/changes", since=since, limit=limit, **cursor)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items, page["revision"]
        cursor = {"cursor": page["next_cursor"]}


@dataclass
class Follower:
    """A client that keeps a copy of a book: it applies what the feed tells, in the feed's order."""

    person: Person
    rows: dict[Key, Document] = field(default_factory=dict)
    revision: int = 0

    async def catch_up(self, limit: int = 500) -> int:
        """Returns how many items there were."""
        items, self.revision = await changes(self.person, self.revision, limit)
        for item in items:
            self.apply(item)
        return len(items)

    def apply(self, item: Document) -> None:
        key = item["entity"], item["id"]
        if item["deleted"]:
            assert item["state"] is None
            self.rows.pop(key, None)
        else:
            assert item["state"]["id"] == item["id"]
            self.rows[key] = item["state"]


def without(document: Document, names: set[str]) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def comparable(rows: dict[Key, Document]) -> dict[Key, Document]:
    """A copy of the book without what is told by other rows."""
    return {key: without(row, NAMES | MOMENTS if key[0] == "transaction" else MOMENTS) for key, row in rows.items()}


async def state(person: Person, *months: tuple[int, int]) -> Document:
    """All that a book is, but for when it was written: the feed from 0, the book itself, reports, imported rows."""
    follower = Follower(person)
    await follower.catch_up()
    book = await person.read(f"/books/{person.book_id}")
    accounts = (await person.read("/accounts"))["items"]
    imports = [row for (entity, _), row in sorted(follower.rows.items()) if entity == "import"]
    return {
        "rows": {key: without(row, MOMENTS) for key, row in follower.rows.items()},
        "book": {name: book[name] for name in ("name", "base_currency", "locked_until")},
        "balances": {item["id"]: item["balance"] for item in accounts},
        "reports": [
            await person.read("/reports/monthly", year=year, month=month) for year, month in months or [(2026, 1)]
        ],
        "imported": {item["id"]: await rows_of(person, item) for item in imports},
        "payees": [without(item, MOMENTS) for item in (await person.read("/payees"))["items"]],
    }


def differences(one: Document, other: Document) -> list[Any]:
    """What is not the same, for the message of a test that fails."""
    found: list[Any] = []
    for part in one:
        if one[part] == other[part]:
            continue
        if isinstance(one[part], dict):
            keys = one[part].keys() | other[part].keys()
            found += [
                (part, key, one[part].get(key), other[part].get(key))
                for key in keys
                if one[part].get(key) != other[part].get(key)
            ]
        else:
            found.append((part, one[part], other[part]))
    return found


def same(one: Document, other: Document) -> None:
    assert one == other, differences(one, other)


def offenders(answer: Response) -> set[Key]:
    return {(item["entity"], item["id"]) for item in answer.json()["offenders"]}


async def join(database: Database, owner: Person, guest: Person, role: str) -> None:
    """Make somebody a member of another's book."""
    member = text(
        "INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, :role) "
        "ON CONFLICT (book_id, user_id) DO UPDATE SET role = excluded.role"
    )
    async with database.begin() as connection:
        await connection.execute(member, {"book": owner.book_id, "user": guest.user["id"], "role": role})
