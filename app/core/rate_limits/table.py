"""Which operation is under which limits, beside those that every request is under.

tests/security/test_limited_routes.py fails for a line without a route, and for a route without a line that takes a
secret or an address to write to, or that changes something without a log-in.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum


class By(Enum):
    """Whom a request counts for."""

    ADDRESS = "the address it comes from"
    PLACE = "the account it names, at the address it comes from"
    TARGET = "the address that it mails, whoever asks; without one, the user"
    MAIL = "the address that it mails; beyond the limit it answers as ever and mails nothing (`may_mail`)"
    CALLER = "the user; without one, the address it comes from"


@dataclass(frozen=True)
class Rules:
    """The limits of an operation, the one field of its body that names an account, and whether it takes a guess at
    a password or a code."""

    counts: tuple[tuple[str, By], ...]
    account: str | None = None
    guesses: bool = False


LOG_IN = Rules((("login-address", By.ADDRESS), ("login", By.PLACE)), account="email", guesses=True)
LOG_IN_BY_FORM = replace(LOG_IN, account="username")
CONFIRM = Rules((("confirm", By.CALLER),), guesses=True)
TOKEN = Rules((("login-address", By.ADDRESS),))
REGISTRATION = Rules((("registration", By.ADDRESS), ("mail", By.MAIL)))
MAIL = Rules((("mail-sender", By.CALLER), ("mail", By.TARGET)), account="email")
MAIL_ON_REQUEST = Rules((("mail-sender", By.CALLER), ("mail", By.MAIL)))

RULES: dict[str, Rules] = {
    "POST /auth/register": REGISTRATION,
    "POST /auth/token": LOG_IN_BY_FORM,
    "POST /auth/login": LOG_IN,
    "POST /auth/refresh": TOKEN,
    "POST /auth/logout": TOKEN,
    "POST /auth/confirm": CONFIRM,
    "POST /auth/password/change": CONFIRM,
    "POST /auth/password/forgot": MAIL_ON_REQUEST,
    "POST /auth/password/reset": TOKEN,
    "POST /auth/verify-email": TOKEN,
    "POST /auth/verify-email/resend": MAIL_ON_REQUEST,
    "POST /auth/2fa/totp/verify": CONFIRM,
    "POST /auth/passkeys/login": TOKEN,
    "POST /auth/passkeys/login/options": TOKEN,
    "GET /auth/oidc/start": TOKEN,
    "GET /auth/oidc/callback": TOKEN,
    "POST /auth/oidc/exchange": TOKEN,
    "POST /books/{}/invitations": MAIL,
    "POST /users/invitations": MAIL,
    "POST /users/me/email": MAIL,
    "POST /users/me/email/verify": TOKEN,
    "POST /invitations/accept": TOKEN,
    "POST /notifications/unsubscribe": TOKEN,
    "POST /reports/weekly/send": Rules((("mail-sender", By.CALLER),)),
}
"""By method and path, without the API's prefix and the names of parameters."""


def rules_of(methods: Collection[str], path: str) -> Rules | None:
    """The rules of a route, as its router declares it."""
    bare = re.sub(r"\{[^}]*\}", "{}", path)
    return next((RULES[name] for method in methods if (name := f"{method} {bare}") in RULES), None)
