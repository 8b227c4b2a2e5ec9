"""A real SMTP server, and a server of ours with a database of its own that sends to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Letterbox:
    """What the server took, as it came and read as a message."""

    port: int = 0
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # its name
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        """The messages to an address, but for that of its registration."""
        found = []
        for raw, recipients in zip(self.raw, self.recipients, strict=True):
            message = message_from_bytes(raw, policy=POLICY)
            assert isinstance(message, EmailMessage)
            if address in recipients and not str(message["Subject"]).startswith("Confirm your e-mail"):
                found.append(message)
        return found


@asynccontextmanager
async def letterbox(port: int = 0) -> AsyncIterator[Letterbox]:
    """A mail server on loopback while the block runs; on a port of its own choice, or the one of another before it."""
    box = Letterbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
