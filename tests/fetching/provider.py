"""A server to ask, on a free port of this machine, that does what it is told: right, wrong, slow or not at all."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

PATIENCE = 20.0


@dataclass(frozen=True)
class Reply:
    """What a path answers. `silent` says nothing until `Provider.release`; `cut` ends before all of it is sent."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    cut: bool = False


def as_json(document: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(orjson.dumps(document), status, {"Content-Type": "application/json; charset=utf-8", **headers})


class Provider:
    """Answers each path with its replies in turn, the last one for ever; a path without any is a 404."""

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.calls: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        self.count: dict[str, int] = defaultdict(int)

    def answer(self, path: str, *replies: Reply) -> None:
        self.replies[path] = list(replies)
        self.count[path] = 0

    def release(self) -> None:
        self.released.set()

    def reply_to(self, target: str, headers: dict[str, str]) -> Reply:
        parts = urlsplit(target)
        self.calls.append(parts.path)
        self.queries.append(dict(parse_qsl(parts.query)))
        self.headers.append(headers)
        replies = self.replies.get(parts.path, [Reply(b"nothing here", 404)])
        number = self.count[parts.path]
        self.count[parts.path] += 1
        return replies[min(number, len(replies) - 1)]


@contextmanager
def serving_provider() -> Iterator[Provider]:
    """A provider in a thread of its own while the block runs."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            released = provider.released
            reply = provider.reply_to(self.path, dict(self.headers.items()))
            if reply.silent:
                released.wait(PATIENCE)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content) * (2 if reply.cut else 1)))
            self.end_headers()
            try:
                self.wfile.write(reply.content)
            except OSError:  # who asked has heard enough
                self.close_connection = True
            if reply.cut:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nothing is said of it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        provider.release()
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()


class FakeTime:
    """A clock that stands still but for what is waited."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds
