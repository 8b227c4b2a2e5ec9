"""The authorisation matrix: every route of the contract with every kind of caller.

Each request is a valid one, so that the only reason for a refusal is who sends it. Who is refused asks a server that
commits, and at the end nothing has changed; who may do it does it on a server that rolls back what it would commit.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Response

from app.core.config import Settings
from app.core.database import Database
from tests.people import problem
from tests.security.authorisation import DOMAIN_ANSWERS, NOBODY, OK, PEOPLE, ROWS, TOKENS, UNPROVEN, Refusal, Row
from tests.security.callers import Callers, gathered


@pytest.fixture(scope="module")
async def callers(app: FastAPI, settings: Settings, owner_database: Database) -> AsyncIterator[Callers]:
    async with gathered(app, settings, owner_database) as everybody:
        yield everybody


def permissions(app: FastAPI) -> dict[str, str | None]:
    """The permission of each operation of the contract."""
    return {
        operation["operationId"]: operation.get("x-permission")
        for methods in app.openapi()["paths"].values()
        for operation in methods.values()
    }


def test_every_route_has_one_row_and_the_permission_that_it_says(app: FastAPI) -> None:
    assert len({row.operation for row in ROWS}) == len(ROWS)
    assert {row.operation: row.permission for row in ROWS} == permissions(app)


def test_what_needs_no_token_is_public_and_nothing_else(app: FastAPI) -> None:
    without = {
        operation["operationId"]
        for methods in app.openapi()["paths"].values()
        for operation in methods.values()
        if "security" not in operation
    }
    assert without == {row.operation for row in ROWS if row.group.name == "public"}
    assert without == {row.operation for row in ROWS if row.permission is None}


def matches(answer: Response, wanted: Refusal | None, operation: str) -> bool:
    wanted = wanted or DOMAIN_ANSWERS.get(operation)
    if wanted is OK:
        return answer.is_success or answer.is_redirect
    return answer.status_code == wanted.status and answer.json()["code"] == wanted.code


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operation} ({row.group})")
async def test_the_matrix(callers: Callers, row: Row) -> None:
    wrong: list[Any] = []
    for column in (*NOBODY, *PEOPLE, *UNPROVEN, *TOKENS):
        wanted = row.expected(column)
        if column == "token with only the scope" and row.permission not in {*callers.grantable, None}:
            continue  # no such token is handed out
        answer = await callers.call(row, column, keep=wanted is not OK)
        if not matches(answer, wanted, row.operation):
            wrong.append((column, wanted or "success", answer.status_code, answer.text[:300]))
        elif wanted is not OK:
            problem(answer, wanted.status, wanted.code)
    assert wrong == []
