"""Where money came from and where it went, as a flow: nodes, and links between them that balance."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from app.access.context import BookReader
from app.rendering.model import Chart, Column, Link, Table
from app.reports.asked import Spanned
from app.reports.monthly import side_of
from app.reports.presenting import Document, money, unconverted
from app.reports.schemas_flow import CashFlowReport
from app.reports.spans import of_totals
from app.reports.tree import Node

NAME = "cashflow"
TITLE = "Cash flow"
OUT = CashFlowReport
PERIOD = "month"
HUB, SAVED, DRAWN = "Income", "Savings", "From savings"


class Asked(Spanned):
    """A period, and how deep into the categories."""

    levels: Literal["1", "2"] = Field(default="1", description="Top-level categories, or those below them, too.")


class _Flow:
    """Nodes and links as they are found."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.links: list[dict[str, Any]] = []

    def node(self, kind: str, name: str, category_id: str | None, amount: Decimal) -> int:
        node = {"id": len(self.nodes), "kind": kind, "name": name, "category_id": category_id, "amount": amount}
        self.nodes.append(node)
        return len(self.nodes) - 1

    def link(self, source: int, target: int, amount: Decimal) -> None:
        self.links.append({"source": source, "target": target, "amount": amount})


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """Income categories flow into `Income`, and from there into expense categories and savings.

    What came in equals what went out: what is left is `Savings`, what is missing comes `From savings`. A category of
    which refunds exceed the spending stands on the side of income, and one whose earnings were paid back on the other.
    """
    span = await of_totals(book, asked, PERIOD)
    answer = await span.ask(("category",))
    income, expenses = (side_of(answer, kind, span.exponent)[0] for kind in ("income", "expense"))
    flow = _Flow()
    sources = [node for node in income if node["amount"] > 0] + [node for node in expenses if node["amount"] < 0]
    targets = [node for node in expenses if node["amount"] > 0] + [node for node in income if node["amount"] < 0]
    throughput = max(*(sum((abs(n["amount"]) for n in side), Decimal(0)) for side in (sources, targets)), Decimal(0))
    if throughput:
        _connect(flow, sources, targets, answer.net, throughput, deep=asked.levels == "2")
    return {
        **span.frame,
        "total_income": answer.income,
        "total_expenses": answer.expenses,
        "net": answer.net,
        "nodes": flow.nodes,
        "links": flow.links,
        "unconverted": answer.unconverted,
    }


def _connect(
    flow: _Flow, sources: Sequence[Node], targets: Sequence[Node], net: Decimal, throughput: Decimal, *, deep: bool
) -> None:
    places = [(node, _add(flow, "source", node)) for node in sources]
    drawn = flow.node("savings", DRAWN, None, -net) if net < 0 else None
    hub = flow.node("hub", HUB, None, throughput)
    for node, place in places:
        flow.link(place, hub, abs(node["amount"]))
        if deep:
            for child, amount in _split(node):
                flow.link(_add(flow, "source", child), place, amount)
    if drawn is not None:
        flow.link(drawn, hub, -net)
    for node in targets:
        place = _add(flow, "target", node)
        flow.link(hub, place, abs(node["amount"]))
        if deep:
            for child, amount in _split(node):
                flow.link(place, _add(flow, "target", child), amount)
    if net > 0:
        flow.link(hub, flow.node("savings", SAVED, None, net), net)


def _add(flow: _Flow, kind: str, node: Node) -> int:
    return flow.node(kind, node["name"], node["category_id"], abs(node["amount"]))


def _split(node: Node) -> list[tuple[Node, Decimal]]:
    """The children of a category; it stays whole where one of them goes the other way, for that would not add up.

    What is the category's own and no child's ends in it.
    """
    sign = 1 if node["amount"] > 0 else -1
    amounts = [(child, sign * child["amount"]) for child in node["children"] if child["amount"]]
    own = abs(node["amount"]) - sum((amount for _, amount in amounts), Decimal(0))
    return [] if own < 0 or any(amount < 0 for _, amount in amounts) else amounts


def tables(document: Document) -> list[Table]:
    names = [node["name"] for node in document["nodes"]]
    columns = [Column("from", "From"), Column("to", "To"), money("amount", "Amount", document["currency"])]
    rows = [(names[link["source"]], names[link["target"]], link["amount"]) for link in document["links"]]
    return [Table("cashflow", TITLE, columns, rows), *unconverted(document)]


def chart(document: Document) -> Chart:
    return Chart(
        "flow",
        f"Cash flow, {document['from']} to {document['to']}",
        document["currency"],
        nodes=[node["name"] for node in document["nodes"]],
        links=[Link(link["source"], link["target"], link["amount"]) for link in document["links"]],
    )
