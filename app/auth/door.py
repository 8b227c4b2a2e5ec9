"""What letting people in takes, handed from one step to the next, and the sessions that it ends in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.repository import act_as
from app.auth import repository
from app.auth.schemas import Tokens
from app.core.clock import now
from app.core.config import Settings
from app.core.ids import new_id
from app.core.security import PasswordHasher, digest, new_opaque_token
from app.core.tokens import AccessTokens
from app.core.vault import Vault

MAX_USER_AGENT = 300

Method = Literal["password", "passkey", "oidc"]


@dataclass(frozen=True)
class Device:
    """Where a session was opened, as far as the client says."""

    user_agent: str | None
    address: str | None


@dataclass(frozen=True)
class Door:
    """The request's transaction with what it takes to let somebody in."""

    connection: AsyncConnection
    settings: Settings
    passwords: PasswordHasher
    access_tokens: AccessTokens
    vault: Vault

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.settings.refresh_token_expire_days)

    async def open_session(self, user_id: UUID, device: Device, method: Method) -> Tokens:
        """A new session of somebody who has proved who they are; the transaction acts as them from then on."""
        await act_as(self.connection, user_id)
        session_id = new_id()
        await repository.add_session(
            self.connection,
            session_id=session_id,
            user_id=user_id,
            expires_at=now() + self.session_lifetime,
            user_agent=device.user_agent[:MAX_USER_AGENT] if device.user_agent else None,
            address=device.address,
            method=method,
        )
        return await self.hand_out(user_id, session_id)

    async def hand_out(self, user_id: UUID, session_id: UUID, *, parent_hash: bytes | None = None) -> Tokens:
        """The next pair of tokens of a session; `parent_hash` is of the refresh token that was spent for it."""
        refresh_token = new_opaque_token()
        await repository.add_refresh_token(self.connection, digest(refresh_token), session_id, parent_hash)
        return Tokens(
            access_token=self.access_tokens.issue(user_id, session_id),
            refresh_token=refresh_token,
            expires_in=int(self.access_tokens.lifetime.total_seconds()),
        )
