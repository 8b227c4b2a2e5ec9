"""Row-level security of what is a person's, the server's or everybody's; every table of the database has its class."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import APP_ROLE, Database, sqlstate
from app.core.login_role import LOGIN_ROLE
from tests.people import Person, expect
from tests.security.tables import (
    APPENDED,
    FETCHED,
    GLOBAL,
    INTERNAL,
    INVITING,
    PERSONAL,
    ROLES,
    WRITTEN_ONLY,
    classified,
)
from tests.staff import personal_token, run

DENIED = "42501"


@asynccontextmanager
async def acting(database: Database, **settings: str) -> AsyncIterator[AsyncConnection]:
    """A transaction in a context of `user_id`, `book_id` and `permission`; it leaves nothing behind."""
    async with database.engine.connect() as connection:
        for name, value in settings.items():
            await connection.execute(
                text("SELECT set_config(:name, :value, true)"), {"name": f"app.{name}", "value": value}
            )
        yield connection
        await connection.rollback()


async def rows(connection: AsyncConnection, statement: str, **values: Any) -> list[Any] | None:
    """What a statement returns or, for one that returns nothing, how many rows it touched; None where it is denied."""
    try:
        async with connection.begin_nested():
            result = await connection.execute(text(statement), values)
            return list(result.scalars()) if result.returns_rows else [None] * result.rowcount
    except DBAPIError as error:
        if sqlstate(error) != DENIED:
            raise
        return None


async def fill(owner: Database, person: Person) -> None:
    """At least one row in every table whose rows are somebody's."""
    await personal_token(owner, person, "profile:read")
    await run(
        owner,
        "INSERT INTO one_time_tokens (token_hash, purpose, user_id, expires_at) "
        "VALUES (sha256(convert_to(CAST(:id AS text), 'UTF8')), 'test', CAST(:id AS uuid), now() + interval '1 day')",
        id=person.user["id"],
    )
    expect(await person.http.post("/books", json={"name": "B"}, headers={"Idempotency-Key": "k"}), 201)
    await run(owner, "INSERT INTO audit (action, subject_id) VALUES ('test', :id)", id=person.user["id"])
    me = "CAST(:id AS uuid)"
    passkey = (
        "INSERT INTO passkeys (user_id, name, credential_id, public_key, sign_count, transports, backed_up) "
        f"VALUES ({me}, 'k', sha256(convert_to({me}::text, 'UTF8')), 'x', 0, '{{}}', false)"
    )
    of_factors = (
        f"INSERT INTO totp_secrets (user_id, sealed, last_step) VALUES ({me}, 'x', 0)",
        f"INSERT INTO recovery_codes (user_id, code_hash) VALUES ({me}, 'x')",
        f"INSERT INTO wrong_guesses (user_id, kind, wrong) VALUES ({me}, 'otp', 1)",
        f"INSERT INTO identities (user_id, issuer, subject) VALUES ({me}, 'https://id.example.com', {me}::text)",
        passkey,
        f"INSERT INTO notifications (user_id, kind, key, title, body, data) VALUES ({me}, 'x', 'k', 't', '', '{{}}')",
        f"INSERT INTO notification_settings (user_id) VALUES ({me})",
    )
    for statement in of_factors:
        await run(owner, statement, id=person.user["id"])
    await run(
        owner,
        "INSERT INTO mails (recipient, subject, body, attempts) VALUES (:email, 's', 'b', 0)",
        email=person.email,
    )


@pytest.fixture
async def both(kim: Person, robin: Person, owner_database: Database) -> AsyncIterator[None]:
    for person in (kim, robin):
        await fill(owner_database, person)
    yield
    await run(owner_database, "DELETE FROM mails")


async def test_every_table_has_its_class(owner_database: Database) -> None:
    found = await classified(owner_database)
    assert [table for table, kind in found.items() if kind == "unknown"] == []
    assert set(found) >= {*GLOBAL, *ROLES, *WRITTEN_ONLY, *APPENDED, *PERSONAL, *INTERNAL, *INVITING}


async def test_every_table_has_policies_but_those_that_are_everybodys(owner_database: Database) -> None:
    statement = text(
        """
        SELECT c.relname, c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS guarded
        FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
        """
    )
    async with owner_database.begin() as connection:
        found = (await connection.execute(statement)).all()
    assert {row.relname for row in found if not row.guarded} == GLOBAL | INTERNAL


async def test_no_policy_is_for_others_than_it_says(owner_database: Database) -> None:
    """Policies add up: one that is always true, or is for another role, would undo the rest.

    But for those that take away from what the others give, which all are of one name.
    """
    statement = text(
        """
        SELECT p.polrelid::regclass::text || ' ' || p.polname AS name
        FROM pg_policy p
        WHERE pg_get_expr(p.polqual, p.polrelid) = 'true' OR pg_get_expr(p.polwithcheck, p.polrelid) = 'true'
           OR (NOT p.polpermissive AND p.polname <> 'seen_by_member') OR p.polroles <> '{0}'
        """
    )
    async with owner_database.begin() as connection:
        found = set((await connection.execute(statement)).scalars())
    assert found == {
        "address_requests address_request_posted",
        "audit audit_told",
        "mails mail_posted",
        "role_permissions role_permissions_read",
    }


