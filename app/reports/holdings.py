"""What the holdings on accounts are worth: the one place that reports ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.performance.service import holdings_value


@dataclass(frozen=True)
class Holdings:
    """By day and account, in one currency; what has no price or no rate is listed apart and in none of it."""

    by_account: Mapping[tuple[date, UUID], Decimal]
    unpriced: Sequence[dict[str, Any]]
    unconverted: Sequence[dict[str, Any]]


async def holdings_of(book: BookReader, days: Sequence[date], currency: str, accounts: Sequence[UUID] = ()) -> Holdings:
    """The value of what is held on each account, or on these, at the end of each day; see `holdings_value`."""
    found = await holdings_value(book, days, currency)
    return Holdings(
        found.by_account,
        [
            {"date": each.day, "account_id": each.account_id, "asset_id": each.asset_id}
            for each in found.unpriced
            if not accounts or each.account_id in accounts
        ],
        [
            {"currency": each.currency, "date": each.day, "amount": each.amount}
            for each in found.unconverted
            if not accounts or each.account_id in accounts
        ],
    )
