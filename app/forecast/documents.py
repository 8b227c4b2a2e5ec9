"""Lines as the API writes them. Amounts become decimal strings here and nowhere else."""

from collections.abc import Sequence
from dataclasses import astuple
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta

from app.core.errors import invalid
from app.forecast.model import Account, Plan, Range, Rest
from app.forecast.projection import NAMES, Line, together

MAX_POINTS = 4000
"""Of all lines of an answer; monthly points are given however many they are."""
FINEST_FIRST = ("daily", "weekly", "monthly")


def money(units: int, exponent: int) -> str:
    """Whole units of a currency as a decimal string with all its decimals."""
    if not exponent:
        return str(units)
    whole, part = divmod(abs(units), 10**exponent)
    return f"{'-' if units < 0 else ''}{whole}.{part:0{exponent}d}"


def marks(today: date, last: date, points: str) -> list[int]:
    """Of which days there are points, counted from today: the first and the last always."""
    days = (last - today).days
    if points == "daily":
        return list(range(days + 1))
    if points == "weekly":
        found = list(range(0, days + 1, 7))
    else:
        found = [(today + relativedelta(months=number) - today).days for number in range(days // 28 + 1)]
        found = [index for index in found if index <= days]
    return found if found[-1] == days else [*found, days]


def fineness(today: date, last: date, lines: int, wanted: str | None) -> str:
    """How fine the lines are: as wanted, or as fine as fits. Raises `InvalidError` when what is wanted does not fit."""
    fitting = [name for name in FINEST_FIRST[:-1] if len(marks(today, last, name)) * lines <= MAX_POINTS]
    if wanted is None:
        return fitting[0] if fitting else FINEST_FIRST[-1]
    if wanted != "monthly" and wanted not in fitting:
        count = len(marks(today, last, wanted)) * lines
        raise invalid(
            "points",
            "too_many_points",
            f"{count} points are more than the {MAX_POINTS} of an answer: name accounts, ask for less, or coarser",
        )
    return wanted


def document(
    plan: Plan, lines: dict[UUID, Line], *, base: Account, months: int, points: str, floor: Decimal | None
) -> dict[str, Any]:
    """The whole answer; `base` stands for the base currency, with its exponent and no balance of its own."""
    days = marks(plan.today, plan.last, points)
    dates = [(plan.today + timedelta(days=index)).isoformat() for index in days]
    rest = {each.account_id: each for each in plan.rest}
    by_currency: dict[str, list[Account]] = {}
    for account in plan.accounts:
        by_currency.setdefault(account.currency, []).append(account)
    totals = {code: together(lines[each.id] for each in members) for code, members in sorted(by_currency.items())}
    exponents = {account.currency: account.exponent for account in plan.accounts}
    return {
        "from": plan.today.isoformat(),
        "to": plan.last.isoformat(),
        "months": months,
        "points": points,
        "accounts": [
            {
                "account_id": str(account.id),
                "name": account.name,
                "type": account.type,
                **_line(plan, lines[account.id], account.currency, account.exponent, days, dates),
                "first_below": _first_below(plan, lines[account.id], account, floor),
                "learned": _learned(rest.get(account.id), account.exponent),
            }
            for account in plan.accounts
        ],
        "totals": [_line(plan, line, code, exponents[code], days, dates) for code, line in totals.items()],
        "base": _base(plan, totals, base, exponents),
    }


def difference(plan: Plan, before: dict[UUID, Line], after: dict[UUID, Line], points: str) -> list[dict[str, Any]]:
    """The second line less the first, per account of the plan."""
    days = marks(plan.today, plan.last, points)
    found = []
    for account in plan.accounts:
        first, second = before[account.id].sums, after[account.id].sums
        changes = [
            Range(*(b - a for a, b in zip(astuple(first.at(index)), astuple(second.at(index)), strict=True)))
            for index in days
        ]
        found.append(
            {
                "account_id": str(account.id),
                "currency": account.currency,
                "points": [
                    {"date": (plan.today + timedelta(days=index)).isoformat(), **span(change, account.exponent)}
                    for index, change in zip(days, changes, strict=True)
                ],
            }
        )
    return found


def _line(
    plan: Plan, line: Line, currency: str, exponent: int, days: Sequence[int], dates: Sequence[str]
) -> dict[str, Any]:
    return {
        "currency": currency,
        "balance": money(line.balance, exponent),
        "end": span(line.sums.at(-1), exponent),
        "lowest": _day(plan, line.lowest(), exponent),
        "lowest_low": _day(plan, line.lowest_low(), exponent),
        "sources": [
            {"source": source.kind, "id": source.id and str(source.id), "name": source.name, **span(change, exponent)}
            for source, change in line.sources.items()
        ],
        "points": [
            {
                "date": day,
                **span(line.sums.at(index), exponent),
                **{name: money(line.groups[name].expected[index], exponent) for name in NAMES},
            }
            for index, day in zip(days, dates, strict=True)
        ],
    }


def _base(plan: Plan, totals: dict[str, Line], base: Account, exponents: dict[str, int]) -> dict[str, Any]:
    line = totals.get(base.currency)
    nothing = Range(0, 0, 0)
    return {
        "currency": base.currency,
        "balance": money(line.balance if line else 0, base.exponent),
        "end": span(line.sums.at(-1) if line else nothing, base.exponent),
        "lowest": _day(plan, line.lowest() if line else (0, 0), base.exponent),
        "unconverted": [
            {
                "currency": code,
                "balance": money(other.balance, exponents[code]),
                "expected": money(other.sums.expected[-1], exponents[code]),
            }
            for code, other in totals.items()
            if code != base.currency
        ],
    }


def span(change: Range, exponent: int) -> dict[str, str]:
    return {
        "low": money(change.low, exponent),
        "expected": money(change.expected, exponent),
        "high": money(change.high, exponent),
    }


def _day(plan: Plan, found: tuple[int, int], exponent: int) -> dict[str, str]:
    amount, index = found
    return {"date": (plan.today + timedelta(days=index)).isoformat(), "amount": money(amount, exponent)}


def _first_below(plan: Plan, line: Line, account: Account, floor: Decimal | None) -> dict[str, str | None]:
    if floor is None and account.is_liability:
        return {"floor": None, "expected": None, "low": None}
    # A finer floor than the currency: what is below it is below the next whole unit.
    units = int((floor or Decimal(0)).scaleb(account.exponent).to_integral_value(ROUND_CEILING))
    found: dict[str, str | None] = {"floor": format(floor, "f") if floor is not None else money(0, account.exponent)}
    for name, amounts in (("expected", line.sums.expected), ("low", line.sums.low)):
        index = next((number for number, amount in enumerate(amounts) if amount < units), None)
        found[name] = None if index is None else (plan.today + timedelta(days=index)).isoformat()
    return found


def _learned(rest: Rest | None, exponent: int) -> dict[str, Any] | None:
    if rest is None:
        return None
    return {
        "months": rest.months,
        "income": money(rest.income, exponent),
        "spending": money(rest.spending, exponent),
        "down": money(rest.spread.down, exponent),
        "up": money(rest.spread.up, exponent),
    }
