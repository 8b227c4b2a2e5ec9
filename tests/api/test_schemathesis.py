"""Generated requests against the whole contract: what is not a wanted answer is a declared one of the right shape."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from app.core.config import Settings, load_settings
from app.core.embedded import EmbeddedPostgres
from app.main import create_app
from tests.conftest import LIMITS, SECRET, fresh_email
from tests.databases import migrated_database
from tests.measuring import pause_in_greenlets
from tests.people import API, PASSWORD

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

EXAMPLES = 10
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


DEEP = ["create_rule", "replace_rule", "update_rule", "test_rule", "run_rules"]
"""Whose bodies hold conditions in conditions: every value of every part in every place would be requests without end,
so these get random ones alone."""

document = create_app(configuration("postgresql://nobody@localhost/nothing", Path("/nowhere"))).openapi()
contract = schemathesis.openapi.from_dict(document).exclude(operation_id=DEEP)
deep = schemathesis.openapi.from_dict(
    document, config=SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}}})
).include(operation_id=DEEP)


@dataclass(frozen=True)
class Served:
    """A running server and how to reach it as somebody who has an account and a category."""

    url: str
    headers: dict[str, str]


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
        yield _log_in(f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(timeout=60)


def _application(url: str, work_folder: Path) -> FastAPI:
    return create_app(configuration(url, work_folder / "contract"))


def _run(server: uvicorn.Server) -> None:
    pause_in_greenlets()
    server.run()


def _log_in(url: str) -> Served:
    # Not the password of the examples: confirmed by one of them, this admin would take permissions away from roles.
    who = {"email": fresh_email(), "password": f"{PASSWORD} of the contract"}
    with httpx.Client(base_url=f"{url}{API}") as client:
        client.post("/auth/register", json=who).raise_for_status()
        token = client.post("/auth/login", json=who).raise_for_status().json()["access_token"]
    return Served(url, {"Authorization": f"Bearer {token}"})


generated = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@contract.parametrize()
@generated
def test_the_server_keeps_the_contract(case: schemathesis.Case[Any], served: Served) -> None:
    check(case, served)


@deep.parametrize()
@generated
def test_the_server_keeps_the_contract_of_what_is_nested(case: schemathesis.Case[Any], served: Served) -> None:
    check(case, served)


def check(case: schemathesis.Case[Any], served: Served) -> None:
    name = case.operation.definition.raw["operationId"]
    who = _log_in(served.url) if name in ENDING else served
    excluded: list[Any] = [*EXCLUDED, *([negative_data_rejection] if name in BY_ITEM else [])]
    case.call_and_validate(base_url=served.url, headers=who.headers, excluded_checks=excluded)
