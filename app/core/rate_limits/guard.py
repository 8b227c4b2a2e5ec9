"""The limits of one operation, applied by its route before it is answered."""

import unicodedata
from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.core.rate_limits.guesses import Guesses
from app.core.rate_limits.limiter import Limiter
from app.core.rate_limits.middleware import caller_in, seen_in
from app.core.rate_limits.table import By, Rules
from app.core.security import keyed_digest

ACCOUNT_FIELDS = ("email", "username")
COMBINING_DOT = "\u0307"


async def guarded(rules: Rules, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """What `answer` gives, unless a limit refuses (`RateLimitedError`); the address counts before a body is read."""
    limiter: Limiter = request.app.state.limiter
    if not limiter.enabled:
        return await answer(request)
    caller, seen = caller_in(request), seen_in(request)
    user = f"user-{caller.user_id}" if caller.user_id is not None else None
    for name, by in rules.counts:
        if by in {By.ADDRESS, By.CALLER}:
            await limiter.take(seen, name, caller.address if by is By.ADDRESS or user is None else user)
    account = await _account(request) or user
    if account is None:
        # Without an account it is refused for its form, or needs a user and there is none.
        return await answer(request)
    for name, by in rules.counts:
        if by in {By.PLACE, By.TARGET}:
            await limiter.take(seen, name, account if by is By.TARGET else f"{account}/{caller.address}")
    if not rules.guesses:
        return await answer(request)
    guesses: Guesses = request.app.state.guesses
    return await guesses.attempt(request, seen, account, caller, lambda: answer(request))


async def _account(request: Request) -> str | None:
    """The digest of the account that a body names: the same for one that exists and for one that does not."""
    try:
        is_json = "json" in request.headers.get("content-type", "")
        body = await request.json() if is_json else await request.form()
    except (ValueError, RecursionError, ClientDisconnect):
        return None  # the route refuses it
    if not isinstance(body, dict | FormData):
        return None
    named = next((body[name] for name in ACCOUNT_FIELDS if name in body), None)
    return account_digest(request.app.state.secret, named) if isinstance(named, str) and named else None


def account_digest(secret: str, email: str) -> str:
    """What an account counts under, without its address being readable in Redis.

    Every way to write it that the database takes for the same address must come out the same. Its `lower` makes a
    plain i of a capital I with a dot, which here becomes an i and a dot to combine.
    """
    folded = unicodedata.normalize("NFKC", email.strip()).casefold().replace(COMBINING_DOT, "")
    return keyed_digest(secret, folded.encode("utf-8", "surrogatepass")).hex()[:32]
