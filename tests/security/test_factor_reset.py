"""`finance reset-factors`: the operator's way for somebody who lost everything."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx import AsyncClient
from typer.testing import CliRunner, Result

from app.cli.commands import cli
from app.core.database import Database
from app.core.failures import StartupError
from tests.factors import add_passkey, audited, log_in, mails, run, switch_on
from tests.people import Person, expect, problem


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch, work_folder: Path) -> Iterator[None]:
    """The command's own environment; logging is put back as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DATA_DIR", str(work_folder / "reset"))
    monkeypatch.chdir(work_folder)
    yield
    root.handlers, root.level = before


async def reset(email: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, cli, ["reset-factors", email])


async def test_it_leaves_the_password_alone(
    command: None, kim: Person, robin: Person, anonymous: AsyncClient, owner_database: Database
) -> None:
    for person in (kim, robin):
        await add_passkey(person)
        await switch_on(person, owner_database)
        problem(await log_in(anonymous, person, "wrong"), 401, "wrong_otp")
    done = await reset(kim.email.upper())
    assert (done.exit_code, "logs in with the password alone now" in done.stdout) == (0, True), done
    expect(await log_in(anonymous, kim), 200)
    assert await kim.read("/auth/2fa") == {"totp_active_since": None, "recovery_codes_left": 0, "passkeys": 0}
    for table in ("totp_secrets", "recovery_codes", "passkeys", "wrong_guesses"):
        assert await run(owner_database, f"SELECT 1 FROM {table} WHERE user_id = :user", kim) == []
        assert await run(owner_database, f"SELECT 1 FROM {table} WHERE user_id = :user", robin) != []
    assert (await audited(owner_database, kim))[-1] == "factors_reset"
    assert "removed by the operator" in (await mails(owner_database, kim))[-1]


@pytest.mark.parametrize("email", ["nobody@example.com", ""])
async def test_it_says_when_nobody_has_the_address(command: None, email: str) -> None:
    failed = await reset(email)
    assert isinstance(failed.exception, StartupError)
    assert "Nobody is registered" in str(failed.exception)
