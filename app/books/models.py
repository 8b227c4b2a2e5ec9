"""Books (the tenants), who may open them, and the log of every change in them."""

from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Bytes, CivilDate, Document, GivenId, NowByDefault, PlainId, Whole, Words
from app.core.database import Base


class Book(Base):
    """One set of books; `revision` counts its changes and serialises its writers."""

    __tablename__ = "books"

    id: Mapped[GivenId]
    name: Mapped[Words]
    base_currency: Mapped[str] = mapped_column(Text, ForeignKey("currencies.code"))
    base_currency_chosen: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    locked_until: Mapped[CivilDate | None]
    rate_window_days: Mapped[int] = mapped_column(Integer, server_default=text("7"))
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]


class BookMember(Base):
    """Who may open a book, and as what: owner, editor or viewer."""

    __tablename__ = "book_members"

    book_id: Mapped[BookId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Words]
    created_at: Mapped[NowByDefault]

    __table_args__ = (Index("ix_book_members_user_id", "user_id"),)


class Event(Base):
    """One change of one entity; written in the transaction of the change and never altered."""

    __tablename__ = "events"

    book_id: Mapped[BookId]
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    entity: Mapped[Words]
    entity_id: Mapped[PlainId]
    action: Mapped[Words]
    actor_id: Mapped[PlainId | None]
    before: Mapped[Document | None]
    after: Mapped[Document | None]
    at: Mapped[NowByDefault]

    __table_args__ = (
        Index("ix_events_book_id_entity_entity_id", "book_id", "entity", "entity_id", "revision"),
        Index(
            "ix_events_deleted",
            "book_id",
            "revision",
            "entity",
            "entity_id",
            postgresql_where=text("action = 'deleted'"),
        ),
    )


class EventChain(Base):
    """A link over the events that one statement wrote; the database makes it, and a request can only read it.

    `digest` is the hash of the events' hashes in order, `hash` that of the link before and the digest (SHA-256).
    """

    __tablename__ = "event_chain"

    book_id: Mapped[BookId]
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    first_position: Mapped[int] = mapped_column(Integer, primary_key=True)
    last_position: Mapped[Whole]
    digest: Mapped[Bytes]
    hash: Mapped[Bytes]
