"""What rules name goes over to an heir."""

from typing import Any

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, Use, name_ledger, names_by_id, with_heir, with_heir_inside, with_name
from app.core.database import AnyRow
from app.rules import repository
from app.rules.conditions import MAX_CHOICES
from app.rules.service import ENTITY, image

Document = dict[str, Any]


async def users(book: BookReader, going: Going) -> list[Use]:
    if going.kind not in {"account", "category"}:
        return []
    rows = await repository.every(book.connection, book.book_id)
    return [Use(ENTITY, row.id, row.name) for row in rows if _names_it(row, going)]


def _names_it(row: AnyRow, going: Going) -> bool:
    if going.kind == "account":
        return bool(set(row.account_ids) & set(going.ids))
    return names_by_id(row.actions, going)


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    every = {row.id: row for row in await repository.every(book.connection, book.book_id)}
    changed = [row.id for row in every.values() if await _change(book, row, going, heir)]
    after = {row.id: row for row in await repository.every(book.connection, book.book_id)} if changed else {}
    for rule_id in changed:
        book.record(Event(ENTITY, rule_id, "updated", before=image(every[rule_id]), after=image(after[rule_id])))


async def _change(book: BookWriter, row: AnyRow, going: Going, heir: Heir) -> bool:
    condition = _condition(row.condition, going, heir)
    actions = [_action(with_heir_inside(action, going, heir), going, heir) for action in row.actions]
    if (condition, actions) == (row.condition, row.actions):
        return False
    values: Document = {"condition": condition, "actions": actions, "revision": book.revision}
    if going.kind == "account":
        values["account_ids"] = sorted(with_heir(row.account_ids, going, heir))
    await repository.change(book.connection, book.book_id, row.id, values)
    return True


def _action(action: Document, going: Going, heir: Heir) -> Document:
    if going.kind == "payee" and going.names_it(action.get("payee")):
        return {**action, "payee": heir.name}
    if going.kind == "tag" and any(going.names_it(tag) for tag in action.get("tags", ())):
        return {**action, "tags": with_name(action["tags"], going, heir)}
    return action


def _condition(node: Document, going: Going, heir: Heir) -> Document:
    for name in ("and", "or"):
        if name in node:
            return {**node, name: [_condition(part, going, heir) for part in node[name]]}
    if "not" in node:
        return {**node, "not": _condition(node["not"], going, heir)}
    if node["field"] != going.kind or node["op"] not in {"equals", "one_of"}:
        return node
    several = isinstance(node["value"], list)
    values: list[str] = node["value"] if several else [node["value"]]
    if going.kind == "account":
        ids = {str(each) for each in going.ids}
        new = list(dict.fromkeys(str(heir.id) if value in ids else value for value in values))
    elif not any(going.names_it(value) for value in values):
        return node
    elif going.kind == "tag":
        new = with_name(values, going, heir)
    else:  # a bank goes on sending the name that it sent
        new = with_name([*values, heir.name], Going("payee", ()), heir)
        if len(new) > MAX_CHOICES:
            return node
    if several or len(new) > 1:
        return {**node, "op": "one_of", "value": new}
    return {**node, "value": new[0]}


name_ledger("rules", users, inherit)
