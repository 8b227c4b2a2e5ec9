"""How much of a request's head the server takes."""

import socket

import httpx

from app.runtime.serving import HEAD_BYTES
from tests.system.programs import Running


def test_a_head_without_end_is_cut_off_and_others_are_served(server: Running) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        try:
            while sent < 20 * HEAD_BYTES:
                sent += connection.send(b"X-Filler: " + b"x" * 65_000 + b"\r\n")
        except OSError:
            answer = b""
        else:
            answer = connection.recv(4096)
    assert sent < 20 * HEAD_BYTES or answer.startswith(b"HTTP/1.1 400")
    assert httpx.get(f"{server.url}/health", headers={"X-Long": "x" * 50_000}).status_code == 200
