"""What people said that it does not pay a bill."""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from app.core.columns import BookId, CivilDate, GivenId, PlainId
from app.core.database import Base


class BillRejection(Base):
    """An occurrence of a bill and a transaction that are not put together again by themselves."""

    __tablename__ = "bill_rejections"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    schedule_id: Mapped[PlainId]
    due_on: Mapped[CivilDate]
    transaction_id: Mapped[PlainId]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "schedule_id"],
            ["schedules.book_id", "schedules.id"],
            name="fk_bill_rejections_schedule",
            ondelete="CASCADE",
        ),
        Index("ix_bill_rejections_pair", "book_id", "schedule_id", "due_on", "transaction_id"),
    )
