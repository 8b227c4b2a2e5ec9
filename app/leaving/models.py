"""What is kept of what has gone."""

from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import NowByDefault
from app.core.database import Base


class DeletedBook(Base):
    """That there was a book of this id: the store of attachments may remove what it still has of it."""

    __tablename__ = "deleted_books"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    deleted_at: Mapped[NowByDefault]
