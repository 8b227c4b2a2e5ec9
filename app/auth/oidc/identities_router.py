"""The HTTP side of somebody's identities."""

from typing import Any
from uuid import UUID

from fastapi import Request

from app.access.dependencies import ActorParam
from app.auth.oidc import identities
from app.auth.oidc.schemas import IdentityOut
from app.auth.router import DeviceParam
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes

router = routes("/auth/identities", "auth", reads="identity:manage")


@router.get("", response_model=Whole[IdentityOut], operation_id="list_identities", summary="List my identities")
async def list_identities(actor: ActorParam) -> dict[str, Any]:
    """The log-ins at a provider that are you here, oldest first."""
    return whole(await identities.of_person(actor))


@router.delete(
    "/{identity_id}",
    status_code=204,
    operation_id="unlink_identity",
    summary="Unlink an identity",
    responses=problems(404, 409),
)
async def unlink_identity(identity_id: UUID, actor: ActorParam, request: Request, device: DeviceParam) -> None:
    """Who logs in there is not let in here any more. Your only way in stays: 409 `last_way_in`."""
    await identities.unlink(actor, request.app.state.settings, identity_id, device.address)
