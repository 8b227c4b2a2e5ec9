"""Short ways to make rules."""

from typing import Any

from tests.people import Person, expect


def says(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


CAFE = says("payee", "contains", "café")


async def rule(person: Person, *actions: dict[str, Any], when: dict[str, Any] = CAFE, **fields: Any) -> dict[str, Any]:
    """A rule with these actions, about cafés unless said otherwise."""
    body = {"name": "A rule", "condition": when, "actions": list(actions), **fields}
    made: dict[str, Any] = expect(await person.http.post("/rules", json=body), 201)
    return made


async def run(person: Person, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = expect(await person.http.post("/rules/run", json=body), 200)
    return found


def tags(*names: str) -> dict[str, Any]:
    return {"type": "add_tags", "tags": list(names)}


def category(found: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "set_category", "category_id": found["id"], **fields}


def payee(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "set_payee", "payee": name, **fields}
