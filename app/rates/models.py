"""Exchange rates: how much of `quote` one unit of `base` is."""

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, CivilDate, Exact, GivenId, NowByDefault, Revision, Words
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

    __table_args__ = (UniqueConstraint("book_id", "base", "quote", "date", name="uq_book_rates_day"),)
