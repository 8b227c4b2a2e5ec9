"""Reading the mail that a test's server has sent."""

import asyncio
import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import text

from app.core.database import Database

PATIENCE_SECONDS = 60.0


@cache
def _read(file: Path) -> EmailMessage:
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _folder(app: FastAPI, address: str) -> list[EmailMessage]:
    """Files are named by the mails' ids, whose order is that of posting."""
    folder: Path = app.state.settings.mail_folder
    messages = [_read(file) for file in sorted(folder.glob("*.eml"))] if folder.exists() else []
    return [message for message in messages if str(message["To"]).lower() == address.lower()]


async def mails_to(app: FastAPI, address: str, *, at_least: int = 1) -> list[EmailMessage]:
    """The mails sent to an address until now, the oldest first; waits until there are so many.

    With `at_least=0` everything that was due is sent before it looks.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        await app.state.mailroom.round()
        found = _folder(app, address)
        if len(found) >= at_least:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"{len(found)} of {at_least} mails came to {address}"
        await asyncio.sleep(0.02)


def text_of(message: EmailMessage) -> str:
    """The plain text of a mail, whether it has HTML beside it or not."""
    part = message.get_body(("plain",))
    assert part is not None, message
    return str(part.get_content())


def token_in(message: EmailMessage) -> str:
    """The token that a mail brings."""
    found = re.search(r"^\s*Token:\s+(\S+)\s*$", text_of(message), re.MULTILINE)
    assert found is not None, text_of(message)
    return found.group(1)


async def token_to(app: FastAPI, address: str, *, at_least: int = 1) -> str:
    """The token in the latest mail to an address."""
    return token_in((await mails_to(app, address, at_least=at_least))[-1])


FOLDERS: list[Path] = []
"""Where the suite's server leaves what it sends; the settings name it."""


async def posted(owner: Database, address: str) -> list[tuple[str, str]]:
    """Subject and body of what was posted to an address, sent or still waiting, but for that of its registration."""
    statement = text("SELECT id::text AS id, subject, body FROM mails WHERE recipient = :address")
    async with owner.begin() as connection:
        rows = (await connection.execute(statement, {"address": address})).all()
    found = {row.id: (row.subject, row.body) for row in rows}
    # What waited a moment ago may be there by now, under the same id.
    for folder in FOLDERS:
        for file in folder.glob("*.eml"):
            message = _read(file)
            if str(message["To"]).lower() == address.lower():
                found[file.stem] = (str(message["Subject"]), text_of(message))
    return [mail for _, mail in sorted(found.items()) if not mail[0].startswith("Confirm your e-mail")]
