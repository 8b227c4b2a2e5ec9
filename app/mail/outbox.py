"""Putting a mail into the outbox: it leaves if, and only after, the transaction of its cause is committed."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.ids import new_id
from app.mail.messages import OWN_HEADERS, Picture, one_line, sendable_address
from app.mail.models import Mail

LONGEST_TEXT = 200_000
LONGEST_HTML = 400_000
LARGEST_PICTURES = 2_000_000
"""In characters and bytes: what many mail servers would refuse is refused here."""


async def post(
    connection: AsyncConnection,
    recipient: str,
    subject: str,
    body: str,
    *,
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
    pictures: Sequence[Picture] = (),
) -> None:
    """Have a mail sent; the caller waits for nothing but this one INSERT.

    `body` is plain text, and `html` the same for programs that show it, with `pictures` in it. Raises `ValueError` for
    a recipient that is no address, for a header not among `OWN_HEADERS`, and for what is too large. Line breaks in the
    subject and in headers become spaces.
    """
    sendable_address(recipient)
    if set(headers or ()) - OWN_HEADERS:
        raise ValueError(f"a mail may bring along {', '.join(sorted(OWN_HEADERS))} alone")
    if len(body) > LONGEST_TEXT or len(html or "") > LONGEST_HTML:
        raise ValueError("the mail is too long")
    if sum(len(picture.content) for picture in pictures) > LARGEST_PICTURES:
        raise ValueError("the pictures of the mail are too large")
    values = {
        "id": new_id(),  # nor may it be read back, as one made by the database would be
        "recipient": recipient,
        "subject": one_line(subject),
        "body": body,
        "attempts": 0,
        "html": html,
        "headers": {name: one_line(value) for name, value in (headers or {}).items()},
        "pictures": [picture.document() for picture in pictures],
    }
    await connection.execute(insert(Mail).values(values))
