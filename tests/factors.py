"""Short ways to second factors in tests."""

from datetime import datetime
from typing import Any

import pyotp
from httpx import AsyncClient, Response
from sqlalchemy import text

from app.core.clock import now
from app.core.database import Database
from tests.authenticator import Authenticator, Document
from tests.mail import posted
from tests.people import API, PASSWORD, Person, expect


def code(secret: str, at: datetime | None = None) -> str:
    """What the app shows at this moment."""
    return pyotp.TOTP(secret).at(at or now())


async def confirm(person: Person, **proof: Any) -> Document:
    body: Document = expect(await person.http.post("/auth/confirm", json=proof or {"password": PASSWORD}), 200)
    return body


async def start(person: Person) -> str:
    """The secret of an app that is not switched on yet."""
    await confirm(person)
    secret: str = expect(await person.http.post("/auth/2fa/totp"), 200)["secret"]
    return secret


async def switch_on(person: Person, owner: Database) -> tuple[str, list[str]]:
    """An authenticator app for this person: its secret, and the recovery codes.

    No step of it is used up, and the session is not confirmed any more.
    """
    secret = await start(person)
    made = expect(await person.http.post("/auth/2fa/totp/verify", json={"otp": code(secret)}), 200)
    await forget_step(person, owner)
    await run(owner, "UPDATE sessions SET confirmed_at = NULL WHERE user_id = :user", person)
    return secret, made["recovery_codes"]


async def forget_step(person: Person, owner: Database) -> None:
    """As if time had passed: the present code may be used again."""
    await run(owner, "UPDATE totp_secrets SET last_step = 0 WHERE user_id = :user", person)


async def run(owner: Database, statement: str, person: Person) -> Any:
    async with owner.begin() as connection:
        done = await connection.execute(text(statement), {"user": person.user["id"]})
        return done.all() if done.returns_rows else None


async def log_in(client: AsyncClient, person: Person, otp: str | None = None, password: str = PASSWORD) -> Response:
    body = {"email": person.email, "password": password, **({"otp": otp} if otp is not None else {})}
    return await client.post(f"{API}/auth/login", json=body)


async def add_passkey(person: Person, name: str = "Laptop", **made: Any) -> tuple[Authenticator, Document]:
    """A confirmed person's new passkey, and what the server says about it."""
    authenticator = Authenticator(**made)
    await confirm(person)
    options = expect(await person.http.post("/auth/passkeys/options"), 200)
    body = {"name": name, "credential": authenticator.create(options)}
    return authenticator, expect(await person.http.post("/auth/passkeys", json=body), 201)


async def mails(owner: Database, person: Person) -> list[str]:
    """The bodies of what was posted to this person since their registration, oldest first."""
    return [body for _, body in await posted(owner, person.email)]


async def audited(owner: Database, person: Person) -> list[str]:
    rows = await run(owner, "SELECT action FROM audit WHERE subject_id = :user ORDER BY id", person)
    return [row.action for row in rows if row.action != "session_confirmed"]
