"""What the mail of a weekly report says, as plain text and as HTML with a chart."""

from decimal import Decimal
from typing import Any

from app.core.money import plain
from app.core.templates import environment
from app.notifications.mails import SERVICE, Rendered, subject_of
from app.weekly.chart import NAME, in_words

MOST_LISTED = 25


def change(now: Decimal, before: Decimal) -> str:
    """How much more or less it is, rounded to whole percent; nothing to compare with gives nothing."""
    if before <= 0:
        return ""
    return f"{(now - before) * 100 / before:+.0f}%"


def signed(amount: Decimal) -> str:
    return f"+{plain(amount)}" if amount > 0 else plain(amount)


def weekly(report: dict[str, Any], public_url: str, unsubscribe_url: str) -> Rendered:
    """The mail of a report as `service.weekly` makes it; the HTML shows the picture `spending`."""
    values = {
        **report,
        "first": report["from"],
        "last": report["to"],
        "what": "the weekly report",
        "service": SERVICE,
        "public_url": public_url,
        "unsubscribe_url": unsubscribe_url,
        "picture": NAME,
        "chart": in_words(report["days"], report["currency"]),
        "most": MOST_LISTED,
    }
    templates = environment("app.weekly", "app.notifications")
    helpers = {"plain": plain, "signed": signed, "change": change}
    text, html = (templates.get_template(f"weekly.{form}", globals=helpers).render(values) for form in ("txt", "html"))
    spent = f"{plain(report['expenses'])} {report['currency']}"
    return Rendered(subject_of(f"Your week {report['from']} to {report['to']}: spent {spent}"), text, html)
