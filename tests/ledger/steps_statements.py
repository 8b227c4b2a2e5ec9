"""Reconciling, unsealing, and closing periods."""

from datetime import date
from decimal import Decimal

from tests.ledger.model import BOOK, Line, moved
from tests.ledger.player import Player
from tests.people import expect


async def reconcile(player: Player) -> None:
    """A dry run that says what differs; then with the right balance, a wrong one, or one that is adjusted to."""
    model = player.model
    account, day = str(player.any(model.of("account"))), player.day()
    until, closed = date.fromisoformat(day), model.book["locked_until"]
    pending = {
        i: moved(row["lines"]).get(account, Decimal(0))
        for i, row in model.transactions.items()
        if row["status"] == "pending" and row["date"] <= until and i in model.uses(account=account)
    }
    cleared = model.balance(account, until) - sum(pending.values(), Decimal(0))
    stated = cleared if player.often(0.5) else Decimal(player.signed(player.currency(account)))
    adjust, path = player.often(0.6), f"/accounts/{account}/reconcile"
    body = {"statement_date": day, "statement_balance": str(stated), "adjust": adjust}
    model.record(player.revision)
    dry = expect(await player.person.http.post(path, json=body | {"dry_run": True}), 200)
    found = (Decimal(dry["cleared_balance"]), Decimal(dry["difference"]), dry["pending_count"])
    assert found == (cleared, stated - cleared, len(pending))
    reasons = {"period_locked"} if closed is not None and until <= closed else set()
    if stated != cleared:
        reasons |= set() if adjust else {"statement_differs"}
        reasons |= {"archived"} if adjust and model.of("account")[account]["archived"] else set()
    answer = await player.attempt("POST", path, 201, reasons, json=body)
    if answer is None:
        return
    if stated != cleared:
        model.put(
            "transaction",
            answer["adjustment_id"],
            type="adjustment",
            date=until,
            lines=(Line(account, stated - cleared, None, "equity"),),
            status="cleared",
            **dict.fromkeys(("notes", "external_id", "refund_of", "import", "reconciliation", "payee")),
            tags=frozenset(),
        )
    sealed = [
        i
        for i in model.uses(account=account)
        if model.transactions[i]["status"] == "cleared"
        and model.transactions[i]["date"] <= until
        and (closed is None or model.transactions[i]["date"] > closed)
    ]
    model.put("reconciliation", answer["id"], account=account, date=until, balance=stated, sealed=len(sealed))
    for row_id in sealed:
        model.part("transaction", row_id, status="reconciled", reconciliation=answer["id"])


async def unseal(player: Player) -> None:
    row_id = player.any(player.model.transactions)
    sealed = [i for i, row in player.model.transactions.items() if row["status"] == "reconciled"]
    if sealed and player.often(0.9):
        row_id = player.any(sealed)
    if row_id is None:
        return
    row, closed = player.model.transactions[row_id], player.model.book["locked_until"]
    reasons = {"period_locked"} if closed is not None and row["date"] <= closed else set()
    if row["status"] != "reconciled":
        reasons = {"not_sealed"}
    body = {"reason": "The bank was wrong."}
    if await player.attempt("POST", f"/transactions/{row_id}/unseal", 200, reasons, json=body) is not None:
        player.model.part("transaction", row_id, status="cleared", reconciliation=None)


async def close_period(player: Player) -> None:
    """Early days mostly, so that there is something left to do; and open again."""
    present = player.model.book["locked_until"]
    until = None
    if present is None or player.often(0.3):
        until = min(date.fromisoformat(player.day()) for _ in range(4))
    body = {"locked_until": None if until is None else str(until)}
    await player.attempt("PUT", f"/books/{player.person.book_id}/lock", 200, json=body)
    if until != present:
        player.model.part("book", BOOK, locked_until=until)


STEPS = {"reconcile": (4, reconcile), "unseal": (4, unseal), "close a period": (3, close_period)}
