"""Payees with their other names and default categories, and tags."""

from collections.abc import Iterable

from tests.ledger.model import Model, Row
from tests.ledger.player import PAYEES, TAGS, Player

ALIASES = ("shop", "THE SHOP", "Corner", "corner", "Kino", "Café 12", "Autohaus", "bakery")


def aliases_of(model: Model, payee: str) -> dict[str, Row]:
    return {i: row for i, row in model.of("payee_alias").items() if row["payee"] == payee}


def taken(player: Player, names: Iterable[str], payee: str | None) -> set[str]:
    """The objection to names of which one means another payee."""
    owners = {player.payee_named(name) for name in names} - {None, payee}
    return {"name_taken"} if owners else set()


def settle_aliases(player: Player, payee: str, name: str, wanted: list[str]) -> None:
    """Of two that differ by case the first, none that is the name; what is there by letter stays the same row."""
    distinct: dict[str, str] = {}
    for alias in wanted:
        if alias.lower() != name.lower():
            distinct.setdefault(alias.lower(), alias)
    present = {row["alias"]: i for i, row in aliases_of(player.model, payee).items()}
    for alias, alias_id in present.items():
        if alias not in distinct.values():
            player.model.remove("payee_alias", alias_id)
    for alias in distinct.values():
        if alias not in present:
            player.model.put("payee_alias", f"alias {player.model.next()}", payee=payee, alias=alias)


def _default(player: Player) -> str | None:
    return player.category(("expense", "income"))


async def add_payee(player: Player) -> None:
    name, aliases = (
        player.chance.choice([*PAYEES, "Airport"]),
        player.chance.sample(ALIASES, player.chance.randrange(3)),
    )
    body = {"name": name, "aliases": aliases, "default_category_id": _default(player)}
    answer = await player.attempt("POST", "/payees", 201, taken(player, [name, *aliases], None), json=body)
    if answer is not None:
        player.model.put("payee", answer["id"], name=name, default=body["default_category_id"])
        settle_aliases(player, answer["id"], name, aliases)


async def change_payee(player: Player) -> None:
    """Rename it, keeping the old name as an alias or not, give it other aliases or another default category."""
    payee = player.any(player.model.of("payee"))
    if payee is None:
        return
    before = player.model.of("payee")[payee]
    body: Row = {}
    if player.often(0.5):
        body |= {"name": player.chance.choice([*PAYEES, "Airport"]), "keep_alias": player.often(0.7)}
    if player.often(0.4):
        body["aliases"] = player.chance.sample(ALIASES, player.chance.randrange(3))
    if player.often(0.4) or not body:
        body["default_category_id"] = _default(player)
    name = str(body.get("name", before["name"]))
    reasons = taken(player, [name, *body.get("aliases", ())], payee)
    if await player.attempt("PATCH", f"/payees/{payee}", 200, reasons, json=body) is None:
        return
    kept = sorted((row["alias"] for row in aliases_of(player.model, payee).values()), key=str.lower)
    wanted = [*body.get("aliases", kept), *([before["name"]] if body.get("keep_alias", True) else [])]
    player.model.put("payee", payee, name=name, default=body.get("default_category_id", before["default"]))
    settle_aliases(player, payee, name, wanted)


def _locked(player: Player, rows: Iterable[str]) -> set[str]:
    until = player.model.book["locked_until"]
    dates = [player.model.transactions[i]["date"] for i in rows]
    return {"period_locked"} if until is not None and any(day <= until for day in dates) else set()


def _of_payees(player: Player, payees: Iterable[str]) -> list[str]:
    wanted = set(payees)
    return [i for i, row in player.model.transactions.items() if row["payee"] in wanted]


