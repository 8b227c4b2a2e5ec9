"""What requests cost in a book of a million transactions beside one of ten thousand, in one server, turn by turn."""

import argparse
import json
import time
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from app.reports.converted import KEEP
from bench import books
from bench.books import Book
from bench.growth_planning import PLANNING, planning_routes
from bench.growth_reports import REPORTS, report_routes
from bench.hot import MILLION, SMALL, Hot, Turns, compare, hot_routes
from bench.load import Ask, Job, Result
from bench.server import Server, load_generator, running
from bench.tables import table


def routes(book: Book, middle: date) -> list[Hot]:
    """What is asked of each book; every answer has the same size in both."""
    row = book.http.get("/transactions", params={"limit": 1, "date_to": str(middle)}).raise_for_status().json()
    transaction = row["items"][0]["id"]
    book_id = book.http.get("/books").raise_for_status().json()["items"][0]["id"]
    revision = book.http.get(f"/books/{book_id}").raise_for_status().json()["revision"]
    number = book.rows // 2
    return [
        *_budgets(book),
        *hot_routes(book),
        Hot("patch", (_ask(book, f"/transactions/{transaction}", "PATCH", {"notes": "Measured", "amount": "12.34"}),)),
        Hot("list of a category", (_ask(book, f"/transactions?category_id={book.category_id}"),)),
        Hot("search, one found", (_search(book, f'"receipt {number}"'),)),
        Hot("search, one in 300", (_search(book, '"shop 7"'),)),
        Hot("search, everything", (_search(book, "shop receipt"),)),
        # The small book has a handful of these: pages of five are the same in both.
        Hot("search, words and amount", (_search(book, '"shop 7" >150 -insurance', limit=5),)),
        Hot("autocomplete of payees", (_ask(book, "/payees/autocomplete?q=shop%2015"),)),
        Hot("change feed, from the beginning", (_ask(book, f"/books/{book_id}/changes?limit=50"),)),
        Hot("change feed, the newest", (_ask(book, f"/books/{book_id}/changes?limit=50&since={revision - 1}"),)),
    ]


def _budgets(book: Book) -> list[Hot]:
    """A budget over all spending and one over a category that carries from the start, by whole months and by days."""
    start = book.last_day - timedelta(days=books.DAYS)
    found = []
    for name, first, categories in (
        ("months", start.replace(day=1), []),
        ("days from the 23rd", start.replace(day=23), [book.category_id]),
    ):
        body = {"name": name, "amount": "500", "period": "monthly", "start_date": str(first), "thresholds": []}
        body |= {"category_ids": categories, "rollover": "both"}
        path = f"/budgets/{book.http.post('/budgets', json=body).raise_for_status().json()['id']}"
        found.append(Hot(f"budget status, {name}, carried", (_ask(book, f"{path}/status"),)))
        found.append(Hot(f"24 periods of a budget, {name}", (_ask(book, f"{path}/history?periods=24"),)))
    weekly = {**body, "name": "weeks", "period": "weekly", "category_ids": [], "rollover": "none"}
    path = f"/budgets/{book.http.post('/budgets', json=weekly).raise_for_status().json()['id']}"
    found.append(Hot("24 weeks of a budget over all", (_ask(book, f"{path}/history?periods=24"),)))
    return [*found, Hot("every budget's status", (_ask(book, "/budgets/status"),))]


def _ask(book: Book, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Ask:
    return Ask(f"/api/v1{path}", method, book.headers, None if body is None else json.dumps(body))


def _search(book: Book, q: str, limit: int = 50) -> Ask:
    return _ask(book, f"/transactions?q={quote(q)}&limit={limit}")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        app = stack.enter_context(running(log_level="WARNING"))
        made = {str(size): books.make(app, f"grown{size}", size) for size in (SMALL, options.rows)}
        books.analyze(app)
        generator = stack.enter_context(load_generator())
        asked = {size: routes(book, book.last_day - timedelta(days=books.DAYS // 2)) for size, book in made.items()}
        turns = Turns(
            generator,
            rounds=options.rounds,
            budget=options.budget,
            comparisons=len(asked[str(SMALL)]) + PLANNING + REPORTS,
        )
        found: dict[str, Any] = {}

        def compare_all(asked: dict[str, list[Hot]]) -> None:
            for alike in zip(*asked.values(), strict=True):
                jobs = {
                    size: Job(app.port, route.requests, 1, options.seconds)
                    for size, route in zip(asked, alike, strict=True)
                }
                found[alike[0].name] = compare(turns.run(jobs), str(options.rows), str(SMALL), _median_ms)

        compare_all(asked)
        reports = {size: report_routes(book) for size, book in made.items()}
        books.wait_for_jobs(app, KEEP)
        compare_all(reports)
        # Only now: a book with budgets looks at them with each change, and the writes above are those of one without.
        compare_all({size: planning_routes(book) for size, book in made.items()})
        return {
            "rows": options.rows,
            "growth": found,
            "integrity_seconds": {size: _integrity(app, book) for size, book in made.items()},
            "peak_memory_mib": app.peak_memory_mib(),
        }


def _median_ms(result: Result) -> float:
    return result.median_ms


def _integrity(app: Server, book: Book) -> float:
    """How long the proof of a whole book takes; it must hold."""
    book_id = book.http.get("/books").raise_for_status().json()["items"][0]["id"]
    started = time.perf_counter()
    report = book.http.get(f"/books/{book_id}/integrity").raise_for_status().json()
    if not report["ok"]:
        raise SystemExit(f"{app.url}: {report}")
    return round(time.perf_counter() - started, 2)


def tables(result: dict[str, Any]) -> str:
    rows = str(result["rows"])
    grown = [
        (name, found["ratio"], found["lowest"], found["highest"], found["rounds"], found[rows], found[str(SMALL)])
        for name, found in result["growth"].items()
    ]
    proof = result["integrity_seconds"]
    return "\n\n".join(
        [
            table((f"ms, {int(rows):,} / {SMALL:,}", "ratio", "lowest", "highest", "rounds", "large", "small"), grown),
            table(("integrity of the book", "seconds"), [(f"{int(size):,}", taken) for size, taken in proof.items()]),
            table(("peak memory of the server", "MiB"), [("app", result["peak_memory_mib"])]),
        ]
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=MILLION, help="how large the large book is")
    parser.add_argument("--rounds", type=int, default=7, help="how many times each pair takes turns")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long a turn is")
    parser.add_argument("--budget", type=float, default=540.0, help="seconds for all turns; rounds are left out for it")
