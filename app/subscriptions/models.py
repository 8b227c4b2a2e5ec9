"""What people said that it is no subscription."""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from app.core.columns import BookId, Exact, GivenId, NowByDefault, PlainId, Whole, Words
from app.core.database import Base


class SubscriptionDismissal(Base):
    """A series that is not suggested again, whatever it costs later: it is known by one of its transactions.

    `transaction_id` was the last one then. It has no foreign key: where it is gone, the series is known by the rest.
    """

    __tablename__ = "subscription_dismissals"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    account_id: Mapped[PlainId]
    direction: Mapped[Words]
    name: Mapped[Words]
    unit: Mapped[Words]
    every: Mapped[Whole]
    amount: Mapped[Exact]
    transaction_id: Mapped[PlainId]
    created_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "account_id"],
            ["accounts.book_id", "accounts.id"],
            name="fk_subscription_dismissals_account",
            ondelete="CASCADE",
        ),
        Index("ix_subscription_dismissals_account", "book_id", "account_id"),
    )