async def merge_payees(player: Player) -> None:
    payees = player.model.ordered(player.model.of("payee"))
    if len(payees) < 2:
        return
    into, *others = player.chance.sample(payees, min(len(payees), player.chance.randrange(2, 4)))
    moving = _of_payees(player, others)
    reasons = _locked(player, moving)
    if await player.attempt("POST", f"/payees/{into}/merge", 200, reasons, json={"payee_ids": others}) is None:
        return
    model = player.model
    for row_id in moving:
        model.part("transaction", row_id, payee=into)
    for other in others:
        for alias in aliases_of(model, other):
            model.put("payee_alias", alias, payee=into)
    for other in others:
        name = model.of("payee")[other]["name"]
        model.remove("payee", other)
        model.put("payee_alias", f"alias {model.next()}", payee=into, alias=name)
    model.put("payee", into)


async def delete_payee(player: Player) -> None:
    payee = player.any(player.model.of("payee"))
    if payee is None:
        return
    heir = player.chance.choice([None, *player.model.ordered(player.model.of("payee").keys() - {payee})])
    mine = _of_payees(player, [payee])
    if heir is None:
        reasons, params = ({"payee_in_use"} if mine else set()), {}
    else:
        reasons, params = _locked(player, mine), {"reassign_to": heir}
    if await player.attempt("DELETE", f"/payees/{payee}", 204, reasons, params=params) is None:
        return
    for row_id in mine:
        player.model.part("transaction", row_id, payee=heir)
    for alias in aliases_of(player.model, payee):
        player.model.remove("payee_alias", alias)
    player.model.remove("payee", payee)


async def add_tag(player: Player) -> None:
    name = player.chance.choice([*TAGS, "later"])
    reasons = {"name_taken"} if player.tag_named(name) else set()
    answer = await player.attempt("POST", "/tags", 201, reasons, json={"name": name})
    if answer is not None:
        player.model.put("tag", answer["id"], name=name)


async def rename_tag(player: Player) -> None:
    if (tag := player.any(player.model.of("tag"))) is None:
        return
    name = player.chance.choice([*TAGS, "later"])
    reasons = {"name_taken"} if player.tag_named(name) not in {None, tag} else set()
    if await player.attempt("PATCH", f"/tags/{tag}", 200, reasons, json={"name": name}) is not None:
        player.model.put("tag", tag, name=name)


def _with_tags(player: Player, tags: Iterable[str]) -> list[str]:
    wanted = set(tags)
    return [i for i, row in player.model.transactions.items() if row["tags"] & wanted]


async def merge_tags(player: Player) -> None:
    tags = player.model.ordered(player.model.of("tag"))
    if len(tags) < 2:
        return
    into, *others = player.chance.sample(tags, 2)
    mine = _with_tags(player, others)
    reasons = _locked(player, mine)
    if await player.attempt("POST", f"/tags/{into}/merge", 200, reasons, json={"tag_ids": others}) is None:
        return
    for row_id in mine:
        has = player.model.transactions[row_id]["tags"]
        player.model.part("transaction", row_id, tags=has - {*others} | {into})
    for other in others:
        player.model.remove("tag", other)
    player.model.put("tag", into)


async def delete_tag(player: Player) -> None:
    if (tag := player.any(player.model.of("tag"))) is None:
        return
    mine, force = _with_tags(player, [tag]), player.often(0.5)
    reasons = _locked(player, mine) if force else {"tag_in_use"} if mine else set()
    if await player.attempt("DELETE", f"/tags/{tag}", 204, reasons, params={"force": force}) is not None:
        for row_id in mine:
            player.model.part("transaction", row_id, tags=player.model.transactions[row_id]["tags"] - {tag})
        player.model.remove("tag", tag)


STEPS = {
    "add a payee": (2, add_payee),
    "change a payee": (3, change_payee),
    "merge payees": (2, merge_payees),
    "delete a payee": (2, delete_payee),
    "add a tag": (1, add_tag),
    "rename a tag": (2, rename_tag),
    "merge tags": (2, merge_tags),
    "delete a tag": (2, delete_tag),
}
