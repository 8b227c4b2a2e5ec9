"""The instant it is now."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
