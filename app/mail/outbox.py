"""Putting a mail into the outbox: it leaves if, and only after, the transaction of its cause is committed."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.mail.models import Mail


async def post(connection: AsyncConnection, recipient: str, subject: str, body: str) -> None:
    """Have a plain-text mail sent; the caller waits for nothing but this one INSERT."""
    values = {"recipient": recipient, "subject": subject, "body": body, "attempts": 0}
    # Inline: it asks for nothing back, for who may post a mail may not read it.
    await connection.execute(insert(Mail).values(values).inline())
