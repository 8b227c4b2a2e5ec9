"""Totals by payee and by tag, written by the statements that write postings or change their payees and tags."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.core.columns import Exact
from app.core.database import Base

TABLES = {"account": "accounts", "category": "categories", "payee": "payees", "tag": "tags"}


def key_of(table: str, *columns: str) -> UniqueConstraint:
    """What a row of totals is found by, in its book; of columns that are NULL there is one row, too."""
    return UniqueConstraint("book_id", *columns, name=f"uq_{table}_key", postgresql_nulls_not_distinct=True)


def references_of(table: str, *names: str) -> tuple[ForeignKeyConstraint, ...]:
    """Foreign keys to what a row of totals is of, with which it goes."""
    return tuple(
        ForeignKeyConstraint(
            ["book_id", f"{name}_id"],
            [f"{TABLES[name]}.book_id", f"{TABLES[name]}.id"],
            name=f"fk_{table}_{name}",
            ondelete="CASCADE",
        )
        for name in names
    )


class _Sums:
    """Income and spending on one account, on one side: that of the category or, without one, of the direction.

    The `base_` pair is the part with a known rate in the book's base currency, the `unconverted_` pair the part without
    one in the account's; both are positive. `counted` postings have a known value that is not 0.
    """

    book_id: Mapped[UUID] = mapped_column(Uuid)
    account_id: Mapped[UUID] = mapped_column(Uuid)
    side: Mapped[str] = mapped_column(Text)
    base_inflow: Mapped[Exact]
    base_outflow: Mapped[Exact]
    unconverted_inflow: Mapped[Exact]
    unconverted_outflow: Mapped[Exact]
    count: Mapped[int] = mapped_column(BigInteger)
    counted: Mapped[int] = mapped_column(BigInteger)


class PayeeTotal(_Sums, Base):
    """What went to or came from one payee in a third of a month, a month or a year; NULL is no payee."""

    __tablename__ = "payee_totals"

    span: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    payee_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        key_of(__tablename__, "span", "first_day", "payee_id", "account_id", "side"),
        *references_of(__tablename__, "payee", "account"),
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # a class is what it gets
        return {"primary_key": [cls.book_id, cls.span, cls.first_day, cls.payee_id, cls.account_id, cls.side]}


class PayeeCategoryTotal(_Sums, Base):
    """The same by category, of a month or a year."""

    __tablename__ = "payee_category_totals"

    span: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    payee_id: Mapped[UUID | None] = mapped_column(Uuid)

    __table_args__ = (
        key_of(__tablename__, "span", "first_day", "category_id", "payee_id", "account_id", "side"),
        *references_of(__tablename__, "payee", "account", "category"),
        Index("ix_payee_category_totals_payee", "book_id", "payee_id", "span", "first_day"),
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        key = [cls.book_id, cls.span, cls.first_day, cls.category_id, cls.payee_id, cls.account_id, cls.side]
        return {"primary_key": key}


class TagTotal(_Sums, Base):
    """What had one tag on a day or in a month, by category; NULL is what had none.

    Two tags of a transaction both have it. `inflow` and `outflow` are in the account's currency.
    """

    __tablename__ = "tag_totals"

    span: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    tag_id: Mapped[UUID | None] = mapped_column(Uuid)
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    inflow: Mapped[Exact]
    outflow: Mapped[Exact]

    __table_args__ = (
        key_of(__tablename__, "span", "first_day", "tag_id", "category_id", "account_id", "side"),
        *references_of(__tablename__, "tag", "account", "category"),
        Index("ix_tag_totals_account", "book_id", "account_id"),
        Index("ix_tag_totals_category", "book_id", "category_id"),
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        key = [cls.book_id, cls.span, cls.first_day, cls.tag_id, cls.category_id, cls.account_id, cls.side]
        return {"primary_key": key}
