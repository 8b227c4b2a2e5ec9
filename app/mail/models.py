"""Mail on its way out."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.core.columns import GivenId, Instant, NowByDefault, Whole, Words
from app.core.database import Base


class Mail(Base):
    """A mail that is to be sent; it is deleted when it was handed over, for what is in it may open a door."""

    __tablename__ = "mails"

    id: Mapped[GivenId]
    recipient: Mapped[Words]
    subject: Mapped[Words]
    body: Mapped[Words]
    created_at: Mapped[NowByDefault]
    attempts: Mapped[Whole]
    not_before: Mapped[NowByDefault]
    failed_at: Mapped[Instant | None]
    last_error: Mapped[Words | None]

    __table_args__ = (Index("ix_mails_not_before", "not_before"),)
