"""The HTTP side of single sign-on: to the provider and back."""

import re
from typing import Annotated, Any

from authlib.common.urls import add_params_to_uri
from fastapi import Depends, Query, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from app.access.context import Actor
from app.access.dependencies import ActorParam, ConfirmedActor
from app.access.repository import act_as
from app.auth.oidc import flow as flows
from app.auth.oidc.browser import browser_of, mark_browser, unmark_browser
from app.auth.oidc.errors import DeniedError, ProviderError, ProviderUnavailableError, StateRefusedError
from app.auth.oidc.flow import Arrival, Flow, Intent
from app.auth.oidc.linking import may_register
from app.auth.oidc.person import Person
from app.auth.oidc.provider import CALLBACK, Proofs, Provider, configured
from app.auth.oidc.schemas import (
    CHALLENGE,
    MAX_URL,
    ArrivalOut,
    BeginIn,
    BegunOut,
    ExchangeIn,
    SingleSignOnOut,
)
from app.auth.router import DeviceParam, DoorParam
from app.auth.schemas import Tokens
from app.core.database import Database
from app.core.errors import DomainError, invalid
from app.core.problems import problem_of, problems
from app.core.routing import require, routes

router = routes("/auth/oidc", "auth", reads=None)

START = CALLBACK.replace("callback", "start")
BY_THE_PERSON = {
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
}
"""What the provider says when the person, and not the provider, is the reason."""
PASSING = {"temporarily_unavailable", "server_error"}
SANE_ERROR = re.compile(r"[a-z_]{1,50}")
REDIRECTED: dict[int | str, dict[str, Any]] = {302: {"description": "Go there."}}


async def _provider(request: Request) -> Provider:
    return configured(request.app.state.oidc)


ProviderParam = Annotated[Provider, Depends(_provider)]
BrowserParam = Annotated[str | None, Depends(browser_of)]


@router.get("", response_model=SingleSignOnOut, operation_id="get_single_sign_on", summary="Is there single sign-on")
async def get_single_sign_on(request: Request) -> SingleSignOnOut:
    """Whether this server has single sign-on, and what to write on the button."""
    settings = request.app.state.settings
    if request.app.state.oidc is None:
        return SingleSignOnOut(configured=False, name=None, registration=False)
    return SingleSignOnOut(configured=True, name=settings.oidc_name, registration=may_register(settings))


@router.get(
    "/start",
    status_code=302,
    response_class=RedirectResponse,
    operation_id="start_single_sign_on",
    summary="Go to the provider",
    responses=problems(401, 404, 502),
)
async def start_single_sign_on(
    request: Request,
    provider: ProviderParam,
    browser: BrowserParam,
    return_to: Annotated[
        str | None, Query(max_length=MAX_URL, description="One of OIDC_RETURN_URLS, to the letter.")
    ] = None,
    code_challenge: Annotated[
        str | None,
        Query(
            pattern=CHALLENGE,
            description="The S256 challenge of a verifier that you keep: then the exchange takes that verifier, from "
            "wherever it comes, instead of this browser's cookie.",
        ),
    ] = None,
    ticket: Annotated[
        str | None,
        Query(max_length=200, description="From `/auth/oidc/link` or `/auth/oidc/confirm`, alone."),
    ] = None,
) -> Response:
    """Send the browser here, not a script: it gets a cookie and is sent on to the provider."""
    settings, database = request.app.state.settings, request.app.state.database
    flows.check_return(settings, return_to, "query.return_to")
    if ticket is not None and (return_to is not None or code_challenge is not None):
        raise invalid("query.ticket", "ticket_alone", "goes without return_to and code_challenge")
    await provider.ready()
    if ticket is not None:
        flow = await _resume(database, flows.TICKET, ticket, browser)
    else:
        flow = Flow("login", return_to, code_challenge)
    response = RedirectResponse("", status_code=302)
    browser = mark_browser(response, settings, browser)
    state = await _begin(database, flow, browser)
    url = await provider.authorization_url(flows.proofs_of(browser, state), anew=flow.intent == "confirm")
    response.headers["Location"] = url
    return response


async def _begin(database: Database, flow: Flow, browser: str) -> str:
    async with database.begin() as connection:
        if flow.user_id is not None:
            await act_as(connection, flow.user_id)
        return await flows.begin(connection, flow, browser, flows.STATE)


async def _resume(database: Database, purpose: flows.Purpose, token: str, browser: str | None) -> Flow:
    """The flow of a token, which is spent by now whatever is answered."""
    async with database.begin() as connection:
        flow = await flows.resume(connection, purpose, token, browser)
    if flow is None:
        raise StateRefusedError("This was not begun in this browser, was used, or is too old; begin again.")
    return flow


