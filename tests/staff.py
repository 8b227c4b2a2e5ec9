"""Making people of tests moderators and admins, and proving again who they are, past the API."""

from typing import Any

from sqlalchemy import text

from app.core.database import Database
from app.core.ids import new_id
from app.core.security import PERSONAL_TOKEN, digest
from tests.people import Person


async def run(owner: Database, statement: str, **values: Any) -> Any:
    """One statement as the owner of the tables; the first column of its first row, if it has one."""
    async with owner.begin() as connection:
        result = await connection.execute(text(statement), values)
        return result.scalars().first() if result.returns_rows else None


async def appoint(owner: Database, person: Person, role: str) -> None:
    await run(owner, "UPDATE users SET role = :role WHERE id = :id", role=role, id=person.user["id"])


async def confirm(owner: Database, person: Person) -> None:
    """As if they had proved again who they are just now."""
    await run(owner, "UPDATE sessions SET confirmed_at = now() WHERE user_id = :id", id=person.user["id"])


async def personal_token(owner: Database, person: Person, *scopes: str) -> str:
    """A personal access token of theirs with these scopes."""
    token = f"{PERSONAL_TOKEN}{new_id().hex}"
    await run(
        owner,
        "INSERT INTO personal_tokens (user_id, name, prefix, token_hash, scopes, expires_at) "
        "VALUES (:id, 'test', 'ft_pat_', :hash, :scopes, now() + interval '1 day')",
        id=person.user["id"],
        hash=digest(token),
        scopes=list(scopes),
    )
    return token
