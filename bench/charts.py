"""Draws the charts of docs/charts.md: of a demo book, by a server, as anybody would ask for them."""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from dateutil.relativedelta import relativedelta

from app.demo.service import EMAIL, PASSWORD
from bench.server import REPOSITORY, Server, running
from bench.tables import table

FOLDER = REPOSITORY / "docs" / "images"
LARGEST = 60_000
"""Bytes of a picture: they are kept with the code."""


def pictures(today: date) -> dict[str, dict[str, str]]:
    """What each is asked for: whole months, for of the one that is not over there are expenses and no salary."""
    last = today.replace(day=1) - timedelta(days=1)
    year = {"from": str((last - relativedelta(months=11)).replace(day=1)), "to": str(last)}
    return {
        "trends": year,
        "networth": {"period": "3years"},
        "monthly": {"year": str(last.year), "month": str(last.month)},
        "categories": year,
        "cashflow": year,
        "savings-rate": year,
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Names and sizes of what was drawn; reports that this server does not have are left out."""
    with tempfile.TemporaryDirectory(prefix="finance-charts-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        finance = str(Path(sys.executable).parent / "finance")
        subprocess.run([finance, "demo", "--data-dir", str(folder / "data")], env=environment, check=True)
        with running(folder) as server:
            return _drawn(server, options.folder)


def _drawn(server: Server, folder: Path) -> dict[str, Any]:
    found = {}
    folder.mkdir(parents=True, exist_ok=True)
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=120) as http:
        person = {"email": EMAIL, "password": PASSWORD}
        token = http.post("/auth/login", json=person).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        for name, asked in pictures(datetime.now(UTC).date()).items():
            answer = http.get(f"/reports/{name}/chart.svg", params=asked)
            if answer.status_code == httpx.codes.NOT_FOUND:
                continue
            content = answer.raise_for_status().content
            if len(content) > LARGEST:
                raise SystemExit(f"{name} has {len(content):,} bytes; at most {LARGEST:,} are kept")
            (folder / f"{name}.svg").write_bytes(content)
            found[name] = len(content)
    return found


def tables(result: dict[str, Any]) -> str:
    return table(("chart", "bytes"), list(result.items()))


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go")
