"""Field types of request bodies: civil dates, names and texts, strict where a silent guess would lose money."""

import re
import unicodedata
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

EARLIEST = date(1900, 1, 1)
LATEST = date(9998, 12, 31)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
CURRENCY_CODE = re.compile(r"^[A-Z0-9]{2,12}$")


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a typing error is not a silent no-op."""

    model_config = ConfigDict(extra="forbid")


def _only_iso(value: Any) -> Any:
    """A number or an instant is not a civil date, however a lax reader might take it."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


def _in_range(value: date) -> date:
    if not EARLIEST <= value <= LATEST:
        raise ValueError(f"a date lies between {EARLIEST} and {LATEST}")
    return value


CivilDate = Annotated[
    date,
    BeforeValidator(_only_iso),
    AfterValidator(_in_range),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-31"]}),
]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant lies in the years 1 to 9999, in UTC too") from None


def _clean(value: str) -> str:
    """Drop what PostgreSQL refuses (NUL) or nobody sees (other control characters), but keep line breaks."""
    kept = "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return kept.strip()


def _one_line(value: str) -> str:
    return " ".join(_clean(value).split())


def _not_empty(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


@cache
def _zones() -> frozenset[str]:
    """The zones people live in, looked up once: listing them walks through files."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _known_zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("is not a time zone of the IANA list, such as Europe/Berlin")
    return value


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line), AfterValidator(_not_empty)]
LongName = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line), AfterValidator(_not_empty)]
Word = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_one_line), AfterValidator(_not_empty)]
ExternalId = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line), AfterValidator(_not_empty)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Reason = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line), AfterValidator(_not_empty)]
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_clean)]


def _capitals(value: Any) -> Any:
    """Speaks before the pattern of the field, which nobody can read."""
    if isinstance(value, str) and not CURRENCY_CODE.fullmatch(value):
        raise PydanticCustomError("string_pattern_mismatch", "is not a currency's code in capitals, such as EUR")
    return value


CurrencyCode = Annotated[
    str,
    Field(pattern=CURRENCY_CODE.pattern, description="A code of GET /currencies, such as `EUR`.", examples=["EUR"]),
    BeforeValidator(_capitals),
]
TimeZone = Annotated[
    str,
    Field(max_length=64, description="A name of the IANA list; it decides what today is.", examples=["Europe/Berlin"]),
    AfterValidator(_known_zone),
]


def _no_guess(value: Any) -> Any:
    """Neither `true` nor "5" is a whole number; `5.0`, which arrives as a decimal, is one."""
    if isinstance(value, (bool, str)):
        raise ValueError("is not a whole number")  # noqa: TRY004  # pydantic wants ValueError
    return value


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment, in UTC whatever its offset was."""
Whole = Annotated[int, BeforeValidator(_no_guess)]
Flag = Annotated[bool, Field(strict=True)]
