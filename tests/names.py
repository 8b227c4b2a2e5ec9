"""Short ways to payees, tags, and what the log says about them."""

from datetime import date
from typing import Any

from sqlalchemy import text

from app.core.database import Database
from tests.people import Person, expect

Document = dict[str, Any]
UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"

_LOG = text(
    """
    SELECT entity, entity_id::text AS id, action, before, after, position FROM events
    WHERE book_id = CAST(:book AS uuid) AND revision > :after ORDER BY revision, position
    """
)
_LOCK = text("UPDATE books SET locked_until = CAST(:day AS date) WHERE id = CAST(:book AS uuid)")


async def payee(person: Person, name: str, **fields: Any) -> Document:
    made: Document = expect(await person.http.post("/payees", json={"name": name, **fields}), 201)
    return made


async def tag(person: Person, name: str, **fields: Any) -> Document:
    made: Document = expect(await person.http.post("/tags", json={"name": name, **fields}), 201)
    return made


async def names(person: Person, path: str, **params: Any) -> list[str]:
    return [item["name"] for item in (await person.read(path, **params))["items"]]


async def revision(person: Person) -> int:
    return int((await person.read(f"/books/{person.book_id}"))["revision"])


async def logged(database: Database, person: Person, after: int) -> list[Any]:
    """The events of the person's book behind a revision, in order; positions have no gaps within a revision."""
    async with database.begin() as connection:
        rows = (await connection.execute(_LOG, {"book": person.book_id, "after": after})).all()
    return list(rows)


async def lock(database: Database, person: Person, day: str | None) -> None:
    """Close the person's book up to a day, or open it."""
    async with database.begin() as connection:
        parameters = {"book": person.book_id, "day": date.fromisoformat(day) if day else None}
        await connection.execute(_LOCK, parameters)
