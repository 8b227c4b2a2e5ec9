"""The table of limits and the routes there are: neither has what the other does not know."""

import re

from fastapi import FastAPI

from app.core.rate_limits.table import RULES, rules_of
from tests.api.test_openapi import operations
from tests.people import API

COMING = {
    "POST /auth/confirm",
    "POST /auth/password/change",
    "POST /auth/password/forgot",
    "POST /auth/password/reset",
    "POST /auth/verify-email",
    "POST /auth/verify-email/resend",
    "POST /auth/2fa/totp/verify",
    "POST /auth/passkeys/login",
    "POST /auth/passkeys/login/options",
    "GET /auth/oidc/start",
    "GET /auth/oidc/callback",
    "POST /auth/oidc/exchange",
    "POST /books/{}/invitations",
    "POST /users/invitations",
}
"""Lines for routes that this version may not have yet."""


def names(app: FastAPI) -> dict[str, bool]:
    """Each operation of the API as the table names it, and whether it needs a log-in."""
    found = operations(app.openapi()).values()
    return {
        re.sub(r"\{[^}]*\}", "{}", f"{each['method'].upper()} {each['path'].removeprefix(API)}"): "security" in each
        for each in found
        if each["path"].startswith(API)
    }


def test_every_line_of_the_table_has_its_route(app: FastAPI) -> None:
    assert RULES.keys() - names(app).keys() <= COMING


def test_every_route_without_a_log_in_has_a_limit_of_its_own(app: FastAPI) -> None:
    public = {name for name, needs_user in names(app).items() if not needs_user and name.startswith("POST")}
    assert public
    assert public - RULES.keys() == set()


def test_a_route_finds_its_line_by_method_and_path() -> None:
    assert rules_of({"POST"}, "/books/{book_id}/invitations") is RULES["POST /books/{}/invitations"]
    assert rules_of({"GET"}, "/books/{book_id}/invitations") is None
    assert rules_of((), "/auth/login") is None


def test_every_operation_declares_the_refusal(app: FastAPI) -> None:
    for name, operation in operations(app.openapi()).items():
        declared = operation["responses"].get("429")
        assert (declared is not None) == operation["path"].startswith(API), name
        if declared is not None:
            assert {"Retry-After", "RateLimit", "RateLimit-Policy", "RateLimit-Limit"} <= declared["headers"].keys()