async def test_the_roles_may_do_no_more_than_they_need(owner_database: Database, app_database: Database) -> None:
    found = await classified(owner_database)
    statement = text(
        """
        SELECT privilege FROM unnest(CAST(:privileges AS text[])) AS privilege
        WHERE has_table_privilege(CAST(:role AS text), CAST(:table AS text), privilege)
        """
    )
    every = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"]
    most = {
        "global": {"SELECT"},
        "roles": {"SELECT", "INSERT", "DELETE"},
        "written only": {"INSERT"},
        "internal": set(),
        "inviting": {"SELECT", "INSERT", "DELETE"},
        "appended": {"SELECT"},  # what may be inserted is said by column
    }
    rest = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    async with owner_database.begin() as connection:
        for table, kind in found.items():
            for role, wanted in ((APP_ROLE, most.get(kind, rest)), (LOGIN_ROLE, set())):
                values = {"privileges": every, "role": role, "table": table}
                assert set((await connection.execute(statement, values)).scalars()) <= wanted, (role, table)


@pytest.mark.parametrize("table", sorted(PERSONAL))
async def test_what_is_a_persons_is_hidden_from_others(
    kim: Person, robin: Person, both: None, owner_database: Database, app_database: Database, table: str
) -> None:
    personal = PERSONAL[table]
    kims, robins = kim.user["id"], robin.user["id"]
    whose = f"SELECT t::text FROM {table} t WHERE {personal.owner} = CAST(:id AS uuid)"
    nobodys = f"SELECT t::text FROM {table} t WHERE {personal.owner} IS NULL"
    async with owner_database.begin() as connection:
        of_kim = set(await rows(connection, whose, id=kims) or ())
        of_robin = set(await rows(connection, whose, id=robins) or ())
        of_nobody = set(await rows(connection, nobodys) or ())
    assert of_kim, f"there is no row to hide in {table}"
    session = await run(owner_database, "SELECT id FROM sessions WHERE user_id = :id", id=kims)
    shared = of_nobody if table == "idempotency_keys" else set()  # answers to people without a name
    contexts: list[tuple[dict[str, str], set[str]]] = [
        ({}, shared),
        ({"user_id": robins}, of_robin | shared),
        ({"user_id": robins, "book_id": robin.book_id}, of_robin | shared),
        ({"user_id": robins, "book_id": robin.book_id, "permission": "profile:write"}, of_robin | shared),
    ]
    of_kims = f"WHERE {personal.owner} = CAST(:id AS uuid)"
    for context, own in contexts:
        async with acting(app_database, **context) as connection:
            assert set(await rows(connection, f"SELECT t::text FROM {table} t") or ()) == own, context
        for statement in (f"UPDATE {table} SET {personal.column} = {personal.column}", f"DELETE FROM {table}"):
            async with acting(app_database, **context) as connection:
                assert not await rows(connection, f"{statement} {of_kims}", id=kims), (context, statement)
                assert len(await rows(connection, statement) or ()) <= len(own), (context, statement)
        values = {"user": kims} | ({"session": session} if ":session" in personal.insert else {})
        async with acting(app_database, **context) as connection:
            with pytest.raises(ProgrammingError, match="row-level security"):
                await connection.execute(text(personal.insert), values)
    async with acting(app_database, user_id=kims) as connection:
        assert of_kim <= set(await rows(connection, f"SELECT t::text FROM {table} t") or ())
    async with owner_database.begin() as connection:
        assert set(await rows(connection, whose, id=kims) or ()) == of_kim


BROUGHT_BY_JOBS = {
    "market_quotes": "INSERT INTO market_quotes (provider, symbol, date, price, currency) "
    "VALUES ('nobody', 'ANY', '2026-01-01', 1, 'EUR') ON CONFLICT DO NOTHING",
    "quote_sources": "INSERT INTO quote_sources (provider, symbol, next_at) VALUES ('nobody', 'ANY', now()) "
    "ON CONFLICT DO NOTHING",
}


