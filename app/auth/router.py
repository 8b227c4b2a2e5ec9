"""The HTTP side of letting people in."""

from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response
from fastapi.security import OAuth2PasswordRequestForm

from app.access.dependencies import Connection, IdempotentAnonymous, address_of, waits_for
from app.auth import passwords, registration, sessions
from app.auth.door import Device, Door
from app.auth.factor_schemas import Otp
from app.auth.schemas import Login, RefreshIn, Register, Tokens
from app.core.errors import DomainError
from app.core.problems import problem_of, problem_response, problems
from app.core.rate_limits.guard import may_mail
from app.core.routing import routes
from app.users.schemas import UserOut

router = routes("/auth", "auth", reads=None)


async def _door(request: Request, connection: Connection) -> Door:
    state = request.app.state
    return Door(connection, state.settings, state.passwords, state.access_tokens, state.vault)


async def _device(request: Request) -> Device:
    return Device(request.headers.get("user-agent"), address_of(request))


# Of each route that computes a hash.
Admitted = waits_for("logging_in")
DoorParam = Annotated[Door, Depends(_door, scope="function")]
DeviceParam = Annotated[Device, Depends(_device)]


@router.post(
    "/register",
    status_code=201,
    response_model=UserOut,
    operation_id="register",
    summary="Register",
    responses=problems(403, 409),
    dependencies=[Admitted, IdempotentAnonymous],
)
async def register(body: Register, door: DoorParam, request: Request, response: Response) -> dict[str, Any]:
    """Make yourself known. You get a personal book with a category tree to start from, and a mail.

    The answer is the same where the address is known already: then nobody is made, and its owner gets a mail.
    """
    user = await registration.register(door, body, tell_owner=await may_mail(request, body.email))
    response.headers["Location"] = "/api/v1/users/me"
    return user


@router.post(
    "/token",
    response_model=Tokens,
    operation_id="get_token",
    summary="Log in with a form (OAuth2 password flow)",
    responses=problems(401),
    dependencies=[Admitted],
)
async def get_token(
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    door: DoorParam,
    device: DeviceParam,
    request: Request,
    otp: Annotated[Otp | None, Form()] = None,
) -> Tokens | Response:
    """The Authorize button of `/docs` uses this one. `username` is the e-mail address.

    With a second factor on, `otp` is needed too; see `/auth/login`.
    """
    answer = await passwords.login(door, form.username, form.password, device, otp)
    return problem_of(request, answer) if isinstance(answer, DomainError) else answer


@router.post(
    "/login",
    response_model=Tokens,
    operation_id="login",
    summary="Log in with JSON",
    responses=problems(401),
    dependencies=[Admitted],
)
async def login(body: Login, door: DoorParam, device: DeviceParam, request: Request) -> Tokens | Response:
    """Opens a session. Repeating it opens another one; sessions do not disturb each other.

    With a second factor on, the right password without `otp` answers 401 `otp_required`; a wrong code 401
    `wrong_otp`. After several wrong codes 429 says for how long no code is tried.
    """
    answer = await passwords.login(door, body.email, body.password, device, body.otp)
    return problem_of(request, answer) if isinstance(answer, DomainError) else answer


@router.post(
    "/refresh",
    response_model=Tokens,
    operation_id="refresh",
    summary="Renew the tokens",
    responses=problems(401),
)
async def refresh(body: RefreshIn, door: DoorParam, device: DeviceParam, request: Request) -> Tokens | Response:
    """Spends the refresh token and hands out the next one. A spent token that comes back ends the session.

    Only right after its first use, and until a successor is used, it may come again: two tabs, or a lost answer.
    """
    tokens = await sessions.refresh(door, body.refresh_token, device.address)
    if tokens is None:
        detail = "This refresh token was used before. The session is closed, in case somebody else has it; log in."
        return problem_response(request, 401, "refresh_token_reused", detail, headers={"WWW-Authenticate": "Bearer"})
    return tokens


@router.post("/logout", status_code=204, operation_id="logout", summary="Log out")
async def logout(body: RefreshIn, door: DoorParam) -> None:
    """Ends the session of this refresh token; its access tokens stop working with the next request."""
    await sessions.logout(door, body.refresh_token)
