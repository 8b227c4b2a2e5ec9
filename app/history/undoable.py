"""What of a revision the log can bring back."""

from collections.abc import Sequence

from app.access.context import BookWriter
from app.core.database import AnyRow
from app.core.errors import ForbiddenError
from app.history.entities import ENTITIES
from app.history.errors import NotUndoableError

WHOLE = {"created", "updated", "deleted"}
SMALL_KIND = {
    "reassigned": "reassigned",
    "payee_changed": "payee_changed",
    "tags_changed": "tags_changed",
    "sealed": "sealed",
    "unsealed": "sealed",
}
FOLLOWING = {
    "revaluation": {"made": "These amounts follow from exchange rates: undo or change the rates instead."},
    "book": {"base_currency_changed": "Change it back with POST /books/{book_id}/base-currency."},
}
"""What follows from something else, and from what."""
NOT_OF_THE_LEDGER = {"member", "invitation"}
"""Bringing a member back is a decision about people, and theirs too."""
MOVED_ROWS = "import_rows"
"""Imported rows that followed their account or category to its heir: which, by import."""


def check_possible(book: BookWriter, summary: Sequence[AnyRow]) -> None:
    """Raise `NotUndoableError` for what the log cannot bring back, and `ForbiddenError` for what is an owner's."""
    for row in summary:
        if row.entity in NOT_OF_THE_LEDGER:
            detail = "Who may open the book is not undone: invite, remove or change roles again."
            raise NotUndoableError(detail, entity=row.entity, action=row.action)
        if reason := FOLLOWING.get(row.entity, {}).get(row.action):
            raise NotUndoableError(reason, entity=row.entity, action=row.action)
        if row.action not in _undoable(row.entity) or not row.complete:
            detail = f"The log does not keep enough of this ({row.entity} {row.action}) to bring it back."
            raise NotUndoableError(detail, entity=row.entity, action=row.action)
    if any((row.entity, row.action) == ("book", "updated") for row in summary) and book.role != "owner":
        raise ForbiddenError("Only an owner may undo a change of the book itself.")


def _undoable(entity: str) -> set[str]:
    """The actions on an entity that the log can bring back."""
    if entity == "transaction":
        return WHOLE | SMALL_KIND.keys()
    if entity == "import":  # its rows are not in the log: what was discarded stays so
        return {"updated", "committed", "undone"}
    if entity == "book":
        return {"updated", "undone"}
    if entity == MOVED_ROWS:
        return {"moved"}
    return WHOLE if entity in ENTITIES else set()
