"""The tree of categories."""

from tests.ledger.player import Player

CATEGORIES = ("Food", "food", "Rent", "Travel", "Salary", "Fun", "fun", "Fees")


def _clash(player: Player, kind: str, parent: str | None, name: str, own: str | None = None) -> bool:
    return any(
        (row["kind"], row["parent"], row["name"].lower()) == (kind, parent, name.lower()) and i != own
        for i, row in player.model.of("category").items()
    )


async def add_category(player: Player) -> None:
    if len(player.categories()) > 8:
        return
    kind, name = player.chance.choice(["expense", "expense", "income"]), player.chance.choice(CATEGORIES)
    parent = player.category((kind,))
    reasons = {"category_name_taken"} if _clash(player, kind, parent, name) else set()
    body = {"name": name, "kind": kind, "parent_id": parent}
    answer = await player.attempt("POST", "/categories", 201, reasons, json=body)
    if answer is not None:
        player.model.put("category", answer["id"], name=name, kind=kind, parent=parent, archived=None)


async def move_category(player: Player) -> None:
    """Not below itself; its name must be free where it goes."""
    category = player.any(player.categories())
    if category is None:
        return
    row = player.model.of("category")[category]
    parent, reasons = player.category((row["kind"],)), set()
    if parent in player.model.below(category):
        reasons.add("invalid_input")
    if _clash(player, row["kind"], parent, row["name"], category):
        reasons.add("category_name_taken")
    if (
        await player.attempt("POST", f"/categories/{category}/move", 200, reasons, json={"parent_id": parent})
        is not None
    ):
        player.model.put("category", category, parent=parent)


async def rename_category(player: Player) -> None:
    category = player.any(player.categories())
    if category is None:
        return
    row, name = player.model.of("category")[category], player.chance.choice(CATEGORIES)
    reasons = {"category_name_taken"} if _clash(player, row["kind"], row["parent"], name, category) else set()
    if await player.attempt("PATCH", f"/categories/{category}", 200, reasons, json={"name": name}) is not None:
        player.model.put("category", category, name=name)


async def archive_category(player: Player) -> None:
    category = player.any(player.categories())
    if category is not None:
        archived = player.model.of("category")[category]["archived"] is None
        await player.attempt("PATCH", f"/categories/{category}", 200, json={"archived": archived})
        player.model.put("category", category, archived=player.model.next() if archived else None)


def _objections(player: Player, category: str, heir: str, children: list[str], mine: set[str]) -> set[str]:
    """Why a category may not go to another one of its kind."""
    model, reasons = player.model, set()
    kind, until = model.of("category")[category]["kind"], model.book["locked_until"]
    if model.of("category")[heir]["archived"]:
        reasons.add("archived")
    if heir in model.below(category):
        reasons.add("invalid_input")
    if any(_clash(player, kind, heir, model.of("category")[child]["name"], child) for child in children):
        reasons.add("category_name_taken")
    if until is not None and any(model.transactions[i]["date"] <= until for i in mine):
        reasons.add("period_locked")
    return reasons


async def delete_category(player: Player) -> None:
    """With all it has to another one, its children and the payees whose default it was included."""
    model = player.model
    category = player.any(player.categories())
    if category is None:
        return
    row = model.of("category")[category]
    heirs = [i for i in player.categories() if model.of("category")[i]["kind"] == row["kind"] and i != category]
    heir = player.chance.choice([None, *model.ordered(heirs)])
    children = [i for i, other in model.of("category").items() if other["parent"] == category]
    mine = model.uses(category=category)
    reasons = {"category_in_use"} if heir is None and (children or mine) else set()
    if heir is not None:
        reasons = _objections(player, category, heir, children, mine)
    params = {"reassign_to": heir} if heir else {}
    if await player.attempt("DELETE", f"/categories/{category}", 204, reasons, params=params) is None:
        return
    for row_id in mine:
        lines = model.transactions[row_id]["lines"]
        numbers = [number for number, line in enumerate(lines) if line.category == category]
        model.hand(row_id, {number: (lines[number].account, heir) for number in numbers})
    for trade in [i for i, trade in model.of("trade").items() if trade["category"] == category]:
        model.put("trade", trade, category=heir)
    for child in children:
        model.part("category", child, parent=heir)
    for payee in [i for i, payee in model.of("payee").items() if payee["default"] == category]:
        model.put("payee", payee, default=heir)
    model.remove("category", category)


STEPS = {
    "add a category": (2, add_category),
    "move a category": (2, move_category),
    "rename a category": (1, rename_category),
    "archive a category": (2, archive_category),
    "delete a category": (3, delete_category),
}
