"""Why somebody cannot leave."""

from app.core.errors import ConflictError


class LastAdminError(ConflictError):
    """A server that others use keeps an admin."""

    code = "last_admin"
    title = "The last admin"

    def __init__(self) -> None:
        super().__init__("A server that others use keeps an admin who is not banned: make somebody else admin first.")
