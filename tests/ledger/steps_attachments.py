"""Receipts: they come, they go, and they go with their transaction."""

from tests.attachments.files import png
from tests.ledger.player import Player


async def attach(player: Player) -> None:
    row_id = player.any(player.model.transactions)
    if row_id is None:
        return
    until = player.model.book["locked_until"]
    closed = until is not None and player.model.transactions[row_id]["date"] <= until
    files = {"file": ("receipt.png", png(f"{player.model.next()} of {player.person.book_id}"), "image/png")}
    reasons = {"period_locked"} if closed else set()
    answer = await player.attempt("POST", f"/transactions/{row_id}/attachments", 201, reasons, files=files)
    if answer is not None:
        player.model.put("attachment", answer["id"], transaction=row_id)


async def detach(player: Player) -> None:
    attachment = player.any(player.model.of("attachment"))
    if attachment is None:
        return
    until = player.model.book["locked_until"]
    row = player.model.transactions[player.model.of("attachment")[attachment]["transaction"]]
    reasons = {"period_locked"} if until is not None and row["date"] <= until else set()
    if await player.attempt("DELETE", f"/attachments/{attachment}", 204, reasons) is not None:
        player.model.remove("attachment", attachment)


STEPS = {"attach a file": (3, attach), "take a file off": (1, detach)}
