"""Why something cannot be undone."""

from collections.abc import Sequence
from typing import Any

from app.core.errors import ConflictError, NotFoundError


class RevisionNotFoundError(NotFoundError):
    code = "revision_not_found"

    def __init__(self, revision: int) -> None:
        super().__init__(f"Revision {revision} of this book changed nothing, or does not exist.")


class EntityNotFoundError(NotFoundError):
    """Neither the book nor its log has this row."""

    code = "entity_not_found"


class NotUndoableError(ConflictError):
    """The log does not have what it takes to bring the former state back."""

    code = "not_undoable"
    title = "This cannot be undone"


class LaterChangesError(ConflictError):
    """What the revision left has changed since, or is used by what came later."""

    code = "later_changes"
    title = "Later changes depend on it"

    def __init__(self, offenders: Sequence[dict[str, Any]], reason: str) -> None:
        super().__init__(f"{reason} Undo the later changes first.", offenders=list(offenders))
