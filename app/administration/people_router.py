"""The HTTP side of users for those who look after them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Query, Request

from app.access.dependencies import ActorParam, AddressParam, ConfirmedActor, Idempotent
from app.administration import people
from app.administration.people import PeopleSort, Status
from app.administration.schemas import BanIn, PersonOut, Role, RoleIn
from app.attachments.storage import Store
from app.core.pagination import Page, PageParams
from app.core.problems import problems
from app.core.routing import require, routes

ONE = "/{user_id:uuid}"
"""So that `/users/me` is never taken for somebody's id."""

router = routes("/users", "administration", reads="users:read", errors=(404,))


async def _objects(request: Request) -> Store:
    objects: Store = request.app.state.objects
    return objects


@router.get("", response_model=Page[PersonOut], operation_id="list_users", summary="List and search users")
async def list_users(
    actor: ActorParam,
    page: PageParams,
    q: Annotated[str | None, Query(max_length=200, description="Part of the address or the name.")] = None,
    role: Annotated[Role | None, Query(description="Those with this role.")] = None,
    status: Annotated[Status | None, Query(description="Those with a ban in force, or those without.")] = None,
    sort: Annotated[PeopleSort, Query(description="The newest first, or by address; `-` turns it round.")] = (
        "-created_at"
    ),
) -> dict[str, Any]:
    """Who they are and since when; nothing of what they own. Upper and lower case and accents are one in `q`."""
    return await people.page_of(actor.connection, page, q=q, role=role, status=status, sort=sort)


@router.get(ONE, response_model=PersonOut, operation_id="get_user", summary="Read a user")
async def get_user(user_id: UUID, actor: ActorParam) -> dict[str, Any]:
    """One user, as in the list."""
    return await people.get(actor.connection, user_id)


@router.put(
    f"{ONE}/role",
    response_model=PersonOut,
    operation_id="set_user_role",
    summary="Change a user's role",
    responses=problems(409),
    dependencies=[require("users:role")],
)
async def set_user_role(user_id: UUID, body: RoleIn, actor: ConfirmedActor, address: AddressParam) -> dict[str, Any]:
    """It counts from their next request on, and asks for a confirmation moments before.

    Nobody changes their own role, only admins make or unmake moderators and admins, and the last admin stays one (409
    `last_admin`).
    """
    return await people.change_role(actor, user_id, body.role, address)


@router.post(
    f"{ONE}/ban",
    response_model=PersonOut,
    operation_id="ban_user",
    summary="Ban a user",
    responses=problems(409),
    dependencies=[require("users:ban"), Idempotent],
)
async def ban_user(user_id: UUID, body: BanIn, actor: ActorParam, address: AddressParam) -> dict[str, Any]:
    """From their next request on none of their sessions and tokens is good, until the ban is lifted or ends.

    Another ban replaces the one there is. Moderators ban users, admins anybody but themselves and the last admin.
    """
    return await people.ban(actor, user_id, body, address)


@router.post(
    f"{ONE}/unban",
    response_model=PersonOut,
    operation_id="unban_user",
    summary="Lift a ban",
    responses=problems(409),
    dependencies=[require("users:ban"), Idempotent],
)
async def unban_user(user_id: UUID, actor: ActorParam, address: AddressParam) -> dict[str, Any]:
    """What they were logged in with, and has not expired, is good again. Whoever is not banned stays so."""
    return await people.unban(actor, user_id, address)


@router.delete(
    ONE,
    status_code=204,
    operation_id="delete_user",
    summary="Delete a user",
    responses=problems(409),
    dependencies=[require("users:delete")],
)
async def delete_user(
    user_id: UUID,
    actor: ConfirmedActor,
    address: AddressParam,
    objects: Annotated[Store, Depends(_objects)],
    request: Request,
    background: BackgroundTasks,
) -> None:
    """With everything that is theirs alone; it cannot be taken back, and so asks for a confirmation moments before."""
    cleaning = await people.delete(actor, objects, user_id, address)
    background.add_task(cleaning.run, request.app.state.database)
