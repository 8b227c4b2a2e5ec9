"""All reports, each with what it may be asked for, how it is made, and how it is handed over to files and pictures."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from app.access.context import BookReader
from app.rendering.model import Chart, Table
from app.reports import (
    balance_sheet,
    cashflow,
    categories,
    income_statement,
    largest,
    monthly,
    networth,
    payees,
    savings_rate,
    tags,
    trends,
    weekdays,
)


@dataclass(frozen=True)
class Report:
    """`run` raises domain errors whose fields are those of the query; `tables` and `chart` take what it gives."""

    name: str
    title: str
    description: str
    asked: type[BaseModel]
    out: type[BaseModel]
    run: Callable[[BookReader, Any], Awaitable[dict[str, Any]]]
    tables: Callable[[dict[str, Any]], list[Table]]
    chart: Callable[[dict[str, Any]], Chart]
    valued: bool
    """Whether it looks rates or prices up whatever it is asked: they change without the book."""


def _report(module: ModuleType, *, valued: bool = False) -> Report:
    return Report(
        name=module.NAME,
        title=module.TITLE,
        description=module.run.__doc__ or "",
        asked=module.Asked,
        out=module.OUT,
        run=module.run,
        tables=module.tables,
        chart=module.chart,
        valued=valued,
    )


_ALL: Sequence[Report] = (
    _report(monthly),
    _report(trends),
    _report(categories),
    _report(networth, valued=True),
    _report(cashflow),
    _report(income_statement),
    _report(balance_sheet, valued=True),
    _report(savings_rate),
    _report(payees),
    _report(tags),
    _report(weekdays),
    _report(largest),
)
REPORTS: dict[str, Report] = {report.name: report for report in _ALL}
