"""The table of limits and the routes there are: neither has what the other does not know."""

import re
from typing import Any

from fastapi import FastAPI

from app.core.rate_limits.table import RULES, By, rules_of
from tests.api.test_openapi import operations
from tests.people import API


def names(app: FastAPI) -> dict[str, bool]:
    """Each operation of the API as the table names it, and whether it needs a log-in."""
    found = operations(app.openapi()).values()
    return {
        re.sub(r"\{[^}]*\}", "{}", f"{each['method'].upper()} {each['path'].removeprefix(API)}"): "security" in each
        for each in found
        if each["path"].startswith(API)
    }


def test_every_line_of_the_table_has_its_route(app: FastAPI) -> None:
    assert RULES.keys() - names(app).keys() == set()


def test_every_route_without_a_log_in_has_a_limit_of_its_own(app: FastAPI) -> None:
    public = {name for name, needs_user in names(app).items() if not needs_user and name.startswith("POST")}
    assert public
    assert public - RULES.keys() == set()


def test_every_operation_that_is_told_an_address_limits_the_mail_to_it(app: FastAPI) -> None:
    """An address that a body has is one that mail goes to, but at a log-in, where it may be anything."""
    document = app.openapi()
    found = set()
    for each in operations(document).values():
        if "email" in _formats(document, each.get("requestBody", {})):
            found.add(re.sub(r"\{[^}]*\}", "{}", f"{each['method'].upper()} {each['path'].removeprefix(API)}"))
    assert {"POST /auth/register", "POST /users/me/email", "POST /books/{}/invitations"} <= found
    for name in found:
        assert any(by in {By.TARGET, By.MAIL} for _, by in RULES[name].counts), name


def _formats(document: dict[str, Any], part: Any) -> set[str]:
    """The formats of all strings in a part of the document, with what it refers to."""
    if isinstance(part, list):
        return {name for each in part for name in _formats(document, each)}
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        return _formats(document, document["components"]["schemas"][part["$ref"].rpartition("/")[2]])
    own = {part["format"]} if isinstance(part.get("format"), str) else set()
    return own | {name for each in part.values() for name in _formats(document, each)}


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
