"""The HTTP side of a mail's unsubscribe link: a page for people, one click for mail programs, JSON for others."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.access.dependencies import Connection
from app.core.routing import only, routes
from app.notifications.pages import PAGE_POLICY, unsubscribe_page
from app.notifications.schemas import UnsubscribeToken
from app.notifications.unsubscribing import LONGEST_TOKEN, UnsubscribeTokenError, read, unsubscribe

router = routes("/notifications", "notifications", reads=None)
PATH = "/unsubscribe"
HTML_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "A page for people.", "content": {"text/html": {"schema": {"type": "string"}}}}
}
# RFC 8058 has the body be this pair alone; the token is in the URL.
BODY = {
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "description": "What mail programs send; the token is in the URL.",
                    "properties": {"List-Unsubscribe": {"type": "string"}},
                },
                "example": {"List-Unsubscribe": "One-Click"},
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "description": "The token of the link, for programs of your own.",
                    "properties": {"token": {"type": "string", "maxLength": LONGEST_TOKEN}},
                    "required": ["token"],
                },
                "example": {"token": "AZr0..."},
            },
        },
    }
}
TokenQuery = Annotated[str | None, Query(max_length=LONGEST_TOKEN, description="The token of the link in the mail.")]


def _page(text: str) -> HTMLResponse:
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(text, headers=headers)


@router.get(
    PATH,
    operation_id="show_unsubscribe",
    summary="The page of an unsubscribe link",
    response_class=Response,
    responses=HTML_ANSWER,
)
async def show_unsubscribe(request: Request, token: TokenQuery = None) -> HTMLResponse:
    """Says what mail would stop and has a button. Opening it changes nothing: programs open links, too."""
    wanted = read(request.app.state.secrets, token or "")
    return _page(unsubscribe_page(wanted.scope, token or ""))


@router.post(
    PATH,
    operation_id="unsubscribe",
    summary="Stop a kind of mail",
    response_class=Response,
    responses=HTML_ANSWER,
    openapi_extra=BODY,
)
async def unsubscribe_(request: Request, connection: Connection, token: TokenQuery = None) -> HTMLResponse:
    """Turns off the mail that the token is of; the inbox goes on. Twice is as good as once.

    For the one-click button of mail programs (RFC 8058) with the token in the URL, or with it as JSON.
    """
    given = token if token is not None else await _token_in_body(request)
    secrets = request.app.state.secrets
    await unsubscribe(connection, secrets, given)
    return _page(unsubscribe_page(read(secrets, given).scope, None))


only(router, "GET, POST", PATH)


async def _token_in_body(request: Request) -> str:
    try:
        return UnsubscribeToken.model_validate_json(await request.body()).token
    except ValidationError:
        raise UnsubscribeTokenError from None
