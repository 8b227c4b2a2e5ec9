"""What was spent, or earned, by tag."""

from typing import Any

from app.access.context import BookReader
from app.rendering.model import Chart, Table
from app.reports import names
from app.reports.names import OUT, Asked
from app.reports.presenting import Document

__all__ = ["NAME", "OUT", "TITLE", "Asked", "chart", "run", "tables"]

NAME = "tags"
TITLE = "Spending by tag"


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What went with each tag, the largest first.

    A transaction with two tags counts for both, and in the total once. With a tag, a payee or an amount, and for who
    does not see every account, the postings of the period are read, of at most 24 months at once.
    """
    return await names.by(book, asked, "tag")


def tables(document: Document) -> list[Table]:
    return names.tables_of(document, NAME, TITLE)


def chart(document: Document) -> Chart:
    return names.chart_of(document, TITLE)
