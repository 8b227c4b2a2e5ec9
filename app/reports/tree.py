"""Amounts by category, rolled up along the tree."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.core.money import percent, quantum

UNCATEGORISED = "Uncategorised"

Node = dict[str, Any]


def roll_up(
    categories: Sequence[Mapping[str, Any]],
    amounts: Mapping[str, Decimal],
    uncategorised: Decimal,
    exponent: int,
) -> tuple[list[Node], Decimal]:
    """The roots with all below them that moved, largest first, and the total.

    Each node's amount includes its descendants'. A branch that only nets to 0 stays: money moved there. `share` is of
    the total, in percent. `amounts` has a key for each category that moved.
    """
    children: dict[str | None, list[Mapping[str, Any]]] = {}
    for category in categories:
        children.setdefault(category["parent_id"], []).append(category)
    total = sum(amounts.values(), Decimal(0)) + uncategorised

    def build(parent: str | None) -> list[Node]:
        nodes = []
        for category in children.get(parent, []):
            below = build(category["id"])
            if not below and category["id"] not in amounts:
                continue
            own = amounts.get(category["id"], Decimal(0))
            nodes.append(_node(category["id"], category["name"], own + _sum(below), total, exponent, below))
        return sorted(nodes, key=lambda node: (-node["amount"], node["name"]))

    roots = build(None)
    if uncategorised:
        roots.append(_node(None, UNCATEGORISED, uncategorised, total, exponent, []))
    return roots, total.quantize(quantum(exponent))


def _sum(nodes: Sequence[Node]) -> Decimal:
    return sum((node["amount"] for node in nodes), Decimal(0))


def _node(
    category_id: str | None, name: str, amount: Decimal, total: Decimal, exponent: int, children: list[Node]
) -> Node:
    return {
        "category_id": category_id,
        "name": name,
        "amount": amount.quantize(quantum(exponent)),
        "share": percent(amount, total),
        "children": children,
    }
