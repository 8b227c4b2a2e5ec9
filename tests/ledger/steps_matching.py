"""Two rows of two statements that are one transfer: a yes, a no, and what cannot be one."""

from tests.ledger.model import Line
from tests.ledger.player import Player
from tests.ledger.steps_imports import commit, keep, upload
from tests.people import expect


def _simple(player: Player, kind: str) -> list[str]:
    rows = player.model.transactions.items()
    return player.model.ordered(i for i, row in rows if row["type"] == kind and len(row["lines"]) == 1)


def _pair(player: Player) -> tuple[str, str] | None:
    """Two of one amount where there are any."""
    lines = {
        i: player.model.transactions[i]["lines"][0] for kind in ("expense", "income") for i in _simple(player, kind)
    }
    pairs = [(o, i) for o in _simple(player, "expense") for i in _simple(player, "income")]
    fitting = [(o, i) for o, i in pairs if lines[o].amount == -lines[i].amount]
    if player.often(0.1) or not fitting:
        fitting = pairs
    return player.chance.choice(fitting) if fitting else None


async def bring_a_pair(player: Player) -> None:
    """A row of one account's statement whose other side is on another's, to be matched later."""
    source = player.account()
    alike = [i for i in player.model.of("account") if player.currency(i) == player.currency(source) and i != source]
    target = player.any([i for i in alike if not player.model.of("account")[i]["archived"]])
    if target is None:
        return
    day, amount, payee = player.day(), player.amount(player.currency(source)), "To my own account"
    body = {"type": "expense", "date": day, "account_id": source, "amount": amount}
    after = player.row(body)
    answer = await player.attempt("POST", "/transactions", 201, player.objections(None, after), json=body)
    if answer is None:
        return
    player.model.put("transaction", answer["id"], **after, payee=None, tags=frozenset())
    player.model.record(player.revision)
    data = f"Date,Payee,Amount\n{day},{payee},{amount}\n2025-13-45,{payee},1\n".encode()
    uploaded = await upload(player, target, data)
    await commit(player, keep(player, uploaded["id"], target, (data, [(day, amount)], payee)))


async def accept(player: Player) -> None:
    """The outgoing one becomes the transfer, the incoming one goes with its receipts handed over."""
    model, pair = player.model, _pair(player)
    if pair is None:
        return
    outgoing, incoming = pair
    before, other = model.transactions[outgoing], model.transactions[incoming]
    gone, come = before["lines"][0], other["lines"][0]
    statuses = {before["status"], other["status"]}
    after = {
        **before,
        "type": "transfer",
        "lines": (Line(gone.account, gone.amount, None, "transfer"), Line(come.account, come.amount, None, "transfer")),
        "payee": before["payee"] or other["payee"],
        "notes": before["notes"] or other["notes"],
        "tags": before["tags"] | other["tags"],
        "status": next((s for s in ("reconciled", "pending") if s in statuses), "cleared"),
        "refund_of": None,
    }
    reasons = player.objections(before, after, outgoing) | player.objections(other, None)
    same = player.currency(gone.account) == player.currency(come.account)
    if gone.account == come.account or other["refund_of"] is not None or (same and gone.amount != -come.amount):
        reasons.add("invalid_input")
    body = {"outgoing_id": outgoing, "incoming_id": incoming}
    if await player.attempt("POST", "/transfer-matches/accept", 200, reasons, json=body) is None:
        return
    for attachment in [i for i, row in model.of("attachment").items() if row["transaction"] == incoming]:
        model.part("attachment", attachment, transaction=outgoing)
    model.remove("transaction", incoming)
    model.put("transaction", outgoing, **after)
    side = {"account": come.account, "external_id": other["external_id"], "import": other["import"]}
    model.put("merged", incoming, into=outgoing, **side, date=other["date"], amount=come.amount)


async def reject(player: Player) -> None:
    """Suggested before, when one of them was imported, and not any more; the same no again changes nothing."""
    pair = _pair(player)
    if pair is None:
        return
    body = {"outgoing_id": pair[0], "incoming_id": pair[1]}
    await player.attempt("POST", "/transfer-matches/reject", 204, json=body)
    rows = player.model.of("rejection").values()
    if {"outgoing": pair[0], "incoming": pair[1]} not in rows:
        number = f"rejection {player.model.next()}"
        player.model.put("rejection", number, outgoing=pair[0], incoming=pair[1])
    span = {"date_from": "2025-11-01", "date_to": "2026-03-15", "days": 14, "limit": 200}
    suggested = expect(await player.person.get("/transfer-matches", **span), 200)["items"]
    assert all((item["outgoing"]["id"], item["incoming"]["id"]) != pair for item in suggested)


STEPS = {"bring a pair": (3, bring_a_pair), "accept a match": (4, accept), "reject a match": (2, reject)}
