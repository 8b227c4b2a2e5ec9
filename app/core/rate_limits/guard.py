"""The limits of one operation, applied by its route before it is answered."""

from collections.abc import Awaitable, Callable

from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.core.email_addresses import LONGEST, folded, is_plain, normalized
from app.core.errors import RateLimitedError
from app.core.rate_limits.guesses import Guesses
from app.core.rate_limits.limiter import Limiter
from app.core.rate_limits.middleware import caller_in, seen_in
from app.core.rate_limits.table import By, Rules
from app.core.security import keyed_digest

NOBODY = "nobody"
"""The account of a guess that names none: no way to write a body takes a guess past the limits."""


async def guarded(
    rules: Rules, request: Request, answer: Callable[[Request], Awaitable[Response]], *, is_form: bool
) -> Response:
    """What `answer` gives, unless a limit refuses (`RateLimitedError`); the address counts before a body is read.

    `is_form` says how the route reads its body; the limits read it the same way, whatever the headers say.
    """
    limiter: Limiter = request.app.state.limiter
    if not limiter.enabled:
        return await answer(request)
    caller, seen = caller_in(request), seen_in(request)
    for name, by in rules.counts:
        if by in {By.ADDRESS, By.CALLER}:
            await limiter.take(seen, name, caller.address if by is By.ADDRESS else caller.key)
    named = await _named(request, rules.account, is_form=is_form) if rules.account is not None else None
    target = _mailbox(request, named) or caller.person
    account = _account(request, named) if rules.account is not None else caller.person
    for name, by in rules.counts:
        if by is By.TARGET and target is not None:
            await limiter.take(seen, name, _of_operation(request, target))
        elif by is By.PLACE:
            await limiter.take(seen, name, f"{account or NOBODY}/{caller.address}")
    if not rules.guesses:
        return await answer(request)
    guesses: Guesses = request.app.state.guesses
    forgives = account is not None and (named is None or is_plain(named))
    return await guesses.attempt(request, seen, account or NOBODY, caller, lambda: answer(request), forgives=forgives)


async def may_mail(request: Request, email: str) -> bool:
    """Count a mail that a stranger asks for, to this address (an `Email`); False when it has had enough of this kind.

    Then the request is answered as ever and mails nothing: nobody learns anything, the mailbox is not flooded, and its
    owner has the last mail, whose token stays good. The route asks, after all else that may refuse the request; so
    what mails nothing does not count.
    """
    limiter: Limiter = request.app.state.limiter
    if not limiter.enabled:
        return True
    try:
        digest = account_digest(request.app.state.secret, email)
        await limiter.take(seen_in(request), "mail", _of_operation(request, digest))
    except RateLimitedError:
        return False
    return True


def account_digest(secret: str, email: str) -> str:
    """What an account counts under, without its address being readable in Redis.

    Every way to write it that the database takes for the same address comes out the same.
    """
    return keyed_digest(secret, folded(email.strip()).encode("utf-8", "surrogatepass")).hex()[:32]


async def _named(request: Request, field: str, *, is_form: bool) -> str | None:
    """The account that a body names; None for a body that the route refuses."""
    try:
        body = await request.form() if is_form else await request.json()
    except (ValueError, RecursionError, ClientDisconnect):
        return None
    named = body.get(field) if isinstance(body, dict | FormData) else None
    return named if isinstance(named, str) and named else None


def _account(request: Request, named: str | None) -> str | None:
    """The digest of an account: the same for one that exists and for one that does not."""
    return account_digest(request.app.state.secret, named) if named is not None else None


def _mailbox(request: Request, named: str | None) -> str | None:
    """The digest of the address that a mail would go to; None for what is no address, which the route refuses."""
    if named is None or len(named) > LONGEST:
        return None
    try:
        return _account(request, normalized(named))
    except ValueError:
        return None


def _of_operation(request: Request, target: str) -> str:
    """A key for each kind of mail: asking for one kind keeps nobody from another."""
    return f"{request.scope['route'].path}/{target}"
