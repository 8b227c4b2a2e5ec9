"""Every error as RFC 9457 `application/problem+json`: the shape, the handlers, and its place in the OpenAPI."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import errors
from app.core.conditional import NotModified
from app.core.database import domain_error_of, is_disconnect
from app.core.route_names import route_of

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
MOST_ERRORS = 100
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CODE_OF = {
    400: "malformed",
    401: errors.UnauthenticatedError.code,
    404: errors.NotFoundError.code,
    405: "method_not_allowed",
    413: errors.TooLargeError.code,
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    503: errors.BusyError.code,
}

STATUS_OF: tuple[tuple[type[errors.DomainError], HTTPStatus], ...] = (
    (errors.UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (errors.ForbiddenError, HTTPStatus.FORBIDDEN),
    (errors.NotFoundError, HTTPStatus.NOT_FOUND),
    (errors.ConflictError, HTTPStatus.CONFLICT),
    (errors.RevisionMismatchError, HTTPStatus.PRECONDITION_FAILED),
    (errors.TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.InvalidError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UpstreamError, HTTPStatus.BAD_GATEWAY),
    (errors.RateLimitedError, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
)

log = structlog.get_logger("finance.errors")


class OtherMethodError(HTTPException):
    """Another method of a path that takes one; it says itself which."""

    def __init__(self, taken: str) -> None:
        super().__init__(405, headers={"Allow": taken})


class ProblemField(BaseModel):
    """One wrong field of the input."""

    field: str = Field(description="Where it is: `amount`, `splits.1.amount`, `query.limit`.", examples=["amount"])
    code: str = Field(description="Stable and machine-readable.", examples=["too_many_decimals"])
    detail: str = Field(description="What is wrong, for a person.", examples=["EUR has 2 decimals"])


class Problem(BaseModel):
    """An error, the same shape for every one the server can send (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "urn:finance-tracker:problem:not_found",
                "title": "Not found",
                "status": 404,
                "detail": "There is no account with this id.",
                "instance": "/api/v1/accounts/01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                "code": "not_found",
                "request_id": "01a1fdeebbe07bf684f8f3042f6ccda6",
            }
        },
    )

    type: str = Field(description="A URN that ends in `code`.")
    title: str = Field(description="The kind of error, the same for each occurrence.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time and what to do about it.")
    instance: str = Field(description="The path of the request.")
    code: str = Field(description="Stable and machine-readable: branch on this one.")
    request_id: str = Field(description="The same as the header `X-Request-Id`; the server's log has it too.")
    errors: list[ProblemField] | None = Field(default=None, description="With 422: every wrong field, not the first.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses, beside those every route has (see `Routes`)."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": Problem,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def not_modified() -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that takes `If-None-Match`."""
    return {304: {"description": "Unchanged since the ETag you have."}}


def problem_response(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    headers: dict[str, str] | None = None,
    **extra: Any,
) -> Response:
    body = {
        "type": f"urn:finance-tracker:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": getattr(request.state, "request_id", ""),
        **extra,
    }
    request.state.problem_code = code
    return Response(orjson.dumps(body, default=str), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Register the handlers; nothing the app raises is answered in another shape."""
    app.add_exception_handler(errors.DomainError, domain_problem)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(PoolTimeoutError, _pool_exhausted)
    app.add_exception_handler(OSError, _connection_refused)
    app.add_exception_handler(Exception, _unexpected)
    app.add_exception_handler(NotModified, _not_modified)
    app.add_middleware(Defects)


class Defects:
    """The framework answers for `Exception` outside of all middleware; this answers inside, so that headers are added.

    It is the innermost middleware. What breaks in the others still meets the handler for `Exception`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_some(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_some)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            response = await _unexpected(Request(scope), error)
            await response(scope, receive, send)


async def domain_problem(request: Request, error: Exception) -> Response:
    """The answer for a domain's error, for middleware too: what it raises meets no handler."""
    assert isinstance(error, errors.DomainError)  # noqa: S101  # nosec B101  # what it is registered for
    return problem_of(request, error)


def problem_of(request: Request, error: errors.DomainError) -> Response:
    """The answer that raising this error would give; returned as a value, what was written stays written."""
    status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
    extra = dict(error.extra)
    if isinstance(error, errors.InvalidError):
        extra["errors"] = [{"field": e.field, "code": e.code, "detail": e.detail} for e in error.errors]
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_SECONDS
    if isinstance(error, errors.RateLimitedError):
        headers["Retry-After"] = str(error.retry_after)
    return problem_response(request, status, error.code, error.detail, title=error.title, headers=headers, **extra)


async def _not_modified(_request: Request, answer: Exception) -> Response:
    assert isinstance(answer, NotModified)  # noqa: S101  # nosec B101  # what it is registered for
    return Response(status_code=304, headers={"ETag": answer.tag})


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # nosec B101  # what it is registered for
    found: list[dict[str, str]] = []
    for item in error.errors():
        if item["type"] == "json_invalid":
            return await _http_error(
                request, HTTPException(400, f"The body is not JSON: see character {item['loc'][-1]}.")
            )
        message = item["msg"].removeprefix("Value error, ")
        place = _field(item["loc"], error.body)
        if item["type"].startswith("union_tag"):  # a `type` that says no shape that there is
            tag = item["ctx"]["discriminator"].strip("'")
            place = tag if place == "body" else f"{place}.{tag}"
        wrong = {"field": place, "code": item["type"], "detail": message}
        if wrong in found:  # a parameter that several dependencies of the route read
            continue
        found.append(wrong)
        if len(found) == MOST_ERRORS:
            break
    detail = "; ".join(f"{item['field']}: {item['detail']}" for item in found)
    return problem_response(
        request, 422, errors.InvalidError.code, detail, title=errors.InvalidError.title, errors=found
    )


def _field(location: Sequence[int | str], body: Any) -> str:
    """`splits.0.amount`: without the leading "body", and without the tag by which a body of several shapes is told."""
    place = [str(part) for part in location]
    if place[:1] == ["body"]:
        tagged = isinstance(body, dict) and len(place) > 1 and place[1] not in body and place[1] in body.values()
        place = place[2 if tagged else 1 :] or ["body"]
    return ".".join(place)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # nosec B101  # what it is registered for
    status = error.status_code
    code = CODE_OF.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if status == HTTPStatus.NOT_FOUND:
        detail = "There is nothing at this path."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        if not isinstance(error, OtherMethodError):
            headers["Allow"] = ", ".join(_methods_of(request))
        detail = f"This path does not take {request.method}."
    return problem_response(request, status, code, detail, headers=headers)


def _methods_of(request: Request) -> list[str]:
    """Every method that some route takes at this path; the framework names those of the first route alone."""
    routes: list[BaseRoute] = request.app.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _database_error(request: Request, error: Exception) -> Response:
    """A constraint that spoke last becomes the domain's error; a lost connection is 503; the rest is a defect."""
    assert isinstance(error, DBAPIError)  # noqa: S101  # nosec B101  # what it is registered for
    known = domain_error_of(error)
    if known is not None:
        return await domain_problem(request, known)
    if is_disconnect(error) or isinstance(error, (OperationalError, InterfaceError)):
        return await _unavailable(request, error)
    return await _unexpected(request, error)


async def _pool_exhausted(request: Request, error: Exception) -> Response:
    return await _unavailable(request, error)


async def _connection_refused(request: Request, error: Exception) -> Response:
    """asyncpg reports a server that is down as a plain OSError."""
    return await _unavailable(request, error)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.error("database_unavailable", error=str(error), method=request.method, path=request.url.path)
    return await domain_problem(request, errors.BusyError("The database does not answer; try again in a moment."))


async def _unexpected(request: Request, error: Exception) -> Response:
    """The log has everything, the answer has none of it."""
    log.error(
        "unhandled_error",
        method=request.method,
        path=request.url.path,
        route=route_of(request.scope),
        request_id=getattr(request.state, "request_id", None),
        user_id=getattr(request.state, "user_id", None),
        exc_info=error,
    )
    detail = "Something went wrong on the server. Nothing was changed. The log has the cause under this request_id."
    return problem_response(request, 500, "internal_error", detail, title="Internal error")
