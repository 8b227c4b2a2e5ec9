"""Totals by payee in other currencies than the book's, kept once they are computed."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, ForeignKeyConstraint, Index, Text, Uuid
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from app.core.columns import CivilDate, Exact
from app.core.database import Base
from app.transactions.name_totals import key_of, references_of


def _of_currency(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["book_id", "currency"],
        ["converted_currencies.book_id", "converted_currencies.currency"],
        name=f"fk_{table}_currency",
        ondelete="CASCADE",
    )


class ConvertedCurrency(Base):
    """A currency that reports by payee were asked for in, and when last; and the days of which all is to be kept."""

    __tablename__ = "converted_currencies"

    book_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("books.id", name="fk_converted_currencies_book", ondelete="CASCADE"), primary_key=True
    )
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    asked_on: Mapped[CivilDate]
    first_day: Mapped[CivilDate | None]
    last_day: Mapped[CivilDate | None]


class ConvertedSpan(Base):
    """A third of a month or a month of which the totals are what its postings and rates say now.

    Whatever changes one of these deletes the row in its own transaction; the totals may stay until they are replaced.
    """

    __tablename__ = "converted_spans"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    currency: Mapped[str] = mapped_column(Text, primary_key=True)
    span: Mapped[str] = mapped_column(Text, primary_key=True)
    first_day: Mapped[CivilDate] = mapped_column(primary_key=True)

    __table_args__ = (_of_currency(__tablename__),)


class ConvertedPayeeTotal(Base):
    """What went to or came from one payee on one account, each posting converted by the rate of its day and rounded.

    The `unconverted_` pair is what has no rate, in the account's currency.
    """

    __tablename__ = "converted_payee_totals"

    book_id: Mapped[UUID] = mapped_column(Uuid)
    currency: Mapped[str] = mapped_column(Text)
    span: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    payee_id: Mapped[UUID | None] = mapped_column(Uuid)
    account_id: Mapped[UUID] = mapped_column(Uuid)
    side: Mapped[str] = mapped_column(Text)
    inflow: Mapped[Exact]
    outflow: Mapped[Exact]
    unconverted_inflow: Mapped[Exact]
    unconverted_outflow: Mapped[Exact]
    count: Mapped[int] = mapped_column(BigInteger)
    counted: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        key_of(__tablename__, "currency", "span", "first_day", "payee_id", "account_id", "side"),
        *references_of(__tablename__, "payee", "account"),
        _of_currency(__tablename__),
        Index("ix_converted_payee_totals_payee", "book_id", "payee_id"),
        Index("ix_converted_payee_totals_account", "book_id", "account_id"),
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  # a class is what it gets
        own = [cls.book_id, cls.currency, cls.span, cls.first_day, cls.payee_id, cls.account_id, cls.side]
        return {"primary_key": own}
