"""What was spent, or earned, by payee."""

from typing import Any

from app.access.context import BookReader
from app.rendering.model import Chart, Table
from app.reports import names
from app.reports.names import OUT, Asked
from app.reports.presenting import Document

__all__ = ["NAME", "OUT", "TITLE", "Asked", "chart", "run", "tables"]

NAME = "payees"
TITLE = "Spending by payee"


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What went to each payee, or came from each, the largest first.

    Refunds lower what was spent with a payee. With a tag or an amount the postings of the period are read, of at most
    24 months at once; in another currency also with a payee or category, or for who does not see every account.
    """
    return await names.by(book, asked, "payee")


def tables(document: Document) -> list[Table]:
    return names.tables_of(document, NAME, TITLE)


def chart(document: Document) -> Chart:
    return names.chart_of(document, TITLE)
