"""Telling people in tests as features do, and having the mail sent as the clock does."""

from datetime import datetime
from email.message import EmailMessage
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text

from app.access.acting import open_for
from app.core.database import Database
from app.core.ids import new_id
from app.notifications.notices import Kind, Notice, notify_members
from app.notifications.sending import mail_due
from tests.mail import mails_to
from tests.people import Person
from tests.staff import run


async def tell(app: FastAPI, person: Person, kind: Kind = Kind.BILL_OVERDUE, **fields: Any) -> str:
    """Tell everybody in the person's book; returns the notice's key."""
    key = str(fields.pop("key", new_id()))
    notice = Notice(kind, key, fields.pop("title", "Rent is overdue"), **fields)
    async with app.state.database.begin() as connection:
        await open_for(connection, person.user["default_book_id"], person.user["id"])
        await notify_members(connection, notice)
    return key


async def reachable(owner: Database, *people: Person, time_zone: str | None = None) -> None:
    """Have their addresses confirmed."""
    for person in people:
        await run(owner, "UPDATE users SET email_verified_at = now() WHERE id = :id", id=person.user["id"])
        if time_zone is not None:
            await run(owner, "UPDATE users SET time_zone = :zone WHERE id = :id", id=person.user["id"], zone=time_zone)


async def told_at(owner: Database, person: Person, at: datetime) -> None:
    """Have what the person was told not be of now, but of this instant."""
    statement = "UPDATE notifications SET created_at = :at WHERE user_id = :id AND settled_at IS NULL"
    await run(owner, statement, id=person.user["id"], at=at)


async def tick(app: FastAPI, at: datetime) -> int:
    """What the clock asks for each minute; returns how many mails were posted, whoever they are for."""
    async with app.state.database.begin() as connection:
        return await mail_due(connection, app.state.settings, at)


async def mailed(app: FastAPI, person: Person) -> list[EmailMessage]:
    """What was mailed to the person, but for their registration's mail."""
    found = await mails_to(app, person.email, at_least=0)
    return [message for message in found if not str(message["Subject"]).startswith("Confirm your e-mail")]


async def column(owner: Database, person: Person, name: str) -> list[Any]:
    """A column of all the person's notifications, the oldest first."""
    statement = text(f"SELECT {name} FROM notifications WHERE user_id = :id ORDER BY id")
    async with owner.begin() as connection:
        return list((await connection.execute(statement, {"id": person.user["id"]})).scalars())
