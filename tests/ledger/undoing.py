"""What an undo of a revision should do to the model, or why it should be refused.

A revision can be undone when each row that it wrote is as it left it, and what would be there then is a book that the
rules allow. What it made only because a transaction named it (a payee, a tag) stays where something else uses it.
"""

from collections import Counter

from tests.ledger.model import BOOK, PURCHASES, Change, Key, Model, Row, over, view
from tests.ledger.steps_trades import is_possible

NAMES = {"payee", "tag"}


class RefusedError(Exception):
    """The undo is not possible."""


def undo(model: Model, revision: int) -> tuple[dict[str, dict[str, Row]], dict[Key, Change]]:
    """The rows as they are after the undo, and what it changed; raises `RefusedError`."""
    changes = model.history[revision]
    _check_kept(changes)
    by_product = any(entity in {"transaction", "import"} for entity, _ in changes)
    for (entity, row_id), change in changes.items():
        _check_unchanged(model, entity, row_id, change, lenient=by_product and entity in NAMES)
    _check_open(model, changes)
    result = model.scratch()
    for (entity, row_id), change in changes.items():
        if change.before is None:
            result.of(entity).pop(row_id, None)
        else:
            present = result.of(entity).get(row_id, {})
            result.of(entity)[row_id] = over(present, change.before) if change.after is not None else change.before
    spared = {key for key, change in changes.items() if by_product and _is_spared(model, result, changes, key, change)}
    for entity, row_id in spared:
        result.of(entity)[row_id] = model.of(entity)[row_id]
    turned = {key: Change(c.after, c.before) for key, c in changes.items() if key not in spared}
    _detach_previews(model, result, changes, turned)
    if problems := broken(result):
        raise RefusedError(f"the book would be broken: {problems}")
    return result.rows, turned


def _check_kept(changes: dict[Key, Change]) -> None:
    if any(entity == "import" and change.after is None for (entity, _), change in changes.items()):
        raise RefusedError("the rows of a preview are not kept")


def _check_unchanged(model: Model, entity: str, row_id: str, change: Change, *, lenient: bool) -> None:
    if lenient and change.before is None:
        return
    present = model.find(entity, row_id)
    if (present is None) != (change.after is None) or view(present, change.after) != change.after:
        raise RefusedError(f"{entity} {row_id} is {view(present, change.after)}, not {change.after}")


def _check_open(model: Model, changes: dict[Key, Change]) -> None:
    until = model.book["locked_until"]
    if until is None:
        return
    for (entity, row_id), change in changes.items():
        if entity == "attachment":
            row_id = (change.before or change.after or {})["transaction"]  # noqa: PLW2901  # what it is about
        elif entity not in {"transaction", "trade"}:
            continue
        rows = (change.before, change.after, model.find(entity if entity == "trade" else "transaction", row_id))
        if any(row is not None and row.get("date", until + until.resolution) <= until for row in rows):
            raise RefusedError(f"{row_id} is dated in a closed period")


def _is_spared(model: Model, result: Model, changes: dict[Key, Change], key: Key, change: Change) -> bool:
    """Whether a payee or tag that came along stays: something uses it, or somebody has made it their own."""
    entity, row_id = key
    present = model.find(entity, row_id)
    if entity not in NAMES or change.before is not None or change.after is None or present is None:
        return False
    if present != change.after:
        return True
    if entity == "tag":
        return any(row_id in row["tags"] for row in result.transactions.values())
    aliases = any(
        alias["payee"] == row_id and ("payee_alias", alias_id) not in changes
        for alias_id, alias in model.of("payee_alias").items()
    )
    used = any(row["payee"] == row_id for row in result.transactions.values())
    return used or aliases


def _detach_previews(model: Model, result: Model, changes: dict[Key, Change], turned: dict[Key, Change]) -> None:
    """A preview does not hold the account that it was made for."""
    gone = {row_id for (entity, row_id), change in changes.items() if entity == "account" and change.before is None}
    for import_id, row in model.of("import").items():
        if row["status"] == "previewed" and row["account"] in gone:
            result.of("import")[import_id] = {**row, "account": None}
            turned["import", import_id] = Change({"account": row["account"]}, {"account": None})


def broken(model: Model) -> list[str]:
    """What the rules of a book do not allow: dangling references, and names that are taken."""
    found = [f"{what} of {row_id}: {entity} {other}" for row_id, what, entity, other in _references(model)
             if other is not None and model.find(entity, other) is None]  # fmt: skip
    for row_id, row in model.transactions.items():
        purchase = model.find("transaction", row["refund_of"])
        if purchase is not None and purchase["type"] not in PURCHASES:
            found.append(f"{row_id} is a refund of what is no purchase")
    found += [f"{name} is taken" for name, count in Counter(_names(model)).items() if count > 1]
    for category in model.of("category"):
        above, seen = model.of("category")[category]["parent"], {category}
        while above is not None and above not in seen and model.find("category", above):
            seen.add(above)
            above = model.of("category")[above]["parent"]
        if above in seen:
            found.append(f"{category} is below itself")
    if not is_possible(model, model.of("trade").items()):
        found.append("more is sold than is held")
    if not model.of("book")[BOOK]["chosen"] and model.of("account"):
        found.append("there are accounts, and nothing has chosen the base currency")
    return found


def _references(model: Model):  # type: ignore[no-untyped-def]  # (row, what, entity, id of the other)
    for row_id, row in model.transactions.items():
        for line in row["lines"]:
            yield row_id, "account", "account", line.account
            yield row_id, "category", "category", line.category
        for what, entity in (
            ("payee", "payee"),
            ("reconciliation", "reconciliation"),
            ("refund_of", "transaction"),
            ("import", "import"),
        ):
            yield row_id, what, entity, row[what]
        for tag in row["tags"]:
            yield row_id, "tag", "tag", tag
    for entity, what, other in (
        ("category", "parent", "category"),
        ("payee", "default", "category"),
        ("payee_alias", "payee", "payee"),
        ("attachment", "transaction", "transaction"),
        ("reconciliation", "account", "account"),
        ("import", "account", "account"),
        ("trade", "account", "account"),
        ("trade", "category", "category"),
        ("trade", "transaction", "transaction"),
    ):
        for row_id, row in model.of(entity).items():
            yield row_id, what, other, row[what]


def _names(model: Model):  # type: ignore[no-untyped-def]  # what may be there once
    for row in model.of("category").values():
        yield ("category", row["kind"], row["parent"], row["name"].lower())
    for row in model.of("payee").values():
        yield ("payee", row["name"].lower())
    for row in model.of("payee_alias").values():
        yield ("payee", row["alias"].lower())
    for row in model.of("tag").values():
        yield ("tag", row["name"].lower())
    for row in model.transactions.values():
        if row["external_id"] is not None:
            yield ("external id", row["lines"][0].account, row["external_id"])
