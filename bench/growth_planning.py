"""What planning costs in a large book: budgets, the forecast, what comes, and the inbox."""

import json
from typing import Any

from bench.books import Book
from bench.hot import Hot
from bench.load import Ask

BUDGETS = ("weekly", "monthly", "quarterly", "yearly")
BEGINNING = "2020-01-03"
PLANNING = 7
"""How many routes there are."""


def planning_routes(book: Book) -> list[Hot]:
    """The same budgets and schedules in every book, made here, and what is asked of them."""
    first = _plan(book)
    assumed = {"type": "one_off", "account_id": book.account_id, "amount": "-100.00", "date": str(book.last_day)}
    body = {"months": 12, "points": "weekly", "changes": [assumed]}
    return [
        Hot("budgets, status of all", (_ask(book, "/budgets/status"),)),
        Hot("budget, 24 periods", (_ask(book, f"/budgets/{first}/history?periods=24"),)),
        Hot("schedules, a year to come", (_ask(book, f"/schedules/upcoming?from={book.last_day}"),)),
        Hot("forecast, 3 months by day", (_ask(book, "/forecast?months=3&points=daily"),)),
        Hot("forecast, 24 months by week", (_ask(book, "/forecast?months=24&points=weekly"),)),
        Hot("forecast, what if", (_ask(book, "/forecast/what-if", "POST", body),)),
        Hot("inbox", (_ask(book, "/notifications"),)),
    ]


def _plan(book: Book) -> str:
    """A budget of each period over everything and over a category, and ten schedules; the id of the weekly one."""
    made = [
        book.http.post(
            "/budgets",
            json={
                "name": f"{period} {number}",
                "amount": "500.00",
                "period": period,
                "start_date": BEGINNING,
                "rollover": "both",
                "category_ids": categories,
            },
        )
        .raise_for_status()
        .json()["id"]
        for period in BUDGETS
        for number, categories in enumerate(([], [book.category_id]))
    ]
    for number in range(10):
        template = {"type": "expense", "account_id": book.account_id, "category_id": book.category_id}
        book.http.post(
            "/schedules",
            json={
                "name": f"Bill {number}",
                "template": template,
                "amount": "20.00",
                "rrule": f"FREQ=MONTHLY;BYMONTHDAY={number + 1}",
                "starts_on": BEGINNING,
            },
        ).raise_for_status()
    return str(made[0])


def _ask(book: Book, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Ask:
    return Ask(f"/api/v1{path}", method, book.headers, None if body is None else json.dumps(body))
