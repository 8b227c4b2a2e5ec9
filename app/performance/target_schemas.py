"""What clients send and get about targets."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, LongName
from app.core.money import Money
from app.performance.kinds import Percent

ACCOUNT = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
TargetDimension = Literal["type", "currency", "sector", "account"]


class TargetIn(Body):
    """The wanted part of one type, currency, sector or account."""

    key: LongName = Field(description="The type, the code of the currency, the sector, or the id of the account.")
    target_percent: Percent = Field(description="Of the whole, in percent.", examples=["60"])


class TargetsIn(Body):
    """All targets of a dimension; what was there before and is not named goes."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "by": "type",
                "targets": [{"key": "etf", "target_percent": "70"}, {"key": "bond", "target_percent": "30"}],
            }
        }
    )

    by: TargetDimension = Field(description="Targets of single assets are set on the assets themselves.")
    targets: list[TargetIn] = Field(max_length=200, description="Each key once; together at most 100 percent.")

    @field_validator("targets")
    @classmethod
    def _each_once(cls, value: list[TargetIn]) -> list[TargetIn]:
        if len({target.key for target in value}) < len(value):
            raise ValueError("names a key twice")
        return value


class TargetState(BaseModel):
    """A target as it is kept."""

    id: UUID = Field(description="For its history; a target that is replaced with another percentage keeps it.")
    by: TargetDimension
    key: str
    target_percent: Money
    revision: int


class TargetOut(TargetState):
    """A target, and what is meant by its key."""

    name: str = Field(description="The key, or the name of the account.")
