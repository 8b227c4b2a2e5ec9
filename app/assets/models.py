"""What can be held beside money, and its prices."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, Instant, NowByDefault, PlainId, Revision, Words
from app.core.database import Base


class Asset(Base):
    """A security, a coin, a metal, a house; its prices are of one unit and in `currency`.

    `provider` and `provider_symbol` say where its quotes come from; `target_percent` is its wanted part of the whole.
    """

    __tablename__ = "assets"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    symbol: Mapped[Words]
    symbol_key: Mapped[str] = mapped_column(Text, Computed("upper(symbol)", persisted=True))
    name: Mapped[Words]
    type: Mapped[Words]
    currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    isin: Mapped[Words | None]
    sector: Mapped[Words | None]
    target_percent: Mapped[Exact | None]
    provider: Mapped[Words | None]
    provider_symbol: Mapped[Words | None]
    notes: Mapped[Words | None]
    archived_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "symbol_key", name="uq_assets_symbol"),
        Index("ix_assets_revision", "book_id", "revision", "id"),
    )


class AssetPrice(Base):
    """What somebody set or loaded for their own book; it goes before a quote of the same day."""

    __tablename__ = "asset_prices"

    book_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    id: Mapped[GivenId]
    asset_id: Mapped[PlainId]
    date: Mapped[CivilDate]
    price: Mapped[Exact]
    source: Mapped[Words]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        ForeignKeyConstraint(["book_id", "asset_id"], ["assets.book_id", "assets.id"], name="fk_asset_prices_asset"),
        UniqueConstraint("book_id", "asset_id", "date", name="uq_asset_prices_day"),
        Index("ix_asset_prices_revision", "book_id", "revision", "id"),
    )


class MarketQuote(Base):
    """What a provider says a symbol closed at, for every book that follows it.

    `adjusted_to` is the day up to which splits are already counted in the price; NULL is a price as it was traded.
    """

    __tablename__ = "market_quotes"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    symbol: Mapped[str] = mapped_column(Text, primary_key=True)
    date: Mapped[CivilDate] = mapped_column(primary_key=True)
    price: Mapped[Exact]
    currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    adjusted_to: Mapped[CivilDate | None]
    fetched_at: Mapped[NowByDefault]


class QuoteVersion(Base):
    """How often the quotes of a symbol have changed: the database counts with each statement that changes some."""

    __tablename__ = "quote_versions"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    symbol: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class QuoteSource(Base):
    """How asking a provider for a symbol went, and when that is due again.

    `history_from` is since when its history was asked for, `history_on` the day on which that was done.
    """

    __tablename__ = "quote_sources"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    symbol: Mapped[str] = mapped_column(Text, primary_key=True)
    last_tried_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    last_ok_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    problem: Mapped[Words | None]
    detail: Mapped[Words | None]
    next_at: Mapped[Instant]
    history_from: Mapped[date | None] = mapped_column(Date)
    history_on: Mapped[date | None] = mapped_column(Date)
