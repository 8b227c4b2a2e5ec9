"""The HTTP side of currencies."""

from typing import Annotated, Any

from fastapi import Path, Response

from app.access.dependencies import ActorParam, AddressParam, Idempotent
from app.core.database import AnyRow
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes
from app.currencies import service
from app.currencies.schemas import CurrencyIn, CurrencyOut, CurrencyPatch

router = routes("/currencies", "currencies", reads="currencies:read", writes="currencies:write")

Code = Annotated[
    str, Path(alias="currency_code", pattern=r"^[A-Z0-9]{2,12}$", description="Its code.", examples=["MILES"])
]


@router.get("", response_model=Whole[CurrencyOut], operation_id="list_currencies", summary="List currencies")
async def list_currencies(actor: ActorParam) -> dict[str, Any]:
    """Every currency an account can be in, with its decimals."""
    return whole(await service.every(actor.connection))


@router.post(
    "",
    status_code=201,
    response_model=CurrencyOut,
    operation_id="create_currency",
    summary="Add a currency of the server's own",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def create_currency(body: CurrencyIn, actor: ActorParam, address: AddressParam, response: Response) -> AnyRow:
    """Everybody on the server can have accounts in it. Admins only."""
    response.headers["Location"] = f"/api/v1/currencies/{body.code}"
    return await service.add(actor, body, address)


@router.get(
    "/{currency_code}",
    response_model=CurrencyOut,
    operation_id="get_currency",
    summary="Read a currency",
    responses=problems(404),
)
async def get_currency(code: Code, actor: ActorParam) -> AnyRow:
    """One currency with its decimals."""
    return await service.get(actor.connection, code)


@router.patch(
    "/{currency_code}",
    response_model=CurrencyOut,
    operation_id="update_currency",
    summary="Change a currency of the server's own",
    responses=problems(404, 409),
)
async def update_currency(body: CurrencyPatch, code: Code, actor: ActorParam, address: AddressParam) -> AnyRow:
    """Its name at any time, its decimals while nothing uses it. Admins only; those of ISO 4217 stay as they are."""
    return await service.patch(actor, code, body, address)


@router.delete(
    "/{currency_code}",
    status_code=204,
    operation_id="delete_currency",
    summary="Remove a currency of the server's own",
    responses=problems(404, 409),
)
async def delete_currency(code: Code, actor: ActorParam, address: AddressParam) -> None:
    """Only while nothing on the server uses it. Admins only."""
    await service.remove(actor, code, address)
