"""Second factors: authenticator apps, recovery codes, passkeys, and how often somebody guessed wrong."""

from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, ForeignKey, Index, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import Bytes, GivenId, Instant, NowByDefault, Whole, Words
from app.core.database import Base


def _of_user(*, primary_key: bool = False) -> Mapped[UUID]:
    return mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=primary_key)


class TotpSecret(Base):
    """What an authenticator app and the server share, sealed; it counts for nothing until `active_since`.

    `last_step` is the last 30-second step whose code was used: no code of it or before opens anything again.
    """

    __tablename__ = "totp_secrets"

    user_id: Mapped[UUID] = _of_user(primary_key=True)
    sealed: Mapped[Bytes]
    started_at: Mapped[NowByDefault]
    active_since: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code for when the app is lost, by its digest; using it deletes it."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = _of_user(primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[NowByDefault]


class Passkey(Base):
    """A WebAuthn credential: the public key (COSE) of a private one that never leaves its authenticator."""

    __tablename__ = "passkeys"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = _of_user()
    name: Mapped[Words]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[Bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    backed_up: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[NowByDefault]
    last_used_at: Mapped[Instant | None]

    __table_args__ = (Index("ix_passkeys_user_id", "user_id"),)


class WrongGuesses(Base):
    """How often in a row somebody got something wrong, and until when nothing more is tried."""

    __tablename__ = "wrong_guesses"

    user_id: Mapped[UUID] = _of_user(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    wrong: Mapped[Whole]
    last_at: Mapped[NowByDefault]
    paused_until: Mapped[Instant | None]
