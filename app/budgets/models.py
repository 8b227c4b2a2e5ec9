"""What is to be spent, on what, and what was set aside for it."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, Instant, NowByDefault, PlainId, Revision, Whole, Words
from app.core.database import Base


def _of_budget(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["book_id", "budget_id"], ["budgets.book_id", "budgets.id"], name=f"fk_{table}_budget", ondelete="CASCADE"
    )


class BudgetGroup(Base):
    """Budgets that are looked at together."""

    __tablename__ = "budget_groups"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    sort: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]


class Budget(Base):
    """What counts and in which periods; `every` and `unit` say how long one is, whatever the period is called.

    No categories are all spending, no accounts those that every member sees. `thresholds` are in percent, NULL for the
    usual ones.
    """

    __tablename__ = "budgets"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    kind: Mapped[Words]
    group_id: Mapped[PlainId | None]
    period: Mapped[Words]
    every: Mapped[Whole]
    unit: Mapped[Words]
    start_date: Mapped[CivilDate]
    end_date: Mapped[CivilDate | None]
    rollover: Mapped[Words]
    rollover_since: Mapped[CivilDate]
    category_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    account_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    tag_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    thresholds: Mapped[list[Decimal] | None] = mapped_column(ARRAY(Numeric))
    notes: Mapped[Words | None]
    sort: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    archived_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "group_id"], ["budget_groups.book_id", "budget_groups.id"], name="fk_budgets_group"
        ),
        Index("ix_budgets_group", "book_id", "group_id", postgresql_where=text("group_id IS NOT NULL")),
    )


class BudgetReference(Base):
    """A category, an account or a tag that a budget names. Written by a trigger of `budgets` alone."""

    __tablename__ = "budget_references"

    book_id: Mapped[UUID] = mapped_column(Uuid)
    budget_id: Mapped[UUID] = mapped_column(Uuid)
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    account_id: Mapped[UUID | None] = mapped_column(Uuid)
    tag_id: Mapped[UUID | None] = mapped_column(Uuid)

    __mapper_args__ = {"primary_key": [book_id, budget_id, category_id, account_id, tag_id]}  # noqa: RUF012  # declarative
    __table_args__ = (
        UniqueConstraint(
            "book_id",
            "budget_id",
            "category_id",
            "account_id",
            "tag_id",
            name="uq_budget_references_key",
            postgresql_nulls_not_distinct=True,
        ),
        _of_budget("budget_references"),
        ForeignKeyConstraint(
            ["book_id", "category_id"], ["categories.book_id", "categories.id"], name="fk_budget_references_category"
        ),
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_budget_references_account"
        ),
        ForeignKeyConstraint(["book_id", "tag_id"], ["tags.book_id", "tags.id"], name="fk_budget_references_tag"),
        Index("ix_budget_references_category", "book_id", "category_id"),
        Index("ix_budget_references_account", "book_id", "account_id"),
        Index("ix_budget_references_tag", "book_id", "tag_id"),
    )


class BudgetAmount(Base):
    """What a period may cost, from the one on that begins on `from_date`; never negative, in the base currency."""

    __tablename__ = "budget_amounts"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    budget_id: Mapped[PlainId]
    from_date: Mapped[CivilDate]
    amount: Mapped[Exact]

    __table_args__ = (
        UniqueConstraint("book_id", "budget_id", "from_date", name="uq_budget_amounts_from"),
        _of_budget("budget_amounts"),
    )


class BudgetAssignment(Base):
    """Money put into an envelope, negative where it was taken out; both sides of a move share `move_id`."""

    __tablename__ = "budget_assignments"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    budget_id: Mapped[PlainId]
    date: Mapped[CivilDate]
    amount: Mapped[Exact]
    move_id: Mapped[PlainId | None]
    created_at: Mapped[NowByDefault]

    __table_args__ = (
        _of_budget("budget_assignments"),
        Index("ix_budget_assignments_budget", "book_id", "budget_id", "date", "id"),
    )


class BudgetAlert(Base):
    """A threshold that is reached in a period: what was told already. It follows from the rest and is in no log."""

    __tablename__ = "budget_alerts"

    book_id: Mapped[BookId]
    budget_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    threshold: Mapped[Decimal] = mapped_column(Numeric, primary_key=True)

    __table_args__ = (_of_budget("budget_alerts"),)


class BudgetCarry(Base):
    """What a budget carries into a period, for those whose thresholds are watched. It follows from the rest.

    Triggers forget it where anything but transactions changes what it follows from.
    """

    __tablename__ = "budget_carries"

    book_id: Mapped[BookId]
    budget_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    period_start: Mapped[CivilDate]
    carried: Mapped[Exact]

    __table_args__ = (_of_budget("budget_carries"),)
