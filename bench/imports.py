"""An import of 100,000 rows, and what reading costs before and after it, as ratios side by side.

Prints: how long the upload and the commit take and how slowly /health answered meanwhile; the list's first page
against one 50,000 rows deep; the monthly report with 100,000 rows against one with 1,000.
"""

import argparse
import csv
import datetime as dt
import io
import random
import statistics
import threading
import time
from typing import Any, Self

import httpx

from bench.server import Server, client, running
from bench.tables import table

ROUNDS = 40


def export(rows: int, last_day: dt.date) -> bytes:
    """A bank's CSV with this many rows over five years, the same each time."""
    rng = random.Random(rows)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["Booking date", "Payee", "Purpose", "Amount", "Currency", "Reference ID"])
    for number in range(rows):
        day = last_day - dt.timedelta(days=(rows - number) * 1825 // rows)
        cents = rng.randint(100, 20_000) * (1 if rng.random() < 0.1 else -1)
        payee = f"Shop {rng.randint(1, 800)}"
        amount = f"{cents // 100 if cents > 0 else -(-cents // 100)},{abs(cents) % 100:02d}"
        if -100 < cents < 0:
            amount = f"-0,{-cents:02d}"
        writer.writerow([day.isoformat(), payee, f"Receipt {number}", amount, "EUR", f"REF{number:08d}"])
    return out.getvalue().encode()


class Pulse:
    """Asks /health in a loop from its own thread while a block runs, and keeps the times."""

    def __init__(self, server: Server) -> None:
        self._url = f"{server.url}/health"
        self._stop = threading.Event()
        self.milliseconds: list[float] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def _ask(self) -> None:
        with httpx.Client(timeout=30) as http:
            while not self._stop.is_set():
                started = time.perf_counter()
                http.get(self._url).raise_for_status()
                self.milliseconds.append((time.perf_counter() - started) * 1000)
                time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def report(self) -> dict[str, float]:
        ordered = sorted(self.milliseconds)
        return {
            "asked": len(ordered),
            "median_ms": round(statistics.median(ordered), 1),
            "p99_ms": round(ordered[int(len(ordered) * 0.99)], 1),
            "max_ms": round(ordered[-1], 1),
        }


def bring_in(http: httpx.Client, rows: int, server: Server) -> dict[str, Any]:
    """Upload and commit an export of this many rows to a new account."""
    account = http.post("/accounts", json={"name": f"Bench {rows}", "type": "checking", "currency": "EUR"})
    account_id = account.raise_for_status().json()["id"]
    data = export(rows, dt.datetime.now(dt.UTC).date())
    with Pulse(server) as uploading:
        started = time.perf_counter()
        answer = http.post("/imports", files={"file": ("bench.csv", data)}, data={"account_id": account_id})
        preview = answer.raise_for_status().json()
        upload_seconds = time.perf_counter() - started
    with Pulse(server) as committing:
        started = time.perf_counter()
        done = http.post(f"/imports/{preview['id']}/commit").raise_for_status().json()
        commit_seconds = time.perf_counter() - started
    assert done["created"] == rows, done
    return {
        "rows": rows,
        "megabytes": round(len(data) / 1e6, 1),
        "upload_seconds": round(upload_seconds, 2),
        "commit_seconds": round(commit_seconds, 2),
        "health_during_upload": uploading.report(),
        "health_during_commit": committing.report(),
    }


def median_ms(ask: Any) -> float:
    started = time.perf_counter()
    ask().raise_for_status()
    return (time.perf_counter() - started) * 1000


def ratio(first: Any, second: Any, rounds: int = ROUNDS) -> dict[str, float]:
    """Both in turns, so that what the machine does meanwhile hits both alike."""
    for _ in range(5):
        first(), second()
    times = [(median_ms(first), median_ms(second)) for _ in range(rounds)]
    a, b = (statistics.median(t[i] for t in times) for i in (0, 1))
    spread = sorted(t[1] / t[0] for t in times)
    return {
        "first_ms": round(a, 2),
        "second_ms": round(b, 2),
        "ratio": round(b / a, 2),
        "ratio_p10": round(spread[len(spread) // 10], 2),
        "ratio_p90": round(spread[len(spread) * 9 // 10], 2),
    }


def deep_cursor(http: httpx.Client, depth: int) -> str:
    cursor = None
    for _ in range(depth // 500):
        params = {"limit": 500, **({"cursor": cursor} if cursor else {})}
        cursor = http.get("/transactions", params=params).raise_for_status().json()["next_cursor"]
    assert cursor is not None
    return str(cursor)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    rows, small_rows = options.rows, options.small_rows
    with running() as server:
        small, big = client(server, "small@example.com"), client(server, "big@example.com")
        result: dict[str, Any] = {"small": bring_in(small, small_rows, server), "big": bring_in(big, rows, server)}
        cursor = deep_cursor(big, rows // 2)
        today = dt.datetime.now(dt.UTC).date()
        month = {"year": today.year, "month": today.month}
        result["list_first_page_vs_deep_page"] = ratio(
            lambda: big.get("/transactions"), lambda: big.get("/transactions", params={"cursor": cursor})
        )
        result["monthly_report_small_vs_big"] = ratio(
            lambda: small.get("/reports/monthly", params=month), lambda: big.get("/reports/monthly", params=month)
        )
        book = big.get("/books").json()["items"][0]["id"]
        started = time.perf_counter()
        integrity = big.get(f"/books/{book}/integrity").raise_for_status().json()
        result["integrity"] = {"ok": integrity["ok"], "seconds": round(time.perf_counter() - started, 2)}
        result["server_peak_memory_mib"] = server.peak_memory_mib()
        return result


def tables(result: dict[str, Any]) -> str:
    """The result for reading."""
    whole = [result["small"], result["big"]]
    health = [
        (f"{imported['rows']:,} rows, {step}", *imported[f"health_during_{step}"].values())
        for imported in whole
        for step in ("upload", "commit")
    ]
    compared = [
        ("list, deep page / first page", *result["list_first_page_vs_deep_page"].values()),
        ("monthly report, large book / small book", *result["monthly_report_small_vs_big"].values()),
    ]
    integrity = result["integrity"]
    return "\n\n".join(
        [
            table(
                ("import", "MB", "upload s", "commit s"),
                [(f"{i['rows']:,} rows", i["megabytes"], i["upload_seconds"], i["commit_seconds"]) for i in whole],
            ),
            table(("/health meanwhile, ms", "asked", "median", "p99", "highest"), health),
            table(("reading, ms", "below", "above", "ratio", "p10", "p90"), compared),
            table(
                ("the book checked", "right", "s"),
                [(f"{result['big']['rows']:,} rows", integrity["ok"], integrity["seconds"])],
            ),
            table(("peak memory", "MiB"), [("server", result["server_peak_memory_mib"])]),
        ]
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=100_000, help="of the large import")
    parser.add_argument("--small-rows", type=int, default=1_000, help="of the small one")
