"""Serving HTTP: the listening socket, uvicorn over it, and word when it is ready."""

import errno
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.core.failures import StartupError
from app.runtime.interruption import stop_signals

GRACE_SECONDS = 20
BACKLOG = 2048
# With the head may come as much of the body as one read of the socket takes.
HEAD_BYTES = 524_288


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, taken before anything else starts: a port in use is then known at once, and stays ours.

    Who connects before the server is ready waits in the socket's queue. Raises `StartupError`.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (socket.gaierror, UnicodeError):
        raise StartupError(f"The host {host!r} is not known here; set HOST to an address of this machine.") from None
    except OSError as error:
        raise StartupError(_refusal(host, port, error)) from None


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program; stop what uses it or set PORT to another port."
    if error.errno == errno.EACCES:
        return f"Port {port} on {host} is for the system administrator only; set PORT to one from 1024 up."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"The address {host} is not one of this machine; set HOST to one that is."
    return f"Port {port} on {host} cannot be used: {error.strerror}; set HOST and PORT to others."


def browser_url(listener: socket.socket) -> str:
    """Where a browser on this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # nosec B104  # compared with, not bound to
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to how much of a request's head it takes: its parser has none."""

    head = 0

    def on_message_begin(self) -> None:
        self.head = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head = 0
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if self.head:
            self.head += len(data)
        if self.head > HEAD_BYTES:
            self.logger.warning("A request's head is larger than %d bytes.", HEAD_BYTES)
            self.send_400_response("The headers are too large.")
            return
        super().data_received(data)


class _Server(uvicorn.Server):
    """Uvicorn that tells when it takes requests, and whose end is an ordinary return."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # Uvicorn leaves it out then; it is quick, and ends what would complain about being cut off.
            await self.lifespan.shutdown()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """As the original, without raising the signals again: that would break off the loop's own end."""
        with stop_signals(self.handle_exit):
            yield


def run(app: FastAPI, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until a signal to stop; open requests get their time to end, unless a second Ctrl-C cuts it short."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Protocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # TrustedProxies in the application decides whom to believe
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _Server(config, ready).run(sockets=[listener])
