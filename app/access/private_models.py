"""Who sees which private account, and what is hidden with it."""

from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import BookId
from app.core.database import Base


class AccountViewer(Base):
    """That a member sees a private account; one without rows is shared. Its rows stay when the account is deleted."""

    __tablename__ = "account_viewers"

    book_id: Mapped[BookId]
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)


class PrivateEntity(Base):
    """That an entity of the log touched a private account, or a name came with one. The database keeps it itself."""

    __tablename__ = "private_entities"

    book_id: Mapped[BookId]
    account_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    entity: Mapped[str] = mapped_column(Text, primary_key=True)
    entity_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
