"""Why somebody may not be acted on."""

from app.access.permissions import MissingPermissionError
from app.core.database import constraint_means
from app.core.errors import DomainError, ForbiddenError, NotFoundError
from app.leaving.errors import LastAdminError


class OwnAccountError(ForbiddenError):
    code = "own_account"
    title = "Not to yourself"


class OutrankedError(ForbiddenError):
    code = "outranked"
    title = "Only admins may do this to moderators and admins"


constraint_means("ck_users_last_admin", LastAdminError)


def refused(reason: str) -> DomainError:
    """The error for what the database's `administration_refusal` said."""
    return {
        "not_found": NotFoundError("There is no such user."),
        "own_account": OwnAccountError("Nobody changes their own role, or bans or deletes themselves, in this way."),
        "outranked": OutrankedError("Only an admin may do this to a moderator or an admin, or make somebody one."),
        "missing_permission": MissingPermissionError("Your role does not have this permission any more."),
        "last_admin": LastAdminError(),
    }[reason]
