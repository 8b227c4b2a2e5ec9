"""Generated requests against the whole contract: what is not a wanted answer is a declared one of the right shape.

`CONTRACT=whole pytest tests/api/test_schemathesis.py` sends some tens of thousands, with every wrong type of every
field.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from app.core.config import Settings, load_settings
from app.core.embedded import EmbeddedPostgres
from app.main import create_app
from tests.conftest import LIMITS, SECRET, fresh_email
from tests.databases import migrated_database
from tests.measuring import pause_in_greenlets
from tests.people import API, PASSWORD
from tests.security.authorisation import ROWS

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

WHOLE = os.environ.get("CONTRACT") == "whole"
EXAMPLES = 10 if WHOLE else 4
"""What is drawn at random for an operation, beside the values that are gone through one by one."""
EXCLUDED = [
    # Business rules refuse much that fits the schema: a date in the future, an id of nobody's, a sibling's name.
    positive_data_acceptance,
]


ENDING = {"logout_all"}
"""What ends the session that it comes under: each call has one of its own, so that the others go on as somebody."""


BY_ITEM = {"bulk_transactions"}
"""What says of each of its items whether it is good: a bad one among them is no bad request."""


def configuration(database_url: str, data_dir: Path) -> Settings:
    return load_settings(
        _env_file=None,
        app_env="testing",
        database_url=database_url,
        data_dir=data_dir,
        secret_key=SECRET,
        argon2_memory_kib=8192,
        argon2_time_cost=1,
        log_level="ERROR",
        **{f"rate_limit_{kind}": "1000000/second" for kind in LIMITS},
    )


OF_MANY = {CoverageScenario.INCORRECT_TYPE: 2, CoverageScenario.UNSPECIFIED_HTTP_METHOD: 1}
SENT = Counter[tuple[object, ...]]()
DEEP = ["create_rule", "replace_rule", "update_rule", "test_rule", "run_rules"]
"""Whose bodies hold conditions in conditions: every value of every part in every place would be requests without end,
so these get random ones alone."""

OPERATIONS = sorted(row.operation for row in ROWS)
"""All there are; tests of permissions hold the table against the contract."""


@cache
def contract(*, coverage: bool) -> BaseSchema:
    """All of it; `coverage` is every value of every part in every place, beside what is drawn at random."""
    document = create_app(configuration("postgresql://nobody@localhost/nothing", Path("/nowhere"))).openapi()
    phases = {"phases": {"coverage": {"enabled": coverage}}}
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(phases))


@dataclass(frozen=True)
class Served:
    """A running server and how to reach it as somebody who has an account and a category."""

    url: str
    headers: dict[str, str]
    session: requests.Session
    """Its connections are used again, and cookies it takes none."""


@pytest.fixture(scope="module")
def served(postgres: EmbeddedPostgres, work_folder: Path) -> Iterator[Served]:
    """The application behind uvicorn, on a database and an event loop of its own."""
    url = asyncio.run(migrated_database(postgres, "contract"))
    server = uvicorn.Server(uvicorn.Config(_application(url, work_folder), port=0, log_level="error"))
    thread = threading.Thread(target=_run, args=(server,))
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        with requests.Session() as session:
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            yield _log_in(f"http://127.0.0.1:{port}", session)
    finally:
        server.should_exit = True
        thread.join(timeout=60)


def _application(url: str, work_folder: Path) -> FastAPI:
    return create_app(configuration(url, work_folder / "contract"))


def _run(server: uvicorn.Server) -> None:
    pause_in_greenlets()
    server.run()


def _log_in(url: str, session: requests.Session) -> Served:
    # Not the password of the examples: confirmed by one of them, this admin would take permissions away from roles.
    who = {"email": fresh_email(), "password": f"{PASSWORD} of the contract"}
    with httpx.Client(base_url=f"{url}{API}") as client:
        client.post("/auth/register", json=who).raise_for_status()
        token = client.post("/auth/login", json=who).raise_for_status().json()["access_token"]
    return Served(url, {"Authorization": f"Bearer {token}"}, session)


generated = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_server_keeps_the_contract(name: str, served: Served) -> None:
    """What to send is worked out when an operation's turn comes, by the worker that tests it."""

    def keeps(case: schemathesis.Case[Any]) -> None:
        if not is_one_of_many(case):
            check(case, served)

    part = contract(coverage=name not in DEEP).include(operation_id=name)
    (found,) = get_all_tests(schema=part, test_func=keeps, settings=generated, given_kwargs=None)
    assert isinstance(found, Ok), found.err()
    _, test = found.ok()
    test()


def is_one_of_many(case: schemathesis.Case[Any]) -> bool:
    """Whether another of its kind was sent: as wrong a type for the same field, or as unknown a method.

    More than half of what can be sent to the contract is of these two kinds. All of it goes with CONTRACT=whole.
    """
    data = case.meta.phase.data if case.meta is not None else None
    if WHOLE or not isinstance(data, CoveragePhaseData) or data.scenario not in OF_MANY:
        return False
    kind = (case.operation.label, data.scenario, data.location, data.parameter)
    SENT[kind] += 1
    return SENT[kind] > OF_MANY[data.scenario]


def check(case: schemathesis.Case[Any], served: Served) -> None:
    name = case.operation.definition.raw["operationId"]
    who = _log_in(served.url, served.session) if name in ENDING else served
    excluded: list[Any] = [*EXCLUDED, *([negative_data_rejection] if name in BY_ITEM else [])]
    case.call_and_validate(base_url=served.url, headers=who.headers, excluded_checks=excluded, session=served.session)
