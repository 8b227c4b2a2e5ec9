"""The processes of a measurement: the real server on a database of its own, the bare twin, the load generator.

Each is ended by its own handle when its block is left, whatever happened in it.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import httpx
import psutil

from app.core.embedded import EmbeddedPostgres
from app.runtime.database import DATABASE
from bench.load import Job, Result

REPOSITORY = Path(__file__).parent.parent
STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)")
START_SECONDS = 90
STOP_SECONDS = 60
PASSWORD = "a password for measuring"
LIMITS = ("USER", "ANONYMOUS", "LOGIN", "LOGIN_ADDRESS", "REGISTRATION", "MAIL")


def peak_mib(process: psutil.Process) -> float:
    """The most memory a process ever had in RAM, in MiB, as the kernel counted it."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(found[1]) / 1024, 1) if found else 0.0


@dataclass
class Server:
    """Where it listens, its process, and the data folder of the real one."""

    port: int
    process: psutil.Process
    data_dir: Path | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """The URL of the embedded database while it runs, for its owner."""
        assert self.data_dir is not None
        url = EmbeddedPostgres.running_url(self.data_dir, DATABASE)
        assert url is not None, "the embedded database does not run"
        return url

    def peak_memory_mib(self) -> float:
        return peak_mib(self.process)

    def database_peaks_mib(self) -> list[float]:
        """The peak of each process of the database, largest first; each counts the pages they share as its own."""
        family = self.process.children(recursive=True)
        return sorted((peak_mib(process) for process in family if process.name() == "postgres"), reverse=True)


@contextlib.contextmanager
def running(data_dir: Path | None = None, log_level: str = "WARNING") -> Iterator[Server]:
    """`finance serve` on a free port with its embedded database, durable as in production."""
    folder = data_dir or Path(tempfile.mkdtemp(prefix="finance-bench-"))
    folder.chmod(0o711)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(folder / "data"),
        "PORT": "0",
        "LOG_LEVEL": log_level,
        "LOG_FORMAT": "json",
        "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
        # The limiter counts, and refuses nothing.
        **{f"RATE_LIMIT_{kind}": "1000000/second" for kind in LIMITS},
    }
    command = [str(Path(sys.executable).parent / "finance"), "serve"]
    try:
        with (folder / "log").open("w") as log, _process(command, environment, stderr=log) as process:
            yield Server(_wait_for_port(process, folder / "log"), psutil.Process(process.pid), folder / "data")
    finally:
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def twin(recording: Path) -> Iterator[Server]:
    """The bare twin, answering what the recording holds."""
    with _process([sys.executable, "-m", "bench.twin", str(recording)]) as process:
        yield Server(_wait_for_port(process), psutil.Process(process.pid))


class Generator:
    """The load generator's process; one job after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.process = psutil.Process(process.pid)

    def run(self, job: Job) -> Result:
        """The job's result; any error in it ends the measurement, for a failing server is fast at nothing."""
        result = self.attempt(job)
        if result.errors:
            raise SystemExit(f"{job.requests[0].method} {job.requests[0].path} failed: {result.errors}")
        return result

    def attempt(self, job: Job) -> Result:
        """The job's result, errors and all."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(job.to_json() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the load generator ended")
        return Result(**json.loads(line))


@contextlib.contextmanager
def load_generator() -> Iterator[Generator]:
    with _process([sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE) as process:
        yield Generator(process)


@contextlib.contextmanager
def _process(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    stdin: int | None = None,
    stderr: TextIO | None = None,
) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        command, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=REPOSITORY
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(process: "subprocess.Popen[str]", log: Path | None = None) -> int:
    assert process.stdout is not None
    alarm = threading.Timer(START_SECONDS, process.kill)
    alarm.start()
    try:
        for line in process.stdout:
            found = STARTED.search(line)
            if found:
                return int(found[1])
    finally:
        alarm.cancel()
    said = log.read_text(encoding="utf-8") if log is not None else ""
    raise SystemExit(f"a server did not start (exit {process.wait()}): {said[-2000:]}")


def client(server: Server, email: str) -> httpx.Client:
    """A registered and logged-in client."""
    http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=120)
    person = {"email": email, "password": PASSWORD}
    http.post("/auth/register", json=person).raise_for_status()
    tokens = http.post("/auth/login", json=person).raise_for_status().json()
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return http
