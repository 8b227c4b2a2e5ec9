"""What a file of all transactions costs: seconds, size, and what the server's memory grows by."""

import argparse
import time
from typing import Any

from bench import books
from bench.books import Book
from bench.server import Server, running
from bench.tables import table

ROWS = 100_000
SMALL = 1_000
WANTED = ("csv", "json", "xlsx")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """A small book first, so that what the first file of a kind loads is not counted as the large one's."""
    with running(log_level="WARNING") as app:
        small, large = books.make(app, "small", SMALL), books.make(app, "large", options.rows)
        books.analyze(app)
        for kind in WANTED:
            _take(small, kind)
        return {"rows": options.rows, "files": {kind: _measured(app, large, kind) for kind in WANTED}}


def _measured(app: Server, book: Book, kind: str) -> dict[str, Any]:
    before = app.process.memory_info().rss
    first, whole, size = _take(book, kind)
    grown = (app.process.memory_info().rss - before) / 2**20
    return {"first_byte": first, "seconds": whole, "mib": round(size / 2**20, 1), "grown_mib": round(grown, 1)}


def _take(book: Book, kind: str) -> tuple[float, float, int]:
    """Seconds to the first byte and to the last, and how many there were."""
    started = time.perf_counter()
    size, first = 0, 0.0
    with book.http.stream("GET", "/exports/transactions", params={"format": kind}) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - started
            size += len(piece)
    return round(first, 2), round(time.perf_counter() - started, 2), size


def tables(result: dict[str, Any]) -> str:
    rows = [(kind, *found.values()) for kind, found in result["files"].items()]
    head = (f"{result['rows']:,} transactions", "first byte, s", "last byte, s", "MiB", "memory grew, MiB")
    return table(head, rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=ROWS, help="how large the book is")
