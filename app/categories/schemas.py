"""What clients send and get about categories."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, Flag, Name, Whole, Word

Kind = Literal["income", "expense"]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#4a90d9"])]
Sort = Annotated[Whole, Field(ge=-1_000_000, le=1_000_000, description="Siblings are ordered by it, then by name.")]


class CategoryIn(Body):
    """A new category."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Bakery", "kind": "expense"}})

    id: UUID | None = Field(default=None, description="Your own UUID for it; the server makes one when absent.")
    name: Name
    kind: Kind = Field(description="What it collects; a child has its parent's kind.")
    parent_id: UUID | None = None
    color: Color | None = None
    icon: Word | None = None
    sort: Sort = 0


class CategoryReplace(Body):
    """PUT: all of a category but its kind, which is for ever."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Bakery", "color": "#4a90d9"}})

    name: Name
    parent_id: UUID | None = None
    color: Color | None = None
    icon: Word | None = None
    sort: Sort = 0
    archived: Flag = False


class CategoryPatch(Body):
    """What to change; what is absent stays. A new `parent_id` moves it with all that is below it."""

    model_config = ConfigDict(json_schema_extra={"example": {"color": "#4a90d9"}})

    name: Name | None = None
    parent_id: UUID | None = Field(default=None, description="null makes it a root.")
    color: Color | None = None
    icon: Word | None = None
    sort: Sort | None = None
    archived: Flag | None = None

    @field_validator("name", "sort", "archived")
    @classmethod
    def _not_null(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("cannot be null")
        return value


class CategoryMove(Body):
    """Where to put a category."""

    model_config = ConfigDict(json_schema_extra={"example": {"parent_id": None}})

    parent_id: UUID | None = Field(description="The new parent, of the same kind; null makes it a root.")


class CategoryOut(BaseModel):
    """A category."""

    id: UUID
    name: str
    kind: Kind
    parent_id: UUID | None
    color: str | None
    icon: str | None
    sort: int
    archived_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime
    children: list["CategoryOut"] | None = Field(default=None, description="With `tree=true`.")
