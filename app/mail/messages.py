"""A mail as it travels: headers that nothing can be smuggled into, and an id that stays the same at each attempt."""

import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, ValidatedEmail, validate_email


def one_line(text: str) -> str:
    """Without line breaks and other control characters: a header ends where its line does."""
    return " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text).split())


def sendable_address(address: str) -> str:
    """The address as mail servers take it: its domain in ASCII; raises `ValueError` for what is none."""
    try:
        checked: ValidatedEmail = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ValueError(f"no address to send mail to: {error}") from None
    return checked.ascii_email or f"{checked.local_part}@{checked.ascii_domain}"


def sender_of(given: str) -> Address:
    """`Name <address>` as a header has it; raises `ValueError` where the address is none.

    Its rules are those of a header and not of registration: `finance@localhost` sends mail as well as any.
    """
    name, address = parseaddr(given)
    try:
        sender = Address(one_line(name), addr_spec=address)
    except (HeaderParseError, IndexError, ValueError) as error:
        raise ValueError(f"{given!r} is no sender such as Finance Tracker <finance@example.com>") from error
    if not (sender.username and sender.domain and sender.addr_spec.isascii()):
        raise ValueError(f"{given!r} is no sender such as Finance Tracker <finance@example.com>")
    return sender


@dataclass(frozen=True)
class Picture:
    """An image that the HTML of a mail shows as `cid:<name>`."""

    name: str
    media_type: str
    content: bytes

    def document(self) -> dict[str, str]:
        """As it lies in the outbox."""
        return {"name": self.name, "media_type": self.media_type, "content": b64encode(self.content).decode()}


class _Unfolded(UnstructuredHeader, BaseHeader):
    """A header of one long word: folding it would have it encoded, and programs look for a plain URL."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Unfolded)
OWN_HEADERS = frozenset({"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"})
"""Those that a mail may bring along; all others are made here."""


def compose(
    *,
    mail_id: UUID,
    sender: Address,
    recipient: str,
    subject: str,
    body: str,
    created_at: datetime,
    html: str | None = None,
    headers: Mapping[str, str] | None = None,
    pictures: Sequence[Mapping[str, Any]] = (),
) -> EmailMessage:
    """The message of a mail; raises `ValueError` where the recipient is no address.

    With `html` it is multipart/alternative, the plain text first; what the HTML shows is related to it (RFC 2387).
    """
    to = sendable_address(recipient)
    message = EmailMessage((SMTP if to.isascii() else SMTPUTF8).clone(header_factory=_HEADERS))
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{mail_id}@{sender.domain}>"
    # Nobody answers a machine's mail with a machine's (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    for name, value in (headers or {}).items():
        message[name] = one_line(value)
    message.set_content(body)
    if html is not None:
        message.add_alternative(html, subtype="html")
        for picture in pictures:
            main, _, sub = picture["media_type"].partition("/")
            message.get_payload()[-1].add_related(  # type: ignore[union-attr,index]  # a message, just added
                b64decode(picture["content"]),
                maintype=main,
                subtype=sub,
                cid=f"<{picture['name']}>",
                disposition="inline",
                filename=f"{picture['name']}.{sub}",
            )
    return message
