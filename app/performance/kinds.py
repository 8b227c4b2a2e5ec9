"""Words and percentages that what is asked and answered about portfolios share."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator

from app.core.money import PositiveAmount

Dimension = Literal["type", "currency", "asset", "sector", "account"]
Every = Literal["day", "week", "month"]


def _is_percent(value: Decimal) -> Decimal:
    if value > 100:
        raise ValueError("is at most 100 percent")
    return value


Percent = Annotated[PositiveAmount, AfterValidator(_is_percent)]
