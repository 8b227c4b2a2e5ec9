"""Days in answers."""

from contextlib import suppress
from datetime import date

from app.core.fetching import UnreadableError
from app.core.fields import ISO_DATE


def day_of(text: object) -> date:
    """A day as ISO 8601 writes it, at the front of an instant too; raises `UnreadableError` for anything else."""
    if isinstance(text, str) and ISO_DATE.fullmatch(text[:10]) and (len(text) == 10 or text[10] in "T "):
        with suppress(ValueError):
            return date.fromisoformat(text[:10])
    raise UnreadableError("the answer has no date where one should be")
