"""A week of a book: against the week before it, and with what comes after it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.core.database import AnyRow
from app.core.money import quantum
from app.transactions import balances
from app.weekly import ahead, repository

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
USUAL_FOR = 12 * WEEK
"""How far back an average goes that says what is usual for a category."""
ENOUGH = 5
"""Expenses that it takes to know what is usual."""
UNUSUAL = Decimal(3)
"""How many times the average of its category an unusual expense is."""
LARGEST = 5
MOST_NOTABLE = 10
MOST_ACCOUNTS = 100


def week_of(day: date) -> date:
    """The Monday of its week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def last_whole_week(today: date) -> date:
    """The Monday of the last week that is over."""
    return week_of(today) - WEEK


async def weekly(book: BookReader, first: date) -> dict[str, Any]:
    """The week from a Monday on, with what the member who asks may see.

    Income and spending are in the book's base currency, spending as a positive number, refunds taken off it; what has
    no exchange rate stands under `unconverted` alone. `bills` are those of the seven days after the week.
    """
    last = first + 6 * DAY
    rows = await repository.flows(book.connection, book.book_id, first - WEEK, last)
    this, before = [row for row in rows if row.day >= first], [row for row in rows if row.day < first]
    now, then = _sides(this, book.base_exponent), _sides(before, book.base_exponent)
    return {
        "book_id": book.book_id,
        "book": await repository.name(book.connection, book.book_id),
        "from": first,
        "to": last,
        "currency": book.base_currency,
        **now,
        "previous": then,
        "unconverted": _unconverted(this, before),
        "days": _days(rows, first, book.base_exponent),
        "budgets": await ahead.budgets(book, last),
        "bills": await ahead.bills(book, last + DAY, last + WEEK),
        "notable": await _notable(book, first, last),
        "balances": await _balances(book, first - DAY, last),
    }


def is_empty(report: dict[str, Any]) -> bool:
    """Whether there is nothing to report: nobody is mailed that."""
    told = ("unconverted", "budgets", "bills", "notable", "balances")
    moved = (report["income"], report["expenses"], report["previous"]["income"], report["previous"]["expenses"])
    return not any(moved) and not any(report[name] for name in told)


def _signed(row: AnyRow, measure: str) -> tuple[Decimal, Decimal]:
    """Income and spending of a row: by the category's kind or, without one, by direction."""
    inflow, outflow = getattr(row, f"{measure}_inflow"), getattr(row, f"{measure}_outflow")
    if row.kind is None:
        return inflow, outflow
    return (inflow - outflow, Decimal(0)) if row.kind == "income" else (Decimal(0), outflow - inflow)


def _total(rows: Iterable[AnyRow], measure: str, exponent: int) -> dict[str, Decimal]:
    income = expenses = Decimal(0).quantize(quantum(exponent))
    for row in rows:
        more = _signed(row, measure)
        income, expenses = income + more[0], expenses + more[1]
    return {"income": income, "expenses": expenses}


def _sides(rows: Sequence[AnyRow], exponent: int) -> dict[str, Decimal]:
    total = _total(rows, "base", exponent)
    return {**total, "net": total["income"] - total["expenses"]}


def _unconverted(this: Sequence[AnyRow], before: Sequence[AnyRow]) -> list[dict[str, Any]]:
    exponents = {
        row.currency: row.exponent for row in (*this, *before) if row.unconverted_inflow or row.unconverted_outflow
    }
    found = []
    for currency, exponent in sorted(exponents.items()):
        now, then = (
            _total([row for row in rows if row.currency == currency], "unconverted", exponent)
            for rows in (this, before)
        )
        found.append({"currency": currency, **now, "previous": then})
    return found


def _days(rows: Sequence[AnyRow], first: date, exponent: int) -> list[dict[str, Any]]:
    """Spending of each day beside that of the same weekday before."""
    spent: dict[date, Decimal] = defaultdict(lambda: Decimal(0).quantize(quantum(exponent)))
    for row in rows:
        spent[row.day] += _signed(row, "base")[1]
    return [
        {"date": day, "expenses": spent[day], "previous": spent[day - WEEK]}
        for day in (first + number * DAY for number in range(7))
    ]


async def _notable(book: BookReader, first: date, last: date) -> list[dict[str, Any]]:
    rows = await repository.notable(
        book.connection,
        book.book_id,
        (first, last),
        (first - USUAL_FOR, first - DAY),
        enough=ENOUGH,
        times=UNUSUAL,
        largest=LARGEST,
        limit=MOST_NOTABLE,
        exponent=book.base_exponent,
    )
    return [dict(row) for row in rows]


async def _balances(book: BookReader, before: date, last: date) -> list[dict[str, Any]]:
    """Each account at the end of the week and of the day before it, in its own currency."""
    rows = await repository.accounts(book.connection, book.book_id, MOST_ACCOUNTS)
    held = await balances.at(book.connection, book.book_id, [(row.id, day) for row in rows for day in (before, last)])
    found = []
    for row in rows:
        small = quantum(row.exponent)
        then, now = held[row.id, before].quantize(small), held[row.id, last].quantize(small)
        found.append(
            {
                "account_id": row.id,
                "name": row.name,
                "currency": row.currency,
                "before": then,
                "balance": now,
                "change": now - then,
            }
        )
    return found
