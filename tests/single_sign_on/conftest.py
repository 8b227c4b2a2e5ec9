"""Providers on free ports, servers of ours that know them, and browsers that walk from one to the other."""

import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.auth.oidc.provider import provider_of
from app.core.config import Settings
from app.core.database import Database
from tests.mail import posted
from tests.people import Person
from tests.servers import serving
from tests.single_sign_on.browsers import Browser
from tests.single_sign_on.evil_provider import CLIENT_ID, CLIENT_SECRET, EvilProvider, serve
from tests.staff import confirm

PAGE = "https://app.example.com/signed-in?from=finance"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mock_provider() -> Iterator[str]:
    """The URL of an independent implementation of OpenID Connect, which runs as a process of its own."""
    program = Path(__file__).with_name("mock_provider.py")
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://localhost:{int(process.stdout.readline())}"
        process.stdin.close()
        process.wait(timeout=60)


@pytest.fixture(scope="session")
def evil_provider() -> Iterator[EvilProvider]:
    provider = EvilProvider()
    with serve(provider):
        yield provider


@pytest.fixture
def evil(evil_provider: EvilProvider) -> EvilProvider:
    """The provider that can be told to misbehave, well-behaved again, with somebody new who comes from it."""
    evil_provider.reset()
    number = f"{next(_numbers)}-{os.getpid()}"
    evil_provider.claims |= {"sub": f"subject-{number}", "email": f"sso{number}@example.com"}
    return evil_provider


def known_to(provider: str) -> dict[str, Any]:
    """The settings of a server that knows this provider."""
    return {
        "public_url": "http://test",
        "oidc_issuer": provider,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_name": "Example Login",
        "oidc_registration": True,
        "oidc_return_urls": [PAGE],
    }


@pytest.fixture(scope="session")
async def mock_app(settings: Settings, mock_provider: str) -> AsyncIterator[FastAPI]:
    async with serving(settings, **known_to(mock_provider)) as (application, _):
        yield application


@pytest.fixture(scope="session")
async def evil_app(app: FastAPI, settings: Settings, evil_provider: EvilProvider) -> AsyncIterator[FastAPI]:
    """A server of ours; it stands on the database of the suite, where somebody is the admin already."""
    async with serving(settings, **known_to(evil_provider.url)) as (application, _):
        yield application


@pytest.fixture
async def browser(evil_app: FastAPI, evil: EvilProvider) -> AsyncIterator[Browser]:
    """A browser at a server that has asked its provider nothing yet."""
    evil_app.state.oidc = provider_of(evil_app.state.settings)
    async with Browser(evil_app) as opened:
        yield opened


@pytest.fixture
async def other_browser(evil_app: FastAPI) -> AsyncIterator[Browser]:
    async with Browser(evil_app) as opened:
        yield opened


class Records:
    """What the database has about people, past row-level security."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, statement: str, **values: Any) -> list[Any]:
        async with self._database.begin() as connection:
            found = await connection.execute(text(statement), values)
            return [tuple(row) for row in found.all()] if found.returns_rows else []

    async def verify(self, person: Person) -> None:
        await self.run("UPDATE users SET email_verified_at = now() WHERE id = CAST(:id AS uuid)", id=person.user["id"])

    async def ban(self, email: str) -> None:
        await self.run("UPDATE users SET banned_at = now() WHERE email = :email", email=email)

    async def confirm(self, person: Person) -> None:
        await confirm(self._database, person)

    async def identities(self, email: str) -> list[Any]:
        """Issuer, subject and address of each identity of who has this address here."""
        return await self.run(
            "SELECT i.issuer, i.subject, i.email FROM identities i JOIN users u ON u.id = i.user_id "
            "WHERE u.email = :email ORDER BY i.id",
            email=email,
        )

    async def mails(self, email: str) -> list[str]:
        return [subject for subject, _ in await posted(self._database, email)]

    async def audit(self, user_id: str) -> list[str]:
        statement = "SELECT action FROM audit WHERE subject_id = CAST(:id AS uuid) ORDER BY id"
        return [row[0] for row in await self.run(statement, id=user_id)]


@pytest.fixture
def records(owner_database: Database) -> Records:
    return Records(owner_database)
