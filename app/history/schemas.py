"""What clients send and get about a book's history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.fields import Body, Whole


class Actor(BaseModel):
    """Who did it; the name is gone when the person has left."""

    id: UUID | None
    name: str | None


class ActivityEvent(BaseModel):
    """One change of one thing. Events of one revision happened together."""

    revision: int = Field(description="What `POST /books/{book_id}/undo` takes.")
    position: int
    at: datetime
    actor: Actor
    entity: str = Field(examples=["transaction"])
    entity_id: UUID
    action: str = Field(examples=["updated"])


class HistoryEvent(ActivityEvent):
    """The same with what it was before and after; a change of many things at once keeps what it changed."""

    before: dict[str, Any] | None = Field(description="null for what was made.")
    after: dict[str, Any] | None = Field(description="null for what was deleted.")


class Change(BaseModel):
    """The newest state of one thing, or that it is gone."""

    entity: str = Field(
        description="account, attachment, category, import, payee, reconciliation, saved_report, tag or transaction."
    )
    id: UUID
    revision: int
    deleted: bool
    state: dict[str, Any] | None = Field(description="As reading it through its own route gives it.")


class Changes(BaseModel):
    """A page of what changed; keep `revision` of the last page as the next `since`."""

    items: list[Change]
    next_cursor: str | None = Field(description="Pass it as `cursor` until it is null: then you have everything.")
    revision: int = Field(description="The book's revision when this page was read.")


class PayeeState(BaseModel):
    """A payee as the feed tells it."""

    id: UUID
    name: str
    aliases: list[str]
    default_category_id: UUID | None
    revision: int


class TagState(BaseModel):
    """A tag as the feed tells it."""

    id: UUID
    name: str
    revision: int


class AttachmentState(BaseModel):
    """A receipt as the feed tells it, without its content."""

    id: UUID
    transaction_id: UUID
    file_name: str
    media_type: str
    size: int
    sha256: str
    revision: int
    created_at: datetime


class UndoRevisionIn(Body):
    """What to take back: a revision, or what an import brought."""

    model_config = ConfigDict(json_schema_extra={"example": {"revision": 42}})

    revision: Whole | None = Field(default=None, ge=1, le=2**62)
    import_id: UUID | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "UndoRevisionIn":
        if (self.revision is None) == (self.import_id is None):
            raise ValueError("give either revision or import_id")
        return self


class UndoneChange(BaseModel):
    """How many things of one kind were taken back."""

    entity: str
    action: str
    count: int


class UndoOut(BaseModel):
    """What was taken back; `revision` is the undo's own, which can be undone like any other."""

    revision: int
    undone: int
    changes: list[UndoneChange]
