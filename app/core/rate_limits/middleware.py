"""The limits that every request of the API is under, and how limits stand in every answer."""

from dataclasses import replace
from uuid import UUID

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import RateLimitedError
from app.core.problems import domain_problem
from app.core.rate_limits.callers import Caller, caller_of
from app.core.rate_limits.limiter import Limiter, Seen, headers_of
from app.core.security import Bearer
from app.core.tokens import AccessTokens

LIMITED_PATHS = "/api/"
"""Health, metrics and the pages of the documentation are free: monitoring asks for them as long as the server runs."""

_SEEN = "limits_seen"
_CALLER = "caller"


class RateLimits:
    """Counts a request of the API for its user or its address, before its body is read.

    It stands within the middleware for CORS: preflight requests are not counted, and browsers may read a 429.
    """

    def __init__(self, app: ASGIApp, *, limiter: Limiter, access_tokens: AccessTokens) -> None:
        self.app = app
        self._limiter = limiter
        self._access_tokens = access_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED_PATHS):
            await self.app(scope, receive, send)
            return
        state = scope["state"]
        caller = state[_CALLER] = caller_of(scope, self._access_tokens, self._limiter)
        seen: list[Seen] = []
        state[_SEEN] = seen

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers_of(seen))
            await send(message)

        try:
            if caller.user_id is not None:
                await self._limiter.take(seen, "user", str(caller.user_id))
            elif caller.session_id is not None:
                await self._limiter.take(seen, "user", f"session-{caller.session_id}")
            else:
                await self._limiter.take(seen, "anonymous", caller.address)
        except RateLimitedError as error:
            response = await domain_problem(Request(scope), error)
            await response(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)


def caller_in(request: Request) -> Caller:
    """Whose request it is, as the middleware found."""
    caller: Caller = request.scope["state"][_CALLER]
    return caller


async def note_opened(request: Request, bearer: Bearer, user_id: UUID | None) -> None:
    """Only the database knows whether a session or a personal token is good, and whose: `user_id`, None for none.

    The next request with it counts for that user at once; this one does too, where it counted for its session. Raises
    `RateLimitedError`.
    """
    limiter: Limiter = request.app.state.limiter
    if not limiter.enabled:
        return
    limiter.bearers.note(bearer, user_id)
    caller = caller_in(request)
    if user_id is not None and caller.session_id is not None:
        request.scope["state"][_CALLER] = replace(caller, user_id=user_id, session_id=None)
        counted: list[Seen] = []
        try:
            await limiter.take(counted, "user", str(user_id))
        finally:
            seen_in(request)[:1] = counted


def seen_in(request: Request) -> list[Seen]:
    """The limits this request was counted against so far; those of its operation join them."""
    seen: list[Seen] = request.scope["state"][_SEEN]
    return seen
