"""The cookie that tells the browser in which a log-in was begun; it opens nothing by itself."""

import re

from fastapi import Request, Response

from app.auth.oidc.flow import CODE_LIFETIME, STATE_LIFETIME
from app.core.config import Settings
from app.core.security import new_opaque_token

KEPT = STATE_LIFETIME + CODE_LIFETIME
MADE_HERE = re.compile(r"[A-Za-z0-9_-]{43}")


def _is_secure(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """With https the name is one that browsers take from this very host alone: no neighbour can plant a cookie."""
    return "__Host-finance_oidc" if _is_secure(settings) else "finance_oidc"


async def browser_of(request: Request) -> str | None:
    """What the cookie says, None where there is none of ours."""
    value = request.cookies.get(cookie_name(request.app.state.settings), "")
    return value if MADE_HERE.fullmatch(value) else None


def mark_browser(response: Response, settings: Settings, browser: str | None) -> str:
    """Keep the cookie a while longer, so that log-ins in two tabs do not disturb each other, or set a new one."""
    value = browser or new_opaque_token()
    response.set_cookie(
        cookie_name(settings),
        value,
        max_age=int(KEPT.total_seconds()),
        path="/",
        secure=_is_secure(settings),
        httponly=True,
        samesite="lax",
    )
    return value


def unmark_browser(response: Response, settings: Settings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=_is_secure(settings), httponly=True, samesite="lax")
