"""Why members and invitations cannot be changed so."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, NotFoundError, UnauthenticatedError


class LastOwnerError(ConflictError):
    """A book always has an owner."""

    code = "last_owner"
    title = "The last owner"

    def __init__(self) -> None:
        super().__init__(
            "This book has no other owner: transfer it to another member first (POST "
            "/api/v1/books/{book_id}/transfer-ownership), or delete it."
        )


class MemberNotFoundError(NotFoundError):
    code = "member_not_found"

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"This book has no member {user_id}.")


class AlreadyMemberError(ConflictError):
    code = "already_member"
    title = "Already a member"


class TooManyInvitationsError(ConflictError):
    code = "too_many_invitations"
    title = "Too many open invitations"

    def __init__(self, most: int) -> None:
        super().__init__(f"A book has at most {most} open invitations: revoke some, or wait until they are answered.")


class InvitationNotFoundError(NotFoundError):
    """There is none of this token or id, or it is not for the one who asks."""

    code = "invitation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such invitation, or it is not for your verified e-mail address.")


_ENDED = {
    "accepted": "This invitation was used; each lets one person in.",
    "declined": "This invitation was declined; ask for another one.",
    "revoked": "This invitation was withdrawn; ask for another one.",
    "expired": "This invitation has expired; ask for another one.",
}


class InvitationOverError(NotFoundError):
    """`reason` says how it ended: accepted, declined, revoked or expired."""

    code = "invitation_over"
    title = "This invitation is over"

    def __init__(self, reason: str) -> None:
        super().__init__(_ENDED[reason], reason=reason)


constraint_means("ck_book_members_an_owner", LastOwnerError)
constraint_means(
    "fk_book_members_user_id_users", lambda: UnauthenticatedError("This account was deleted a moment ago.")
)
