"""The page of an unsubscribe link."""

from app.core.templates import environment
from app.notifications.mails import NAME_OF

PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


def unsubscribe_page(scope: str, token: str | None) -> str:
    """Asks, with a button that sends the token back, or without one says that it is done."""
    template = environment("app.notifications").get_template("unsubscribe.html")
    return template.render(what=NAME_OF[scope], token=token)
