"""Rules that people write, and what each did."""

from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId, Document, GivenId, Instant, NowByDefault, Revision, Whole, Words
from app.core.database import Base


class Rule(Base):
    """A rule; `position` orders those of a book, `account_ids` are all accounts that it names.

    `written_by` is who said last what it asks and does: it is not asked about accounts that they do not see.
    """

    __tablename__ = "rules"

    book_id: Mapped[BookId]
    id: Mapped[GivenId]
    name: Mapped[Words]
    position: Mapped[Whole]
    enabled: Mapped[bool] = mapped_column(Boolean)
    triggers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    condition: Mapped[Document]
    actions: Mapped[Document]
    account_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    written_by: Mapped[UUID | None] = mapped_column(Uuid)
    last_error: Mapped[Words | None]
    last_error_at: Mapped[Instant | None]
    revision: Mapped[Revision]
    created_at: Mapped[NowByDefault]
    updated_at: Mapped[NowByDefault]

    __table_args__ = (Index("ix_rules_position", "book_id", "position"),)


class RuleApplication(Base):
    """What a rule did to a transaction in one revision; kept when either is gone.

    `account_ids` are those that the transaction was on and those that the rule names.
    """

    __tablename__ = "rule_applications"

    book_id: Mapped[BookId]
    transaction_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    rule_name: Mapped[Words]
    cause: Mapped[Words]
    changes: Mapped[Document]
    account_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    at: Mapped[NowByDefault]

    __table_args__ = (Index("ix_rule_applications_rule", "book_id", "rule_id", "revision", "transaction_id"),)
