"""The way to the provider and back: what is begun in a browser ends in that browser, once."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.repository import act_as
from app.auth import factors, once
from app.auth.confirmation import OtpMissingError, confirm_session
from app.auth.door import Device, Door
from app.auth.factor_repository import totp
from app.auth.oidc import linking, repository
from app.auth.oidc.errors import (
    AccountBannedError,
    CodeRefusedError,
    OtherIdentityError,
    StaleLoginError,
)
from app.auth.oidc.person import Person
from app.auth.oidc.provider import Proofs
from app.auth.schemas import Tokens
from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database, domain_error_of
from app.core.errors import DomainError, UnauthenticatedError, invalid
from app.core.security import digest, keyed_digest

Intent = Literal["login", "link", "confirm"]

Purpose = Literal["oidc_state", "oidc_ticket"]

STATE: Purpose = "oidc_state"
TICKET: Purpose = "oidc_ticket"
CODE = "oidc_code"
STATE_LIFETIME = timedelta(minutes=10)
TICKET_LIFETIME = timedelta(minutes=5)
CODE_LIFETIME = timedelta(minutes=2)
"""Long enough to type a second factor."""
CLOCKS_DIFFER = timedelta(seconds=30)


@dataclass(frozen=True)
class Flow:
    """What was begun: to log in, or by somebody who is signed in to link an identity or to confirm a session."""

    intent: Intent
    return_to: str | None = None
    code_challenge: str | None = None
    user_id: UUID | None = None
    session_id: UUID | None = None
    begun: datetime | None = None


@dataclass(frozen=True)
class Arrival:
    """How a way ended; a log-in has a code to exchange for tokens."""

    outcome: Literal["login", "linked", "confirmed"]
    code: str | None = None
    expires_in: int | None = None


def check_return(settings: Settings, return_to: str | None, field: str) -> None:
    """Only the pages of the settings, to the letter: anything looser would lead people anywhere."""
    if return_to is not None and return_to not in settings.oidc_return_urls:
        raise invalid(field, "unknown_return_url", "is not one of OIDC_RETURN_URLS")


def proofs_of(browser: str, state: str) -> Proofs:
    """Nonce and PKCE verifier follow from the browser's cookie: without it nobody has them, and nothing stores them."""

    def derived(use: str) -> str:
        made = keyed_digest(browser, f"{use} {state}".encode())
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    return Proofs(state, derived("nonce"), derived("verifier"))


async def begin(connection: AsyncConnection, flow: Flow, browser: str, purpose: Purpose) -> str:
    """A token by which this browser, and no other, goes on. The transaction acts as the flow's person, if any."""
    lifetime = STATE_LIFETIME if purpose == STATE else TICKET_LIFETIME
    return await once.issue(
        connection,
        purpose,
        lifetime,
        flow.user_id,
        intent=flow.intent,
        return_to=flow.return_to,
        code_challenge=flow.code_challenge,
        session_id=str(flow.session_id) if flow.session_id else None,
        browser=digest(browser).hex(),
        begun=now().isoformat(),
    )


async def resume(connection: AsyncConnection, purpose: Purpose, token: str, browser: str | None) -> Flow | None:
    """Spend a token of `begin`; None for one that is unknown, spent, expired or another browser's.

    That of another browser is spent too, so commit. The transaction acts as the flow's person, if any.
    """
    redeemed = await once.redeem(connection, purpose, token)
    if redeemed is None or not _is_browser(browser, redeemed.data["browser"]):
        return None
    if redeemed.user_id is not None:
        await act_as(connection, redeemed.user_id)
    data = redeemed.data
    return Flow(
        data["intent"],
        data["return_to"],
        data["code_challenge"],
        redeemed.user_id,
        UUID(data["session_id"]) if data["session_id"] else None,
        datetime.fromisoformat(data["begun"]),
    )


async def finish(
    database: Database, settings: Settings, flow: Flow, browser: str, person: Person, address: str | None
) -> Arrival:
    """Do what the flow was begun for, in one transaction, now that the provider has told who came.

    Raises what `linking` raises, and `OtherIdentityError`, `StaleLoginError`, `OtpMissingError` and
    `UnauthenticatedError`.
    """
    async with _deciding(database) as connection:
        visitor = linking.Visitor(connection, settings, person, address)
        if flow.user_id is None:
            return await _let_in(visitor, flow, browser)
        await act_as(connection, flow.user_id)
        if flow.session_id is None or not await repository.has_session(connection, flow.user_id, flow.session_id):
            raise UnauthenticatedError("The session in which this was begun is over; log in again.")
        if await repository.is_banned(connection, flow.user_id):
            raise AccountBannedError("This account is banned; ask the person who runs this server.")
        if flow.intent == "link":
            await linking.link_to(visitor, flow.user_id)
            return Arrival("linked")
        await _confirm(visitor, flow, flow.user_id, flow.session_id)
        return Arrival("confirmed")


