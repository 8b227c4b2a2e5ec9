"""Exchange rates: how much of `quote` one unit of `base` is."""

from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, Instant, NowByDefault, PlainId, Revision, Words
from app.core.database import Base


class ExchangeRate(Base):
    """What a provider says, for every book; requests read it, and add through a function of the database."""

    __tablename__ = "exchange_rates"

    base: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"), primary_key=True)
    quote: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"), primary_key=True)
    date: Mapped[CivilDate] = mapped_column(primary_key=True)
    rate: Mapped[Exact]
    source: Mapped[Words]
    stored_at: Mapped[NowByDefault]

    __table_args__ = (Index("ix_exchange_rates_newest", text("date DESC"), "base", "quote"),)


class BookRate(Base):
    """What somebody set or loaded for their own book; it goes before a provider's of the same day."""

    __tablename__ = "book_rates"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    base: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    quote: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    date: Mapped[CivilDate]
    rate: Mapped[Exact]
    source: Mapped[Words]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (
        UniqueConstraint("book_id", "base", "quote", "date", name="uq_book_rates_day"),
        Index("ix_book_rates_revision", "book_id", "revision", "id"),
        Index("ix_book_rates_newest", "book_id", text("date DESC"), "base", "quote"),
    )


class RateVersion(Base):
    """How often the rates of a pair have changed: the database counts with each statement that changes some."""

    __tablename__ = "rate_versions"

    base: Mapped[str] = mapped_column(Text, primary_key=True)
    quote: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class RateFetch(Base):
    """How asking a provider went the last time: what was stored, and what was not believed.

    `history_of` are the currencies whose whole history was asked for, each once: `USD 2019-01-01`.
    """

    __tablename__ = "rate_fetches"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    fetched_at: Mapped[Instant]
    status: Mapped[Words]
    detail: Mapped[Words | None]
    stored: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    kept_out: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    history_of: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class Revaluation(Base):
    """The days of a book whose amounts in the base currency may not be those of the rates that are known.

    Triggers of the database write it where a rate comes, changes or goes, and put a job into the queue.
    """

    __tablename__ = "revaluations"

    book_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("books.id", ondelete="CASCADE"), primary_key=True)
    first_day: Mapped[CivilDate]
    last_day: Mapped[CivilDate]


class BaseCurrencyChange(Base):
    """A change of the base currency on its way, or done: `done` of `total` months."""

    __tablename__ = "base_currency_changes"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    from_currency: Mapped[str] = mapped_column(
        Text, ForeignKey("currencies.code", name="fk_base_currency_changes_from")
    )
    to_currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code", name="fk_base_currency_changes_to"))
    convert_budgets: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    status: Mapped[str] = mapped_column(Text, server_default=text("'queued'"))
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    reason: Mapped[Words | None]
    requested_by: Mapped[PlainId | None]
    created_at: Mapped[NowByDefault]
    finished_at: Mapped[Instant | None]

    __table_args__ = (
        Index(
            "uq_base_currency_changes_open",
            "book_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )
