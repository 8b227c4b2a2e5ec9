"""Routers of this API: exact numbers in bodies, replayable POSTs, and errors declared on every route."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import APIRouter, Depends, Request
from fastapi.params import Depends as DependsParam
from fastapi.params import Form
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from app.core.idempotency import Replay, answer_of, pending_claim
from app.core.problems import OtherMethodError, problems
from app.core.rate_limits.guard import guarded
from app.core.rate_limits.table import rules_of

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
JSONS = ("application/json",)
LARGEST_EXPONENT = 40
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")


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


class Permission:
    """The mark that `require` leaves on a route; the door that opens requests reads it."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self) -> None:
        """Nothing: the check is made with the statement that opens the request."""


def require(permission: str) -> Any:
    """For the `dependencies` of a route: who lacks this permission, or whose token lacks the scope, gets 403.

    The routers of `routes()` have one for reading and one for writing already; one on a route replaces it.
    """
    return Depends(Permission(permission))


def required_permission(dependencies: Sequence[DependsParam]) -> str | None:
    """The permission that was asked for last, so that of the route before that of its router."""
    names = [each.dependency.name for each in dependencies if isinstance(each.dependency, Permission)]
    return names[-1] if names else None


class Route(APIRoute):
    """Runs the endpoint, then keeps its answer under the caller's `Idempotency-Key`, inside its transaction.

    What FastAPI calls the handler ends before the function-scoped session commits, so the kept answer and the
    effect are one: both exist or neither.
    """

    permission: str | None
    """What a caller must be permitted; None on public routes, and there nothing that needs a user opens."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.permission = required_permission(self.dependencies)
        if self.permission is not None:
            self.openapi_extra = {**(self.openapi_extra or {}), "x-permission": self.permission}

    def get_route_handler(self) -> Callable[[Request], Any]:
        original = super().get_route_handler()
        is_form = self.body_field is not None and isinstance(self.body_field.field_info, Form)
        rules = rules_of(self.methods or (), self.path)

        async def handle(request: Request) -> Response:
            if self.body_field is not None:
                _check_media_type(request, is_form=is_form)
            exact = ExactRequest(request.scope, request.receive)
            try:
                response: Response = await (
                    original(exact) if rules is None else guarded(rules, exact, original, is_form=is_form)
                )
            except Replay as replay:
                return replay.response
            claim = pending_claim(request)
            if claim is not None:
                await claim.keep(answer_of(response))
            return response

        return handle


class _Router(APIRouter):
    """Puts the permission to read on the GETs and that to write on all else, but where a route has its own."""

    permissions: tuple[str, str] | None = None
    beginning = ""
    """What stands in the path of each of its routes, before any parameter."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The same answer, without trying route after route of a router that has none for such a path."""
        return super().matches(scope) if self.beginning in scope["path"] else (Match.NONE, {})

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        given = list(options.get("dependencies") or ())
        if self.permissions is not None and required_permission(given) is None:
            reads, writes = self.permissions
            given.insert(0, require(reads if set(options.get("methods") or ["GET"]) <= {"GET"} else writes))
        super().add_api_route(path, endpoint, **{**options, "dependencies": given})


def routes(
    prefix: str, tag: str, *, reads: str | None, writes: str | None = None, errors: tuple[int, ...] = ()
) -> APIRouter:
    """A router whose routes all declare `errors` beside what any route can answer: 401, 403, 422, 500 and 503.

    `reads` is the permission that its GETs need, `writes` that of its other methods (the same without one); with
    `reads=None` the routes are public.
    """
    every = (422, 500, 503) if reads is None else (401, 403, 422, 500, 503)
    router = _Router(prefix=prefix, tags=[tag], route_class=Route, responses=problems(*every, *errors))
    router.beginning = prefix.partition("{")[0]
    if reads is not None:
        router.permissions = (reads, writes or reads)
    return router


def only(router: APIRouter, method: str, path: str) -> None:
    """Answer 405 to other methods of a fixed path, which a later route would take for one with an id.

    A path that takes two has both in `method`, as the header `Allow` names them: `GET, POST`.
    """

    async def refuse() -> None:
        raise OtherMethodError(method)

    others = [name for name in METHODS if name not in method.split(", ")]
    router.add_api_route(path, refuse, methods=others, include_in_schema=False)
