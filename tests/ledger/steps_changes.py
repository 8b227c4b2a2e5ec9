"""PATCH: of headers, of amounts, of parts by their line, of the type, and of adjustments."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.ledger.model import Line, Row
from tests.ledger.player import PAYEES, TAGS, Player
from tests.ledger.steps_transactions import parts


async def patch(player: Player, row_id: str, changes: Row, **after: object) -> None:
    """Send the changes; `after` are the fields of the model that they mean, but for the payee and the tags."""
    before = player.model.transactions[row_id]
    row = {**before, **after}
    if row["status"] != "reconciled":
        row["reconciliation"] = None
    reasons = player.objections(before, row, row_id)
    answer = await player.attempt("PATCH", f"/transactions/{row_id}", 200, reasons, json=changes)
    if answer is not None:
        names = await player.take_names(changes.get("payee"), changes.get("tags", ()), answer)
        row |= {name: value for name, value in names.items() if changes.keys() & {name}}
        player.model.put("transaction", row_id, **row)


def header(player: Player) -> tuple[Row, Row]:
    """Changes of anything but the money, and what they mean to the model."""
    changes: Row = {}
    if player.often(0.4):
        changes["date"] = player.day()
    if player.often(0.4):
        changes["payee"] = player.chance.choice([None, *PAYEES, "Somebody new"])
    if player.often(0.3):
        changes["tags"] = player.chance.sample(TAGS, player.chance.randrange(3))
    if player.often(0.3):
        changes["status"] = player.chance.choice(["pending", "cleared", "reconciled"])
    if player.often(0.2) or not changes:
        changes["notes"] = player.chance.choice([None, f"Note {player.model.next()}"])
    after = {name: changes[name] for name in ("status", "notes") if name in changes}
    return changes, after | ({"date": date.fromisoformat(changes["date"])} if "date" in changes else {})


async def change_header(player: Player) -> None:
    if (row_id := player.any(player.ordinary())) is not None:
        changes, after = header(player)
        await patch(player, row_id, changes, **after)


def _of_type(player: Player, *types: str) -> str | None:
    return player.any([i for i in player.ordinary() if player.model.transactions[i]["type"] in types])


def is_split(row: Row) -> bool:
    return len(row["lines"]) > 1 or row["lines"][0].memo is not None


async def change_amount(player: Player) -> None:
    """Of what is not split; of a transfer in one currency what arrives follows."""
    row_id = _of_type(player, "expense", "income", "transfer")
    if row_id is None:
        return
    row = player.model.transactions[row_id]
    lines: tuple[Line, ...] = row["lines"]
    amount = player.amount(player.currency(lines[0].account))
    after: tuple[Line, ...]
    first = replace(lines[0], amount=Decimal(amount) * (1 if row["type"] == "income" else -1))
    if row["type"] != "transfer":
        if is_split(row):
            return
        kinds = ("expense",) if row["type"] == "expense" else ("expense", "income")
        category = player.category(kinds)
        after = (replace(first, category=category),)
        await patch(player, row_id, {"amount": amount, "category_id": category}, lines=after)
    elif player.currency(lines[0].account) == player.currency(lines[1].account):
        after = (first, replace(lines[1], amount=Decimal(amount)), *lines[2:])
        await patch(player, row_id, {"amount": amount}, lines=after)
    else:
        await patch(player, row_id, {"amount": amount}, lines=(first, *lines[1:]))


async def change_parts(player: Player) -> None:
    """Change a part, take one out, add one; or split what is whole, or make it whole again."""
    row_id = _of_type(player, "expense", "income")
    if row_id is None:
        return
    row = player.model.transactions[row_id]
    lines: list[Line] = list(row["lines"])
    account = lines[0].account
    sign = 1 if row["type"] == "income" else -1
    kinds = ("expense",) if sign < 0 else ("expense", "income")
    if not is_split(row):
        changes = parts(player, player.currency(account), kinds)
        if len(changes["splits"]) == 1:  # to PATCH one part into one is a change of the whole
            return
        after = [
            Line(account, sign * Decimal(p["amount"]), p.get("category_id"), "flow", p.get("memo"))
            for p in changes["splits"]
        ]
        await patch(player, row_id, {**changes, "category_id": None}, lines=tuple(after))
        return
    if player.often(0.2):
        whole = sum((line.amount for line in lines), Decimal(0))
        await patch(player, row_id, {"splits": None}, lines=(Line(account, whole, None, "flow"),))
        return
    edits: list[Row] = []
    number = player.chance.randrange(len(lines))
    if len(lines) > 1 and player.often(0.4):
        edits.append({"line": number, "remove": True})
        del lines[number]
    else:
        amount, category = player.amount(player.currency(account)), player.category(kinds)
        edits.append({"line": number, "amount": amount, "category_id": category})
        lines[number] = replace(lines[number], amount=sign * Decimal(amount), category=category)
    if player.often(0.5):
        amount = player.amount(player.currency(account))
        edits.append({"amount": amount, "memo": "one more"})
        lines.append(Line(account, sign * Decimal(amount), None, "flow", "one more"))
    total = sign * sum((line.amount for line in lines), Decimal(0))
    changes = {"splits": edits, "amount": str(total)}
    if total <= 0:
        await player.attempt("PATCH", f"/transactions/{row_id}", 200, {"invalid_input"}, json=changes)
    else:
        await patch(player, row_id, changes, lines=tuple(lines))


async def change_postings(player: Player) -> None:
    """Of a journal, by their line; what is no transfer stands for itself."""
    row_id = _of_type(player, "journal")
    if row_id is None:
        return
    lines: list[Line] = list(player.model.transactions[row_id]["lines"])
    loose = [number for number, line in enumerate(lines) if line.role != "transfer"]
    edits: list[Row] = []
    if loose:
        number = player.chance.choice(loose)
        if len(lines) > 1 and player.often(0.3):
            edits.append({"line": number, "remove": True})
            del lines[number]
        else:
            amount = player.signed(player.currency(lines[number].account))
            edits.append({"line": number, "amount": amount})
            lines[number] = replace(lines[number], amount=Decimal(amount))
    if not edits or player.often(0.3):
        account = player.account()
        amount = player.signed(player.currency(account))
        edits.append({"account_id": account, "role": "flow", "amount": amount})
        lines.append(Line(account, Decimal(amount), None, "flow"))
    await patch(player, row_id, {"postings": edits}, lines=tuple(lines))


async def retype(player: Player) -> None:
    """An expense becomes an income and back, either becomes a transfer, a transfer becomes one of them."""
    row_id = _of_type(player, "expense", "income", "transfer")
    if row_id is None:
        return
    row = player.model.transactions[row_id]
    lines: tuple[Line, ...] = row["lines"]
    source, kind = lines[0].account, player.chance.choice(["expense", "income", "transfer"])
    if kind == row["type"]:
        return
    changes: Row = {"type": kind}
    after: tuple[Line, ...]
    if kind == "transfer":
        target = player.account()
        amount = sum((abs(line.amount) if len(lines) == 1 else line.amount for line in lines), Decimal(0))
        if target == source or player.currency(target) != player.currency(source):
            return
        changes["to_account_id"] = target
        after = (Line(source, -abs(amount), None, "transfer"), Line(target, abs(amount), None, "transfer"))
    elif row["type"] == "transfer":
        if len(lines) > 2:
            reasons = {"invalid_input"}
            await player.attempt("PATCH", f"/transactions/{row_id}", 200, reasons, json=changes)
            return
        after = (Line(source, lines[0].amount * (1 if kind == "expense" else -1), None, "flow"),)
    else:
        after = tuple(replace(line, amount=-line.amount) for line in lines)
    await patch(player, row_id, changes, type=kind, lines=after, refund_of=None)


async def change_adjustment(player: Player) -> None:
    """Another day or note leaves what was posted; a balance is worked out anew."""
    row_id = _of_type(player, "adjustment")
    if row_id is None:
        return
    before = player.model.transactions[row_id]
    account = before["lines"][0].account
    changes, after = header(player)
    if player.often(0.6):
        changes["balance"] = player.signed(player.currency(account))
        body = {"account_id": account, "balance": changes["balance"]}
        day: date = after["date"] if "date" in after else before["date"]
        after["lines"] = (player.adjusting(body, day, before),)
    await patch(player, row_id, changes, **after)


STEPS = {
    "change a header": (6, change_header),
    "change an amount": (3, change_amount),
    "change parts": (4, change_parts),
    "change postings": (3, change_postings),
    "change the type": (3, retype),
    "change an adjustment": (3, change_adjustment),
}
