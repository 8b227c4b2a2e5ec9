"""The callers of the authorisation matrix: a book, people of every kind around it, and their tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.config import Settings
from app.core.database import Database
from app.core.tokens import AccessTokens
from tests.conftest import fresh_email
from tests.dump import dump
from tests.people import API, PASSWORD, Person, expect, register
from tests.security.authorisation import IN_BROWSER, OTHER_IDS, VALID, Row
from tests.security.credentials import PREPARED, app_with_provider, invitations, mailed, of_person, passkey_log_in
from tests.security.test_tenancy import ATTEMPTS, UPLOADS, operations, rows_of
from tests.servers import client_of
from tests.staff import appoint, confirm, personal_token, run


class Rehearsal(Database):
    """A database on which nothing stays: each transaction is rolled back when a server would commit it.

    So every cell of the matrix finds the same state, and those who may do something do it for real until then.
    """

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.connect() as connection:
            yield connection
            await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            await connection.rollback()


@dataclass
class Callers:
    """Everybody, what they send, and the two servers: one that commits, one that does not."""

    owner_database: Database
    real: AsyncClient
    rehearsing: AsyncClient
    app: FastAPI
    people: dict[str, Person]
    boss: Person
    bearers: dict[str, str | None]
    unconfirmed: dict[str, str]
    ids: dict[str, Any]
    own: dict[str, dict[str, Any]]
    grantable: set[str]

    def holder(self, row: Row, column: str) -> str:
        """Whose session or token it is that a caller of this column has."""
        return column if column in self.people else "owner" if row.group.of_kim else "boss"

    async def bearer(self, row: Row, column: str) -> str | None:
        """What a caller of this column sends as a bearer token; None for nothing."""
        if column in self.people:
            return str(self.people[column].tokens["access_token"])
        if column in self.bearers:
            return self.bearers[column]
        if column == "unconfirmed session":
            return self.unconfirmed[self.holder(row, column)]
        holder = self.people["owner"] if row.group.of_kim else self.boss
        # A person can have only so many, and nobody uses the last one any more.
        former = "DELETE FROM personal_tokens WHERE user_id = :id AND name = 'test'"
        await run(self.owner_database, former, id=holder.user["id"])
        only = row.permission is not None and column == "token with only the scope"
        scopes = [row.permission or ""] if only else sorted(self.grantable - {row.permission})
        return await personal_token(self.owner_database, holder, *scopes)

    async def call(self, row: Row, column: str, *, keep: bool) -> Response:
        """Send the route's valid request as a caller of this column; without `keep` its effect is rolled back."""
        async with self._prepared(row.operation):
            return await self._send(row, column, self.real if keep else self.rehearsing)

    @asynccontextmanager
    async def _prepared(self, operation: str) -> AsyncIterator[None]:
        if operation not in PREPARED:
            yield
            return
        before, after = PREPARED[operation]
        everybody = [person.user["id"] for person in (*self.people.values(), self.boss)]
        await run(self.owner_database, before, ids=everybody)
        try:
            yield
        finally:
            await run(self.owner_database, after, ids=everybody)

    async def _send(self, row: Row, column: str, client: AsyncClient) -> Response:
        bearer = await self.bearer(row, column)
        method, path = operations(self.app)[row.operation]
        attempt = ATTEMPTS[row.operation]
        others = OTHER_IDS.get(row.operation, {})
        ids = self.ids | self.own[self.holder(row, column)]
        ids |= {name: self.ids[other] for name, other in others.items()}
        extra: dict[str, Any] = {}
        valid = VALID.get(row.operation) or attempt.form or attempt.body
        if valid is not None:
            extra["json" if attempt.form is None else "data"] = valid(ids)
        if row.operation in UPLOADS:
            extra["files"] = {"file": UPLOADS[row.operation]}
        headers = {"X-Book-Id": self.ids["book_id"]} if row.group.in_book else {}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        params = attempt.params
        if row.operation in IN_BROWSER:
            headers["Cookie"] = ids["cookie"]
            params = IN_BROWSER[row.operation](ids)
        answer = await client.request(method, path.format(**ids), params=params, headers=headers, **extra)
        client.cookies.clear()  # the next caller has another browser
        return answer

    async def state(self) -> list[Any]:
        """All of the book, of its people, and of what roles may do."""
        found: list[Any] = [await dump(self.owner_database, self.ids["book_id"])]
        everybody = [person.user["id"] for person in (*self.people.values(), self.boss)]
        async with self.owner_database.begin() as connection:
            for statement in (
                "SELECT u::text FROM users u WHERE id = ANY(:ids) OR id = :user ORDER BY id",
                "SELECT p::text FROM passwords p WHERE user_id = ANY(:ids) ORDER BY 1",
                "SELECT s.id, s.revoked_at FROM sessions s WHERE user_id = ANY(:ids) ORDER BY id",
                "SELECT m::text FROM book_members m WHERE user_id = ANY(:ids) ORDER BY 1",
                "SELECT r::text FROM role_permissions r ORDER BY 1",
                "SELECT p::text FROM passkeys p WHERE user_id = ANY(:ids) ORDER BY 1",
                "SELECT t::text FROM totp_secrets t WHERE user_id = ANY(:ids) ORDER BY 1",
                "SELECT i::text FROM identities i WHERE user_id = ANY(:ids) ORDER BY 1",
                "SELECT i::text FROM invitations i WHERE invited_by = ANY(:ids) ORDER BY 1",
                "SELECT t::text FROM personal_tokens t WHERE user_id = ANY(:ids) AND name <> 'test' ORDER BY 1",
                "SELECT a::text FROM audit a WHERE subject_id = ANY(:ids) OR subject_id = :user ORDER BY 1",
            ):
                rows = await connection.execute(text(statement), {"ids": everybody, "user": self.ids["user_id"]})
                found.append([tuple(row) for row in rows])
        return found


