"""The HTTP side of confirming an e-mail address, and of changing it."""

from fastapi import Request, Response

from app.access.dependencies import ActorParam, ConfirmedActor, Connection, Idempotent, IdempotentAnonymous
from app.auth import address_requests, addresses
from app.auth.mail_schemas import Accepted, AddressIn, EmailConfirmation, NewAddress, OwnEmailConfirmation
from app.auth.mailed_tokens import Purpose
from app.auth.password_router import IF_KNOWN
from app.auth.router import Admitted, DoorParam
from app.core.problems import problem_of, problems
from app.core.rate_limits.guard import may_mail
from app.core.routing import routes

router = routes("/auth/verify-email", "auth", reads=None)
own_router = routes("/users/me/email", "users", reads="identity:manage")


@router.post(
    "",
    status_code=204,
    response_model=None,
    operation_id="verify_email",
    summary="Confirm your e-mail address",
    responses=problems(403, 409),
    dependencies=[Admitted, IdempotentAnonymous],
)
async def verify_email(body: EmailConfirmation, door: DoorParam, request: Request) -> Response | None:
    """With the token from the mail and the account's password; who is logged in uses `/users/me/email/verify`.

    It also completes a change of your address; then the former one gets a notice. A wrong password is 403
    `wrong_credentials`, and the token stays good; after several, 429 says for how long none is tried.
    """
    refusal = await addresses.confirm(door, body.token, body.password)
    return problem_of(request, refusal) if refusal is not None else None


@router.post(
    "/resend",
    status_code=202,
    response_model=Accepted,
    operation_id="resend_verification",
    summary="Get the mail to confirm your address again",
    responses=problems(409),
    dependencies=[IdempotentAnonymous],
)
async def resend_verification(body: AddressIn, request: Request, connection: Connection) -> Accepted:
    """Always accepted; a mail goes out where the address is known and unconfirmed. Its token replaces earlier ones.

    After several mails within an hour no further one goes out; the token in the last one stays good.
    """
    if await may_mail(request, body.email):
        await address_requests.ask(connection, Purpose.VERIFY_EMAIL, body.email)
    return Accepted(detail=IF_KNOWN)


@own_router.post(
    "",
    status_code=202,
    response_model=Accepted,
    operation_id="change_email",
    summary="Change your e-mail address",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def change_email(body: NewAddress, actor: ConfirmedActor, request: Request) -> Accepted:
    """Needs a fresh confirmation. The new address gets a mail with a token; it becomes yours when that comes back.

    Your present address hears of it. Ending all sessions or changing the password withdraws the token.
    """
    await addresses.ask_for_change(actor, request.app.state.settings, body.email)
    return Accepted(detail="A mail is on its way to the new address; your address changes when you confirm it.")


@own_router.post(
    "/verify",
    status_code=204,
    operation_id="verify_own_email",
    summary="Confirm your e-mail address while logged in",
    responses=problems(409),
    dependencies=[Idempotent],
)
async def verify_own_email(body: OwnEmailConfirmation, actor: ActorParam, request: Request) -> None:
    """As `/auth/verify-email`, with the token from the mail; your session stands for the password."""
    await addresses.confirm_own(actor, request.app.state.settings, body.token)
