"""Making, replacing and deleting transactions of every shape."""

from decimal import Decimal
from typing import Any

from tests.ledger.model import Row
from tests.ledger.player import PAYEES, TAGS, Player


def random_transaction(player: Player) -> Row:
    """A request's body of any shape, right but for what the state of the book has against it."""
    shape = player.chance.choice([_flow, _flow, _flow, _flow, _transfer, _transfer, _journal, _adjustment])
    body = {"date": player.day(), **shape(player)}
    if player.often(0.4):
        body["payee"] = player.chance.choice(PAYEES)
    if player.often(0.3):
        body["tags"] = player.chance.sample(TAGS, player.chance.randrange(1, 3))
    if player.often(0.25):
        body["status"] = player.chance.choice(["pending", "pending", "reconciled"])
    if player.often(0.15):
        body["external_id"] = player.chance.choice(["X1", "X2", "X3"])
    if player.often(0.2):
        body["notes"] = f"Note {player.model.next()}"
    return body


def _flow(player: Player) -> Row:
    account = player.account()
    currency = player.currency(account)
    body: Row = {"type": player.chance.choice(["expense", "expense", "income"]), "account_id": account}
    kinds = ("expense",) if body["type"] == "expense" else ("expense", "income")
    if player.often(0.3):
        body |= parts(player, currency, kinds)
    else:
        body["amount"] = player.amount(currency)
        if player.often(0.6):
            body["category_id"] = player.category(kinds)
    purchases = player.purchases()
    if body["type"] == "income" and purchases and player.often(0.4):
        body["refund_of_id"] = player.chance.choice(purchases)
    return body


def parts(player: Player, currency: str, kinds: tuple[str, ...]) -> Row:
    """Splits, and the amount that they sum to."""
    splits: list[dict[str, Any]] = []
    for _ in range(player.chance.randrange(1, 4)):
        splits.append({"amount": player.amount(currency), "category_id": player.category(kinds)})
        if player.often(0.3):
            splits[-1]["memo"] = "a part"
    if player.often(0.2):
        splits.append({"amount": "-1", "category_id": player.category(kinds)})
    total = sum((Decimal(split["amount"]) for split in splits), Decimal(0))
    if total <= 0:
        splits.append({"amount": "7"})
        total += 7
    return {"splits": splits, "amount": str(total)}


def _transfer(player: Player) -> Row:
    account, target = player.account(), player.account()
    if target == account:
        return _flow(player)
    body: Row = {"type": "transfer", "account_id": account, "to_account_id": target}
    currency = player.currency(account)
    body["amount"] = player.amount(currency)
    if player.currency(target) != currency:
        body["to_amount"] = player.amount(player.currency(target))
    if player.often(0.3):
        body["fee_amount"] = player.amount(currency)
        if (category := player.category(("expense",))) is not None:
            body["fee_category_id"] = category
    return body


def _journal(player: Player) -> Row:
    """Some income and spending of any category, something from nowhere, and money from here to there."""
    postings: list[Row] = []
    for _ in range(player.chance.randrange(1, 4)):
        account = player.account()
        postings.append({"account_id": account, "role": "flow", "amount": player.signed(player.currency(account))})
        if player.often(0.7):
            postings[-1]["category_id"] = player.category(("expense", "income"))
        else:
            postings[-1] |= {"role": "equity", "memo": "from nowhere"}
    if player.often(0.5):
        source, target = player.account(), player.account()
        amount = player.amount(player.currency(source))
        same = player.currency(source) == player.currency(target)
        arrives = amount if same else player.amount(player.currency(target))
        postings.append({"account_id": source, "role": "transfer", "amount": f"-{amount}"})
        postings.append({"account_id": target, "role": "transfer", "amount": arrives})
    return {"type": "journal", "postings": postings}


def _adjustment(player: Player) -> Row:
    account = player.account()
    return {"type": "adjustment", "account_id": account, "balance": player.signed(player.currency(account))}


async def create(player: Player) -> None:
    body = random_transaction(player)
    after = player.row(body)
    answer = await player.attempt("POST", "/transactions", 201, player.objections(None, after), json=body)
    if answer is not None:
        names = await player.take_names(body.get("payee"), body.get("tags", ()), answer)
        player.model.put("transaction", answer["id"], **after, **names)


async def replace(player: Player) -> None:
    """PUT, so the type may change too."""
    row_id = player.any(player.ordinary())
    if row_id is None:
        return
    body, before = random_transaction(player), player.model.transactions[row_id]
    after = player.row(body, before)
    reasons = player.objections(before, after, row_id)
    answer = await player.attempt("PUT", f"/transactions/{row_id}", 200, reasons, json=body)
    if answer is not None:
        names = await player.take_names(body.get("payee"), body.get("tags", ()), answer)
        player.model.put("transaction", row_id, **after, **names)


async def delete(player: Player) -> None:
    row_id = player.any(player.ordinary())
    if row_id is not None:
        reasons = player.objections(player.model.transactions[row_id], None, row_id)
        if await player.attempt("DELETE", f"/transactions/{row_id}", 204, reasons) is not None:
            player.model.remove("transaction", row_id)


async def refused(player: Player) -> None:
    """Requests that are wrong whatever the book is like."""
    body = random_transaction(player) | player.chance.choice(
        [{"date": "9998-01-01"}, {"account_id": player.person.book_id, "postings": []}, {"payee": 5}]
    )
    reasons = {"invalid_input", "reference_not_found"}
    await player.attempt("POST", "/transactions", 201, reasons, json=body)
    row_id = player.any(player.model.transactions)
    if row_id is not None:
        path = f"/transactions/{row_id}"
        await player.attempt("PUT", path, 200, reasons | {"opening_balance"}, json=body)
        await player.attempt("DELETE", path, 204, {"revision_mismatch"}, headers={"If-Match": '"0"'})


STEPS = {
    "create": (14, create),
    "replace": (5, replace),
    "delete": (5, delete),
    "refused": (1, refused),
}
