"""Where money is: bank accounts, cash, cards, loans, property."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, Numeric, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, Instant, NowByDefault, PlainId, Revision, Whole, Words
from app.core.database import Base


class Account(Base):
    """An account; `balance` is in its currency and written by the posting engine alone."""

    __tablename__ = "accounts"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    type: Mapped[Words]
    currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    institution: Mapped[Words | None]
    notes: Mapped[Words | None]
    balance: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    sort: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    archived_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]


class Reconciliation(Base):
    """An account agreed with its statement at the end of a day; it sealed the transactions that name it."""

    __tablename__ = "reconciliations"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    account_id: Mapped[PlainId]
    statement_date: Mapped[CivilDate]
    statement_balance: Mapped[Exact]
    sealed_count: Mapped[Whole]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_reconciliations_account"
        ),
        Index("ix_reconciliations_account", "book_id", "account_id", "statement_date"),
        Index("ix_reconciliations_revision", "book_id", "revision", "id"),
    )
