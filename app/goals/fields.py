"""Field types that goals, loans and debt plans share."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from app.core.fields import CivilDate
from app.core.money import PositiveAmount, SignedAmount, at_most_all, plain

PLANNED_UNTIL = date(2199, 12, 31)
MAX_RATE = 1000


def _at_least_zero(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative")
    return value


def _is_rate(value: Decimal) -> Decimal:
    if value > MAX_RATE:
        raise ValueError(f"is at most {MAX_RATE} percent a year")
    return value


def _is_near(value: date) -> date:
    if value > PLANNED_UNTIL:
        raise ValueError(f"is {PLANNED_UNTIL} at the latest")
    return value


def _schema(example: str, description: str) -> WithJsonSchema:
    pattern = r"^\d{1,15}(\.\d{1,18})?$"
    return WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", "minimum": 0}],
            "examples": [example],
            "description": description,
        }
    )


NonNegativeAmount = Annotated[
    SignedAmount, AfterValidator(_at_least_zero), _schema("12.50", "A decimal string, 0 or more.")
]
Rate = Annotated[
    SignedAmount,
    AfterValidator(_at_least_zero),
    AfterValidator(_is_rate),
    _schema("6.5", "Percent a year, a decimal string of 0 or more."),
]
Share = Annotated[
    PositiveAmount, AfterValidator(at_most_all), _schema("50", "Percent of the balance, a decimal string up to 100.")
]
PlannedDate = Annotated[CivilDate, AfterValidator(_is_near)]
"""A day that plans are computed from."""


def written(amount: Decimal | None) -> str | None:
    """A decimal for a JSON column; None stays."""
    return None if amount is None else plain(amount)
