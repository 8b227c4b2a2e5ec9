"""Schedules and the occurrences about which there is something to keep."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import (
    BookId,
    CivilDate,
    Document,
    Exact,
    GivenId,
    Instant,
    NowByDefault,
    PlainId,
    Revision,
    Whole,
    Words,
)
from app.core.database import Base


class Schedule(Base):
    """A transaction that comes again. `template` is the ledger's input without date and, but for a journal, amount.

    Amounts are magnitudes in the currency of `account_id`; the template's type gives the direction. `account_ids` are
    all accounts that it names. `next_on` is the day on which the scheduler has something to do, NULL where it has not.
    """

    __tablename__ = "schedules"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    kind: Mapped[Words]
    template: Mapped[Document]
    account_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    account_id: Mapped[PlainId]
    to_account_id: Mapped[PlainId | None]
    category_id: Mapped[PlainId | None]
    payee: Mapped[Words | None]
    rrule: Mapped[Words]
    starts_on: Mapped[CivilDate]
    month_end: Mapped[Words]
    weekend: Mapped[Words]
    amount_kind: Mapped[Words]
    amount: Mapped[Exact | None]
    amount_min: Mapped[Exact | None]
    amount_max: Mapped[Exact | None]
    average_of: Mapped[Whole | None]
    mode: Mapped[Words]
    lead_days: Mapped[Whole] = mapped_column(server_default=text("0"))
    tolerance: Mapped[Exact | None]
    """In percent of the amount, for bills."""
    window_days: Mapped[Whole | None]
    remind_days: Mapped[Whole | None]
    active_from: Mapped[CivilDate]
    """Occurrences due before it, about which nothing is kept, are passed over."""
    ends_before: Mapped[CivilDate | None]
    """Set when all following ones were changed: another schedule has the occurrences from this day on."""
    follows_id: Mapped[PlainId | None]
    created_by: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("users.id", ondelete="SET NULL"))
    next_on: Mapped[CivilDate | None]
    paused_at: Mapped[Instant | None]
    archived_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_schedules_account"
        ),
        ForeignKeyConstraint(
            ["book_id", "to_account_id"], ["accounts.book_id", "accounts.id"], name="fk_schedules_to_account"
        ),
        ForeignKeyConstraint(
            ["book_id", "category_id"], ["categories.book_id", "categories.id"], name="fk_schedules_category"
        ),
        ForeignKeyConstraint(
            ["book_id", "follows_id"],
            ["schedules.book_id", "schedules.id"],
            name="fk_schedules_follows",
            ondelete="SET NULL (follows_id)",
        ),
        CheckConstraint("kind IN ('transaction', 'bill')", name="kind"),
        CheckConstraint("month_end IN ('clamp', 'skip')", name="month_end"),
        CheckConstraint("weekend IN ('keep', 'before', 'after')", name="weekend"),
        CheckConstraint("amount_kind IN ('fixed', 'range', 'average')", name="amount_kind"),
        CheckConstraint("mode IN ('post', 'confirm')", name="mode"),
        Index("ix_schedules_account", "book_id", "account_id"),
        Index(
            "ix_schedules_to_account", "book_id", "to_account_id", postgresql_where=text("to_account_id IS NOT NULL")
        ),
        Index("ix_schedules_category", "book_id", "category_id", postgresql_where=text("category_id IS NOT NULL")),
        Index("ix_schedules_follows", "book_id", "follows_id", postgresql_where=text("follows_id IS NOT NULL")),
        Index("ix_schedules_next", "next_on", postgresql_where=text("next_on IS NOT NULL")),
        Index("ix_schedules_created_by", "created_by", postgresql_where=text("created_by IS NOT NULL")),
    )


class ScheduleOccurrence(Base):
    """One occurrence, known by the day on which it is due by the rule; `date` is that day after moving.

    A transaction that is gone leaves its id here: the occurrence reads as skipped, and as posted again when the
    deletion is undone.
    """

    __tablename__ = "schedule_occurrences"

    book_id: Mapped[BookId]
    schedule_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, server_default=text("uuidv7()"))
    date: Mapped[CivilDate]
    status: Mapped[Words]
    amount: Mapped[Decimal | None]
    """For this occurrence alone, as a magnitude; NULL where the schedule's holds."""
    transaction_id: Mapped[PlainId | None]
    reason: Mapped[Words | None]
    reason_code: Mapped[Words | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "id", name="uq_schedule_occurrences_id"),
        ForeignKeyConstraint(
            ["book_id", "schedule_id"],
            ["schedules.book_id", "schedules.id"],
            name="fk_schedule_occurrences_schedule",
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "status IN ('planned', 'due', 'posted', 'skipped', 'matched', 'failed')",
            name="status",
        ),
        CheckConstraint("(status IN ('posted', 'matched')) = (transaction_id IS NOT NULL)", name="transaction"),
        Index(
            "uq_schedule_occurrences_transaction",
            "book_id",
            "transaction_id",
            unique=True,
            postgresql_where=text("transaction_id IS NOT NULL"),
        ),
        Index(
            "ix_schedule_occurrences_open",
            "book_id",
            "date",
            postgresql_where=text("status IN ('planned', 'due', 'failed')"),
        ),
    )
