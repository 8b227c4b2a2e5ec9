"""Trades, and what follows from them: positions, lots and disposals."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, NowByDefault, PlainId, Revision, Whole, Words
from app.core.database import Base


def _to(table: str, column: str, target: str, *, cascade: bool = False) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["book_id", column],
        [f"{target}.book_id", f"{target}.id"],
        name=f"fk_{table}_{column.removesuffix('_id')}",
        ondelete="CASCADE" if cascade else None,
    )


def _of_position(table: str) -> ForeignKeyConstraint:
    keys = ("book_id", "account_id", "asset_id")
    return ForeignKeyConstraint(
        list(keys), [f"positions.{key}" for key in keys], name=f"fk_{table}_position", ondelete="CASCADE"
    )


class Trade(Base):
    """Something that happened to what is held on an account.

    `quantity` has no sign; `price` is of one unit, in `currency`, and `rate` how much of the account's currency one
    unit of that is; of a transfer, how much of the receiving account's one unit of the giving one's. `amount` (before
    fees and taxes), `fees`, `taxes` and `cost` are in the account's currency. `category_id` is that of the income, or
    of a fee; taxes and fees taken from income have their own. `ratio` is new units for one old one. `lots` names what
    a sale by specific identification takes.
    """

    __tablename__ = "trades"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    account_id: Mapped[PlainId]
    asset_id: Mapped[PlainId]
    kind: Mapped[Words]
    date: Mapped[CivilDate]
    quantity: Mapped[Exact | None]
    price: Mapped[Exact | None]
    currency: Mapped[str | None] = mapped_column(Text, ForeignKey("currencies.code"))
    rate: Mapped[Exact | None]
    amount: Mapped[Exact | None]
    fees: Mapped[Exact] = mapped_column(server_default=text("0"))
    taxes: Mapped[Exact] = mapped_column(server_default=text("0"))
    cost: Mapped[Exact | None]
    acquired_on: Mapped[CivilDate | None]
    to_account_id: Mapped[PlainId | None]
    to_asset_id: Mapped[PlainId | None]
    ratio: Mapped[Exact | None]
    cost_percent: Mapped[Exact | None]
    lots: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    category_id: Mapped[PlainId | None]
    tax_category_id: Mapped[PlainId | None]
    fee_category_id: Mapped[PlainId | None]
    notes: Mapped[Words | None]
    external_id: Mapped[Words | None]
    import_id: Mapped[PlainId | None]
    transaction_id: Mapped[PlainId | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "account_id", "external_id", name="uq_trades_external_id"),
        UniqueConstraint("book_id", "transaction_id", name="uq_trades_transaction"),
        _to("trades", "account_id", "accounts"),
        _to("trades", "to_account_id", "accounts"),
        _to("trades", "asset_id", "assets"),
        _to("trades", "to_asset_id", "assets"),
        _to("trades", "category_id", "categories"),
        _to("trades", "tax_category_id", "categories"),
        _to("trades", "fee_category_id", "categories"),
        _to("trades", "transaction_id", "transactions"),
        Index("ix_trades_position", "book_id", "account_id", "asset_id", "date", "id"),
        Index("ix_trades_asset", "book_id", "asset_id", "date", "id"),
        Index("ix_trades_splits", "book_id", "asset_id", "date", postgresql_where=text("kind = 'split'")),
        Index("ix_trades_date", "book_id", "date", "id"),
        Index("ix_trades_revision", "book_id", "revision", "id"),
        Index("ix_trades_import", "book_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        Index("ix_trades_to_account", "book_id", "to_account_id", postgresql_where=text("to_account_id IS NOT NULL")),
        Index("ix_trades_to_asset", "book_id", "to_asset_id", postgresql_where=text("to_asset_id IS NOT NULL")),
        *(
            Index(f"ix_trades_{name}", "book_id", f"{name}_id", postgresql_where=text(f"{name}_id IS NOT NULL"))
            for name in ("category", "tax_category", "fee_category")
        ),
    )


class CostMethod(Base):
    """Which lots a sale on an account takes, and after how many months a gain is long-term."""

    __tablename__ = "cost_methods"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    account_id: Mapped[PlainId]
    method: Mapped[Words]
    long_term_months: Mapped[int] = mapped_column(Integer, server_default=text("12"))
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "account_id", name="uq_cost_methods_account"),
        _to("cost_methods", "account_id", "accounts"),
    )


class Position(Base):
    """What is held of an asset on an account, by its trades. `stale` is set by the database whenever one changes.

    `cost` is in the account's currency; `base_cost` in the book's, by the rates of the days of purchase, NULL where one
    is not known.
    """

    __tablename__ = "positions"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[UUID] = mapped_column(Uuid, server_default=text("uuidv7()"))
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    quantity: Mapped[Exact] = mapped_column(server_default=text("0"))
    cost: Mapped[Exact] = mapped_column(server_default=text("0"))
    base_cost: Mapped[Exact | None]
    stale: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))

    __table_args__ = (
        UniqueConstraint("book_id", "id", name="uq_positions_id"),
        _to("positions", "account_id", "accounts", cascade=True),
        _to("positions", "asset_id", "assets", cascade=True),
        Index("ix_positions_stale", "book_id", postgresql_where=text("stale")),
        Index("ix_positions_asset", "book_id", "asset_id"),
    )


class PositionDay(Base):
    """What was held, and what it had cost, at the end of a day on which that changed."""

    __tablename__ = "position_days"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    date: Mapped[CivilDate] = mapped_column(primary_key=True)
    quantity: Mapped[Exact]
    cost: Mapped[Exact]
    base_cost: Mapped[Exact | None]

    __table_args__ = (_of_position("position_days"),)


class Lot(Base):
    """What is left of one purchase; `trade_id` is the trade that brought it to this account."""

    __tablename__ = "lots"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[Whole] = mapped_column(primary_key=True)
    trade_id: Mapped[PlainId]
    acquired_on: Mapped[CivilDate]
    quantity: Mapped[Exact]
    cost: Mapped[Exact]
    base_cost: Mapped[Exact | None]

    __table_args__ = (_of_position("lots"),)


class Disposal(Base):
    """What a sale took of one lot: cost and proceeds in the account's currency, after fees."""

    __tablename__ = "disposals"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    asset_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    line: Mapped[Whole] = mapped_column(primary_key=True)
    trade_id: Mapped[PlainId]
    lot_trade_id: Mapped[PlainId]
    acquired_on: Mapped[CivilDate]
    disposed_on: Mapped[CivilDate]
    quantity: Mapped[Exact]
    cost: Mapped[Exact]
    proceeds: Mapped[Exact]
    base_cost: Mapped[Exact | None]
    base_proceeds: Mapped[Exact | None]
    long_term: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (_of_position("disposals"), Index("ix_disposals_day", "book_id", "disposed_on"))
