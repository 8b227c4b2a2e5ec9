"""Letting people in: registration, log-in, and sessions that renew themselves by rotation."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import Actor
from app.auth import repository
from app.auth.schemas import MAX_PASSWORD, Register, Tokens
from app.core.clock import now
from app.core.config import Registration, Settings
from app.core.database import AnyRow
from app.core.errors import ForbiddenError, UnauthenticatedError
from app.core.ids import new_id
from app.core.security import AccessTokens, PasswordHasher, digest, new_opaque_token
from app.onboarding.service import start_book
from app.users import service as users

BOOK_NAME = "Personal"
MAX_USER_AGENT = 300

log = structlog.get_logger("finance.auth")


class WrongCredentialsError(UnauthenticatedError):
    code = "wrong_credentials"
    title = "Wrong address or password"


class RegistrationClosedError(ForbiddenError):
    code = "registration_closed"
    title = "Registration is closed"


@dataclass(frozen=True)
class Device:
    """Where a session was opened, as far as the client says."""

    user_agent: str | None
    address: str | None


@dataclass(frozen=True)
class Doorkeeper:
    """What letting people in takes: settings, the password hasher and the token signer, and this request's session."""

    connection: AsyncConnection
    settings: Settings
    passwords: PasswordHasher
    access_tokens: AccessTokens

    async def register(self, body: Register) -> AnyRow:
        """A new person with a personal book and its default categories.

        Raises `EmailTakenError`, and `RegistrationClosedError` where the settings let nobody in.
        """
        if self.settings.registration is not Registration.OPEN:
            raise RegistrationClosedError("This server takes no registrations; ask the person who runs it.")
        user_id = new_id()
        await users.add(
            self.connection,
            user_id=user_id,
            email=body.email,
            full_name=body.full_name,
            password_hash=await self.passwords.hash(body.password),
            time_zone=body.time_zone,
        )
        actor = Actor(user_id, user_id, "user", body.time_zone, self.connection)
        book = await start_book(actor, BOOK_NAME, body.base_currency)
        await users.set_default_book(self.connection, user_id, book.book_id)
        return await users.get(self.connection, user_id)

    async def login(self, email: str, password: str, device: Device) -> Tokens:
        """Open a session; an unknown address and a wrong password are answered alike, in the same time."""
        found = await users.credentials(self.connection, email) if "\x00" not in email else None
        user_id, stored = found or (None, None)
        if len(password) > MAX_PASSWORD:
            # Nobody has one so long, and the hash refuses some: the same work is done for nothing.
            password, stored = "", None
        if not await self.passwords.verify(password, stored) or user_id is None or stored is None:
            raise WrongCredentialsError("The e-mail address or the password is wrong.")
        if self.passwords.is_outdated(stored):
            await users.set_password_hash(self.connection, user_id, await self.passwords.hash(password))
        session_id = new_id()
        await repository.add_session(
            self.connection,
            session_id=session_id,
            user_id=user_id,
            expires_at=now() + self._session_lifetime,
            user_agent=device.user_agent[:MAX_USER_AGENT] if device.user_agent else None,
            address=device.address,
        )
        return await self._tokens(user_id, session_id)

    async def refresh(self, refresh_token: str) -> Tokens | None:
        """The next pair of tokens; the old refresh token is spent.

        None when a spent token comes back: then somebody else has it, and the whole session is revoked. That has to
        be committed, so it is a value and not an error. Raises `UnauthenticatedError` for unknown and ended ones.
        """
        token_hash = digest(refresh_token)
        held = await repository.hold_refresh_token(self.connection, token_hash)
        if held is None or held.revoked_at is not None or held.expires_at <= now():
            raise UnauthenticatedError("This refresh token is not known or its session is over; log in again.")
        if held.used_at is not None:
            await repository.revoke_session(self.connection, held.session_id)
            log.warning("refresh_token_reused", session_id=str(held.session_id), user_id=str(held.user_id))
            return None
        await repository.spend_refresh_token(self.connection, token_hash)
        await repository.extend_session(self.connection, held.session_id, now() + self._session_lifetime)
        return await self._tokens(held.user_id, held.session_id)

    async def logout(self, refresh_token: str) -> None:
        """Revoke the session of this token; a token that is not known is as good as logged out."""
        held = await repository.hold_refresh_token(self.connection, digest(refresh_token))
        if held is not None:
            await repository.revoke_session(self.connection, held.session_id)

    @property
    def _session_lifetime(self) -> timedelta:
        return timedelta(days=self.settings.refresh_token_expire_days)

    async def _tokens(self, user_id: UUID, session_id: UUID) -> Tokens:
        refresh_token = new_opaque_token()
        await repository.add_refresh_token(self.connection, digest(refresh_token), session_id)
        return Tokens(
            access_token=self.access_tokens.issue(user_id, session_id),
            refresh_token=refresh_token,
            expires_in=int(self.access_tokens.lifetime.total_seconds()),
        )
