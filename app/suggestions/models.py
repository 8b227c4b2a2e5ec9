"""Whether what is learned is used unasked."""

from decimal import Decimal

from sqlalchemy import Boolean, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, GivenId, NowByDefault, Revision
from app.core.database import Base


class SuggestionSettings(Base):
    """A book's choice; without a row nothing is applied unasked."""

    __tablename__ = "suggestion_settings"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    auto_categorise: Mapped[bool] = mapped_column(Boolean)
    minimum_confidence: Mapped[Decimal] = mapped_column(Numeric)
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (UniqueConstraint("book_id", name="uq_suggestion_settings_book"),)
