"""Trades, and the transactions that are their money: sealed, closed and undone like others, changed with the trade."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from tests.ledger.model import Line, Model, Row
from tests.ledger.player import Player

BRINGS = {"buy": 1, "deposit": 1, "sell": -1}
"""Kinds that change how many units are held."""
AMOUNT = {"deposit": "cost"}
"""What the money of a kind is called, where that is not its amount."""


def money(trade: Row) -> tuple[Line, ...]:
    """What a trade posts, by the words of its documentation; a deposit moves nothing."""
    account, amount = trade["account"], trade["amount"]
    if trade["kind"] == "dividend":
        taxes = Line(account, -trade["taxes"], None, "flow", "Taxes")
        return (Line(account, amount, trade["category"], "flow"), *([taxes] if taxes.amount else []))
    if trade["kind"] == "fee":
        return (Line(account, -amount, trade["category"], "flow"),)
    if trade["kind"] == "deposit":
        return ()
    return (Line(account, -amount if trade["kind"] == "buy" else amount, None, "equity"),)


def is_possible(model: Model, trades: Iterable[tuple[str, Row]]) -> bool:
    """Whether nowhere more is sold than is held, in the order of days and, on a day, of entering."""
    held: dict[str, Decimal] = {}
    for _, trade in sorted(trades, key=lambda item: (item[1]["date"], model.places.get(item[0], len(model.places)))):
        account = trade["account"]
        held[account] = held.get(account, Decimal(0)) + BRINGS.get(trade["kind"], 0) * (trade["quantity"] or 0)
        if held[account] < 0:
            return False
    return True


def _transaction(trade: Row, before: Row | None) -> Row | None:
    """The transaction of a trade; what it became by reconciling it keeps."""
    lines = money(trade)
    if not lines:
        return None
    kept = {name: before[name] for name in ("status", "reconciliation")} if before else {}
    return {
        **dict.fromkeys(("notes", "external_id", "refund_of", "import", "reconciliation", "payee")),
        "type": "trade",
        "date": trade["date"],
        "lines": lines,
        "status": "cleared",
        "tags": frozenset(),
        **kept,
    }


def _objections(player: Player, row_id: str | None, before: Row | None, after: Row | None) -> set[str]:
    model, until = player.model, player.model.book["locked_until"]
    found: set[str] = set()
    if until is not None and any(trade is not None and trade["date"] <= until for trade in (before, after)):
        found.add("period_locked")
    if after is not None and model.of("account")[after["account"]]["archived"] and before is None:
        found.add("archived")
    present = model.find("transaction", before["transaction"]) if before else None
    wanted = _transaction(after, present) if after else None
    if present is not None or wanted is not None:
        found |= player.objections(present, wanted)
    others = [item for item in model.of("trade").items() if item[0] != row_id]
    if not is_possible(model, others + ([(row_id or "", after)] if after else [])):
        found |= {"oversold", "would_oversell"}
    return found


def _write(player: Player, trade_id: str, after: Row) -> None:
    present = player.model.find("transaction", after["transaction"])
    made = _transaction(after, present)
    if made is not None:
        player.model.put("transaction", after["transaction"], **made)
    player.model.put("trade", trade_id, **after)


async def trade(player: Player) -> None:
    """Buy, sell, get a dividend or some units, pay a fee."""
    account = player.account()
    kind = player.chance.choice(["buy", "buy", "sell", "dividend", "fee", "deposit"])
    after: Row = {
        "kind": kind,
        "account": account,
        "date": date.fromisoformat(player.day()),
        "quantity": Decimal(player.chance.randrange(1, 9)) if kind in BRINGS else None,
        "amount": Decimal(player.amount(player.currency(account))),
        "taxes": Decimal(0),
        "category": None,
        "transaction": None,
        "notes": None,
    }
    body: Row = {"kind": kind, "date": str(after["date"]), "account_id": account, "asset_id": player.asset}
    body[AMOUNT.get(kind, "amount")] = str(after["amount"])
    if kind in BRINGS:
        body["quantity"] = str(after["quantity"])
    else:
        body["category_id"] = after["category"] = player.category(("income" if kind == "dividend" else "expense",))
    if kind == "dividend" and player.often(0.5):
        after["taxes"] = Decimal(1)
        body["taxes"] = "1"
    reasons = _objections(player, None, None, after)
    answer = await player.attempt("POST", "/portfolio/trades", 201, reasons, json=body)
    if answer is not None:
        _write(player, answer["id"], after | {"transaction": answer["transaction_id"]})


async def change_trade(player: Player) -> None:
    trade_id = player.any(player.model.of("trade"))
    if trade_id is None:
        return
    before = player.model.of("trade")[trade_id]
    changes: Row = {}
    after = dict(before)
    if player.often(0.4):
        changes["date"] = player.day()
        after["date"] = date.fromisoformat(changes["date"])
    if player.often(0.4):
        changes[AMOUNT.get(before["kind"], "amount")] = player.amount(player.currency(before["account"]))
        after["amount"] = Decimal(changes[AMOUNT.get(before["kind"], "amount")])
    if before["kind"] in BRINGS and player.often(0.4):
        after["quantity"] = Decimal(player.chance.randrange(1, 9))
        changes["quantity"] = str(after["quantity"])
    if not changes:
        changes["notes"] = after["notes"] = f"Note {player.model.next()}"
    reasons = _objections(player, trade_id, before, after)
    if await player.attempt("PATCH", f"/portfolio/trades/{trade_id}", 200, reasons, json=changes) is not None:
        _write(player, trade_id, after)


async def delete_trade(player: Player) -> None:
    trade_id = player.any(player.model.of("trade"))
    if trade_id is None:
        return
    before = player.model.of("trade")[trade_id]
    reasons = _objections(player, trade_id, before, None)
    if await player.attempt("DELETE", f"/portfolio/trades/{trade_id}", 204, reasons) is not None:
        player.model.remove("trade", trade_id)
        if before["transaction"] is not None:
            player.model.remove("transaction", before["transaction"])


async def touch_the_money(player: Player) -> None:
    """The transaction of a trade is not changed by itself, in no way that changes others."""
    row_id = player.any([i for i, row in player.model.transactions.items() if row["type"] == "trade"])
    if row_id is None:
        return
    path, reasons = f"/transactions/{row_id}", {"belongs_to_trade"}
    account = player.model.transactions[row_id]["lines"][0].account
    body = {"type": "expense", "date": player.day(), "account_id": account, "amount": "1"}
    operations: list[Row] = [{"op": "delete"}, {"op": "patch", "changes": {"notes": "Mine"}}]
    one = {"mode": "atomic", "operations": [{**player.chance.choice(operations), "id": row_id}]}
    wrong = player.chance.choice(("PATCH", "PUT", "DELETE", "POST"))
    if wrong == "POST":
        reasons.add("invalid_input")
        await player.attempt(wrong, "/transactions/bulk", 200, reasons, json=one)
    elif wrong == "DELETE":
        await player.attempt(wrong, path, 204, reasons)
    else:
        await player.attempt(wrong, path, 200, reasons, json={"notes": "Mine"} if wrong == "PATCH" else body)


STEPS = {
    "trade": (7, trade),
    "change a trade": (3, change_trade),
    "delete a trade": (2, delete_trade),
    "touch the money of a trade": (1, touch_the_money),
}
