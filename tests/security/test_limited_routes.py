"""The table of limits and the routes there are: neither has what the other does not know."""

import re
from typing import Any

from fastapi import FastAPI

from app.core.config import Settings
from app.core.database import Database
from app.core.rate_limits.table import RULES, By, rules_of
from tests.api.test_openapi import operations
from tests.conftest import fresh_email
from tests.factors import audited, confirm
from tests.people import API, expect, problem, register
from tests.security.test_rate_limits import refused
from tests.servers import serving

SECRETS = {"password", "current_password", "new_password", "otp", "token", "refresh_token", "code", "passkey"}
ADDRESSES = {"email", "username"}
OTHER_CODES = {"POST /currencies"}
"""Their `code` is no secret: it is how a currency is called."""


def name_of(operation: dict[str, Any]) -> str:
    """The operation as the table names it."""
    return re.sub(r"\{[^}]*\}", "{}", f"{operation['method'].upper()} {operation['path'].removeprefix(API)}")


def names(app: FastAPI) -> dict[str, bool]:
    """Each operation of the API, and whether it needs a log-in."""
    found = operations(app.openapi()).values()
    return {name_of(each): "security" in each for each in found if each["path"].startswith(API)}


def fields_taken(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    """The names of the fields of an operation's body."""
    content = operation.get("requestBody", {}).get("content", {}).values()
    return set().union(*(_fields(document, each["schema"]) for each in content))


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    variants = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    return set(schema.get("properties", ())).union(*(_fields(document, each) for each in variants))


def test_every_line_of_the_table_has_its_route(app: FastAPI) -> None:
    assert RULES.keys() - names(app).keys() == set()


def test_every_route_without_a_log_in_has_a_limit_of_its_own(app: FastAPI) -> None:
    public = {name for name, needs_user in names(app).items() if not needs_user and name.startswith("POST")}
    assert public
    assert public - RULES.keys() == set()


def test_every_route_that_takes_a_secret_or_an_address_has_a_limit_of_its_own(app: FastAPI) -> None:
    document = app.openapi()
    taken = {name_of(each): fields_taken(document, each) for each in operations(document).values()}
    wanted = {name for name, fields in taken.items() if fields & (SECRETS | ADDRESSES)}
    assert {"POST /auth/confirm", "POST /users/me/email", "POST /invitations/accept"} <= wanted
    assert wanted - RULES.keys() == OTHER_CODES


def test_every_operation_that_is_told_an_address_limits_the_mail_to_it(app: FastAPI) -> None:
    """An address that a body has is one that mail goes to, but at a log-in, where it may be anything."""
    document = app.openapi()
    found = set()
    for each in operations(document).values():
        if "email" in _formats(document, each.get("requestBody", {})):
            found.add(name_of(each))
    assert {"POST /auth/register", "POST /users/me/email", "POST /books/{}/invitations"} <= found
    for name in found:
        assert any(by in {By.TARGET, By.MAIL} for _, by in RULES[name].counts), name


def _formats(document: dict[str, Any], part: Any, above: frozenset[str] = frozenset()) -> set[str]:
    """The formats of all strings in a part of the document, with what it refers to, but for what it stands below."""
    if isinstance(part, list):
        return {name for each in part for name in _formats(document, each, above)}
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        return set() if name in above else _formats(document, schema, above | {name})
    own = {part["format"]} if isinstance(part.get("format"), str) else set()
    return own | {name for each in part.values() for name in _formats(document, each, above)}


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


async def test_a_change_of_address_mails_only_so_often(settings: Settings, owner_database: Database) -> None:
    async with serving(settings, rate_limit_mail="2/hour") as (app, _):
        kim = await register(app, fresh_email())
        await confirm(kim)
        for _ in range(2):
            expect(await kim.http.post("/users/me/email", json={"email": fresh_email()}), 202)
        refused(await kim.http.post("/users/me/email", json={"email": fresh_email()}), "mail-sender", 3600)
        assert (await audited(owner_database, kim)).count("email_change_requested") == 2
        await kim.http.aclose()


async def test_tokens_of_invitations_are_not_tried_by_the_thousand(settings: Settings) -> None:
    async with serving(settings, rate_limit_login_address="4/minute") as (app, _):
        kim = await register(app, fresh_email())  # whose log-in is the first of the four
        for _ in range(3):
            answer = await kim.http.post("/invitations/accept", json={"token": "x"})
            problem(answer, 404, "invitation_not_found")
        refused(await kim.http.post("/invitations/accept", json={"token": "x"}), "login-address")
        await kim.http.aclose()
