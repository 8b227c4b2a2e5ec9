"""Who came from the provider, as far as its claims can be believed and kept."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.core.fields import LongName, TimeZone
from app.users.schemas import NewEmail

_EMAIL: TypeAdapter[str] = TypeAdapter(NewEmail)
_NAME: TypeAdapter[str] = TypeAdapter(LongName)
_ZONE: TypeAdapter[str] = TypeAdapter(TimeZone)


@dataclass(frozen=True)
class Person:
    """Issuer and subject are who it is, for ever; everything else is what the provider says today."""

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    full_name: str | None
    time_zone: str
    authenticated_at: datetime | None
    """When the provider last saw their credentials, where it says so."""


def person_of(issuer: str, claims: dict[str, Any]) -> Person:
    """Read checked claims; what has the wrong shape counts as not said. Only the JSON `true` verifies an address."""
    email = _taken(_EMAIL, claims.get("email"))
    return Person(
        issuer,
        claims["sub"],
        email,
        email is not None and claims.get("email_verified") is True,
        _taken(_NAME, claims.get("name")),
        _taken(_ZONE, claims.get("zoneinfo")) or "UTC",
        _instant(claims.get("auth_time")),
    )


def _taken(shape: TypeAdapter[str], value: object) -> str | None:
    try:
        return shape.validate_python(value) if isinstance(value, str) and "\x00" not in value else None
    except ValidationError:
        return None


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
