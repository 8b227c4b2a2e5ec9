"""What somebody is told."""

from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import CivilDate, Document, GivenId, Instant, NowByDefault, Revision, Words
from app.core.database import Base


class Notification(Base):
    """One thing that one person is told, once: `key` says what of, within the book it is about.

    `mail_due_at` is when its mail leaves, NULL until that is planned; `settled_at` when there was nothing more to do
    about mail, and `mailed_at` when one was posted. What was dismissed stays for its key, unseen.
    """

    __tablename__ = "notifications"

    id: Mapped[GivenId]
    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"))
    source_book_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("books.id", ondelete="CASCADE"))
    kind: Mapped[Words]
    key: Mapped[Words]
    title: Mapped[Words]
    body: Mapped[Words]
    data: Mapped[Document]
    created_at: Mapped[NowByDefault]
    read_at: Mapped[Instant | None]
    accounts: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    dismissed_at: Mapped[Instant | None]
    mail_due_at: Mapped[Instant | None]
    mailed_at: Mapped[Instant | None]
    settled_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint(
            "user_id", "source_book_id", "key", name="uq_notifications_key", postgresql_nulls_not_distinct=True
        ),
        Index("ix_notifications_newest", "user_id", "id"),
        Index("ix_notifications_book", "source_book_id", "key"),
        Index("ix_notifications_mail", "mail_due_at", postgresql_where=text("settled_at IS NULL")),
    )


class NotificationSettings(Base):
    """How a person is told; `settings` has what they chose, and who has no row has the defaults.

    `report_due_at` is when their next weekly report leaves, `reported_week` the first day of the last one that did.
    """

    __tablename__ = "notification_settings"

    user_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    settings: Mapped[Document] = mapped_column(server_default=text("'{}'"))
    revision: Mapped[Revision] = mapped_column(server_default=text("0"))
    report_due_at: Mapped[Instant | None]
    reported_week: Mapped[CivilDate | None]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (Index("ix_notification_settings_report_due_at", "report_due_at"),)
