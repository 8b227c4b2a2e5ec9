"""Putting a mail into the outbox: it leaves if, and only after, the transaction of its cause is committed."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.ids import new_id
from app.mail.models import Mail


async def post(connection: AsyncConnection, recipient: str, subject: str, body: str) -> None:
    """Have a plain-text mail sent; the caller waits for nothing but this one INSERT."""
    # The id is given, for asking the database for it would need the permission to read.
    values = {"id": new_id(), "recipient": recipient, "subject": subject, "body": body, "attempts": 0}
    await connection.execute(insert(Mail).values(values))
