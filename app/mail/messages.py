"""A mail as it travels: headers that nothing can be smuggled into, and an id that stays the same at each attempt."""

import unicodedata
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
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


def compose(
    *, mail_id: UUID, sender: Address, recipient: str, subject: str, body: str, created_at: datetime
) -> EmailMessage:
    """The message of a mail; raises `ValueError` where the recipient is no address."""
    to = sendable_address(recipient)
    message = EmailMessage(SMTP if to.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = one_line(subject)
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{mail_id}@{sender.domain}>"
    # Nobody answers a machine's mail with a machine's (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message
