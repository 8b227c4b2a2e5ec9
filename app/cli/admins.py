"""`finance create-admin`: the first admin of a server that takes no registrations, or one more."""

import asyncio
import sys

import typer
from pydantic import ValidationError

from app.auth.admins import add_admin, promote
from app.auth.door import Door
from app.auth.schemas import Register
from app.core.config import Settings
from app.core.database import Database
from app.core.errors import DomainError
from app.core.failures import StartupError
from app.core.keys import load_keyring
from app.core.secret import accepted_secrets
from app.core.security import PasswordHasher
from app.core.tokens import AccessTokens
from app.core.vault import Vault

LONGEST_LINE = 10_000


def create_admin(url: str, settings: Settings, email: str, full_name: str | None) -> str:
    """Promote or make; returns what was done, for the person who asked. Raises `StartupError`.

    The password never stands in the arguments, which every process of the machine may read.
    """
    if "\x00" not in email and asyncio.run(_promote(url, email)):
        return f"{email} is an admin now, with the password they have."
    try:
        body = Register(email=email, password=_password(), full_name=full_name)
    except ValidationError as error:
        reasons = "; ".join(f"{item['loc'][0]}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors())
        raise StartupError(f"No admin was made: {reasons}.") from None
    try:
        asyncio.run(_add(url, settings, body))
    except DomainError as error:
        raise StartupError(f"No admin was made: {error.detail}.") from None
    return f"{body.email} is registered and an admin."


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return sys.stdin.readline(LONGEST_LINE).rstrip("\r\n")
    except UnicodeDecodeError:
        raise StartupError("No admin was made: the password is not UTF-8 text.") from None


async def _promote(url: str, email: str) -> bool:
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            return await promote(connection, email)
    finally:
        await database.dispose()


async def _add(url: str, settings: Settings, body: Register) -> None:
    database = Database(url, pool_size=1, role=None)
    try:
        async with database.begin() as connection:
            secrets = accepted_secrets(settings)
            tokens = AccessTokens(settings, load_keyring(settings, secrets))
            await add_admin(Door(connection, settings, PasswordHasher(settings), tokens, Vault(secrets[0])), body)
    finally:
        await database.dispose()
