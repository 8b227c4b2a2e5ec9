"""What a file of all transactions costs: time, CPU, size, memory, and how long others wait meanwhile."""

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

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
    before, cpu = app.process.memory_info().rss, _cpu(app)
    with _watching(app) as seen:
        first, whole, size = _take(book, kind)
    used = [after - earlier for after, earlier in zip(_cpu(app), cpu, strict=True)]
    return {
        "first_byte": first,
        "seconds": whole,
        "server_cpu": round(used[0], 2),
        "database_cpu": round(used[1], 2),
        "mib": round(size / 2**20, 1),
        "grown_mib": round((seen.most - before) / 2**20, 1),
        "health": round(max(seen.health, default=0.0), 3),
    }


def _cpu(app: Server) -> tuple[float, float]:
    """Seconds of CPU so far: of the server, and of its database."""
    family = app.process.children(recursive=True)
    database = [sum(each.cpu_times()[:2]) for each in family if each.name() == "postgres"]
    return sum(app.process.cpu_times()[:2]), sum(database)


@dataclass
class _Seen:
    """The most memory of the server, in bytes, and how long each look at `/health` took, in seconds."""

    most: int = 0
    health: list[float] = field(default_factory=list)


@contextmanager
def _watching(app: Server) -> Iterator[_Seen]:
    """Look at the server ten times a second, as a monitor and as a neighbour, while the block runs."""
    seen, ended = _Seen(), threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=app.url, timeout=60) as http:
            while not ended.wait(0.1):
                started = time.perf_counter()
                http.get("/health").raise_for_status()
                seen.health.append(time.perf_counter() - started)
                seen.most = max(seen.most, app.process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


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
    times = "first byte, s", "last byte, s", "server CPU, s", "database CPU, s"
    head = (f"{result['rows']:,} transactions", *times, "MiB", "memory grew, MiB", "slowest /health, s")
    return table(head, rows)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=ROWS, help="how large the book is")