@asynccontextmanager
async def _deciding(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction whose refusals by a constraint are the errors they stand for."""
    try:
        async with database.begin() as connection:
            yield connection
    except DBAPIError as error:
        known = domain_error_of(error)
        if known is None:
            raise
        raise known from None


async def _let_in(visitor: linking.Visitor, flow: Flow, browser: str) -> Arrival:
    user_id = await linking.user_of(visitor)
    code = await once.issue(
        visitor.connection,
        CODE,
        CODE_LIFETIME,
        user_id,
        browser=digest(browser).hex(),
        code_challenge=flow.code_challenge,
    )
    return Arrival("login", code, int(CODE_LIFETIME.total_seconds()))


async def _confirm(visitor: linking.Visitor, flow: Flow, user_id: UUID, session_id: UUID) -> None:
    """A fresh log-in at the provider, by the same person, confirms their session here."""
    connection, person = visitor.connection, visitor.person
    await check_provider_suffices(connection, user_id)
    found = await repository.user_of_identity(connection, person.issuer, person.subject)
    if found is None or found.user_id != user_id:
        raise OtherIdentityError("Who logged in at the provider is not linked to your account.")
    begun = flow.begun or now()
    if person.authenticated_at is None or person.authenticated_at < begun - CLOCKS_DIFFER:
        raise StaleLoginError("The provider did not ask who you are again, or does not say when it did.")
    await confirm_session(connection, session_id)
    await tell(
        connection, "session_confirmed", actor_id=user_id, subject_id=user_id, address=visitor.address, method="oidc"
    )


async def check_provider_suffices(connection: AsyncConnection, user_id: UUID) -> None:
    """Raise `OtpMissingError` for somebody with an authenticator app: the provider knows nothing of that."""
    row = await totp(connection, user_id)
    if row is not None and row.active_since is not None:
        raise OtpMissingError(
            "Your authenticator app is on, and the provider does not ask for it: confirm with POST "
            "/api/v1/auth/confirm and its `otp`, or with a passkey."
        )


@dataclass(frozen=True)
class Proof:
    """What comes with a code to show that whoever sends it began the log-in, and is the person."""

    browser: str | None
    verifier: str | None = None
    otp: str | None = None


async def exchange(door: Door, code: str, proof: Proof, device: Device) -> Tokens | DomainError:
    """Open the session that a code stands for.

    A refusal that has to be committed is a value: a code that came from elsewhere than where the log-in was begun is
    spent, for somebody else has it, and a wrong second factor is counted. In the latter case the code stays good.
    Raises `CodeRefusedError` and `AccountBannedError`.
    """
    refusal = CodeRefusedError("This code is not known, was used, is too old, or was made in another browser.")
    seen = await once.look(door.connection, CODE, code)
    if seen is None or seen.user_id is None:
        raise refusal
    if not _is_theirs(proof, seen.data):
        await once.redeem(door.connection, CODE, code)
        return refusal
    await act_as(door.connection, seen.user_id)
    if await repository.is_banned(door.connection, seen.user_id):
        raise AccountBannedError("This account is banned; ask the person who runs this server.")
    due = await factors.second_factor(door, seen.user_id, proof.otp, device.address)
    if due is not None:
        return due
    if await once.redeem(door.connection, CODE, code) is None:
        raise refusal
    return await door.open_session(seen.user_id, device, "oidc")


def _is_theirs(proof: Proof, data: dict[str, Any]) -> bool:
    """The verifier decides where the log-in was begun with a challenge, else the browser's cookie."""
    if data["code_challenge"] is None:
        return proof.verifier is None and _is_browser(proof.browser, data["browser"])
    return proof.verifier is not None and compare_digest(challenge_of(proof.verifier), data["code_challenge"])


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(digest(verifier)).rstrip(b"=").decode()


def _is_browser(browser: str | None, known: str) -> bool:
    return browser is not None and compare_digest(digest(browser).hex(), known)
