"""The income statement of a period, side by side with an earlier one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import Field

from app.access.context import BookReader
from app.core.errors import invalid
from app.core.fields import EARLIEST
from app.core.money import quantum
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.reports.asked import Spanned
from app.reports.comparing import Against, change
from app.reports.flows import UNCATEGORISED, Answer, Group
from app.reports.periods import Bucket, Period, before, year_before
from app.reports.presenting import Document, flat, money, percent, unconverted
from app.reports.schemas_statements import IncomeStatement
from app.reports.spans import of_totals

NAME = "income-statement"
TITLE = "Income statement of two periods"
OUT = IncomeStatement
PERIOD = "month"
TOTALS = (("income", "Income"), ("expenses", "Expenses"), ("net", "Net"))
Sums = Mapping[str | None, Sequence[Decimal]]


class Asked(Spanned):
    """A period and what it is held against."""

    compare: Against = Field(
        default="previous",
        description="The period just before, as long; the same days a year before (`year`); or nothing (`none`).",
    )


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """Income and expenses by category between any two days, beside those of an earlier period, and what changed.

    The period just before is as many months where it is whole ones, else as many days. What has no rate in either is
    listed under `unconverted` of each.
    """
    span = await of_totals(book, asked, PERIOD)
    other = earlier(span.period, asked)
    wanted = [Bucket("now", *span.period)]
    if other is not None:
        wanted.append(Bucket("then", *other))
    answer = await span.ask(("bucket", "category"), wanted)
    zero = Decimal(0).quantize(quantum(span.exponent))
    sums = {kind: [zero] * len(wanted) for kind, _ in TOTALS}
    for group in answer.groups:
        place = group.key["bucket"]
        sums["income"][place] += group.income
        sums["expenses"][place] += group.expenses
        sums["net"][place] += group.net
    return {
        **span.frame,
        "previous": None if other is None else {"from": other.first, "to": other.last},
        **{name: _compared(sums[name]) for name, _ in TOTALS},
        "income_items": _items(answer, "income", len(wanted), zero),
        "expense_items": _items(answer, "expense", len(wanted), zero),
        "unconverted": answer.unconverted_in({0}),
        "previous_unconverted": answer.unconverted_in({1}),
    }


def earlier(period: Period, asked: Asked) -> Period | None:
    """What a period is held against. Raises `InvalidError` where that would be before all days."""
    if asked.compare == "none":
        return None
    if period.first.year <= EARLIEST.year:
        raise invalid("query.compare", "no_earlier_period", "there is nothing before this period to compare it with")
    return before(period, asked.start_day) if asked.compare == "previous" else year_before(period)


def _compared(sums: Sequence[Decimal]) -> dict[str, Any]:
    return change(sums[0], sums[1] if len(sums) > 1 else None)


def _items(answer: Answer, kind: str, count: int, zero: Decimal) -> list[dict[str, Any]]:
    """The tree of one side with both amounts of each category, all below included; the largest first."""
    own: dict[str | None, list[Decimal]] = defaultdict(lambda: [zero] * count)
    kinds = answer.kinds()
    for group in answer.groups:
        if _is_of(group, kind, kinds):
            own[group.key["category"]][group.key["bucket"]] += group.income if kind == "income" else group.expenses
    children: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for category in answer.of_kind(kind):
        children[category["parent_id"]].append(category)

    def build(parent: str | None) -> list[tuple[list[Decimal], dict[str, Any]]]:
        found = []
        for category in children[parent]:
            below = build(category["id"])
            if not below and category["id"] not in own:
                continue
            sums = [zero + sum(each) for each in zip(own[category["id"]], *(s for s, _ in below), strict=True)]
            nodes = [node for _, node in below]
            found.append((sums, _node(category["id"], category["name"], sums, nodes)))
        return sorted(found, key=lambda each: (-each[0][0], *(-s for s in each[0][1:]), each[1]["name"]))

    nodes = [node for _, node in build(None)]
    if None in own:
        nodes.append(_node(None, UNCATEGORISED, own[None], []))
    return nodes


def _is_of(group: Group, kind: str, kinds: Mapping[str, str]) -> bool:
    category_id = group.key["category"]
    if category_id is None:
        return bool(group.income if kind == "income" else group.expenses)
    return group.moved and kinds[category_id] == kind


def _node(
    category_id: str | None, name: str, sums: Sequence[Decimal], children: list[dict[str, Any]]
) -> dict[str, Any]:
    return {"category_id": category_id, "name": name, **_compared(sums), "children": children}


def tables(document: Document) -> list[Table]:
    found = [
        _table(name, title, list(flat(document[name])), document)
        for name, title in (("income_items", "Income"), ("expense_items", "Expenses"))
    ]
    totals = [(title, document[name]) for name, title in TOTALS]
    return [*found, _table("totals", "Totals", totals, document), *unconverted(document)]


def _table(name: str, title: str, rows: Sequence[tuple[str, Document]], document: Document) -> Table:
    currency = document["currency"]
    columns = [Column("category", "Category"), money("amount", f"{document['from']} to {document['to']}", currency)]
    names = ["amount"]
    if document["previous"] is not None:
        then = document["previous"]
        columns.append(money("previous", f"{then['from']} to {then['to']}", currency))
        columns += [money("change", "Change", currency), percent("change_percent", "Change in %")]
        names += ["previous", "change", "change_percent"]
    cells: list[Sequence[Cell]] = [(path, *(row[each] for each in names)) for path, row in rows]
    return Table(name, title, columns, cells)


def chart(document: Document) -> Chart:
    series = [Series(f"{document['from']} to {document['to']}", [document[name]["amount"] for name, _ in TOTALS])]
    if document["previous"] is not None:
        then = document["previous"]
        series.append(Series(f"{then['from']} to {then['to']}", [document[name]["previous"] for name, _ in TOTALS]))
    return Chart("bars", TITLE, document["currency"], [title for _, title in TOTALS], series)
