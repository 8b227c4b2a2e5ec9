"""The HTTP side of passkeys."""

from typing import Any
from uuid import UUID

from fastapi import Request, Response

from app.access.dependencies import ActorParam, ConfirmedActor, Idempotent
from app.auth import passkeys
from app.auth.passkey_schemas import PasskeyIn, PasskeyLogin, PasskeyOptions, PasskeyOut, PasskeyPatch, plain
from app.auth.router import DeviceParam, DoorParam
from app.auth.schemas import Tokens
from app.core.database import AnyRow
from app.core.errors import DomainError
from app.core.pagination import Whole, whole
from app.core.problems import problem_of, problems
from app.core.routing import only, routes

public = routes("/auth/passkeys/login", "auth", reads=None)
own = routes("/auth/passkeys", "auth", reads="identity:manage", errors=(404,))
ROUTERS = (public, own)


@public.post(
    "/options",
    response_model=PasskeyOptions,
    operation_id="get_passkey_login_options",
    summary="Begin to log in with a passkey",
)
async def get_passkey_login_options(door: DoorParam) -> dict[str, Any]:
    """What `navigator.credentials.get` takes. Send its answer to `/auth/passkeys/login`."""
    return await passkeys.login_options(door)


@public.post(
    "",
    response_model=Tokens,
    operation_id="login_with_passkey",
    summary="Log in with a passkey",
    responses=problems(401),
)
async def login_with_passkey(
    body: PasskeyLogin, door: DoorParam, device: DeviceParam, request: Request
) -> Tokens | Response:
    """Opens a session without address or password. A passkey counts as two factors, so no `otp` is asked for."""
    answer = await passkeys.login(door, plain(body.credential), device)
    return problem_of(request, answer) if isinstance(answer, DomainError) else answer


only(public, "POST", "")


@own.post(
    "/options",
    response_model=PasskeyOptions,
    operation_id="get_passkey_options",
    summary="Begin to add a passkey",
    responses=problems(409),
)
async def get_passkey_options(actor: ConfirmedActor, door: DoorParam) -> dict[str, Any]:
    """What `navigator.credentials.create` takes. Send its answer to `/auth/passkeys`. Needs a fresh confirmation."""
    return await passkeys.registration_options(actor, door)


only(own, "POST", "/options")


@own.post(
    "",
    status_code=201,
    response_model=PasskeyOut,
    operation_id="create_passkey",
    summary="Add a passkey",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def create_passkey(
    body: PasskeyIn, actor: ConfirmedActor, door: DoorParam, device: DeviceParam, response: Response
) -> AnyRow:
    """A new way to log in, told to you by mail. Needs a fresh confirmation."""
    made = await passkeys.add(actor, door, body.name, plain(body.credential), device)
    response.headers["Location"] = f"/api/v1/auth/passkeys/{made.id}"
    return made


@own.get("", response_model=Whole[PasskeyOut], operation_id="list_passkeys", summary="My passkeys")
async def list_passkeys(actor: ActorParam) -> dict[str, Any]:
    """All of them, oldest first."""
    return whole(await passkeys.every(actor))


@own.patch("/{passkey_id}", response_model=PasskeyOut, operation_id="update_passkey", summary="Rename a passkey")
async def update_passkey(passkey_id: UUID, body: PasskeyPatch, actor: ActorParam) -> AnyRow:
    """Gives it another name; nothing else of a passkey changes."""
    return await passkeys.rename(actor, passkey_id, body.name)


@own.delete("/{passkey_id}", status_code=204, operation_id="delete_passkey", summary="Remove a passkey")
async def delete_passkey(passkey_id: UUID, actor: ConfirmedActor, door: DoorParam, device: DeviceParam) -> None:
    """It opens nothing any more. Needs a fresh confirmation. The key itself is removed in your device's settings."""
    await passkeys.remove(actor, door, passkey_id, device)
