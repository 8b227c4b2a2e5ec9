"""Two periods side by side: what a report is held against, and what changed."""

from decimal import Decimal
from typing import Any, Literal

from app.core.money import percent

Against = Literal["previous", "year", "none"]


def change(now: Decimal, then: Decimal | None) -> dict[str, Any]:
    """An amount beside the earlier one; `change_percent` is of the earlier one, null where that was 0."""
    if then is None:
        return {"amount": now, "previous": None, "change": None, "change_percent": None}
    return {
        "amount": now,
        "previous": then,
        "change": now - then,
        "change_percent": percent(now - then, abs(then)) if then else None,
    }
