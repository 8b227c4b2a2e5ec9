"""The HTTP side of one's own sessions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from app.access.dependencies import ActorParam, AddressParam, Idempotent
from app.access.last_uses import LastUses
from app.auth import sessions
from app.auth.session_schemas import LoggedOut, LogoutAll, SessionOut
from app.core.pagination import Page, WalkParams
from app.core.routing import routes

router = routes("/auth", "auth", reads="identity:manage", errors=(404,))


async def _last_uses(request: Request) -> LastUses:
    last_uses: LastUses = request.app.state.last_uses
    return last_uses


LastUsesParam = Annotated[LastUses, Depends(_last_uses)]


@router.get("/sessions", response_model=Page[SessionOut], operation_id="list_sessions", summary="Where I am logged in")
async def list_sessions(actor: ActorParam, page: WalkParams, last_uses: LastUsesParam) -> dict[str, Any]:
    """Your sessions that are not over, the newest first."""
    return await sessions.list_live(actor, page, last_uses)


@router.delete("/sessions/{session_id}", status_code=204, operation_id="delete_session", summary="End a session")
async def delete_session(session_id: UUID, actor: ActorParam, address: AddressParam) -> None:
    """Its access tokens stop working with their next request, its refresh tokens at once. It may be the present one."""
    await sessions.end(actor, session_id, address)


@router.post(
    "/logout-all",
    response_model=LoggedOut,
    operation_id="logout_all",
    summary="Log out everywhere",
    dependencies=[Idempotent],
)
async def logout_all(actor: ActorParam, address: AddressParam, body: LogoutAll | None = None) -> dict[str, int]:
    """Ends all your sessions, the present one too unless you keep it, and withdraws a change of address.

    Personal access tokens are no sessions, and stay.
    """
    wanted = body or LogoutAll()
    return {"ended": await sessions.end_all(actor, address, keep_current=wanted.keep_current)}
