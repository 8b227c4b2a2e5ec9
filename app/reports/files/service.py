"""Reports as files and pictures: nothing here knows what any of them is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from anyio import to_thread

from app.core.clock import now
from app.core.errors import invalid
from app.rendering import charts
from app.rendering.csv_files import write_csv
from app.rendering.files import Export, finished, of_bytes, unfinished
from app.rendering.model import Chart, Table
from app.rendering.paper import Paper, is_wide
from app.rendering.words import in_words
from app.rendering.xlsx import write_workbook
from app.reports import saved_running
from app.reports.registry import Report

FileFormat = Literal["csv", "zip", "xlsx", "pdf"]


@dataclass(frozen=True)
class Made:
    """A report's document and what it hands over; `name` begins the names of its files."""

    name: str
    title: str
    document: dict[str, Any]
    tables: Sequence[Table]
    chart: Chart


def of_registry(report: Report, document: dict[str, Any]) -> Made:
    return Made(report.name, report.title, document, report.tables(document), report.chart(document))


def of_saved(document: dict[str, Any]) -> Made:
    tables, chart = saved_running.tables(document), saved_running.chart(document)
    return Made("report", document["name"], document, tables, chart)


async def as_file(made: Made, file_format: FileFormat, table: str | None, *, mark: bool) -> Export:
    """The report as a file of that kind; of CSV one of its tables, the first unless `table` names another.

    Raises `InvalidError` for a table that it does not have.
    """
    tables = chosen(made.tables, table)
    name = "-".join([made.name, *_days(made.document)])
    if file_format == "pdf":
        chart = None if table else made.chart
        picture = await charts.draw(chart, "png") if chart else None
        subtitle = subtitle_of(made.document)
        content = await to_thread.run_sync(_pdf, made.title, subtitle, tables, chart, picture, now())
        return of_bytes(content, f"{name}.pdf")
    if file_format == "csv":
        part = tables[0].name if table or len(made.tables) > 1 else ""
        return await to_thread.run_sync(_csv, tables[0], f"{'-'.join(filter(None, (name, part)))}.csv", mark)
    return await to_thread.run_sync(_xlsx if file_format == "xlsx" else _zip, tables, f"{name}.{file_format}", mark)


def chosen(tables: Sequence[Table], name: str | None) -> list[Table]:
    """All of them, or the one of this name. Raises `InvalidError`."""
    found = [table for table in tables if name in {None, table.name}]
    if not found:
        names = ", ".join(table.name for table in tables)
        raise invalid("query.table", "unknown_table", f"this report has the tables {names}")
    return found


def subtitle_of(document: dict[str, Any]) -> str:
    """Which days, and in which currency."""
    days = " to ".join(_days(document))
    return ", ".join(part for part in (days, document.get("currency")) if part)


def _days(document: dict[str, Any]) -> list[str]:
    return [str(document[end]) for end in ("from", "to") if document.get(end) is not None]


def _csv(table: Table, name: str, mark: bool) -> Export:
    with unfinished() as file:
        write_csv(file, table, mark=mark)
        return finished(file, name)


def _xlsx(tables: Sequence[Table], name: str, _mark: bool) -> Export:
    with unfinished() as file:
        write_workbook(file, tables)
        return finished(file, name)


def _zip(tables: Sequence[Table], name: str, mark: bool) -> Export:
    """Each table as CSV."""
    with unfinished() as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for table in tables:
                entry = ZipInfo(f"{table.name}.csv", now().timetuple()[:6])
                entry.compress_type = ZIP_DEFLATED
                with archive.open(entry, "w") as part:
                    write_csv(part, table, mark=mark)
        return finished(file, name)


def _pdf(
    title: str,
    subtitle: str,
    tables: Sequence[Table],
    chart: Chart | None,
    picture: bytes | None,
    at: datetime,
) -> bytes:
    paper = Paper(title, at, subtitle=subtitle, wide=is_wide(tables))
    if chart is not None and picture is not None:
        paper.picture(picture, in_words(chart))
    for table in tables:
        paper.heading(table.title)
        paper.table(table)
    return paper.close()
