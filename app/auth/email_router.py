"""The HTTP side of confirming an e-mail address, and of changing it."""

from fastapi import Request

from app.access.dependencies import ConfirmedActor, Connection, Idempotent, IdempotentAnonymous
from app.auth import address_requests, addresses
from app.auth.mail_schemas import Accepted, AddressIn, EmailConfirmation, NewAddress
from app.auth.mailed_tokens import Purpose
from app.auth.password_router import IF_KNOWN
from app.core.problems import problems
from app.core.rate_limits.guard import may_mail
from app.core.routing import routes

router = routes("/auth/verify-email", "auth", reads=None)
own_router = routes("/users/me/email", "users", reads="identity:manage")


@router.post(
    "",
    status_code=204,
    operation_id="verify_email",
    summary="Confirm your e-mail address",
    responses=problems(409),
    dependencies=[IdempotentAnonymous],
)
async def verify_email(body: EmailConfirmation, request: Request, connection: Connection) -> None:
    """With the token from the mail. It also completes a change of your address; then the former one gets a notice."""
    await addresses.confirm(connection, request.app.state.settings, body.token)


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
    """Needs a fresh confirmation. The new address gets a mail with a token; it becomes yours when that comes back."""
    await addresses.ask_for_change(actor, request.app.state.settings, body.email)
    return Accepted(detail="A mail is on its way to the new address; your address changes when you confirm it.")
