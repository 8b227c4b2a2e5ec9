"""Accounts and their opening balances."""

from datetime import date
from decimal import Decimal

from tests.ledger.model import BOOK, Line, Row
from tests.ledger.player import Player


def _opening(account: str, day: str, amount: str) -> Row:
    return {
        "type": "opening_balance",
        "date": date.fromisoformat(day),
        "lines": (Line(account, Decimal(amount), None, "equity"),),
        "status": "cleared",
        "notes": None,
        "external_id": None,
        "refund_of": None,
        "import": None,
        "reconciliation": None,
        "payee": None,
        "tags": frozenset(),
    }


async def _id_of_opening(player: Player, account: str) -> str:
    page = await player.person.read("/transactions", account_id=account, type="opening_balance")
    (row_id,) = [item["id"] for item in page["items"]]
    return str(row_id)


async def open_account(player: Player) -> None:
    model = player.model
    if len(model.of("account")) > 7:
        return
    currency = player.chance.choice(["EUR", "EUR", "USD", "JPY"])
    body = {"name": f"Account {model.next()}", "type": "checking", "currency": currency}
    after = None
    if player.often(0.3):
        body |= {"opening_balance": player.signed(currency), "opening_date": player.day()}
        after = _opening("", body["opening_date"], body["opening_balance"])
    answer = await player.attempt("POST", "/accounts", 201, player.objections(None, after) if after else (), json=body)
    if answer is None:
        return
    model.put("account", answer["id"], name=body["name"], currency=currency, archived=None)
    if not model.book["chosen"]:
        model.part("book", BOOK, base=currency, chosen=True)
    if after is not None:
        opening = _opening(answer["id"], body["opening_date"], body["opening_balance"])
        model.put("transaction", await _id_of_opening(player, answer["id"]), **opening)


async def rename_account(player: Player) -> None:
    account, name = player.any(player.model.of("account")), f"Account {player.model.next()}"
    await player.attempt("PATCH", f"/accounts/{account}", 200, json={"name": name})
    player.model.put("account", str(account), name=name)


async def set_opening(player: Player) -> None:
    """Several, of accounts that were handed over, become one."""
    model = player.model
    account = str(player.any(model.of("account")))
    mine = sorted(model.openings(account), key=lambda i: (model.transactions[i]["date"], i))
    amount = player.chance.choice(["0", player.signed(player.currency(account))])
    body = {"opening_balance": amount, "opening_date": player.day()}
    kept = mine[0] if mine and Decimal(amount) else None
    after = _opening(account, body["opening_date"], amount) if Decimal(amount) else None
    if after is not None and kept is not None:
        after |= {name: model.transactions[kept][name] for name in ("status", "reconciliation")}
    reasons = player.objections(model.find("transaction", kept), after) - {"archived"}
    for other in mine:
        if other != kept:
            reasons |= player.objections(model.transactions[other], None)
    if await player.attempt("PATCH", f"/accounts/{account}", 200, reasons, json=body) is None:
        return
    for other in mine:
        if other != kept:
            model.remove("transaction", other)
    if after is not None:
        model.put("transaction", kept or await _id_of_opening(player, account), **after)
    model.put("account", account)


async def archive_account(player: Player) -> None:
    model = player.model
    account = str(player.any(model.of("account")))
    archived = model.of("account")[account]["archived"] is None
    if archived and sum(row["archived"] is None for row in model.of("account").values()) <= 2:
        return
    await player.attempt("PATCH", f"/accounts/{account}", 200, json={"archived": archived})
    model.put("account", account, archived=model.next() if archived else None)


async def delete_account(player: Player) -> None:
    """Of its own when nothing but its opening balance is on it, or with all it has to another one."""
    model = player.model
    account = str(player.any(model.of("account")))
    open_ones = {i for i, row in model.of("account").items() if row["archived"] is None}
    if len(open_ones - {account}) < 2:
        return
    alike = [i for i in model.of("account") if player.currency(i) == player.currency(account) and i != account]
    heir = player.chance.choice([None, *model.ordered(alike)])
    if heir is None:
        await _close(player, account)
    else:
        await _hand_over(player, account, heir)


async def _close(player: Player, account: str) -> None:
    model = player.model
    mine = model.openings(account)
    traded = any(trade["account"] == account for trade in model.of("trade").values())
    reasons = {"account_in_use"} if traded or model.uses(account=account) > {*mine} else set()
    for opening in mine:
        reasons |= player.objections(model.transactions[opening], None)
    if await player.attempt("DELETE", f"/accounts/{account}", 204, reasons) is None:
        return
    for opening in mine:
        model.remove("transaction", opening)
    _forget(player, account, None)


async def _hand_over(player: Player, account: str, heir: str) -> None:
    model = player.model
    mine = model.uses(account=account)
    reasons = {"archived"} if model.of("account")[heir]["archived"] else set()
    until = model.book["locked_until"]
    taken = {_external(model.transactions[i], heir) for i in model.transactions.keys() - mine} - {None}
    for row_id in mine:
        row = model.transactions[row_id]
        accounts = {line.account for line in row["lines"]}
        if row["type"] == "transfer" and heir in accounts:
            reasons.add("self_transfer")
        if row["status"] == "reconciled":
            reasons.add("sealed")
        if until is not None and row["date"] <= until:
            reasons.add("period_locked")
        if _external(row, account) in taken or _external(row, account) in {
            _external(other, heir) for other in model.transactions.values()
        } - {None}:
            reasons.add("duplicate_external_id")
    trades = [i for i, trade in model.of("trade").items() if trade["account"] == account]
    if until is not None and any(model.of("trade")[i]["date"] <= until for i in trades):
        reasons.add("period_locked")
    params = {"reassign_to": heir}
    if await player.attempt("DELETE", f"/accounts/{account}", 204, reasons, params=params) is None:
        return
    for row_id in mine:
        lines = model.transactions[row_id]["lines"]
        numbers = [number for number, line in enumerate(lines) if line.account == account]
        model.hand(row_id, {number: (heir, lines[number].category) for number in numbers})
    for trade_id in trades:
        model.put("trade", trade_id, account=heir)
    _forget(player, account, heir)


def _external(row: Row, account: str) -> str | None:
    return row["external_id"] if row["lines"][0].account == account else None


def _forget(player: Player, account: str, heir: str | None) -> None:
    model = player.model
    for import_id, row in model.of("import").items():
        if row["account"] == account:
            model.part("import", import_id, account=heir)
    for reconciliation in [i for i, row in model.of("reconciliation").items() if row["account"] == account]:
        model.remove("reconciliation", reconciliation)
    model.remove("account", account)


STEPS = {
    "open an account": (2, open_account),
    "rename an account": (1, rename_account),
    "set an opening balance": (3, set_opening),
    "archive an account": (2, archive_account),
    "delete an account": (3, delete_account),
}
