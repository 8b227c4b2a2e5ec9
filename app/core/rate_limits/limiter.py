"""The limits that the settings name, and what counting against them says."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from limits import RateLimitItem, parse
from prometheus_client import Counter

from app.core.config import Settings
from app.core.errors import RateLimitedError
from app.core.rate_limits.bearers import Bearers
from app.core.rate_limits.counters import Counters

ACCOUNT_FACTOR = 10
"""How many times RATE_LIMIT_LOGIN one account takes from all addresses together that it does not know."""

REFUSED = Counter("finance_rate_limited_total", "Requests refused for a limit", ["limit"])


@dataclass(frozen=True)
class Seen:
    """A limit as it stands after a request counted against it; `seconds` until it is whole again."""

    name: str
    limit: int
    window: int
    remaining: int
    seconds: int


class Limiter:
    """Counts requests by name and key. The settings take no rate that the package would not read."""

    def __init__(self, settings: Settings) -> None:
        self.enabled = settings.rate_limit_enabled
        self.counters = Counters(settings.redis_url if self.enabled else None)
        login = parse(settings.rate_limit_login)
        mail = parse(settings.rate_limit_mail)
        self._limits: dict[str, RateLimitItem] = {
            "user": parse(settings.rate_limit_user),
            "anonymous": parse(settings.rate_limit_anonymous),
            "login": login,
            "login-account": type(login)(login.amount * ACCOUNT_FACTOR, login.multiples),
            "login-address": parse(settings.rate_limit_login_address),
            "confirm": login,
            "registration": parse(settings.rate_limit_registration),
            "mail": mail,
            "mail-sender": mail,
        }
        self.bearers = Bearers()

    def amount(self, name: str) -> int:
        return self._limits[name].amount

    async def take(self, seen: list[Seen], name: str, key: str) -> None:
        """Count against a limit, and note in `seen` how it stands; raises `RateLimitedError` beyond it."""
        item = self._limits[name]
        window = item.get_expiry()
        found = await self.counters.hit(f"{name}/{key}", window)
        seconds = max(1, math.ceil(found.seconds))
        seen.append(Seen(name, item.amount, window, max(0, item.amount - found.count), seconds))
        if found.count > item.amount:
            REFUSED.labels(name).inc()
            raise too_many(f"No more than {item} of this kind are taken", seconds)


def too_many(what: str, seconds: int) -> RateLimitedError:
    unit = "second" if seconds == 1 else "seconds"
    return RateLimitedError(f"{what}; try again in {seconds} {unit}.", retry_after=seconds)


def headers_of(seen: Sequence[Seen]) -> dict[str, str]:
    """How limits stand, in the fields of draft-ietf-httpapi-ratelimit-headers and in the older ones.

    The older ones have room for one limit: the one that is nearest to its end.
    """
    nearest = min(seen, key=lambda each: (each.remaining, -each.seconds))
    return {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.limit};w={each.window}' for each in seen),
        "RateLimit": ", ".join(f'"{each.name}";r={each.remaining};t={each.seconds}' for each in seen),
        "RateLimit-Limit": str(nearest.limit),
        "RateLimit-Remaining": str(nearest.remaining),
        "RateLimit-Reset": str(nearest.seconds),
    }
