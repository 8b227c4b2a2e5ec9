"""What policies of the database let a request do with members, had every check of the application been forgotten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import Database, constraint_name, sqlstate
from tests.dump import dump
from tests.households.sharing import invite, join
from tests.people import Person

FORBIDDEN = "42501"


@asynccontextmanager
async def asking(
    database: Database, person: Person, book_id: str, permission: str = ""
) -> AsyncIterator[AsyncConnection]:
    """A transaction as a request of this person in this book has it, that leaves nothing behind."""
    settings = {"app.user_id": person.user["id"], "app.book_id": book_id, "app.permission": permission}
    async with database.engine.connect() as connection:
        for name, value in settings.items():
            await connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
        yield connection
        await connection.rollback()


async def changed(connection: AsyncConnection, statement: str, **parameters: object) -> int:
    return (await connection.execute(text(statement), parameters)).rowcount


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_who_is_no_owner_changes_nobody_but_can_leave(
    kim: Person, robin: Person, owner_database: Database, app_database: Database, role: str
) -> None:
    await join(kim, robin, role)
    made = await invite(kim, "viewer")
    before = await dump(owner_database, kim.book_id)
    me, other = robin.user["id"], kim.user["id"]
    async with asking(app_database, robin, kim.book_id) as connection:
        assert await changed(connection, "UPDATE book_members SET role = 'owner' WHERE user_id = :id", id=me) == 0
        assert await changed(connection, "UPDATE book_members SET role = 'viewer' WHERE user_id = :id", id=other) == 0
        assert await changed(connection, "DELETE FROM book_members WHERE user_id = :id", id=other) == 0
        assert await changed(connection, "UPDATE book_invitations SET role = 'owner'") == 0
        assert await connection.scalar(text("SELECT count(*) FROM book_invitations")) == 0
        assert (await connection.execute(text("SELECT outcome FROM delete_book()"))).scalar_one() == "forbidden"
        assert await changed(connection, "DELETE FROM book_members WHERE user_id = :id", id=me) == 1
    for statement in (
        "INSERT INTO book_members (book_id, user_id, role) VALUES (:book, uuidv7(), 'owner')",
        (
            "INSERT INTO book_invitations (book_id, inviter_id, role, token_hash, expires_at)"
            " VALUES (:book, CAST(:me AS uuid), 'owner', '\\x00', now())"
        ),
    ):
        async with asking(app_database, robin, kim.book_id) as connection:
            wanted = {"book": kim.book_id, "me": me} if ":me" in statement else {"book": kim.book_id}
            with pytest.raises(DBAPIError) as refusal:
                await connection.execute(text(statement), wanted)
            assert sqlstate(refusal.value) == FORBIDDEN
    assert await dump(owner_database, kim.book_id) == before
    assert made["id"]


async def test_nobody_joins_the_book_of_others_by_opening_it(
    kim: Person, robin: Person, app_database: Database
) -> None:
    for role in ("owner", "viewer"):
        async with asking(app_database, robin, kim.book_id) as connection:
            with pytest.raises(DBAPIError) as refusal:
                await connection.execute(
                    text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, CAST(:me AS uuid), :role)"),
                    {"book": kim.book_id, "me": robin.user["id"], "role": role},
                )
            assert sqlstate(refusal.value) == FORBIDDEN


async def test_an_owner_may_and_the_last_one_stays(kim: Person, robin: Person, app_database: Database) -> None:
    await join(kim, robin, "viewer")
    async with asking(app_database, kim, kim.book_id) as connection:
        promote = "UPDATE book_members SET role = 'owner' WHERE user_id = :id"
        assert await changed(connection, promote, id=robin.user["id"]) == 1
        assert await changed(connection, "DELETE FROM book_members WHERE user_id = :id", id=kim.user["id"]) == 1
    for statement in ("UPDATE book_members SET role = 'editor'", "DELETE FROM book_members"):
        async with asking(app_database, kim, kim.book_id) as connection:
            with pytest.raises(IntegrityError) as refusal:
                await connection.execute(text(statement))
            assert constraint_name(refusal.value) == "ck_book_members_an_owner"


async def test_nobody_deletes_somebody_else_without_the_permission(
    kim: Person, robin: Person, app_database: Database
) -> None:
    ask = text("SELECT outcome FROM delete_person(CAST(:id AS uuid))")
    for permission, outcome in (("", "forbidden"), ("users:ban", "forbidden"), ("users:delete", "deleted")):
        async with asking(app_database, robin, robin.book_id, permission) as connection:
            assert await connection.scalar(ask, {"id": kim.user["id"]}) == outcome
    async with app_database.begin() as connection:  # nobody asks
        assert await connection.scalar(ask, {"id": kim.user["id"]}) == "forbidden"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM users",
        "SELECT forget_book(uuidv7())",
        "SELECT * FROM deleted_books",
        "INSERT INTO deleted_books (id) VALUES (uuidv7())",
        "SELECT token_hash FROM book_invitations",
        "ALTER TABLE book_members DISABLE TRIGGER keep_an_owner",
    ],
)
async def test_the_role_of_requests_may_not(kim: Person, app_database: Database, statement: str) -> None:
    async with asking(app_database, kim, kim.book_id) as connection:
        with pytest.raises(DBAPIError) as refusal:
            await connection.execute(text(statement))
        assert sqlstate(refusal.value) == FORBIDDEN


async def test_the_invitee_is_told_by_the_database_alone(kim: Person, robin: Person, app_database: Database) -> None:
    """A guessed id, or an address that is not verified, claims nothing."""
    made = await invite(kim, "owner", email=robin.email)
    claim = text("SELECT reason FROM claim_invitation(NULL, CAST(:id AS uuid), true)")
    async with asking(app_database, robin, robin.book_id) as connection:
        assert await connection.scalar(claim, {"id": made["id"]}) == "unknown"
        assert await connection.scalar(text("SELECT count(*) FROM invitations_to_me()")) == 0
    async with app_database.begin() as connection:  # nobody asks
        assert await connection.scalar(claim, {"id": made["id"]}) == "unknown"
