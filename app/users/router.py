"""The HTTP side of people."""

from app.access.dependencies import ActorParam
from app.core.database import AnyRow
from app.core.problems import problems
from app.core.routing import routes
from app.users import service
from app.users.schemas import UserOut, UserPatch

router = routes("/users", "users", reads="profile:read", writes="profile:write", errors=(404,))


@router.get("/me", response_model=UserOut, operation_id="get_me", summary="Who am I")
async def get_me(actor: ActorParam) -> AnyRow:
    """The person behind the access token."""
    return await service.get(actor.connection, actor.user_id)


@router.patch(
    "/me",
    response_model=UserOut,
    operation_id="update_me",
    summary="Change my name or time zone",
    responses=problems(404),
)
async def update_me(body: UserPatch, actor: ActorParam) -> AnyRow:
    """Your time zone decides what today is, and so which dates are in the future."""
    return await service.patch(actor.connection, actor.user_id, body)
