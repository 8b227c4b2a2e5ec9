"""The table of saved reports."""

from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Exact, GivenId, NowByDefault, Revision, Whole, Words
from app.core.database import Base


class SavedReport(Base):
    """What a report sums up and by what; empty arrays narrow nothing, and `most` is how many rows it shows."""

    __tablename__ = "saved_reports"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    measures: Mapped[list[str]] = mapped_column(ARRAY(Text))
    dimensions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    account_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    category_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    tag_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    payee_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    period: Mapped[Words]
    min_amount: Mapped[Exact | None]
    max_amount: Mapped[Exact | None]
    currency: Mapped[str | None] = mapped_column(Text, ForeignKey("currencies.code"))
    sort: Mapped[Words | None]
    most: Mapped[Whole]
    notes: Mapped[Words | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]
