"""Small words for handing documents of reports over to files and pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.rendering.model import Cell, Column, Table

Document = Mapping[str, Any]
MOST_SERIES = 8
"""More lines or colours than these nobody tells apart."""


def money(name: str, title: str, currency: str) -> Column:
    return Column(name, title, "money", currency)


def percent(name: str, title: str) -> Column:
    return Column(name, title, "percent")


def flat(nodes: Iterable[Document], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Document]]:
    """Each node of a tree after its parent, with its path such as `Home: Energy`."""
    for node in nodes:
        names = (*path, node["name"])
        yield ": ".join(names), node
        yield from flat(node["children"], names)


def unconverted(document: Document) -> list[Table]:
    """What is in no sum, as a table, where there is something."""
    if not document["unconverted"]:
        return []
    columns = [Column("currency", "Currency"), Column("income", "Income", "money")]
    columns.append(Column("expenses", "Expenses", "money"))
    rows: list[Sequence[Cell]] = [(u["currency"], u["income"], u["expenses"]) for u in document["unconverted"]]
    return [Table("unconverted", "Without an exchange rate", columns, rows)]


def unconverted_balances(document: Document) -> list[Table]:
    if not document["unconverted"]:
        return []
    columns = [Column("date", "Date", "date"), Column("currency", "Currency"), Column("amount", "Amount", "money")]
    rows: list[Sequence[Cell]] = [(u["date"], u["currency"], u["amount"]) for u in document["unconverted"]]
    return [Table("unconverted", "Without an exchange rate", columns, rows)]


def parts(items: Sequence[Document], amount: str = "amount") -> list[tuple[str, Decimal]]:
    """Names and amounts above 0: a share of a whole is never negative."""
    return [(item["name"], item[amount]) for item in items if item[amount] > 0]
