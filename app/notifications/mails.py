"""What mail about notifications says, as plain text and as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.templates import environment, line
from app.mail.messages import one_line
from app.notifications.notices import Kind
from app.notifications.preferences import Channel

SERVICE = "Finance Tracker"
LONGEST_SUBJECT = 120
MOST_ITEMS = 50
"""More are counted, and are in the inbox."""

NAME_OF: dict[str, str] = {
    Kind.BUDGET_THRESHOLD: "budget alerts",
    Kind.SCHEDULE_POSTED: "recurring transactions that were posted",
    Kind.SCHEDULE_DUE: "recurring transactions to confirm",
    Kind.SCHEDULE_FAILED: "recurring transactions that failed",
    Kind.BILL_DUE: "bills that are due soon",
    Kind.BILL_OVERDUE: "overdue bills",
    Kind.PRICE_CHANGED: "changed prices of subscriptions",
    Kind.GOAL_REACHED: "goals that are reached",
    Kind.RULE_CUT_OFF: "rules that were stopped",
    Kind.WEEKLY_REPORT: "the weekly report",
    Channel.DAILY: "everything in the daily digest",
    Channel.WEEKLY: "everything in the weekly digest",
}
"""What a mail, and the link that ends it, are about."""


@dataclass(frozen=True)
class Item:
    """One notification in a mail."""

    title: str
    body: str
    book_name: str | None
    created_at: datetime
    """In the zone of who reads it."""


@dataclass(frozen=True)
class Rendered:
    """A mail without its recipient."""

    subject: str
    text: str
    html: str


def subject_of(text: str) -> str:
    return one_line(line(text, LONGEST_SUBJECT))


def notices(scope: str, items: Sequence[Item], public_url: str, unsubscribe_url: str) -> Rendered:
    """A mail about a kind, or the digest of a day or a week; `scope` is what its unsubscribe link turns off.

    All that comes from people is written by somebody who may mean harm: a member of the book, a payee of a bank's file.
    """
    first, rest = items[0], len(items) - 1
    digest = scope in {Channel.DAILY, Channel.WEEKLY}
    if digest:
        subject = f"Your {scope} digest: {len(items)} {'item' if not rest else 'items'}"
    else:
        subject = first.title if not rest else f"{first.title} (and {rest} more)"
    values = {
        "items": items[:MOST_ITEMS],
        "left_out": max(0, len(items) - MOST_ITEMS),
        "heading": f"Your {scope} digest" if digest else None,
        "what": NAME_OF[scope],
        "service": SERVICE,
        "public_url": public_url,
        "unsubscribe_url": unsubscribe_url,
    }
    templates = environment("app.notifications")
    text, html = (templates.get_template(f"notices.{form}").render(values) for form in ("txt", "html"))
    return Rendered(subject_of(subject), text, html)
