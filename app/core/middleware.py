"""What surrounds every request: its id, the access log, metrics and security headers."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.ids import new_id
from app.core.route_names import route_of

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
AUTH_PATH = "/api/v1/auth/"
AUTH_BYTES = 16_384
PATIENCE_SECONDS = 60
DOC_PATHS = ("/docs", "/redoc")

REQUESTS = Counter("finance_http_requests_total", "HTTP requests answered", ["method", "route", "status"])
SECONDS = Histogram("finance_http_request_seconds", "Time to answer a request", ["method", "route"])

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"
"""Without the domain's other hosts, which are not ours to speak for."""
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# Swagger UI and ReDoc set themselves up from an inline script and draw inline styles and data: images.
DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)

log = structlog.get_logger("finance.access")


class RequestContext:
    """Plain ASGI, so that streaming and cancellation pass through untouched; `https` is how people reach the server."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        request_id = _request_id(scope)
        state["request_id"] = request_id
        status = 500
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _add_headers(headers, scope["path"], request_id)
                if self._https:
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            _record(scope, status, time.perf_counter() - started)


@dataclass(frozen=True)
class UploadPath:
    """Paths that take a larger body; `pattern` is the whole of one."""

    pattern: re.Pattern[str]
    limit: int


class BodyLimit:
    """Refuses a body that is too large before it is in memory, and one that stops coming; an upload may be larger.

    Bodies are read before a route decides who asks, so the larger limit is for those whose token is good, and what
    needs no token takes little. Nobody is asked about a body that keeps to the ordinary limit.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body: int,
        uploads: Sequence[UploadPath],
        may_upload: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.app = app
        self._body = body
        self._uploads = uploads
        self._may_upload = may_upload

    def _limits_of(self, path: str) -> tuple[int, int]:
        """What anybody may send to this path, and what the holder of a good token may."""
        if path.startswith(AUTH_PATH):
            limit = min(self._body, AUTH_BYTES)
            return limit, limit
        for upload in self._uploads:
            if upload.pattern.fullmatch(path):
                return min(self._body, upload.limit), upload.limit
        return self._body, self._body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit, larger = self._limits_of(scope["path"])
        announced = headers.get("content-length", "")
        size = int(announced[:20]) if announced.isdecimal() and announced.isascii() else 0
        taken = 0
        complete = False

        async def receive_some() -> Message:
            nonlocal taken, complete, limit
            if complete:
                return await receive()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"The body stopped coming for {PATIENCE_SECONDS} seconds.") from None
            complete = not message.get("more_body", False)
            taken += len(message.get("body", b""))
            if max(size, taken) > limit < larger and await self._may_upload(headers.get("authorization", "")):
                limit = larger
            if max(size, taken) > limit:
                raise HTTPException(413, f"The body is larger than the {limit} bytes this server takes.")
            return message

        await self.app(scope, receive_some, send)


def _request_id(scope: Scope) -> str:
    """The caller's id when it is short and harmless, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if SANE_REQUEST_ID.fullmatch(text):
                return str(text)
    return new_id().hex


def _add_headers(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    # A route may have a stricter one.
    headers.setdefault("Content-Security-Policy", DOCS_POLICY if path.startswith(DOC_PATHS) else API_POLICY)
    if path.startswith(AUTH_PATH):
        headers["Cache-Control"] = "no-store"  # tokens are not for any cache (RFC 6749, 5.1)
    if path.startswith("/api/"):
        # What is read is one person's money: private caches may revalidate it, shared ones may not keep it.
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.append("Vary", "Authorization, X-Book-Id")


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = route_of(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(method, route).observe(seconds)
    state = scope["state"]
    log.info(
        "request",
        method=method,
        route=route,
        path=scope["path"],
        status=int(status),
        duration_ms=round(seconds * 1000, 2),
        user_id=state.get("user_id"),
        code=state.get("problem_code"),
    )
