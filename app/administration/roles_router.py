"""The HTTP side of roles and permissions."""

from typing import Any

from app.access.dependencies import ActorParam, AddressParam, ConfirmedActor
from app.administration import roles
from app.administration.schemas import PermissionOut, Role, RoleOut, RolePermissionsIn
from app.core.pagination import Whole
from app.core.problems import problems
from app.core.routing import routes

router = routes("", "administration", reads="users:read", writes="permissions:manage", errors=(404,))


@router.get(
    "/permissions",
    response_model=Whole[PermissionOut],
    operation_id="list_permissions",
    summary="List the permissions there are",
)
async def list_permissions(actor: ActorParam) -> dict[str, Any]:
    """Each route says in its description which one it needs; a personal access token needs it as a scope."""
    return await roles.every_permission(actor.connection)


@router.get("/roles", response_model=Whole[RoleOut], operation_id="list_roles", summary="List roles with permissions")
async def list_roles(actor: ActorParam) -> dict[str, Any]:
    """What each role may do at this moment."""
    return await roles.every_role(actor.connection)


@router.put(
    "/roles/{role}/permissions",
    response_model=RoleOut,
    operation_id="set_role_permissions",
    summary="Decide what a role may do",
    responses=problems(409),
)
async def set_role_permissions(
    role: Role, body: RolePermissionsIn, actor: ConfirmedActor, address: AddressParam
) -> dict[str, Any]:
    """Replaces them all, from everybody's next request on; it asks for a confirmation moments before.

    Admins keep `permissions:manage` and `users:role`, and nobody else gets `permissions:manage` (409
    `admin_permissions`).
    """
    return await roles.replace(actor, role, body, address)
