"""What the holdings on accounts are worth, as far as this book has any: the one place that reports ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader


@dataclass(frozen=True)
class Holdings:
    """By day and account, in one currency; what has no price or no rate is listed apart and in none of it."""

    by_account: Mapping[tuple[date, UUID], Decimal] = field(default_factory=dict)
    unpriced: Sequence[Any] = ()
    unconverted: Sequence[dict[str, Any]] = ()


async def holdings_of(book: BookReader, days: Sequence[date], currency: str) -> Holdings:
    """The value of what is held on each account at the end of each day."""
    del book, days, currency  # nothing is held before there are trades
    return Holdings()
