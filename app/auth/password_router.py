"""The HTTP side of changing a password, and of having forgotten it."""

from fastapi import Request

from app.access.dependencies import ActorParam, Connection, Idempotent, IdempotentAnonymous
from app.auth import address_requests, password_changes
from app.auth.mail_schemas import Accepted, Forgot, PasswordChange, PasswordReset
from app.auth.mailed_tokens import Purpose
from app.auth.router import Admitted, DoorParam
from app.core.problems import problems
from app.core.rate_limits.guard import may_mail
from app.core.routing import routes

IF_KNOWN = "If somebody is known by this address, a mail is on its way."

router = routes("/auth/password", "auth", reads=None)
own_router = routes("/auth/password", "auth", reads="identity:manage")


@own_router.post(
    "/change",
    status_code=204,
    operation_id="change_password",
    summary="Change your password",
    responses=problems(404, 409),
    dependencies=[Admitted, Idempotent],
)
async def change_password(body: PasswordChange, actor: ActorParam, door: DoorParam) -> None:
    """Ends your other sessions. Personal access tokens stay, unless `revoke_tokens` says otherwise.

    Who has no password yet, because they came by single sign-on, leaves `current_password` out and confirms
    themselves before.
    """
    await password_changes.change(
        door, actor, body.current_password, body.new_password, revoke_tokens=body.revoke_tokens
    )


@router.post(
    "/forgot",
    status_code=202,
    response_model=Accepted,
    operation_id="forgot_password",
    summary="Get a mail to choose a new password",
    responses=problems(409),
    dependencies=[IdempotentAnonymous],
)
async def forgot_password(body: Forgot, request: Request, connection: Connection) -> Accepted:
    """Always accepted. The mail has a token that is good for an hour and once; the next one replaces it.

    After several mails within an hour no further one goes out; the token in the last one stays good.
    """
    if await may_mail(request, body.email):
        await address_requests.ask(connection, Purpose.RESET_PASSWORD, body.email)
    return Accepted(detail=IF_KNOWN)


@router.post(
    "/reset",
    status_code=204,
    operation_id="reset_password",
    summary="Choose a new password with the token from the mail",
    responses=problems(409),
    dependencies=[Admitted, IdempotentAnonymous],
)
async def reset_password(body: PasswordReset, door: DoorParam) -> None:
    """Ends all of your sessions and personal access tokens, and opens none: log in with the new password.

    Your address counts as confirmed.
    """
    await password_changes.reset(door, body.token, body.new_password)
