"""What clients send and get about currencies."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.core.fields import Body, Name, Whole

OwnCode = Annotated[
    str,
    Field(pattern=r"^[A-Z][A-Z0-9]{1,11}$", description="2 to 12 capitals and digits, a capital first."),
]
Exponent = Annotated[Whole, Field(ge=0, le=18, description="How many decimals an amount in it has.", examples=[2])]


class CurrencyOut(BaseModel):
    """A currency of the ledger."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(examples=["EUR"])
    name: str
    exponent: int = Field(description="How many decimals an amount in it has.", examples=[2])
    kind: Literal["fiat", "metal", "crypto", "custom"]


class CurrencyIn(Body):
    """A currency of the server's own: points, a local money, a token."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"code": "MILES", "name": "Frequent flyer miles", "exponent": 0}}
    )

    code: OwnCode
    name: Name
    exponent: Exponent


class CurrencyPatch(Body):
    """What to change; what is absent stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "Miles and more"}})

    name: Name | None = None
    exponent: Exponent | None = Field(default=None, description="Only while nothing uses the currency.")

    @field_validator("name", "exponent")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be null")
        return value
