"""What everything is worth at the ends of months, in one currency, each day by its own rates and prices."""

from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.access.context import BookReader
from app.core.errors import invalid
from app.core.fields import CurrencyCode
from app.core.money import quantum
from app.rendering.model import Chart, Column, Series, Table
from app.reports import worth
from app.reports.asked import MANY, Grouped, currency_of, refuse_tags
from app.reports.periods import By, buckets
from app.reports.presenting import Document, money, unconverted_balances
from app.reports.schemas import NetWorthReport

NAME = "networth"
TITLE = "Net worth over time"
OUT = NetWorthReport
PERIOD = "1year"


class Asked(Grouped):
    """Categories and tags say nothing about what is held."""

    account_id: list[UUID] = Field(default=[], max_length=MANY, description="Only these accounts.")
    category_id: list[UUID] = Field(default=[], max_length=0, description="Not for this report.")
    currency: CurrencyCode | None = Field(default=None, description="Another one than the book's.")
    by: By = Field(default="month", description="How far the points are apart.")


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """Assets, liabilities and what is left at the end of each month, quarter or year; of the present one by now.

    A balance is converted by the rate of the day it is of. An account of a kind on which you owe is a liability,
    whichever side its balance is on, and all others are assets; holdings are assets.
    """
    refuse_tags(asked)
    currency, exponent = await currency_of(book, asked.currency)
    today = book.actor.today()
    period = asked.span(today, PERIOD)
    wanted = buckets(period, asked.by, asked.start_day)
    days = [book.actor.known_day(bucket.last) for bucket in wanted if bucket.first <= today]
    if not days:
        raise invalid("query.period", "period_in_future", "nothing is known yet of what will be held then")
    held = await worth.at(book, days, currency, exponent, asked.account_id)
    zero = Decimal(0).quantize(quantum(exponent))
    assets, liabilities = (held.total(liabilities=side, zero=zero) for side in (False, True))
    points: list[dict[str, Any]] = [
        {"date": day, "assets": owned, "liabilities": owed, "net_worth": owned - owed}
        for day, owned, owed in zip(days, assets, liabilities, strict=True)
    ]
    return {
        "from": days[0],
        "to": days[-1],
        "currency": currency,
        "points": points,
        "change": points[-1]["net_worth"] - points[0]["net_worth"],
        "accounts": [
            {
                "account_id": account.account_id,
                "name": account.name,
                "type": account.type,
                "class": class_of(account),
                "currency": account.currency,
                "balances": account.balances,
                "holdings": account.holdings,
                "values": account.worth,
            }
            for account in held.accounts
            if not account.is_empty
        ],
        "unconverted": held.unconverted,
        "unpriced": held.unpriced,
    }


def class_of(account: worth.Held) -> Literal["asset", "liability"]:
    return "liability" if account.is_liability else "asset"


def tables(document: Document) -> list[Table]:
    currency = document["currency"]
    return [
        Table(
            "networth",
            "Net worth",
            [
                Column("date", "Date", "date"),
                money("assets", "Assets", currency),
                money("liabilities", "Liabilities", currency),
                money("net_worth", "Net worth", currency),
            ],
            [(p["date"], p["assets"], p["liabilities"], p["net_worth"]) for p in document["points"]],
        ),
        Table(
            "accounts",
            "Accounts",
            [
                Column("account", "Account"),
                Column("class", "Class"),
                *(money(str(p["date"]), str(p["date"]), currency) for p in document["points"]),
            ],
            [(a["name"], a["class"], *a["values"]) for a in document["accounts"]],
        ),
        *unconverted_balances(document),
    ]


def chart(document: Document) -> Chart:
    points = document["points"]
    return Chart(
        "lines",
        f"Net worth, {document['from']} to {document['to']}",
        document["currency"],
        [str(point["date"]) for point in points],
        [
            Series("Net worth", [point["net_worth"] for point in points]),
            Series("Assets", [point["assets"] for point in points]),
            Series("Liabilities", [point["liabilities"] for point in points]),
        ],
    )
