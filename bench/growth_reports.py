"""What reports cost in a large book: each over months and years, in dollars too, and what narrows or widens them."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from bench.books import DAYS, Book
from bench.hot import Hot
from bench.load import Ask

REPORTS_OF_A_PERIOD = (
    *("trends", "categories", "networth", "cashflow", "income-statement", "savings-rate", "weekdays"),
    *("payees", "tags", "largest"),
)
NARROWED = ("trends", "payees", "tags", "largest")
"""By account, category and payee, where they can be."""
SAVED: dict[str, dict[str, Any]] = {
    "by month and category": {"measures": ["income", "expenses"], "dimensions": ["month", "category"]},
    "by payee": {"measures": ["expenses", "average"], "dimensions": ["payee"]},
    "by year and payee": {"measures": ["net", "count"], "dimensions": ["year", "payee"]},
    "by tag and category": {"measures": ["expenses", "count"], "dimensions": ["tag", "category"]},
    "by account and weekday": {"measures": ["net", "average"], "dimensions": ["account", "weekday"]},
}
SAVED_PERIODS = {"a month": "lastmonth", "a year": "1year", "5 years": "5years"}
TAGS = 10
TAGGED = 500
PAGE = 100


def report_routes(book: Book) -> list[Hot]:
    """The same of every book; some of its newest transactions get tags for it."""
    payee_id = _tag(book)
    _rate(book)
    # What payees had in dollars is kept once it was asked for.
    book.http.get("/reports/payees", params={"period": "5years", "currency": "USD"}).raise_for_status()
    return [Hot(f"report, {name}", (_ask(book, path),)) for name, path in [*_reports(book, payee_id), *_saved(book)]]


def _periods(last_day: date) -> dict[str, str]:
    """Months and years up to now; and days that begin and end inside months."""
    inside = last_day.replace(day=17) - timedelta(days=61)
    return {
        "a month": "period=lastmonth",
        "a year": "period=1year",
        "5 years": "period=5years",
        "30 days": f"from={last_day - timedelta(days=29)}&to={last_day}",
        "any year": f"from={inside - timedelta(days=364)}&to={inside}",
    }


def _reports(book: Book, payee_id: str) -> Iterator[tuple[str, str]]:
    periods = _periods(book.last_day)
    for name in REPORTS_OF_A_PERIOD:
        for title, period in periods.items():
            yield f"{name} of {title}", f"/reports/{name}?{period}"
    for name in NARROWED:
        filters = {"account": f"account_id={book.account_id}", "category": f"category_id={book.category_id}"}
        if name != "trends":
            filters["payee"] = f"payee_id={payee_id}"
        for by, narrowed in filters.items():
            yield f"{name} of a year, by {by}", f"/reports/{name}?{periods['a year']}&{narrowed}"
    yield "payees of 5 years, by category", f"/reports/payees?{periods['5 years']}&category_id={book.category_id}"
    yield "payees of a month, by amount", f"/reports/payees?{periods['a month']}&min_amount=100"
    yield "monthly", "/reports/monthly"
    yield "monthly, by category", f"/reports/monthly?category_id={book.category_id}"
    yield "balance-sheet", "/reports/balance-sheet"
    yield "trends, months from the 23rd", "/reports/trends?period=24months&start_day=23"
    for name in REPORTS_OF_A_PERIOD:
        for title, period in periods.items():
            yield f"{name} of {title}, in dollars", f"/reports/{name}?{period}&currency=USD"


def _saved(book: Book) -> Iterator[tuple[str, str]]:
    for name, definition in SAVED.items():
        for title, period in SAVED_PERIODS.items():
            body = {"name": f"{name}, {title}", **definition, "filters": {"period": period}}
            made: dict[str, Any] = book.http.post("/reports/saved", json=body).raise_for_status().json()
            yield f"saved {name}, {title}", f"/reports/saved/{made['id']}/run"


REPORTS = (
    len(REPORTS_OF_A_PERIOD) * len(_periods(date(2026, 1, 1))) * 2
    + len(NARROWED) * 3
    - 1
    + 6
    + len(SAVED) * len(SAVED_PERIODS)
)
"""How many routes there are."""


def _tag(book: Book) -> str:
    """Give the newest transactions tags; returns the payee of the newest."""
    asked: dict[str, Any] = {"limit": PAGE}
    payee_id = ""
    for page in range(TAGGED // PAGE):
        found = book.http.get("/transactions", params=asked).raise_for_status().json()
        payee_id = payee_id or next(item["payee_id"] for item in found["items"] if item["payee_id"])
        operations = [
            {"op": "patch", "id": item["id"], "changes": {"tags": [f"Tag {(page + number) % TAGS}"]}}
            for number, item in enumerate(found["items"])
        ]
        book.http.post("/transactions/bulk", json={"operations": operations}).raise_for_status()
        asked["cursor"] = found["next_cursor"]
    return payee_id


def _rate(book: Book) -> None:
    """A rate of each working day, as a central bank publishes them."""
    rng = random.Random(1)
    rows = ["date,base,quote,rate"]
    rate = 1.08
    for ago in range(DAYS + 10, -1, -1):
        day = book.last_day - timedelta(days=ago)
        rate += rng.gauss(0, 0.003)
        if day.isoweekday() < 6:
            rows.append(f"{day},EUR,USD,{rate:.4f}")
    files = {"file": ("rates.csv", "\n".join(rows).encode())}
    book.http.post("/rates/import", files=files).raise_for_status()


def _ask(book: Book, path: str) -> Ask:
    return Ask(f"/api/v1{path}", "GET", book.headers, None)
