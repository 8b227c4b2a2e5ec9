"""Short ways to share a book in tests."""

from pathlib import Path
from typing import Any

from app.core.database import Database
from tests.people import Person, expect
from tests.staff import run

Document = dict[str, Any]


async def invite(owner: Person, role: str = "editor", book_id: str | None = None, **more: Any) -> Document:
    path = f"/books/{book_id or owner.book_id}/invitations"
    made: Document = expect(await owner.http.post(path, json={"role": role, **more}), 201)
    return made


async def join(owner: Person, person: Person, role: str = "editor", book_id: str | None = None) -> Document:
    """Invite and accept; returns the book as the new member sees it."""
    invitation = await invite(owner, role, book_id)
    body = {"token": invitation["token"]}
    book: Document = expect(await person.http.post("/invitations/accept", json=body), 200)
    return book


async def roles(person: Person, book_id: str) -> dict[str, str]:
    """By address."""
    return {m["email"]: m["role"] for m in (await person.read(f"/books/{book_id}/members"))["items"]}


async def log_of(person: Person, book_id: str, limit: int = 20) -> list[tuple[str, str, str]]:
    """Entity, id and action, the newest first."""
    events = (await person.read(f"/books/{book_id}/activity", limit=limit))["items"]
    return [(event["entity"], event["entity_id"], event["action"]) for event in events]


async def verify(owner: Database, person: Person) -> None:
    """As if the person had followed the link of a mail."""
    await run(owner, "UPDATE users SET email_verified_at = now() WHERE id = :id", id=person.user["id"])


def stored_in(folder: Path) -> list[str]:
    """The names of a book's objects in the store."""
    return [file.name for file in folder.iterdir()] if folder.exists() else []
