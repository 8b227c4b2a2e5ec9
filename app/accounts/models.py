"""Where money is: bank accounts, cash, cards, loans, property."""

from decimal import Decimal

from sqlalchemy import ForeignKey, Integer, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, GivenId, Instant, NowByDefault, Revision, Words
from app.core.database import Base


class Account(Base):
    """An account; `balance` is in its currency and written by the posting engine alone."""

    __tablename__ = "accounts"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    type: Mapped[Words]
    currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    institution: Mapped[Words | None]
    notes: Mapped[Words | None]
    balance: Mapped[Decimal] = mapped_column(Numeric, server_default=text("0"))
    sort: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    archived_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]
