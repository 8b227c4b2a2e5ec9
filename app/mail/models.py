"""Mail on its way out."""

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import Document, GivenId, Instant, NowByDefault, Whole, Words
from app.core.database import Base


class Mail(Base):
    """A mail that is to be sent; it is deleted when it was handed over, for what is in it may open a door.

    `pictures` are those that `html` shows, each as `Picture.document` has it.
    """

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
    html: Mapped[Words | None]
    headers: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    pictures: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))

    __table_args__ = (Index("ix_mails_not_before", "not_before"),)
