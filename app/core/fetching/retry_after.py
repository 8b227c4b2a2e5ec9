"""The header `Retry-After` (RFC 9110, 10.2.3)."""

from email.utils import parsedate_to_datetime

from app.core.clock import now

LONGEST = 86_400.0


def seconds_of(header: str | None) -> float | None:
    """Seconds from now, a day at most; None where it says nothing that can be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
        return min(max(0.0, (moment - now()).total_seconds()), LONGEST)
    except (TypeError, ValueError):
        return None
