"""The ledger's tables: transactions, their postings, and the totals kept from them."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, NowByDefault, PlainId, Revision, Words
from app.core.database import Base


class Transaction(Base):
    """The header. `amount` is the magnitude that lists sort by; what moved is in the postings.

    `account_id` is the account whose statement shows it (a transfer's source), the scope of `external_id`.
    """

    __tablename__ = "transactions"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    type: Mapped[Words]
    date: Mapped[CivilDate]
    account_id: Mapped[PlainId]
    amount: Mapped[Exact]
    amount_key: Mapped[int] = mapped_column(
        BigInteger, Computed("least(round(amount * 10000), 9000000000000000000)::bigint", persisted=True)
    )
    payee_id: Mapped[PlainId | None]
    description: Mapped[Words | None]
    notes: Mapped[Words | None]
    status: Mapped[str] = mapped_column(Text, server_default=text("'cleared'"))
    external_id: Mapped[Words | None]
    original_amount: Mapped[Exact | None]
    original_currency: Mapped[str | None] = mapped_column(Text, ForeignKey("currencies.code"))
    import_id: Mapped[PlainId | None]
    refund_of_id: Mapped[PlainId | None]
    reconciliation_id: Mapped[PlainId | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed("search_vector(book_id, coalesce(description || ' ' || notes, description, notes))", persisted=True),
    )

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_transactions_account"
        ),
        ForeignKeyConstraint(["book_id", "payee_id"], ["payees.book_id", "payees.id"], name="fk_transactions_payee"),
        ForeignKeyConstraint(
            ["book_id", "import_id"],
            ["imports.book_id", "imports.id"],
            name="fk_transactions_import",
            ondelete="SET NULL (import_id)",
        ),
        ForeignKeyConstraint(
            ["book_id", "refund_of_id"], ["transactions.book_id", "transactions.id"], name="fk_transactions_refund"
        ),
        ForeignKeyConstraint(
            ["book_id", "reconciliation_id"],
            ["reconciliations.book_id", "reconciliations.id"],
            name="fk_transactions_reconciliation",
        ),
        Index("ix_transactions_refund", "book_id", "refund_of_id", postgresql_where=text("refund_of_id IS NOT NULL")),
        Index(
            "ix_transactions_reconciliation",
            "book_id",
            "reconciliation_id",
            postgresql_where=text("reconciliation_id IS NOT NULL"),
        ),
        Index("ix_transactions_pending", "book_id", "date", postgresql_where=text("status = 'pending'")),
        Index("ix_transactions_date", "book_id", "date", "id"),
        Index("ix_transactions_amount", "book_id", "amount_key", "id"),
        Index("ix_transactions_account", "book_id", "account_id"),
        Index("ix_transactions_opening", "book_id", "account_id", postgresql_where=text("type = 'opening_balance'")),
        Index("ix_transactions_revision", "book_id", "revision", "id"),
        Index(
            "ix_transactions_payee",
            "book_id",
            "payee_id",
            "date",
            "id",
            postgresql_where=text("payee_id IS NOT NULL"),
        ),
        Index(
            "ix_transactions_search",
            "search",
            text("search_month(date)"),
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index("ix_transactions_import", "book_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        Index(
            "uq_transactions_external_id",
            "book_id",
            "account_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class Posting(Base):
    """A signed movement on one account (positive is money in), and what for. Written by the posting engine alone."""

    __tablename__ = "postings"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    account_id: Mapped[PlainId]
    category_id: Mapped[PlainId | None]
    role: Mapped[Words]
    amount: Mapped[Exact]
    base_amount: Mapped[Exact | None]
    memo: Mapped[Words | None]
    date: Mapped[CivilDate]

    __table_args__ = (
        ForeignKeyConstraint(
            ["book_id", "transaction_id"],
            ["transactions.book_id", "transactions.id"],
            name="fk_postings_transaction",
        ),
        ForeignKeyConstraint(
            ["book_id", "account_id"], ["accounts.book_id", "accounts.id"], name="fk_postings_account"
        ),
        ForeignKeyConstraint(
            ["book_id", "category_id"], ["categories.book_id", "categories.id"], name="fk_postings_category"
        ),
        Index("ix_postings_account", "book_id", "account_id", "date", "transaction_id"),
        Index("ix_postings_category", "book_id", "category_id", "date", "transaction_id"),
        Index(
            "ix_postings_moved",
            "book_id",
            "account_id",
            "date",
            postgresql_include=["amount"],
            postgresql_where=text("role <> 'flow'"),
        ),
        Index(
            "ix_postings_largest",
            "book_id",
            "date",
            "base_amount",
            "transaction_id",
            postgresql_include=["account_id", "category_id"],
            postgresql_where=text("role = 'flow' AND base_amount IS NOT NULL"),
        ),
        Index(
            "ix_postings_parts",
            "book_id",
            "date",
            "transaction_id",
            postgresql_where=text("role = 'flow' AND line > 0"),
        ),
    )


class MonthlyTotal(Base):
    """What one account moved in one month for one category and role. Written by the posting engine alone.

    `inflow` and `outflow` are positive and in the account's currency; the `base_` pair is their part with a known
    rate, in the book's base currency; the `unconverted_` pair is the part without one, in the account's currency.
    """

    __tablename__ = "monthly_totals"

    book_id: Mapped[UUID] = mapped_column(Uuid)
    month: Mapped[date] = mapped_column(Date)
    account_id: Mapped[UUID] = mapped_column(Uuid)
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    role: Mapped[str] = mapped_column(Text)
    inflow: Mapped[Exact]
    outflow: Mapped[Exact]
    base_inflow: Mapped[Decimal] = mapped_column(Numeric)
    base_outflow: Mapped[Decimal] = mapped_column(Numeric)
    unconverted_inflow: Mapped[Decimal] = mapped_column(Numeric)
    unconverted_outflow: Mapped[Decimal] = mapped_column(Numeric)
    count: Mapped[int] = mapped_column(BigInteger)

    __mapper_args__ = {"primary_key": [book_id, month, account_id, category_id, role]}  # noqa: RUF012  # declarative
    __table_args__ = (
        UniqueConstraint(
            "book_id",
            "month",
            "account_id",
            "category_id",
            "role",
            name="uq_monthly_totals_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["book_id", "account_id"],
            ["accounts.book_id", "accounts.id"],
            name="fk_monthly_totals_account",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["book_id", "category_id"],
            ["categories.book_id", "categories.id"],
            name="fk_monthly_totals_category",
            ondelete="CASCADE",
        ),
        Index("ix_monthly_totals_account", "book_id", "account_id", "month"),
        Index("ix_monthly_totals_category", "book_id", "category_id", "month"),
    )


class DailyTotal(Base):
    """What one account moved on one day for one category as income or spending. Written by the posting engine alone.

    The amounts are as in `MonthlyTotal`; transfers and equity have no rows here. For periods that are not whole months.
    """

    __tablename__ = "daily_totals"

    book_id: Mapped[UUID] = mapped_column(Uuid)
    day: Mapped[date] = mapped_column(Date)
    account_id: Mapped[UUID] = mapped_column(Uuid)
    category_id: Mapped[UUID | None] = mapped_column(Uuid)
    inflow: Mapped[Exact]
    outflow: Mapped[Exact]
    base_inflow: Mapped[Exact]
    base_outflow: Mapped[Exact]
    unconverted_inflow: Mapped[Exact]
    unconverted_outflow: Mapped[Exact]
    count: Mapped[int] = mapped_column(BigInteger)

    __mapper_args__ = {"primary_key": [book_id, category_id, day, account_id]}  # noqa: RUF012  # declarative
    __table_args__ = (
        UniqueConstraint(
            "book_id",
            "category_id",
            "day",
            "account_id",
            name="uq_daily_totals_key",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["book_id", "account_id"],
            ["accounts.book_id", "accounts.id"],
            name="fk_daily_totals_account",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["book_id", "category_id"],
            ["categories.book_id", "categories.id"],
            name="fk_daily_totals_category",
            ondelete="CASCADE",
        ),
        Index("ix_daily_totals_account", "book_id", "account_id", "day"),
    )


class MergedTransaction(Base):
    """A row of a statement that became the other side of a transfer: the bank may send it again.

    `amount` is signed. It counts only while the transaction it was merged into exists.
    """

    __tablename__ = "merged_transactions"

    book_id: Mapped[BookId]
    id: Mapped[GivenId] = mapped_column(server_default=None)
    into_id: Mapped[PlainId]
    account_id: Mapped[PlainId]
    external_id: Mapped[Words | None]
    import_id: Mapped[PlainId | None]
    date: Mapped[CivilDate]
    amount: Mapped[Exact]

    __table_args__ = (
        Index("ix_merged_transactions_into", "book_id", "into_id"),
        Index(
            "ix_merged_transactions_external_id",
            "book_id",
            "account_id",
            "external_id",
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("ix_merged_transactions_date", "book_id", "account_id", "date"),
    )


class TransferRejection(Base):
    """Two transactions that somebody said are no transfer."""

    __tablename__ = "transfer_rejections"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    outgoing_id: Mapped[PlainId]
    incoming_id: Mapped[PlainId]

    __table_args__ = (UniqueConstraint("book_id", "outgoing_id", "incoming_id", name="uq_transfer_rejections_pair"),)
