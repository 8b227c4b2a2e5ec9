"""What a report hands over to be shown: tables for files, charts for pictures. It knows no report and no domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Cell = str | int | Decimal | date | None


@dataclass(frozen=True)
class Column:
    """`name` is for programs, `title` for people; money without a `currency` stands beside a column of codes."""

    name: str
    title: str
    kind: Literal["text", "date", "money", "percent", "number"] = "text"
    currency: str | None = None


@dataclass(frozen=True)
class Table:
    """Rows in the order of the columns; `name` is that of the sheet, or the part of a file's name."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Series:
    """Values in the order of the chart's labels; None is a gap: nothing is drawn there."""

    title: str
    values: Sequence[Decimal | None]


@dataclass(frozen=True)
class Link:
    """What goes from one node to another; never negative."""

    source: int
    target: int
    amount: Decimal


@dataclass(frozen=True)
class Chart:
    """A picture of a report. `unit` is the currency, or `%`, of all values, and stands at the axis.

    `flow` has `nodes` and `links` and no series; `donut` has one series.
    """

    kind: Literal["bars", "stacked", "lines", "area", "donut", "flow"]
    title: str
    unit: str
    labels: Sequence[str] = ()
    series: Sequence[Series] = ()
    axis_title: str = ""
    nodes: Sequence[str] = ()
    links: Sequence[Link] = ()