@pytest.mark.parametrize("table", sorted(GLOBAL))
async def test_what_is_everybodys_is_only_read(
    app_database: Database, owner_database: Database, kim: Person, table: str
) -> None:
    if table in BROUGHT_BY_JOBS:
        await run(owner_database, BROUGHT_BY_JOBS[table])
    for context in ({}, {"user_id": kim.user["id"], "book_id": kim.book_id, "permission": "permissions:manage"}):
        async with acting(app_database, **context) as connection:
            read = await rows(connection, f"SELECT t::text FROM {table} t")
            assert read or (table in FETCHED and read == [])
            for statement in (
                f"INSERT INTO {table} SELECT * FROM {table}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                assert await rows(connection, statement) is None, statement


async def test_permissions_of_roles_are_written_with_the_permission_to(app_database: Database) -> None:
    give = "INSERT INTO role_permissions VALUES ('user', 'audit:read')"
    take = "DELETE FROM role_permissions WHERE role = 'moderator'"
    for context in ({}, {"permission": ""}, {"permission": "users:role"}, {"permission": "profile:write"}):
        async with acting(app_database, **context) as connection:
            assert await rows(connection, "SELECT role FROM role_permissions")
            assert await rows(connection, give) is None
            assert await rows(connection, "UPDATE role_permissions SET role = 'user'") is None
            assert await rows(connection, take) == []
    async with acting(app_database, permission="permissions:manage") as connection:
        assert len(await rows(connection, give) or ()) == 1
        assert len(await rows(connection, take) or ()) > 10
        await rows(connection, "DELETE FROM role_permissions")
        assert set(await rows(connection, "SELECT role || ' ' || permission FROM role_permissions") or ()) == {
            "admin permissions:manage",
            "admin users:role",
        }
        with pytest.raises(DBAPIError, match="ck_role_permissions_admins_alone"):
            await connection.execute(text("INSERT INTO role_permissions VALUES ('moderator', 'permissions:manage')"))


async def test_the_audit_only_grows(kim: Person, robin: Person, both: None, app_database: Database) -> None:
    contexts: tuple[dict[str, str], ...] = (
        {},
        {"user_id": kim.user["id"]},
        {"user_id": kim.user["id"], "permission": "audit:read"},
        {"permission": "permissions:manage"},
    )
    for context in contexts:
        async with acting(app_database, **context) as connection:
            for statement in (
                "UPDATE audit SET action = 'nothing'",
                "UPDATE audit SET details = '{}' WHERE false",
                "DELETE FROM audit",
                "DELETE FROM audit WHERE false",
                "TRUNCATE audit",
                "DROP TABLE audit",
                "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
            ):
                assert await rows(connection, statement) is None, statement
            seen = set(await rows(connection, "SELECT subject_id::text FROM audit") or ())
            if context.get("permission") == "audit:read":
                assert {kim.user["id"], robin.user["id"]} <= seen
            else:
                assert seen == ({kim.user["id"]} if "user_id" in context else set())


async def test_invitations_to_register_are_of_those_who_may_invite(
    kim: Person, owner_database: Database, app_database: Database
) -> None:
    add = (
        "INSERT INTO invitations (token_hash, invited_by, expires_at) "
        "VALUES (sha256(convert_to(CAST(uuidv7() AS text), 'UTF8')), :id, now() + interval '1 day')"
    )
    await run(owner_database, add, id=kim.user["id"])
    for context in ({}, {"user_id": kim.user["id"]}, {"user_id": kim.user["id"], "permission": "users:read"}):
        async with acting(app_database, **context) as connection:
            assert await rows(connection, "SELECT id FROM invitations") == []
            assert await rows(connection, "DELETE FROM invitations") == []
            assert await rows(connection, "UPDATE invitations SET email = 'x'") is None
            assert await rows(connection, add, id=kim.user["id"]) is None
    async with acting(app_database, permission="users:invite") as connection:
        assert await rows(connection, "SELECT id FROM invitations")
    await run(owner_database, "DELETE FROM invitations")


async def test_mail_is_posted_and_not_read(both: None, kim: Person, app_database: Database) -> None:
    for context in ({}, {"user_id": kim.user["id"], "permission": "users:invite"}):
        async with acting(app_database, **context) as connection:
            for statement in ("SELECT body FROM mails", "UPDATE mails SET recipient = 'x'", "DELETE FROM mails"):
                assert not await rows(connection, statement), statement
            insert = "INSERT INTO mails (recipient, subject, body, attempts) VALUES ('x', 'x', 'x', 0)"
            assert len(await rows(connection, insert) or ()) == 1


async def test_nobody_makes_themselves_more_than_they_are(kim: Person, app_database: Database) -> None:
    mine = {"user_id": kim.user["id"]}
    for permission in ("", "profile:write", "users:role", "users:ban", "permissions:manage"):
        async with acting(app_database, **mine, permission=permission) as connection:
            for change in (
                "role = 'admin'",
                "banned_at = NULL",
                "banned_until = now()",
                "ban_reason = NULL",
                "id = uuidv7()",
                "created_at = now()",
            ):
                assert await rows(connection, f"UPDATE users SET {change} WHERE id = :id", id=mine["user_id"]) is None
            assert len(await rows(connection, "UPDATE users SET full_name = 'K'") or ()) == 1
            await rows(connection, "SELECT set_role(:id, 'admin', 'admin')", id=mine["user_id"])
            await rows(connection, "SELECT set_ban(:id, true, 'x', NULL, 'admin')", id=mine["user_id"])
            (seen,) = await rows(
                connection, "SELECT role || coalesce(ban_reason, '') FROM users WHERE id = :id", id=mine["user_id"]
            ) or [None]
            assert seen == "user"
    other = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
    async with acting(app_database, user_id=other) as connection:
        for role, added in (("admin", None), ("moderator", None), ("user", [None])):
            insert = "INSERT INTO users (id, email, role) VALUES (:id, 'a@b', :role)"
            assert await rows(connection, insert, id=other, role=role) == added
        assert await rows(connection, "INSERT INTO users (id, email, banned_at) VALUES (uuidv7(), 'b', now())") is None
