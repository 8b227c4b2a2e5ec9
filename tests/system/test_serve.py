"""`finance serve` from the outside: it starts, answers, says why it cannot, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from app.core.embedded import EmbeddedPostgres
from app.runtime.serving import GRACE_SECONDS
from tests.people import API, PASSWORD
from tests.system.programs import FINANCE, Running, environment, finance, only_sentence, wait_for

Start = Callable[..., Running]
PERSON = {"email": "kim@example.com", "password": PASSWORD}


def log_in(running: Running) -> int:
    with running.client() as http:
        return http.post(f"{API}/auth/login", json=PERSON).status_code


def test_a_server_lives_through_stops_and_a_crash(place: Path, start: Start) -> None:
    data = place / "life"
    first = start(data)
    with first.client() as http:
        assert http.get("/health").json() == {"status": "ok"}
        assert http.get("/docs").status_code == 200
        assert "server" not in http.get("/health").headers
        assert http.post(f"{API}/auth/register", json=PERSON).status_code == 201
    assert any(process.name() == "postgres" for process in first.family)

    assert "is in use by another Finance Tracker" in only_sentence(finance("serve", data_dir=data))
    assert first.stop(signal.SIGINT) == 0
    assert not first.left_over()

    crashed = start(data)
    assert log_in(crashed) == 200
    crashed.process.kill()
    crashed.process.wait()

    again = start(data)
    assert not crashed.left_over(20)
    assert log_in(again) == 200
    assert again.stop(signal.SIGTERM) == 0
    assert not again.left_over()


def test_commands_work_beside_a_running_server(server: Running) -> None:
    assert "all is right" in finance("verify", data_dir=server.data_dir).stdout
    assert "newest schema" in finance("migrate", data_dir=server.data_dir).stdout
    with server.client() as http:
        assert http.get("/health/detailed").status_code == 200


def test_a_stop_during_the_start_leaves_nothing(place: Path) -> None:
    data = place / "hasty"
    with subprocess.Popen([FINANCE, "serve"], env=environment(data), cwd=place, stderr=subprocess.PIPE) as process:
        wait_for((data / "lock").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not [
        found for found in psutil.process_iter(["cmdline"]) if str(data) in " ".join(found.info["cmdline"] or ())
    ]


def test_a_second_interrupt_does_not_wait_for_open_requests(place: Path, start: Start) -> None:
    running = start(place / "impatient")
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(
            f"POST {API}/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            "Content-Length: 99\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert caller.recv(100).startswith(b"HTTP/1.1 100")  # the application waits for the body
        running.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(1)
        started = time.monotonic()
        assert running.stop(signal.SIGINT) == 0
        assert time.monotonic() - started < GRACE_SECONDS - 2
    assert not running.left_over()


def test_the_port_is_taken_before_anything_starts(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        sentence = only_sentence(finance("serve", data_dir=place / "untouched", PORT=port))
    assert sentence.startswith(f"Port {port} on 127.0.0.1 is in use")
    assert not (place / "untouched").exists()


def test_a_given_database_is_served_and_nothing_embedded_starts(place: Path, server: Running, start: Start) -> None:
    url = EmbeddedPostgres.running_url(server.data_dir, "finance")
    assert url is not None
    second = start(place / "own", DATABASE_URL=url, HOST="0.0.0.0", TRUSTED_PROXIES="127.0.0.1")
    assert "localhost" in second.url
    assert not [process for process in second.family if process.name() == "postgres"]
    assert second.stop() == 0


def test_nobody_reading_the_output_does_not_matter(place: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = place / "unheard.txt"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [FINANCE, "serve"],
            env=environment(place / "unheard", LOG_LEVEL="INFO"),
            cwd=place,
            stdout=writer,
            stderr=stream,
        )
    os.close(writer)
    try:
        wait_for(lambda: "startup complete" in log.read_text(), 60)
    finally:
        process.terminate()
    assert process.wait(60) == 0


def test_production_needs_a_real_secret(place: Path) -> None:
    result = finance("serve", data_dir=place / "untouched", APP_ENV="production", SECRET_KEY="short")
    assert "SECRET_KEY has 5 characters" in only_sentence(result)
    assert not (place / "untouched").exists()
