"""An S3 server as a process of its own, with a bucket."""

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

BUCKET = "receipts"


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address; the test that asks for it is skipped where the server is not installed."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        pytest.skip("moto[server] is not installed: there is no S3 to test against")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _make_bucket(url)
            yield url
        finally:
            process.terminate()


def _make_bucket(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.put(f"{url}/{BUCKET}", timeout=5).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the S3 server does not start"
            time.sleep(0.1)
        else:
            return


def s3_settings(url: str) -> dict[str, str]:
    return {
        "attachments_store": "s3",
        "s3_endpoint_url": url,
        "s3_bucket": BUCKET,
        "s3_access_key_id": "key",
        "s3_secret_access_key": "secret",
    }
