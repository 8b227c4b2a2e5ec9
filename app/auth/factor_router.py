"""The HTTP side of second factors and of confirmation."""

from fastapi import Request, Response

from app.access.dependencies import ActorParam, ConfirmedActor
from app.access.permissions import CONFIRMATION_HOLDS
from app.auth import confirmation, factors, passkeys
from app.auth.factor_schemas import Confirm, Confirmed, RecoveryCodes, SecondFactorOut, TotpStarted, TotpVerify
from app.auth.factors import Status
from app.auth.passkey_schemas import PasskeyOptions, plain
from app.auth.router import Admitted, DeviceParam, DoorParam
from app.core.errors import DomainError
from app.core.problems import problem_of, problems
from app.core.routing import routes

router = routes("/auth", "auth", reads="identity:manage", errors=(404,))


@router.get("/2fa", response_model=SecondFactorOut, operation_id="get_second_factor", summary="What guards my account")
async def get_second_factor(actor: ActorParam) -> Status:
    """Whether an authenticator app is on, and how many recovery codes and passkeys you have."""
    return await factors.status(actor)


@router.post("/2fa/totp", operation_id="start_totp", summary="Set up an authenticator app", responses=problems(409))
async def start_totp(actor: ConfirmedActor, door: DoorParam) -> TotpStarted:
    """Answers a new secret for the app. It counts only when `/auth/2fa/totp/verify` has seen a code of it.

    Starting again replaces a secret that is not verified yet. Needs a fresh confirmation: who only found an open
    session must not lock its owner out.
    """
    secret, uri = await factors.start_totp(actor, door)
    return TotpStarted(secret=secret, uri=uri)


@router.post(
    "/2fa/totp/verify",
    operation_id="verify_totp",
    summary="Switch the authenticator app on",
    responses=problems(409),
)
async def verify_totp(body: TotpVerify, actor: ActorParam, door: DoorParam, device: DeviceParam) -> RecoveryCodes:
    """From now on logging in with the password needs a code. Keep the recovery codes: they are shown this once."""
    return RecoveryCodes(recovery_codes=await factors.verify_totp(actor, door, body.otp, device))


@router.delete(
    "/2fa/totp",
    status_code=204,
    operation_id="remove_totp",
    summary="Switch the authenticator app off",
    responses=problems(409),
)
async def remove_totp(actor: ConfirmedActor, door: DoorParam, device: DeviceParam) -> None:
    """Its recovery codes go with it. Needs a fresh confirmation."""
    await factors.remove_totp(actor, door, device)


@router.post(
    "/2fa/recovery-codes",
    operation_id="replace_recovery_codes",
    summary="Make new recovery codes",
    responses=problems(409),
)
async def replace_recovery_codes(actor: ConfirmedActor, door: DoorParam, device: DeviceParam) -> RecoveryCodes:
    """Ten new ones, shown this once; those before stop working. Needs a fresh confirmation."""
    return RecoveryCodes(recovery_codes=await factors.replace_recovery_codes(actor, door, device))


@router.post(
    "/confirm",
    response_model=Confirmed,
    operation_id="confirm",
    summary="Prove again who I am",
    responses=problems(409),
    dependencies=[Admitted],
)
async def confirm(
    body: Confirm, actor: ActorParam, door: DoorParam, device: DeviceParam, request: Request
) -> Confirmed | Response:
    """For what cannot be taken back, within five minutes from now, in this session.

    Send your `password`, with `otp` if an authenticator app is on, or a `passkey`'s answer to
    `/auth/confirm/options`. What is wrong answers 403 with `wrong_credentials`, `otp_required` or `wrong_otp`.
    """
    passkey = plain(body.passkey) if body.passkey is not None else None
    answer = await confirmation.confirm(actor, door, body.password, body.otp, passkey, device)
    if isinstance(answer, DomainError):
        return problem_of(request, answer)
    return Confirmed(confirmed_at=answer, expires_at=answer + CONFIRMATION_HOLDS)


@router.post(
    "/confirm/options",
    response_model=PasskeyOptions,
    operation_id="get_confirm_options",
    summary="Have a passkey confirm who I am",
    responses=problems(409),
)
async def get_confirm_options(actor: ActorParam, door: DoorParam) -> dict[str, object]:
    """What `navigator.credentials.get` takes. Send its answer as `passkey` to `/auth/confirm`."""
    return await passkeys.confirmation_options(actor, door)
