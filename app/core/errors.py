"""Errors of the domain, told apart by what the caller can do about them.

Services raise these; `app.core.problems` is the one place that turns them into HTTP answers. A domain keeps
its own errors beside its service, as subclasses with a stable `code`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One wrong field of an input: its path (`splits.1.amount`), a stable code, and what is wrong."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """Base of every error a caller may see; `detail` says what is wrong and what to do about it."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request failed"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: Mapping[str, Any] = extra


class UnauthenticatedError(DomainError):
    """It is not known who asks."""

    code = "unauthenticated"
    title = "Not authenticated"


class ForbiddenError(DomainError):
    """It is known who asks, and they may not."""

    code = "forbidden"
    title = "Not allowed"


class NotFoundError(DomainError):
    """It does not exist for the one who asks; another book's row counts as not existing."""

    code = "not_found"
    title = "Not found"


class ConflictError(DomainError):
    """The present state refuses the change."""

    code = "conflict"
    title = "Conflict with the present state"


class IdTakenError(ConflictError):
    """Something has the id that the client chose for what is new."""

    code = "id_taken"
    title = "This id is taken"


class RevisionMismatchError(DomainError):
    """`If-Match` names another revision than the present one."""

    code = "revision_mismatch"
    title = "The resource has changed"


class TooLargeError(DomainError):
    """More was sent than the server takes."""

    code = "too_large"
    title = "Too large"


class RateLimitedError(DomainError):
    """More was asked than is allowed; `retry_after` seconds from now there is room again."""

    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.retry_after = retry_after


class TooManyTriesError(RateLimitedError):
    """Wrong too often: nothing is tried for `retry_after` seconds."""

    code = "too_many_tries"
    title = "Too many wrong tries"


class BusyError(DomainError):
    """The server cannot answer now; a later try may succeed."""

    code = "unavailable"
    title = "Temporarily unavailable"


class UpstreamError(DomainError):
    """Another server that the answer depends on answered with what is of no use."""

    code = "upstream_error"
    title = "Another server's answer is of no use"


class InvalidError(DomainError):
    """The input is well formed and still wrong; every wrong field is named, not the first."""

    code = "invalid_input"
    title = "The input is not valid"

    def __init__(self, errors: list[FieldError] | FieldError, detail: str | None = None, **extra: Any) -> None:
        self.errors = errors if isinstance(errors, list) else [errors]
        super().__init__(detail or "; ".join(f"{error.field}: {error.detail}" for error in self.errors), **extra)


def invalid(field: str, code: str, detail: str) -> InvalidError:
    """An `InvalidError` about one field."""
    return InvalidError(FieldError(field, code, detail))
