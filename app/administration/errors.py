"""Why somebody may not be acted on."""

from app.core.database import constraint_means
from app.core.errors import ConflictError, DomainError, ForbiddenError, NotFoundError


class OwnAccountError(ForbiddenError):
    code = "own_account"
    title = "Not to yourself"


class OutrankedError(ForbiddenError):
    code = "outranked"
    title = "Only admins may do this to moderators and admins"


class MissingPermissionError(ForbiddenError):
    code = "missing_permission"
    title = "Your role lacks a permission"


class LastAdminError(ConflictError):
    code = "last_admin"
    title = "This is the last admin"


def _last_admin() -> LastAdminError:
    return LastAdminError("A server keeps an admin who is not banned: make somebody else an admin first.")


constraint_means("ck_users_last_admin", _last_admin)


def refused(reason: str) -> DomainError:
    """The error for what the database's `administration_refusal` said."""
    return {
        "not_found": NotFoundError("There is no such user."),
        "own_account": OwnAccountError("Nobody changes their own role, or bans or deletes themselves, in this way."),
        "outranked": OutrankedError("Only an admin may do this to a moderator or an admin, or make somebody one."),
        "missing_permission": MissingPermissionError("Your role does not have this permission any more."),
        "last_admin": _last_admin(),
    }[reason]
