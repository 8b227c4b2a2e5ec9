"""What the door says to those who may not, and how long a confirmation holds."""

from datetime import timedelta

from app.access.context import Actor
from app.core.clock import now
from app.core.errors import ForbiddenError

CONFIRMATION_HOLDS = timedelta(minutes=5)


class MissingPermissionError(ForbiddenError):
    code = "missing_permission"
    title = "Your role lacks a permission"


class InsufficientScopeError(ForbiddenError):
    code = "insufficient_scope"
    title = "This token lacks a scope"


class ConfirmationRequiredError(ForbiddenError):
    code = "confirmation_required"
    title = "Prove again who you are"


def refusal_of(actor: Actor, permission: str) -> ForbiddenError:
    if actor.token_id is not None:
        return InsufficientScopeError(
            f"This personal access token may not do that: it needs the scope {permission}, and its owner's role the "
            "permission of that name.",
            permission=permission,
        )
    return MissingPermissionError(f"Your role does not have the permission {permission}.", permission=permission)


def confirmed(actor: Actor) -> Actor:
    """The same actor; raises `ConfirmationRequiredError` where the session did not prove itself again just now."""
    if actor.confirmed_at is None or actor.confirmed_at < now() - CONFIRMATION_HOLDS:
        raise ConfirmationRequiredError("Confirm it first with POST /api/v1/auth/confirm, then repeat this request.")
    return actor
