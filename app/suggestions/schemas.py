"""What clients send and get about suggestions."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.fields import Body, Flag
from app.core.money import Money, PositiveAmount


class GuessOut(BaseModel):
    """A category, and how likely it is."""

    category_id: UUID
    confidence: Money = Field(description="In percent.", examples=["93.10"])


class SuggestionOut(BaseModel):
    """What the book's own history makes likely."""

    category_id: UUID | None = Field(description="The likeliest; null where nothing of it was seen before.")
    confidence: Money = Field(description="How likely it is, in percent; 0 without one.", examples=["93.10"])
    alternatives: list[GuessOut] = Field(description="The next ones, the likeliest first.")
    learned_from: int = Field(description="How many transactions of the past were looked at.")


class SettingsIn(Body):
    """Whether what is learned is used unasked."""

    model_config = ConfigDict(json_schema_extra={"example": {"auto_categorise": True, "minimum_confidence": "90"}})

    auto_categorise: Flag = Field(
        description="Give what comes without a category, be it entered or imported, the likeliest one. A payee's "
        "default category and rules go first."
    )
    minimum_confidence: Annotated[PositiveAmount, Field(ge=50, le=100)] = Field(
        default="90", validate_default=True, description="In percent; below it nothing is applied."
    )


class SettingsOut(BaseModel):
    """What the book says."""

    auto_categorise: bool
    minimum_confidence: Money = Field(examples=["90"])
    revision: int = Field(description="0 while nobody has chosen.")
