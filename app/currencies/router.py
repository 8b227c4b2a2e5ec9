"""The HTTP side of currencies."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.access.dependencies import ActorParam
from app.core.pagination import Whole, whole
from app.core.routing import routes
from app.currencies import service

router = routes("/currencies", "currencies", reads="currencies:read")


class CurrencyOut(BaseModel):
    """A currency of the ledger."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(examples=["EUR"])
    name: str
    exponent: int = Field(description="How many decimals an amount in it has.", examples=[2])
    kind: Literal["fiat", "metal", "crypto", "custom"]


@router.get("", response_model=Whole[CurrencyOut], operation_id="list_currencies", summary="List currencies")
async def list_currencies(actor: ActorParam) -> dict[str, Any]:
    """Every currency an account can be in, with its decimals."""
    return whole(await service.every(actor.connection))
