"""What a portfolio of 200 assets and 20,000 trades costs beside one of 20 and 1,000, and what /health waits."""

import argparse
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx

from bench.portfolios import Portfolio, make
from bench.server import Server, running
from bench.tables import table

SIZES = ((20, 1_000), (200, 20_000))
PAUSE = 0.01
"""Seconds between two looks at /health."""


def routes(portfolio: Portfolio) -> dict[str, str]:
    """What is asked of each portfolio, by name; quotes and trades are of five years."""
    first = portfolio.last_day - timedelta(days=364)
    year = f"/portfolio/performance?from={first}"
    found = {
        "valuation": "/portfolio/valuation",
        "dashboard": "/portfolio/dashboard",
        "allocation": "/portfolio/allocation?by=asset",
        "holdings": "/portfolio",
        "trades": "/portfolio/trades",
        "gains": "/portfolio/gains",
        "performance of a year": year,
        "performance of a year, one account": f"{year}&account_id={portfolio.account_id}",
        "performance of a year, benchmark": f"{year}&benchmark_asset_id={portfolio.asset_id}",
        "performance since the beginning": "/portfolio/performance",
        "net worth of 5 years": "/reports/networth?period=5years",
    }
    for name, since in (("1 year", f"from={first}&"), ("5 years", "")):
        for every in ("day", "week", "month"):
            found[f"history of {name} by the {every}"] = f"/portfolio/history?{since}every={every}"
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds of each route, as a median: `cold` asks what was not asked before, `warm` the same again."""
    found: dict[str, Any] = {"sizes": {}, "rounds": options.rounds}
    with running(log_level="WARNING") as server:
        for assets, trades in SIZES:
            portfolio = make(server, f"portfolio{assets}", assets, trades)
            with looking_at_health(server) as waits:
                measured = {
                    name: _route(portfolio.http, path, options.rounds) for name, path in routes(portfolio).items()
                }
                measured["post a trade"] = _posting(portfolio, options.rounds)
            found["sizes"][f"{assets:,} assets, {trades:,} trades"] = {
                "routes": measured,
                "health": {"looks": len(waits), "p99_ms": _p99(waits), "max_ms": max(waits)},
            }
        found["peak_memory_mib"] = server.peak_memory_mib()
    return found


def _route(http: httpx.Client, path: str, rounds: int) -> dict[str, float]:
    # A parameter that no route knows makes another question of it, which nothing that is kept answers.
    other = "&" if "?" in path else "?"
    _timed(http, path)  # the first of all prepares statements
    cold = [_timed(http, f"{path}{other}cold={number}") for number in range(rounds)]
    return {"cold_ms": _median(cold), "warm_ms": _median([_timed(http, path) for _ in range(rounds)])}


def _timed(http: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    http.get(path).raise_for_status()
    return (time.perf_counter() - started) * 1000


def _posting(portfolio: Portfolio, rounds: int) -> dict[str, float]:
    """One more purchase each time; its position is made anew with it."""
    times = []
    for _ in range(rounds):
        body = {"kind": "buy", "account_id": portfolio.account_id, "asset_id": portfolio.asset_id}
        body |= {"date": portfolio.last_day.isoformat(), "quantity": "1", "amount": "100.00"}
        started = time.perf_counter()
        portfolio.http.post("/portfolio/trades", json=body).raise_for_status()
        times.append((time.perf_counter() - started) * 1000)
    return {"cold_ms": _median(times), "warm_ms": _median(times)}


@contextmanager
def looking_at_health(server: Server) -> Iterator[list[float]]:
    """Ask /health again and again meanwhile; the list has how long each took, in milliseconds."""
    waits: list[float] = []
    over = threading.Event()

    def look() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            while not over.wait(PAUSE):
                waits.append(_timed(http, "/health"))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 1)


def _p99(times: list[float]) -> float:
    return round(sorted(times)[int(len(times) * 0.99)], 1)


def tables(result: dict[str, Any]) -> str:
    """The result for reading."""
    sizes = result["sizes"]
    names = list(next(iter(sizes.values()))["routes"])
    rows = [
        (name, *(each["routes"][name][figure] for each in sizes.values() for figure in ("cold_ms", "warm_ms")))
        for name in names
    ]
    head = ("ms", *(f"{size}, {what}" for size in sizes for what in ("cold", "warm")))
    health = [
        (size, each["health"]["looks"], each["health"]["p99_ms"], float(each["health"]["max_ms"]))
        for size, each in sizes.items()
    ]
    return "\n\n".join(
        [
            table(head, rows),
            table(("/health meanwhile", "looks", "p99 ms", "longest ms"), health),
            table(("peak memory", "MiB"), [("app", result["peak_memory_mib"])]),
        ]
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="how often each is asked, cold and warm")
