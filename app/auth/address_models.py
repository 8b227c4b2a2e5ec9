"""What comes in by address before it is known whose it is: requests for a mail, and invitations to register."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import GivenId, Instant, NowByDefault, Words
from app.core.database import Base


class AddressRequest(Base):
    """That somebody wants a mail for an address, known or not; who looks it up later deletes it."""

    __tablename__ = "address_requests"

    id: Mapped[GivenId]
    purpose: Mapped[Words]
    email: Mapped[Words]
    created_at: Mapped[NowByDefault]


class Invitation(Base):
    """An invitation to register by the digest of its token; one with an address is for that address alone."""

    __tablename__ = "invitations"

    id: Mapped[GivenId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    email: Mapped[Words | None]
    invited_by: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[NowByDefault]
    expires_at: Mapped[Instant]

    __table_args__ = (Index("ix_invitations_invited_by", "invited_by"),)
