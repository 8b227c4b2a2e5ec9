"""The HTTP side of inviting people to register."""

from typing import Any
from uuid import UUID

from fastapi import Request

from app.access.dependencies import ActorParam
from app.auth import invitations
from app.auth.invitations import Invited
from app.auth.mail_schemas import InvitationIn, InvitationMade, InvitationOut
from app.core.pagination import Page, WalkParams
from app.core.routing import routes

router = routes("/users/invitations", "users", reads="users:invite", errors=(404,))


@router.post(
    "",
    status_code=201,
    response_model=InvitationMade,
    operation_id="create_invitation",
    summary="Invite somebody to register",
)
async def create_invitation(body: InvitationIn, actor: ActorParam, request: Request) -> Invited:
    """Good for 7 days and one registration, while its sender may invite. Without an address the token is shown here,
    this once. With one it is mailed and not shown; such an invitation registers that address only, and confirms it.

    Takes no Idempotency-Key, for its answer is a secret: revoke one whose answer was lost.
    """
    return await invitations.invite(actor, request.app.state.settings, body.email)


@router.get(
    "", response_model=Page[InvitationOut], operation_id="list_invitations", summary="Invitations that can be used"
)
async def list_invitations(actor: ActorParam, page: WalkParams) -> dict[str, Any]:
    """Those of everybody who may invite, the newest first; without their tokens."""
    return await invitations.listed(actor, page)


@router.delete("/{invitation_id}", status_code=204, operation_id="revoke_invitation", summary="Take an invitation back")
async def revoke_invitation(invitation_id: UUID, actor: ActorParam) -> None:
    """Its token registers nobody any more."""
    await invitations.revoke(actor, invitation_id)