@router.get(
    "/callback",
    response_model=ArrivalOut,
    operation_id="finish_single_sign_on",
    summary="Come back from the provider",
    responses={**REDIRECTED, **problems(401, 403, 404, 409, 502)},
)
async def finish_single_sign_on(
    request: Request,
    provider: ProviderParam,
    browser: BrowserParam,
    device: DeviceParam,
    state: Annotated[str, Query(max_length=200, description="As it was sent to the provider.")] = "",
    code: Annotated[str | None, Query(max_length=8000, description="The provider's.")] = None,
    iss: Annotated[str | None, Query(max_length=MAX_URL, description="Which provider answers (RFC 9207).")] = None,
    error: Annotated[str | None, Query(max_length=1000, description="Why there is no code.")] = None,
) -> Response:
    """The provider sends the browser here. It goes on to `return_to`, with `outcome` and `code`, or with `error`."""
    flow = await _resume(request.app.state.database, flows.STATE, state, browser)
    assert browser is not None  # noqa: S101  # nosec B101  # no flow is resumed without one
    try:
        person = await _person(provider, code, error, iss, flows.proofs_of(browser, state))
        arrival = await flows.finish(
            request.app.state.database, request.app.state.settings, flow, browser, person, device.address
        )
    except DomainError as refusal:
        if flow.return_to is None:
            raise
        request.state.problem_code = refusal.code
        return _go_on(flow.return_to, {"error": refusal.code})
    return _answer(flow, arrival)


async def _person(
    provider: Provider, code: str | None, error: str | None, issuer: str | None, proofs: Proofs
) -> Person:
    if error in BY_THE_PERSON:
        raise DeniedError("The provider did not let you in, or you changed your mind.")
    if error in PASSING:
        raise ProviderUnavailableError("The provider is out of order; try again in a moment.")
    if code is None:
        named = f": {error}" if error is not None and SANE_ERROR.fullmatch(error) else ""
        raise ProviderError(f"The provider refused the request{named}.")
    return await provider.person_behind(code, proofs, issuer)


def _answer(flow: Flow, arrival: Arrival) -> Response:
    if flow.return_to is None:
        shown = ArrivalOut(outcome=arrival.outcome, code=arrival.code, expires_in=arrival.expires_in)
        return JSONResponse(shown.model_dump())
    told: dict[str, str] = {"outcome": arrival.outcome}
    if arrival.code is not None:
        told["code"] = arrival.code
    return _go_on(flow.return_to, told)


def _go_on(return_to: str, told: dict[str, str]) -> Response:
    return RedirectResponse(str(add_params_to_uri(return_to, list(told.items()))), status_code=302)


@router.post(
    "/exchange",
    response_model=Tokens,
    operation_id="exchange_code",
    summary="Exchange the code for tokens",
    responses=problems(401, 403, 404),
)
async def exchange_code(
    body: ExchangeIn,
    request: Request,
    response: Response,
    _configured: ProviderParam,
    browser: BrowserParam,
    door: DoorParam,
    device: DeviceParam,
) -> Tokens | Response:
    """Opens a session. A code works once, for a minute, in the browser of the log-in or with its `code_verifier`.

    Where a second factor is on, it answers 401 `otp_required` until `otp` comes along with the same code. It takes
    no Idempotency-Key, for tokens are never stored.
    """
    answer = await flows.exchange(door, body.code, flows.Proof(browser, body.code_verifier, body.otp), device)
    if isinstance(answer, DomainError):
        return problem_of(request, answer)
    unmark_browser(response, door.settings)
    return answer


@router.post(
    "/link",
    response_model=BegunOut,
    operation_id="link_identity",
    summary="Link an identity to my account",
    responses=problems(401, 403, 404),
    dependencies=[require("identity:manage")],
)
async def link_identity(
    body: BeginIn,
    request: Request,
    response: Response,
    actor: ConfirmedActor,
    _configured: ProviderParam,
    browser: BrowserParam,
) -> BegunOut:
    """Needs a fresh confirmation. Send this browser to `url`; who logs in at the provider will be you here.

    It takes no Idempotency-Key, for the answer holds a secret.
    """
    return await _begin_signed_in(request, response, actor, browser, body, "link")


@router.post(
    "/confirm",
    response_model=BegunOut,
    operation_id="confirm_by_single_sign_on",
    summary="Confirm this session at the provider",
    responses=problems(401, 403, 404),
    dependencies=[require("identity:manage")],
)
async def confirm_by_single_sign_on(
    body: BeginIn,
    request: Request,
    response: Response,
    actor: ActorParam,
    _configured: ProviderParam,
    browser: BrowserParam,
) -> BegunOut:
    """Instead of `/auth/confirm`, for who has no password. Send this browser to `url`; the provider asks again.

    Not for who has an authenticator app, which the provider does not ask for: 403 `otp_required`, and `/auth/confirm`.

    It takes no Idempotency-Key, for the answer holds a secret.
    """
    await flows.check_provider_suffices(actor.connection, actor.user_id)
    return await _begin_signed_in(request, response, actor, browser, body, "confirm")


async def _begin_signed_in(
    request: Request, response: Response, actor: Actor, browser: str | None, body: BeginIn, intent: Intent
) -> BegunOut:
    settings = request.app.state.settings
    flows.check_return(settings, body.return_to, "return_to")
    browser = mark_browser(response, settings, browser)
    flow = Flow(intent, body.return_to, None, actor.user_id, actor.session_id)
    ticket = await flows.begin(actor.connection, flow, browser, flows.TICKET)
    url = f"{settings.public_url}{START}?ticket={ticket}"
    return BegunOut(url=url, expires_in=int(flows.TICKET_LIFETIME.total_seconds()))
