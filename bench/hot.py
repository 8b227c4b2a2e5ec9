"""The hot routes beside a bare twin that does the same in the database, and beside themselves on a larger book.

What is compared runs in short turns, round after round in changing order, so that what else the machine does hits all
alike. Ratios are for judging, absolute times for reading.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.pagination import encode_cursor
from bench import books
from bench.books import Book
from bench.load import Ask, Job, Result
from bench.recording import record
from bench.server import Generator, Server, load_generator, peak_mib, running, twin
from bench.tables import table

SMALL, LARGE, MILLION = 10_000, 100_000, 1_000_000
CONNECTIONS = 8
WARM_UP_SECONDS = 0.2

Round = Mapping[str, Result]


@dataclass(frozen=True)
class Hot:
    """A route as the application is asked for it; of several requests each connection has one of its own."""

    name: str
    requests: tuple[Ask, ...]


def hot_routes(book: Book) -> list[Hot]:
    middle = book.last_day - timedelta(days=books.DAYS // 2)
    monthly = f"/reports/monthly?year={middle.year}&month={middle.month}"
    return [
        Hot("list, first page", (_get(book, "/transactions"),)),
        Hot("list, half way down", (_get(book, f"/transactions?cursor={_cursor(middle)}"),)),
        Hot("monthly report", (_get(book, monthly),)),
        Hot("balance at a date", (_get(book, f"/accounts/{book.account_id}/balance?at={middle}"),)),
        Hot("create", (_create(book),)),
    ]


def _get(book: Book, path: str) -> Ask:
    return Ask(f"/api/v1{path}", headers=book.headers)


def _cursor(day: date) -> str:
    """A place in the list, newest first: walking there would take longer than all the rest."""
    return encode_cursor("-date", [day, UUID(int=2**128 - 1)])


def _create(book: Book) -> Ask:
    body = {
        "type": "expense",
        "date": book.last_day.isoformat(),
        "amount": "12.34",
        "account_id": book.account_id,
        "category_id": book.category_id,
        "payee": "Corner Café",
        "description": "Measured",
    }
    return Ask("/api/v1/transactions", "POST", book.headers, json.dumps(body))


class Turns:
    """Runs jobs in turns, in as many rounds as asked for or as the time allows; each comes to at least one."""

    def __init__(self, generator: Generator, *, rounds: int, budget: float, comparisons: int) -> None:
        self._generator = generator
        self._rounds = rounds
        self._deadline = time.monotonic() + budget
        self._waiting = comparisons

    def run(self, jobs: Mapping[str, Job]) -> list[Round]:
        started = time.monotonic()
        share = (self._deadline - started) / max(self._waiting, 1)
        self._waiting -= 1
        for job in jobs.values():
            self._generator.run(replace(job, seconds=WARM_UP_SECONDS))
        found: list[Round] = []
        while len(found) < self._rounds:
            order = list(jobs)[:: 1 if len(found) % 2 == 0 else -1]
            found.append({name: self._generator.run(jobs[name]) for name in order})
            spent = time.monotonic() - started
            if spent + spent / len(found) > share:
                break
        return found


def compare(rounds: Sequence[Round], above: str, below: str, figure: Callable[[Result], float]) -> dict[str, Any]:
    """The medians of both, and the median of the ratios within a round with the lowest and the highest."""
    ratios = [figure(taken[above]) / figure(taken[below]) for taken in rounds]
    return {
        above: _of(rounds, above, figure),
        below: _of(rounds, below, figure),
        "ratio": round(statistics.median(ratios), 2),
        "lowest": round(min(ratios), 2),
        "highest": round(max(ratios), 2),
        "rounds": len(ratios),
    }


def _of(rounds: Sequence[Round], name: str, figure: Callable[[Result], float]) -> float:
    return round(statistics.median(figure(taken[name]) for taken in rounds), 2)


def _per_second(result: Result) -> float:
    return result.per_second


def _median_ms(result: Result) -> float:
    return result.median_ms


def measure(options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        app = stack.enter_context(running(log_level=options.log_level))
        sizes = [SMALL, LARGE, *([MILLION] if options.million else [])]
        routes = {size: hot_routes(books.make(app, f"rows{size}", size)) for size in sizes}
        writers = [books.make(app, f"writer{number}", 0) for number in range(CONNECTIONS)]
        beside_twin = [*routes[LARGE], Hot("create, a book each", tuple(_create(book) for book in writers))]

        generator = stack.enter_context(load_generator())
        fresh = {route.name: generator.attempt(_alone(app, route)) for route in routes[LARGE]}
        books.analyze(app)

        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="finance-bench-")))
        asks = [ask for route in beside_twin for ask in route.requests]
        record(app, asks).save(folder / "recording")
        bare = stack.enter_context(twin(folder / "recording"))
        turns = Turns(
            generator,
            rounds=options.rounds,
            budget=options.budget,
            comparisons=2 * len(beside_twin) + len(routes[LARGE]),
        )

        def of_app(route: Hot, connections: int) -> Job:
            return Job(app.port, route.requests, connections, options.seconds)

        def of_twin(route: Hot, connections: int) -> Job:
            same = tuple(replace(ask, path=f"/{asks.index(ask)}", headers={}) for ask in route.requests)
            return Job(bare.port, same, connections, options.seconds)

        result: dict[str, Any] = {"connections": CONNECTIONS, "requests_per_second": {}, "latency_ms": {}, "growth": {}}
        for route in beside_twin:
            jobs = {"app": of_app(route, CONNECTIONS), "twin": of_twin(route, CONNECTIONS)}
            result["requests_per_second"][route.name] = compare(turns.run(jobs), "app", "twin", _per_second)
        for route in routes[LARGE]:
            jobs = {"app": of_app(route, 1), "twin": of_twin(route, 1)}
            result["latency_ms"][route.name] = compare(turns.run(jobs), "app", "twin", _median_ms)
        for alike in zip(*routes.values(), strict=True):
            sized = dict(zip(map(str, sizes), alike, strict=True))
            rounds = turns.run({size: of_app(route, 1) for size, route in sized.items()})
            result["growth"][alike[0].name] = {
                size: compare(rounds, size, str(SMALL), _median_ms) for size in list(sized)[1:]
            }
        result["fresh"] = {
            name: {
                "before_ms": before.median_ms,
                "errors": before.errors,
                "after_ms": result["latency_ms"][name]["app"],
            }
            for name, before in fresh.items()
        }
        result["peak_memory_mib"] = _memory(app, bare, generator)
        return result


def _alone(app: Server, route: Hot) -> Job:
    return Job(app.port, route.requests, connections=1, seconds=0.5, patience=3)


def _memory(app: Server, bare: Server, generator: Generator) -> dict[str, float]:
    database = app.database_peaks_mib()
    return {
        "app": app.peak_memory_mib(),
        "twin": bare.peak_memory_mib(),
        "load generator": peak_mib(generator.process),
        f"PostgreSQL, largest of {len(database)} processes": database[0],
    }


def tables(result: dict[str, Any]) -> str:
    """The result for reading."""
    beside_twin = ("ratio", "lowest", "highest", "rounds", "app", "twin")
    grown = [
        (f"{name}, {int(size):,} / {SMALL:,}", *_values(found, ("ratio", "lowest", "highest", "rounds", size)), small)
        for name, by_size in result["growth"].items()
        for size, found in by_size.items()
        for small in [found[str(SMALL)]]
    ]
    return "\n\n".join(
        [
            table(
                (f"requests a second, {result['connections']} connections", *beside_twin),
                [(name, *_values(found, beside_twin)) for name, found in result["requests_per_second"].items()],
            ),
            table(
                ("ms, 1 connection", *beside_twin),
                [(name, *_values(found, beside_twin)) for name, found in result["latency_ms"].items()],
            ),
            table(("ms by transactions in the book", "ratio", "lowest", "highest", "rounds", "large", "small"), grown),
            table(
                ("ms right after the imports", "before", "after", "errors"),
                [(name, f["before_ms"], f["after_ms"], _errors(f["errors"])) for name, f in result["fresh"].items()],
            ),
            table(("peak memory", "MiB"), list(result["peak_memory_mib"].items())),
        ]
    )


def _errors(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counted.items()) or "none"


def _values(found: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--million", action="store_true", help="also a book of 1,000,000 transactions")
    parser.add_argument("--rounds", type=int, default=7, help="how many times each pair takes turns")
    parser.add_argument("--seconds", type=float, default=0.6, help="how long a turn is")
    parser.add_argument("--budget", type=float, default=120.0, help="seconds for all turns; rounds are left out for it")
    parser.add_argument("--log-level", default="INFO", choices=("INFO", "WARNING"), help="WARNING: no access log")
