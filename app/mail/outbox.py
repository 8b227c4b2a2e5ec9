"""Putting a mail into the outbox: it leaves if, and only after, the transaction of its cause is committed."""

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.ids import new_id
from app.mail.messages import one_line, sendable_address
from app.mail.models import Mail


async def post(connection: AsyncConnection, recipient: str, subject: str, body: str) -> None:
    """Have a plain-text mail sent; the caller waits for nothing but this one INSERT.

    Raises `ValueError` for a recipient that is no address. Line breaks in the subject become spaces.
    """
    sendable_address(recipient)
    # Nor may the id be read back, as one made by the database would be.
    values = {"id": new_id(), "recipient": recipient, "subject": one_line(subject), "body": body, "attempts": 0}
    await connection.execute(insert(Mail).values(values))
