"""What reports cost in a large book: over totals whatever the history, over postings what their period holds."""

from datetime import timedelta
from typing import Any

from bench.books import DAYS, Book
from bench.hot import Hot
from bench.load import Ask

OVER_TOTALS = {
    "monthly": "",
    "trends": "period=24months",
    "categories": "period=year",
    "networth": "period=5years",
    "cashflow": "period=1year&levels=2",
    "income-statement": "period=year&compare=year",
    "balance-sheet": "",
    "savings-rate": "period=5years",
    "weekdays": "period=1year",
}
OVER_POSTINGS = ("payees", "tags", "largest")
SAVED: dict[str, dict[str, Any]] = {
    "by month and category": {"measures": ["income", "expenses"], "dimensions": ["month", "category"]},
    "by payee, of a month": {
        "measures": ["expenses", "average"],
        "dimensions": ["payee"],
        "filters": {"period": "month"},
    },
}
REPORTS = len(OVER_TOTALS) + len(OVER_POSTINGS) + len(SAVED) + 3
"""How many routes there are."""


def report_routes(book: Book) -> list[Hot]:
    """Each report once, and some of what widens them: days, another currency, a saved one."""
    begins = book.last_day - timedelta(days=DAYS // 2)
    found = [Hot(f"report, {name}", (_ask(book, f"/reports/{name}?{asked}"),)) for name, asked in OVER_TOTALS.items()]
    month = f"from={book.last_day - timedelta(days=29)}&to={book.last_day}"
    found += [Hot(f"report, {name} of a month", (_ask(book, f"/reports/{name}?{month}"),)) for name in OVER_POSTINGS]
    found.append(Hot("report, months from the 23rd", (_ask(book, "/reports/trends?period=24months&start_day=23"),)))
    found.append(Hot("report, any days", (_ask(book, f"/reports/income-statement?from={begins}&to={book.last_day}"),)))
    found.append(Hot("report, in dollars", (_ask(book, "/reports/trends?period=1year&currency=USD"),)))
    for name, definition in SAVED.items():
        made: dict[str, Any] = (
            book.http.post("/reports/saved", json={"name": name, **definition}).raise_for_status().json()
        )
        found.append(Hot(f"saved report, {name}", (_ask(book, f"/reports/saved/{made['id']}/run"),)))
    return found


def _ask(book: Book, path: str) -> Ask:
    return Ask(f"/api/v1{path}", "GET", book.headers, None)
