"""How income, expenses, categories and balances developed, month by month."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.access.context import BookReader
from app.core.money import quantum
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.reports import worth
from app.reports.asked import Grouped, currency_of, refuse_tags
from app.reports.flows import UNCATEGORISED, Answer, Filters, Question, ask
from app.reports.periods import Bucket, buckets
from app.reports.presenting import Document, money, unconverted
from app.reports.schemas import TrendsReport

NAME = "trends"
TITLE = "Income, expenses and balances over time"
OUT = TrendsReport
Asked = Grouped
PERIOD = "6months"


async def run(book: BookReader, asked: Grouped) -> dict[str, Any]:
    """Income and expenses of each month, quarter or year, by top-level category; and balances at the end of each.

    Balances are those of the accounts that are asked for, of the present month by now; categories do not narrow them.
    """
    refuse_tags(asked)
    currency, exponent = await currency_of(book, asked.currency)
    today = book.actor.today()
    period = asked.span(today, PERIOD)
    wanted = buckets(period, asked.by, asked.start_day)
    filters = Filters(tuple(asked.account_id), tuple(asked.category_id))
    answer = await ask(book, Question(wanted, currency, exponent, ("bucket", "top_category"), filters))
    days = [today if bucket.first <= today <= bucket.last else bucket.last for bucket in wanted]
    held = await worth.balances_at(book, days, asked.account_id)
    return {
        "from": period.first,
        "to": period.last,
        "currency": currency,
        **totals(answer),
        "points": points(answer, wanted, exponent),
        "categories": [
            *_categories(answer, "income", len(wanted), exponent),
            *_categories(answer, "expense", len(wanted), exponent),
        ],
        "balances": [
            {
                "account_id": account.account_id,
                "name": account.name,
                "currency": account.currency,
                "balances": account.balances,
            }
            for account in held
            if any(account.balances)
        ],
    }


def totals(answer: Answer) -> dict[str, Any]:
    return {
        "total_income": answer.income,
        "total_expenses": answer.expenses,
        "net": answer.net,
        "unconverted": answer.unconverted,
    }


def points(answer: Answer, wanted: Sequence[Bucket], exponent: int) -> list[dict[str, Any]]:
    """The sums of each bucket, of groups by bucket and perhaps more; where nothing moved they are 0."""
    zero = Decimal(0).quantize(quantum(exponent))
    income, expenses = [zero] * len(wanted), [zero] * len(wanted)
    for group in answer.groups:
        income[group.key["bucket"]] += group.income
        expenses[group.key["bucket"]] += group.expenses
    return [
        {
            "month": bucket.name,
            "from": bucket.first,
            "to": bucket.last,
            "income": income[place],
            "expenses": expenses[place],
            "net": income[place] - expenses[place],
        }
        for place, bucket in enumerate(wanted)
    ]


def _categories(answer: Answer, kind: str, count: int, exponent: int) -> list[dict[str, Any]]:
    zero = Decimal(0).quantize(quantum(exponent))
    known = {category["id"]: category for category in answer.categories}
    amounts: dict[str | None, list[Decimal]] = defaultdict(lambda: [zero] * count)
    for group in answer.groups:
        category_id = group.key["top_category"]
        amount = group.income if kind == "income" else group.expenses
        of_kind = bool(amount) if category_id is None else known[category_id]["kind"] == kind and group.moved
        if of_kind:
            amounts[category_id][group.key["bucket"]] += amount
    found = [
        {
            "category_id": category_id,
            "name": UNCATEGORISED if category_id is None else known[category_id]["name"],
            "kind": kind,
            "amounts": each,
            "total": sum(each, zero),
        }
        for category_id, each in amounts.items()
    ]
    return sorted(found, key=lambda item: (-item["total"], item["category_id"] is None, item["name"]))


def tables(document: Document) -> list[Table]:
    return [
        points_table(document),
        Table(
            "categories",
            "By category",
            [
                Column("kind", "Kind"),
                Column("category", "Category"),
                *(money(p["month"], p["month"], document["currency"]) for p in document["points"]),
                money("total", "Total", document["currency"]),
            ],
            [(c["kind"], c["name"], *c["amounts"], c["total"]) for c in document["categories"]],
        ),
        Table(
            "balances",
            "Balances at the end",
            [
                Column("account", "Account"),
                Column("currency", "Currency"),
                *(Column(p["month"], p["month"], "money") for p in document["points"]),
            ],
            [(b["name"], b["currency"], *b["balances"]) for b in document["balances"]],
        ),
        *unconverted(document),
    ]


def points_table(document: Document) -> Table:
    currency = document["currency"]
    rows: list[Sequence[Cell]] = [
        (p["month"], p["from"], p["to"], p["income"], p["expenses"], p["net"]) for p in document["points"]
    ]
    columns = [
        Column("month", "Month"),
        Column("from", "From", "date"),
        Column("to", "To", "date"),
        money("income", "Income", currency),
        money("expenses", "Expenses", currency),
        money("net", "Net", currency),
    ]
    return Table("points", "Income and expenses", columns, rows)


def chart(document: Document) -> Chart:
    return Chart(
        "bars",
        f"Income and expenses, {document['from']} to {document['to']}",
        document["currency"],
        [point["month"] for point in document["points"]],
        [
            Series("Income", [point["income"] for point in document["points"]]),
            Series("Expenses", [point["expenses"] for point in document["points"]]),
        ],
    )
