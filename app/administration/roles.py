"""Which permissions there are, and which of them each role has."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import audit
from app.access.context import Actor
from app.administration import repository
from app.administration.schemas import Role, RolePermissionsIn
from app.core.errors import ConflictError, FieldError, InvalidError
from app.core.pagination import whole

ROLES: tuple[Role, ...] = ("user", "moderator", "admin")
KEPT_BY_ADMINS = ("permissions:manage", "users:role")
OF_ADMINS_ALONE = "permissions:manage"


class AdminPermissionsError(ConflictError):
    code = "admin_permissions"
    title = "Admins keep the permissions that give permissions"


async def every_permission(connection: AsyncConnection) -> dict[str, Any]:
    return whole(await repository.permissions(connection))


async def every_role(connection: AsyncConnection) -> dict[str, Any]:
    return whole([{"role": role, "permissions": names} for role, names in (await _by_role(connection)).items()])


async def _by_role(connection: AsyncConnection) -> dict[Role, list[str]]:
    found: dict[Role, list[str]] = {role: [] for role in ROLES}
    for row in await repository.of_roles(connection):
        found[row.role].append(row.permission)
    return found


async def replace(actor: Actor, role: Role, body: RolePermissionsIn, address: str | None) -> dict[str, Any]:
    """Give the role these permissions and no others, from everybody's next request on.

    Raises `InvalidError` naming each permission that there is not, and `AdminPermissionsError` where admins would lose
    what nobody could give back, or others get what is for admins alone.
    """
    known = {row.name for row in await repository.permissions(actor.connection)}
    unknown = [
        FieldError(f"permissions.{place}", "unknown_permission", "there is no such permission; see GET /permissions")
        for place, name in enumerate(body.permissions)
        if name not in known
    ]
    if unknown:
        raise InvalidError(unknown)
    wanted = set(body.permissions)
    if role == "admin" and not wanted.issuperset(KEPT_BY_ADMINS):
        raise AdminPermissionsError(f"Admins keep {' and '.join(KEPT_BY_ADMINS)}: nobody could give them back.")
    if role != "admin" and OF_ADMINS_ALONE in wanted:
        raise AdminPermissionsError(f"Only admins have {OF_ADMINS_ALONE}: who can give permissions has all of them.")
    await repository.queue(actor.connection)
    present = set((await _by_role(actor.connection))[role])
    added, removed = sorted(wanted - present), sorted(present - wanted)
    if added:
        await repository.give(actor.connection, role, added)
    if removed:
        await repository.take(actor.connection, role, removed)
    if added or removed:
        await audit.tell(
            actor.connection,
            "role_permissions_changed",
            actor_id=actor.user_id,
            address=address,
            role=role,
            added=added,
            removed=removed,
        )
    return {"role": role, "permissions": sorted(wanted)}
