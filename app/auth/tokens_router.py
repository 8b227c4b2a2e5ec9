"""The HTTP side of personal access tokens."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.access.dependencies import ActorParam, AddressParam, ConfirmedActor
from app.auth import personal_tokens
from app.auth.sessions_router import LastUsesParam
from app.auth.token_schemas import PersonalTokenCreated, PersonalTokenIn, PersonalTokenOut, ScopeOut
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes

router = routes("/auth", "auth", reads="identity:manage", errors=(404,))


@router.get(
    "/scopes", response_model=Whole[ScopeOut], operation_id="list_scopes", summary="What a token can be allowed"
)
async def list_scopes(actor: ActorParam) -> dict[str, Any]:
    """The permissions of your role that a personal access token can have."""
    return whole(await personal_tokens.list_scopes(actor))


@router.post(
    "/tokens",
    status_code=201,
    response_model=PersonalTokenCreated,
    operation_id="create_personal_token",
    summary="Make a personal access token",
    responses=problems(409),
)
async def create_personal_token(
    body: PersonalTokenIn, actor: ConfirmedActor, address: AddressParam, request: Request, response: Response
) -> dict[str, Any]:
    """For a script: it does what its scopes say, as far as your role may at the time, until it expires.

    The token is in this answer alone. So there is no `Idempotency-Key`: a kept answer would keep the secret. Delete
    a token whose answer you lost. Only a session makes tokens, moments after a confirmation, and you get a mail.
    """
    made = await personal_tokens.create(actor, body, request.app.state.settings, address)
    response.headers["Location"] = f"/api/v1/auth/tokens/{made['id']}"
    return made


@router.get(
    "/tokens",
    response_model=Whole[PersonalTokenOut],
    operation_id="list_personal_tokens",
    summary="My personal access tokens",
)
async def list_personal_tokens(actor: ActorParam, last_uses: LastUsesParam) -> dict[str, Any]:
    """The newest first, each with when and from where it was last used. Expired ones stay for thirty days."""
    return whole(await personal_tokens.list_all(actor, last_uses))


@router.get(
    "/tokens/{token_id}",
    response_model=PersonalTokenOut,
    operation_id="get_personal_token",
    summary="One personal access token",
)
async def get_personal_token(token_id: UUID, actor: ActorParam, last_uses: LastUsesParam) -> dict[str, Any]:
    """What it may do and when it was used; never the token itself."""
    return await personal_tokens.get(actor, token_id, last_uses)


@router.delete(
    "/tokens/{token_id}",
    status_code=204,
    operation_id="delete_personal_token",
    summary="Delete a personal access token",
)
async def delete_personal_token(token_id: UUID, actor: ActorParam, address: AddressParam) -> None:
    """It stops working with its next request."""
    await personal_tokens.delete(actor, token_id, address)
