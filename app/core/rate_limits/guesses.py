"""Guessing passwords and codes: each wrong one makes the next wait longer, and nobody can lock out anybody else."""

import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.core.admission import AdmissionEach
from app.core.errors import DomainError
from app.core.rate_limits.callers import Caller
from app.core.rate_limits.limiter import REFUSED, Limiter, Seen, too_many

WRONG = "wrong_"
"""How the codes of problems begin that tell of a wrong guess."""
FIRST_WAIT = 1
FIRST_WAIT_UNDER_ATTACK = 60
LONGEST_WAIT = 15 * 60
HOUR = 3600
FAILURES_KEPT = 24 * HOUR
KNOWN_FOR = 30 * 24 * HOUR
ATTACK_FACTOR = 20
MOST_WAITING = 50

Answering = Callable[[], Awaitable[Response]]


class Guesses:
    """What a wrong guess costs the place it came from: an account and an address together.

    Half of what RATE_LIMIT_LOGIN takes may be wrong for free; then the wait doubles with each one, up to a quarter of
    an hour, and a right one ends it. Whoever is elsewhere does not feel that.

    An account that is guessed from many addresses has a limit for all of them together, takes them one at a time, and
    after too many wrong guesses in an hour lets each place guess only once before it waits. An address from which
    somebody logged in to the account within 30 days is under none of these three: the owner is not kept out.
    """

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._counters = limiter.counters
        self._free = max(1, limiter.amount("login") // 2)
        self._turns = AdmissionEach(1, waiting=MOST_WAITING)

    async def attempt(
        self, request: Request, seen: list[Seen], account: str, caller: Caller, answer: Answering, *, forgives: bool
    ) -> Response:
        """The answer to a guess; raises `RateLimitedError` unanswered while the place must wait.

        `forgives` says that nobody else is known by `account`: only then a right guess ends the waits.
        """
        place = f"{account}/{caller.address}"
        await self._refuse_while_waiting(place)
        known = (await self._counters.look(f"known/{place}")).count > 0
        if not known:
            await self._limiter.take(seen, "login-account", account)
        async with self._turns.turn(place if known else account):
            # Those who queued here at once may not all guess: the first ones' failures count.
            await self._refuse_while_waiting(place)
            try:
                response = await answer()
            except DomainError as error:
                await self._judge(error.code, account, place, known=known)
                raise
            if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                if forgives:
                    await self._succeeded(place)
            else:
                await self._judge(getattr(request.state, "problem_code", ""), account, place, known=known)
        return response

    async def _refuse_while_waiting(self, place: str) -> None:
        wait = await self._counters.look(f"wait/{place}")
        if wait.seconds > 0:
            REFUSED.labels("wait").inc()
            raise too_many("Too many wrong tries", max(1, math.ceil(wait.seconds)))

    async def _judge(self, code: str, account: str, place: str, *, known: bool) -> None:
        if not code.startswith(WRONG):
            return
        here = await self._counters.hit(f"failed/{place}", FAILURES_KEPT)
        everywhere = await self._counters.hit(f"attacked/{account}", HOUR)
        free, wait = self._free, FIRST_WAIT
        if not known and everywhere.count > self._free * ATTACK_FACTOR:
            free, wait = 1, FIRST_WAIT_UNDER_ATTACK
        if here.count >= free:
            doubled = wait * 2 ** min(here.count - free, 10)
            await self._counters.open(f"wait/{place}", min(doubled, LONGEST_WAIT))

    async def _succeeded(self, place: str) -> None:
        await self._counters.clear(f"failed/{place}")
        await self._counters.open(f"known/{place}", KNOWN_FOR)
