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

    def __init__(self, offenders: Sequence[dict[str, Any]], reason: str, revision: int | None = None) -> None:
        """`revision` is the newest of the later changes, where the log tells."""
        first = "the later changes" if revision is None else f"revision {revision}"
        super().__init__(f"{reason} Undo {first} first.", offenders=list(offenders))
        self.reason = reason


class AlreadyUndoneError(ConflictError):
    """It is undone, and its undo stands."""

    code = "already_undone"
    title = "This is undone already"

    def __init__(self, revision: int, by: int) -> None:
        detail = f"Revision {revision} was undone by revision {by}; undo {by} to bring it back."
        super().__init__(detail, undone_by=by)


class SinceAheadError(ConflictError):
    """The client's copy is newer than the book: a backup was restored."""

    code = "since_ahead"
    title = "The book is older than that"

    def __init__(self, since: int, revision: int) -> None:
        super().__init__(
            f"The book is at revision {revision}, you have {since}: it was restored from a backup. Start again with "
            "since=0.",
            revision=revision,
        )
