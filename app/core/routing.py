"""Routers of this API: exact numbers in bodies, replayable POSTs, and errors declared on every route."""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import APIRouter, Request
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core.idempotency import Replay, answer_of, pending_claim
from app.core.problems import OtherMethodError, problems

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
JSONS = ("application/json",)
LARGEST_EXPONENT = 40
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")

Handler = Callable[[Request], Awaitable[Response]]


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


def _exact(text: str) -> Decimal | str:
    """A number's own digits; one out of all proportion stays text, for making an integer of it could take hours."""
    number = Decimal(text)
    return number if abs(number.adjusted()) <= LARGEST_EXPONENT else text


class ExactRequest(Request):
    """A request whose JSON numbers keep the digits they were written with: no float is ever made."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), parse_float=_exact, parse_constant=_refuse_constant)
        return self._json


def _check_media_type(request: Request, *, is_form: bool) -> None:
    """A body of another kind is refused before it is read; no body at all is the route's own business."""
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    sent = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    wanted = FORMS if is_form else JSONS
    if not (sent in wanted or (not is_form and sent.startswith("application/") and sent.endswith("+json"))):
        raise HTTPException(415, f"Send the body as {' or '.join(wanted)} and say so in Content-Type.")


class Route(APIRoute):
    """Runs the endpoint, then keeps its answer under the caller's `Idempotency-Key`, inside its transaction.

    What FastAPI calls the handler ends before the function-scoped session commits, so the kept answer and the
    effect are one: both exist or neither.
    """

    def get_route_handler(self) -> Callable[[Request], Any]:
        original = super().get_route_handler()
        is_form = self.body_field is not None and isinstance(self.body_field.field_info, Form)

        async def handle(request: Request) -> Response:
            if self.body_field is not None:
                _check_media_type(request, is_form=is_form)
            exact = ExactRequest(request.scope, request.receive)
            try:
                response: Response = await original(exact)
            except Replay as replay:
                return replay.response
            claim = pending_claim(request)
            if claim is not None:
                await claim.keep(answer_of(response))
            return response

        return handle


def routes(prefix: str, tag: str, *, errors: tuple[int, ...] = (), public: bool = False) -> APIRouter:
    """A router whose routes all declare `errors` beside what any route can answer: 401, 422, 500 and 503."""
    every = (422, 500, 503) if public else (401, 403, 422, 500, 503)
    return APIRouter(prefix=prefix, tags=[tag], route_class=Route, responses=problems(*every, *errors))


def only(router: APIRouter, method: str, path: str) -> None:
    """Answer 405 to other methods of a fixed path, which a later route would take for one with an id."""

    async def refuse() -> None:
        raise OtherMethodError(method)

    others = [name for name in METHODS if name != method]
    router.add_api_route(path, refuse, methods=others, include_in_schema=False)
