"""The `finance` command run as a process of its own, the way a person runs it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import text

from app.core.database import Database

FINANCE = Path(sys.executable).with_name("finance")
WAIT_SECONDS = 120.0
# Small costs keep the tests quick; nothing of the developer's own environment gets in.
QUICK = {"ARGON2_MEMORY_KIB": "8192", "ARGON2_TIME_COST": "1", "LOG_LEVEL": "WARNING", "RATE_LIMIT_ENABLED": "false"}
KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, **QUICK, "PORT": "0", "DATA_DIR": str(data_dir), **settings}


def finance(*arguments: str, data_dir: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end. The working folder is not the project's: its `.env` stays out."""
    return subprocess.run(
        [FINANCE, *arguments],
        env=environment(data_dir, **settings),
        cwd=data_dir.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )


def only_sentence(result: "subprocess.CompletedProcess[str]", status: int = 1) -> str:
    """What a failed command said: one line, no traceback."""
    assert result.returncode == status, result
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("finance: "), lines
    assert lines[0].endswith("."), lines
    return lines[0].removeprefix("finance: ")


@dataclass
class Running:
    """A `finance serve` that is ready."""

    process: "subprocess.Popen[str]"
    data_dir: Path
    url: str = ""
    family: list[psutil.Process] = field(default_factory=list)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)

    def left_over(self, patience: float = 0.0) -> list[psutil.Process]:
        """Which of its processes live on after `patience` seconds; one that only waits for its parent has ended."""
        alive = psutil.wait_procs([process for process in self.family if _lives(process)], timeout=patience)[1]
        return [process for process in alive if _lives(process)]

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=WAIT_SECONDS, **options)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start(data_dir: Path, *arguments: str, **settings: str) -> Running:
    """Start the server and wait until it says that it is ready; with its own words in the failure otherwise."""
    log = data_dir.parent / "stderr.txt"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [FINANCE, "serve", *arguments],
            env=environment(data_dir, **settings),
            cwd=data_dir.parent,
            stdout=subprocess.PIPE,
            stderr=stream,
            encoding="utf-8",
        )
    alarm = threading.Timer(WAIT_SECONDS, process.kill)
    alarm.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    alarm.cancel()
    found = re.search(r"ready at (http://\S+)/docs", line)
    assert found, (line, log.read_text())
    return Running(process, data_dir, found[1], psutil.Process(process.pid).children(recursive=True))


def end(running: Running) -> None:
    """For a test's clean-up: end the server if the test did not, and see its processes off."""
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait(WAIT_SECONDS)
    if running.process.stdout is not None:
        running.process.stdout.close()
    running.left_over(WAIT_SECONDS)


def wait_for(condition: Any, seconds: float = WAIT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def execute(url: str, statement: str) -> None:
    """Run one statement as the database's owner."""

    async def run() -> None:
        database = Database(url, pool_size=1, role=None)
        async with database.begin() as connection:
            await connection.execute(text(statement))
        await database.dispose()

    asyncio.run(run())
