"""The year that a paper tells of, and the parts that it has."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.rendering.model import Chart, Table
from app.reports.registry import REPORTS


@dataclass(frozen=True)
class Year:
    """The days of it that have been, in a book that is open at one state."""

    book: BookReader
    number: int
    last: date
    known: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def report(self, name: str, **asked: Any) -> dict[str, Any]:
        """A report's document about these days, made once."""
        report = REPORTS[name]
        if name not in self.known:
            given = {"from": date(self.number, 1, 1), "to": self.last, **asked}
            self.known[name] = await report.run(self.book, report.asked.model_validate(given))
        return self.known[name]


@dataclass(frozen=True)
class Section:
    """A part of the paper; `lines` stand above the charts and these above the tables."""

    title: str
    lines: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def told(amount: Decimal, currency: str) -> str:
    """An amount in a sentence."""
    return f"{amount:,f} {currency}"
