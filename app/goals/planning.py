"""Computing how to reach an amount, without storing anything."""

from datetime import date
from decimal import ROUND_UP, Decimal
from typing import Any

from app.access.context import BookReader
from app.core.errors import FieldError, InvalidError, invalid
from app.core.money import decimals, quantum
from app.currencies.service import exponent_of
from app.goals import dates
from app.goals.progress import Instalments, instalments
from app.goals.schemas import GoalPlanIn

MAX_MONTHS = 1200
Document = dict[str, Any]


async def plan(book: BookReader, body: GoalPlanIn) -> Document:
    """Raises `InvalidError` for an amount finer than the currency, and for a plan of more than `MAX_MONTHS`."""
    exponent = await exponent_of(book.connection, body.currency, "currency")
    wrong = [
        FieldError(name, "too_many_decimals", f"{body.currency} has {exponent} decimals")
        for name in ("amount", "already", "monthly_amount")
        if decimals(getattr(body, name) or Decimal(0)) > exponent
    ]
    if wrong:
        raise InvalidError(wrong)
    start = body.start_date or book.actor.today()
    unit = quantum(exponent)
    remaining = max(Decimal(0), body.amount - body.already).quantize(unit)
    steps = _steps(body, start, remaining, exponent) if remaining else Instalments(remaining, 0, remaining)
    total, schedule = body.already.quantize(unit), []
    for number in range(1, steps.payments + 1):
        amount = steps.last_amount if number == steps.payments else steps.amount
        total += amount
        schedule.append({"date": dates.due(start, 12, number), "amount": amount, "total": total})
    return {
        "currency": body.currency,
        "remaining": remaining,
        "monthly_amount": steps.amount,
        "payments": steps.payments,
        "last_amount": steps.last_amount,
        "reached_on": schedule[-1]["date"] if schedule else start,
        "schedule": schedule,
    }


def _steps(body: GoalPlanIn, start: date, remaining: Decimal, exponent: int) -> Instalments:
    if body.target_date is not None:
        if body.target_date <= start:
            raise invalid("target_date", "not_after_start", f"must be after the start, {start}")
        months = max(1, dates.months_between(start, body.target_date))
        _check_length(months, "target_date")
        return instalments(remaining, months, exponent)
    assert body.monthly_amount is not None  # noqa: S101  # nosec B101  # one of them is given
    amount = body.monthly_amount.quantize(quantum(exponent))
    payments = int((remaining / amount).to_integral_value(ROUND_UP))
    _check_length(payments, "monthly_amount")
    return Instalments(amount, payments, remaining - amount * (payments - 1))


def _check_length(months: int, field: str) -> None:
    if months > MAX_MONTHS:
        raise invalid(field, "takes_too_long", f"that takes {months} months; a plan has at most {MAX_MONTHS}")
