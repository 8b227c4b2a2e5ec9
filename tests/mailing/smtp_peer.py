"""A mail server of our own to send to: it speaks the SMTP that a client needs, and refuses on demand."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class SmtpPeer:
    """What a running server was told, and what it is to answer."""

    port: int = 0
    user: str | None = None
    password: str | None = None
    sessions: int = 0
    utf8: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    """Answers to a command in place of the good one, by its first word: `{"RCPT": "550 nobody"}`."""
    hang_up_after: int | None = None
    """End a connection after so many messages of it."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone, which is its right
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(*lines: str) -> None:
            writer.write("".join(f"{line}\r\n" for line in lines).encode())
            await writer.drain()

        await say("220 peer.example ESMTP")
        envelope = {"MAIL": "", "RCPT": ""}
        taken = 0
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            verb = line.split(" ", 1)[0].upper()
            answer = self._answer(verb, line)
            await say(*answer)
            if verb in envelope:
                envelope[verb] = line
            if verb == "DATA" and answer[0].startswith("354"):
                self._take(await reader.readuntil(b"\r\n.\r\n"), envelope)
                await say("250 queued")
                taken += 1
            if verb == "QUIT" or taken == self.hang_up_after:
                return

    def _answer(self, verb: str, line: str) -> list[str]:
        if verb in self.refusals:
            return [self.refusals[verb]]
        if verb == "EHLO":
            extensions = ["8BITMIME"] + ["SMTPUTF8"] * self.utf8 + ["AUTH PLAIN"] * (self.user is not None)
            return ["250-peer.example", *(f"250-{name}" for name in extensions), "250 SIZE"]
        if verb == "AUTH":
            given = base64.b64decode(line.split(" ")[2]).decode().split("\0")[1:]
            return ["235 welcome" if given == [self.user, self.password] else "535 who are you"]
        return [{"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")]

    def _take(self, content: bytes, envelope: dict[str, str]) -> None:
        content = content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        message = message_from_bytes(content.replace(b"\r\n", b"\n"), policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.envelopes.append((envelope["MAIL"], envelope["RCPT"]))


@asynccontextmanager
async def smtp_peer(**options: object) -> AsyncIterator[SmtpPeer]:
    peer = SmtpPeer(**options)  # type: ignore[arg-type]  # a test's own words
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await server.wait_closed()
