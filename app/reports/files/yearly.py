"""A year on paper: income and expenses, what they went to, what all was worth, investments, budgets, the largest."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from anyio import to_thread

from app.access.context import BookReader
from app.budgets import service as budgets
from app.core.clock import now
from app.core.errors import invalid
from app.core.money import percent, plain
from app.rendering import charts
from app.rendering.files import Export, of_bytes
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.rendering.paper import Paper
from app.rendering.words import in_words
from app.reports.files import yearly_investments
from app.reports.files.year import Section, Year, told
from app.reports.periods import ONE_DAY
from app.reports.registry import REPORTS

FIRST_YEAR = 1901
"""Net worth is told from the end of the year before."""


async def summary(book: BookReader, year: int) -> Export:
    """The year as PDF, of the present one what there is of it. Raises `InvalidError` for a year that is to come."""
    today = book.actor.today()
    if year > today.year:
        raise invalid("query.year", "year_in_future", f"it is {today.year}")
    asked = Year(book, year, min(date(year, 12, 31), today))
    sections = [found for make in SECTIONS if (found := await make(asked)) is not None]
    pictures = [[await charts.draw(chart, "png") for chart in section.charts] for section in sections]
    subtitle = f"{date(year, 1, 1)} to {asked.last}, in {book.base_currency}"
    content = await to_thread.run_sync(_paper, f"The year {year}", subtitle, sections, pictures, now())
    return of_bytes(content, f"year-{year}.pdf")


def _paper(
    title: str, subtitle: str, sections: Sequence[Section], pictures: Sequence[Sequence[bytes]], at: datetime
) -> bytes:
    paper = Paper(title, at, subtitle=subtitle)
    for section, drawn in zip(sections, pictures, strict=True):
        paper.heading(section.title, drawn[0] if drawn else None)
        for line in section.lines:
            paper.paragraph(line)
        for chart, picture in zip(section.charts, drawn, strict=True):
            paper.picture(picture, in_words(chart))
        for table in section.tables:
            if len(section.tables) > 1:
                paper.caption(table.title)
            paper.table(table)
    return paper.close()


async def _months(year: Year) -> Section:
    """Income, expenses, what is left of them, and which share of the income that is."""
    document = await year.report("savings-rate")
    currency, rate = document["currency"], document["savings_rate"]
    sums = ("total_income", "Income"), ("total_expenses", "expenses"), ("net", "left")
    words = ", ".join(f"{word} {told(document[name], currency)}" for name, word in sums)
    line = f"{words}." if rate is None else f"{words}, which is {plain(rate)}% of the income."
    chart = REPORTS["trends"].chart(await year.report("trends"))
    tables = REPORTS["savings-rate"].tables(document)
    return Section("Income and expenses by month", [line], [chart], tables)


async def _categories(year: Year) -> Section:
    """The top-level categories of both sides with their share of it, and the expenses as a chart."""
    document = await year.report("trends")
    currency = document["currency"]
    sides = {kind: [each for each in document["categories"] if each["kind"] == kind] for kind in ("expense", "income")}
    tables = []
    for kind, title, total in (
        ("expense", "Expenses", document["total_expenses"]),
        ("income", "Income", document["total_income"]),
    ):
        columns = [
            Column("category", title),
            Column("amount", "Amount", "money", currency),
            Column("share", "Share", "percent"),
        ]
        rows: list[Sequence[Cell]] = [
            (each["name"], each["total"], percent(each["total"], total)) for each in sides[kind]
        ]
        tables.append(Table(kind, title, columns, rows))
    spent = sides["expense"]
    chart = Chart(
        "donut",
        f"Expenses {year.number}",
        currency,
        [each["name"] for each in spent],
        [Series("Expenses", [each["total"] for each in spent])],
    )
    return Section("Categories", (), [chart], tables)


async def _worth(year: Year) -> Section:
    """At the end of each month, the accounts at the end of the year."""
    before = date(year.number, 1, 1) - ONE_DAY
    report, document = REPORTS["networth"], await year.report("networth", **{"from": before})
    currency = document["currency"]
    change = document["change"]
    now_ = f"Net worth {told(document['points'][-1]['net_worth'], currency)} on {document['to']}"
    moved = f"{'up' if change >= 0 else 'down'} {told(abs(change), currency)} since {document['from']}"
    lines = [f"{now_}, {moved}."]
    if document["unconverted"] or document["unpriced"]:
        lines.append("Something had no exchange rate or no price on some of these days, and is not counted there.")
    accounts = Table(
        "accounts",
        f"Accounts on {document['to']}",
        [Column("account", "Account"), Column("class", "Class"), Column("value", "Value", "money", currency)],
        [(each["name"], each["class"], each["values"][-1]) for each in document["accounts"]],
    )
    return Section("Net worth", lines, [report.chart(document)], [report.tables(document)[0], accounts])


async def _budgets(year: Year) -> Section | None:
    """Each budget by the sum of its periods that have a day in the year, by what was spent up to its last day."""
    first = date(year.number, 1, 1)
    wanted = []
    for budget in await budgets.live(year.book):
        end = year.last if budget.end_date is None else min(year.last, budget.end_date)
        begin = max(first, budget.cadence.anchor)
        if begin <= end:
            numbers = range(budget.cadence.number(begin), budget.cadence.number(end) + 1)
            wanted += [
                (budget, number) for number in numbers if budget.last_day(number) <= end or number == numbers[-1]
            ]
    if not wanted:
        return None
    sums: dict[str, list[Any]] = {}
    for (budget, _), status in zip(wanted, await budgets.standing(year.book, wanted, year.last), strict=True):
        row = sums.setdefault(str(budget.id), [budget.name, 0, Decimal(0), Decimal(0)])
        row[1] += 1
        row[2] += status.amount
        row[3] += status.spent
    currency = year.book.base_currency
    columns = [
        Column("budget", "Budget"),
        Column("periods", "Periods", "number"),
        Column("amount", "Amount", "money", currency),
        Column("spent", "Spent", "money", currency),
        Column("left", "Left", "money", currency),
    ]
    rows = [(name, count, amount, spent, amount - spent) for name, count, amount, spent in sums.values()]
    return Section("Budgets", (), (), [Table("budgets", "Budgets", columns, rows)])


async def _largest(year: Year) -> Section | None:
    """What was spent in one transaction."""
    document = await year.report("largest", limit=20)
    if not document["items"]:
        return None
    return Section("Largest expenses", (), (), REPORTS["largest"].tables(document)[:1])


Make = Callable[[Year], Awaitable[Section | None]]
SECTIONS: tuple[Make, ...] = (
    _months,
    _categories,
    _worth,
    yearly_investments.held,
    yearly_investments.realised,
    yearly_investments.paid,
    _budgets,
    _largest,
)
"""In the order of the paper; one that has nothing to say is left out."""
