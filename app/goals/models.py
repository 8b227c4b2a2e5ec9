"""The tables of goals and of the terms of loans."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, NowByDefault, PlainId, Revision, Whole, Words
from app.core.database import Base


class Goal(Base):
    """An amount to save up, or to bring a debt down to. `reached_at` is kept by the server and is in no image."""

    __tablename__ = "goals"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    kind: Mapped[Words]
    currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    target_amount: Mapped[Exact]
    target_date: Mapped[date | None] = mapped_column(Date)
    start_amount: Mapped[Exact]
    start_date: Mapped[CivilDate]
    notes: Mapped[Words | None]
    archived_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    reached_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]


class GoalSource(Base):
    """Where a goal's money lies, and how much of it is the goal's: all, a share in percent, or a fixed earmark."""

    __tablename__ = "goal_sources"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    goal_id: Mapped[PlainId]
    line: Mapped[Whole]
    account_id: Mapped[PlainId | None]
    budget_id: Mapped[PlainId | None]
    share: Mapped[Exact | None]
    earmark: Mapped[Exact | None]

    __table_args__ = (
        ForeignKeyConstraint(["book_id", "goal_id"], ["goals.book_id", "goals.id"], name="fk_goal_sources_goal"),
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_goal_sources_account"
        ),
        ForeignKeyConstraint(
            ["book_id", "budget_id"], ["budgets.book_id", "budgets.id"], name="fk_goal_sources_budget"
        ),
        UniqueConstraint("book_id", "goal_id", "account_id", name="uq_goal_sources_account"),
        UniqueConstraint("book_id", "goal_id", "budget_id", name="uq_goal_sources_budget"),
        Index("ix_goal_sources_budget", "book_id", "budget_id"),
        Index("ix_goal_sources_account", "book_id", "account_id"),
    )


class Loan(Base):
    """What was agreed about the debt on an account; amounts are in the account's currency, rates percent a year."""

    __tablename__ = "loans"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    account_id: Mapped[PlainId]
    principal: Mapped[Exact | None]
    annual_rate: Mapped[Exact]
    periods_per_year: Mapped[Whole]
    payment: Mapped[Exact | None]
    term: Mapped[int | None] = mapped_column(Integer)
    first_payment_date: Mapped[CivilDate]
    start_date: Mapped[date | None] = mapped_column(Date)
    day_count: Mapped[Words]
    compounding_per_year: Mapped[int | None] = mapped_column(Integer)
    rounding: Mapped[Words]
    fee: Mapped[Exact]
    interest_only: Mapped[Whole]
    balloon: Mapped[Exact]
    rate_changes: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    extra_payments: Mapped[list[dict[str, str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    notes: Mapped[Words | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_loans_account"),
        UniqueConstraint("book_id", "account_id", name="uq_loans_account"),
    )
