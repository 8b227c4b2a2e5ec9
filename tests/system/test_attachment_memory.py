"""A large attachment passes through the server without ever being in its memory as a whole."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.attachments.files import big_png, sha
from tests.people import API, PASSWORD
from tests.system.programs import Running

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

MEGABYTE = 1_048_576
SIZE = 50 * MEGABYTE
PERSON = {"email": "kim@example.com", "password": PASSWORD}


def peak(process: psutil.Process) -> int:
    """The most memory the process ever had, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not say")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak")
def test_fifty_megabytes_pass_through_a_few(place: Path, start: Callable[..., Running]) -> None:
    running = start(place / "memory", ATTACHMENT_MAX_BYTES=str(SIZE + MEGABYTE))
    server = psutil.Process(running.process.pid)
    with running.client() as http:
        http.post(f"{API}/auth/register", json=PERSON).raise_for_status()
        token = http.post(f"{API}/auth/login", json=PERSON).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        account = http.post(f"{API}/accounts", json={"name": "A", "type": "cash", "currency": "EUR"}).json()
        body = {"type": "expense", "date": "2026-01-15", "amount": "1", "account_id": account["id"]}
        spent = http.post(f"{API}/transactions", json=body).raise_for_status().json()
        path = f"{API}/transactions/{spent['id']}/attachments"

        def carry(size: int) -> None:
            data = big_png(size)
            headers = {"Idempotency-Key": f"of-{size}"}
            made = http.post(path, files={"file": ("photo.png", data)}, headers=headers, timeout=60)
            content = f"{API}/attachments/{made.raise_for_status().json()['id']}/content"
            assert made.json()["sha256"] == sha(data)
            got = http.get(content, timeout=60)
            assert got.content == data

        carry(2 * MEGABYTE)  # what every upload needs once
        before = peak(server)
        carry(SIZE)
        grown = peak(server) - before
    assert running.stop() == 0
    assert grown < 12 * MEGABYTE, f"{grown / MEGABYTE:.1f} MB more than before"