async def _join(owner: Database, book_id: str, person: Person, role: str) -> None:
    statement = "INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, :role)"
    await run(owner, statement, book=book_id, user=person.user["id"], role=role)


async def _may_do_everything(app: FastAPI, owner: Database, book_id: str) -> Person:
    """An admin who owns Kim's book too: what they are refused, they are refused for how they come."""
    person = await register(app, fresh_email())
    await appoint(owner, person, "admin")
    await _join(owner, book_id, person, "owner")
    await confirm(owner, person)
    return person


async def _rows_to_act_on(kim: Person) -> dict[str, str]:
    """More of Kim's rows: unused ones, a sealed transaction, two that may be a transfer, an import not committed."""
    one, other = await kim.account("One"), await kim.account("Other")
    out = await kim.add(account_id=one["id"], date="2026-02-01", amount="77")
    back = await kim.add(account_id=other["id"], date="2026-02-01", amount="77", type="income")
    closed = await kim.account("Reconciled")
    sealed = await kim.add(account_id=closed["id"], amount="20")
    statement = {"statement_date": "2026-01-31", "statement_balance": "-20"}
    expect(await kim.http.post(f"/accounts/{closed['id']}/reconcile", json=statement), 201)
    file = {"file": ("more.csv", b"Date,Amount,Payee\n2026-01-26,-11.00,secret\n", "text/csv")}
    previewed = expect(await kim.http.post("/imports", files=file, data={"account_id": one["id"]}), 201)
    return {
        "unused_account_id": (await kim.account("Unused"))["id"],
        "unused_category_id": (await kim.category("Unused"))["id"],
        "outgoing_id": out["id"],
        "incoming_id": back["id"],
        "sealed_id": sealed["id"],
        "previewed_import_id": previewed["id"],
        "revision": str((await kim.read(f"/books/{kim.book_id}"))["revision"]),
    }


async def _another_session(client: AsyncClient, person: Person) -> str:
    """The access token of a session that has proved nothing since its log-in."""
    body = {"email": person.email, "password": PASSWORD}
    return str(expect(await client.post(f"{API}/auth/login", json=body), 200)["access_token"])


@asynccontextmanager
async def gathered(app: FastAPI, settings: Settings, owner: Database) -> AsyncIterator[Callers]:
    """Everybody, in a state that no call of theirs changes; it is compared when the block ends."""
    kim = await register(app, fresh_email())
    people = {"owner": kim}
    for name in ("stranger", "viewer", "editor", "moderator", "admin"):
        people[name] = await register(app, fresh_email())
    for name in ("viewer", "editor"):
        await _join(owner, kim.book_id, people[name], name)
    for name in ("moderator", "admin"):
        await appoint(owner, people[name], name)
    for person in people.values():
        await confirm(owner, person)
    boss, banned = [await _may_do_everything(app, owner, kim.book_id) for _ in range(2)]
    own = {name: await of_person(person) for name, person in {**people, "boss": boss}.items()}
    await run(owner, "UPDATE users SET banned_at = now() WHERE id = :id", id=banned.user["id"])
    subject = await register(app, fresh_email())

    expired = AccessTokens(settings, app.state.keyring)
    expired.lifetime = timedelta(minutes=-5)
    session = await run(owner, "SELECT id FROM sessions WHERE user_id = :id", id=boss.user["id"])
    revoked = expect(await boss.http.post("/auth/login", json={"email": boss.email, "password": PASSWORD}), 200)
    await run(
        owner,
        "UPDATE sessions SET confirmed_at = now(), revoked_at = CASE WHEN id <> :id THEN now() END "
        "WHERE user_id = :user",
        id=session,
        user=boss.user["id"],
    )
    bearers = {
        "anonymous": None,
        "expired token": expired.issue(boss.user["id"], session),
        "revoked session": revoked["access_token"],
        "banned": banned.tokens["access_token"],
    }
    ids: dict[str, Any] = {
        **await rows_of(kim, owner),
        **await _rows_to_act_on(kim),
        **await invitations(owner, subject, kim, boss),
        "user_id": subject.user["id"],
        "member_id": people["viewer"].user["id"],
        "email": kim.email,
        "refresh_token": kim.tokens["refresh_token"],
    }
    async with owner.begin() as connection:
        grantable = set((await connection.execute(text("SELECT name FROM permissions WHERE grantable"))).scalars())
    async with app_with_provider(settings) as (rehearsing, brought), client_of(app) as real:
        ids |= {**brought, **await mailed(app, real, subject), **await passkey_log_in(real, kim)}
        unconfirmed = {"owner": await _another_session(real, kim), "boss": await _another_session(real, boss)}
        await rehearsing.state.database.dispose()
        rehearsing.state.database = Rehearsal(str(settings.database_url), pool_size=2)
        async with client_of(rehearsing) as client:
            callers = Callers(owner, real, client, app, people, boss, bearers, unconfirmed, ids, own, grantable)
            before = await callers.state()
            yield callers
            assert await callers.state() == before
        await rehearsing.state.database.dispose()
    await kim.check_integrity()
    for person in (*people.values(), boss, banned, subject):
        await appoint(owner, person, "user")
        await person.http.aclose()
