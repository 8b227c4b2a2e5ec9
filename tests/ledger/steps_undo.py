"""Undoing revisions: the last one, an earlier one, an undo."""

from tests.ledger.player import Player
from tests.ledger.undoing import RefusedError, undo

CONFLICTS = {
    "already_undone",
    "later_changes",
    "not_undoable",
    "period_locked",
    "name_taken",
    "category_name_taken",
    "duplicate_external_id",
    "refunded",
    "account_in_use",
    "would_oversell",
}


async def undo_last(player: Player) -> None:
    await _undo(player, player.revision)


async def undo_earlier(player: Player) -> None:
    """One of the last ones, mostly: what is long past has been changed since."""
    if revisions := sorted(player.model.history):
        await _undo(player, player.chance.choice(revisions[-player.chance.choice([3, 8, 1000]) :]))


async def _undo(player: Player, revision: int) -> None:
    """Done where the model says that it can be, refused where not, and then the model does the same."""
    model = player.model
    model.record(player.revision)
    path, body = f"/books/{player.person.book_id}/undo", {"revision": revision}
    if revision not in model.history:
        if revision > player.first:
            await player.attempt("POST", path, 200, {"revision_not_found"}, json=body)
        return
    try:
        rows, changed = undo(model, revision)
    except RefusedError:
        await player.attempt("POST", path, 200, CONFLICTS, json=body)
        return
    await player.attempt("POST", path, 200, json=body)
    model.rows = rows
    model.keep(player.revision, changed)


STEPS = {"undo the last": (10, undo_last), "undo an earlier one": (18, undo_earlier)}
