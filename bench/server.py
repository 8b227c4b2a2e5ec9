"""A server to measure: the real command on a database of its own, in processes of their own."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)")


@dataclass
class Server:
    """Where it listens, and its process."""

    url: str
    process: psutil.Process

    def peak_memory_mib(self) -> float:
        """The peak of the serving process, in MiB, as the kernel counted it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return round(int(found[1]) / 1024, 1) if found else 0.0


@contextlib.contextmanager
def running(data_dir: Path | None = None) -> Iterator[Server]:
    """`finance serve` on a free port with its embedded database, durable as in production."""
    folder = data_dir or Path(tempfile.mkdtemp(prefix="finance-bench-"))
    folder.chmod(0o711)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(folder / "data"),
        "PORT": "0",
        "LOG_LEVEL": "WARNING",
        "RATE_LIMIT_ENABLED": "false",
    }
    command = [str(Path(sys.executable).parent / "finance"), "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(_wait_for_url(process), psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = STARTED.search(line)
        if found:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return f"http://127.0.0.1:{found[1]}"
    raise SystemExit(f"the server did not start (exit {process.wait()})")


def client(server: Server, email: str) -> httpx.Client:
    """A registered and logged-in client."""
    http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=120)
    person = {"email": email, "password": "a password for measuring"}
    http.post("/auth/register", json=person).raise_for_status()
    tokens = http.post("/auth/login", json=person).raise_for_status().json()
    http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return http
