"""The balance sheet of a day, side by side with an earlier one."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.access.context import BookReader
from app.core.errors import invalid
from app.core.fields import EARLIEST, CivilDate, CurrencyCode
from app.core.money import quantum
from app.rendering.model import Cell, Chart, Column, Series, Table
from app.reports import worth
from app.reports.asked import MANY, currency_of
from app.reports.comparing import change
from app.reports.networth import class_of
from app.reports.periods import month_end, month_number, month_start
from app.reports.presenting import Document, money, percent, unconverted_balances
from app.reports.schemas_statements import BalanceSheet

NAME = "balance-sheet"
TITLE = "Balance sheet of two days"
OUT = BalanceSheet
BACK = {"month": 1, "quarter": 3, "year": 12}
TOTALS = (("total_assets", "Assets"), ("total_liabilities", "Liabilities"), ("net_worth", "Net worth"))


class Asked(BaseModel):
    """A day and what it is held against."""

    at: CivilDate | None = Field(default=None, description="The end of this day, one to come too; today when absent.")
    against: CivilDate | None = Field(default=None, description="Any other day, instead of `compare`.")
    compare: Literal["month", "quarter", "year", "none"] = Field(
        default="year", description="The same day so long before; the end of a month for the end of a month."
    )
    account_id: list[UUID] = Field(default=[], max_length=MANY, description="Only these accounts.")
    currency: CurrencyCode | None = Field(default=None, description="Another one than the book's.")


async def run(book: BookReader, asked: Asked) -> dict[str, Any]:
    """What is owned and owed at the end of any day, by account, beside another day, and what changed.

    Each day is converted by its own rates and prices, one to come by those of today. A liability is a positive number:
    what is owed.
    """
    currency, exponent = await currency_of(book, asked.currency)
    day = asked.at or book.actor.today()
    other = _other(day, asked)
    days = [day] if other is None else [day, other]
    held = await worth.at(book, days, currency, exponent, asked.account_id)
    zero = Decimal(0).quantize(quantum(exponent))
    assets, liabilities = (held.total(liabilities=side, zero=zero) for side in (False, True))
    net = [owned - owed for owned, owed in zip(assets, liabilities, strict=True)]
    return {
        "at": day,
        "previous_at": other,
        "currency": currency,
        "assets": [_line(account) for account in held.accounts if _shown(account, liability=False)],
        "liabilities": [_line(account) for account in held.accounts if _shown(account, liability=True)],
        "total_assets": _compared(assets),
        "total_liabilities": _compared(liabilities),
        "net_worth": _compared(net),
        "unconverted": held.unconverted,
        "unpriced": held.unpriced,
    }


def _other(day: date, asked: Asked) -> date | None:
    if asked.against is not None:
        if asked.against == day:
            raise invalid("query.against", "same_day", "name another day than `at` to hold it against")
        return asked.against
    if asked.compare == "none":
        return None
    if day.year <= EARLIEST.year:
        raise invalid("query.compare", "no_earlier_period", "there is nothing before this day to compare it with")
    begins = month_start(month_number(day) - BACK[asked.compare])
    ends = month_end(begins)
    return ends if day == month_end(day) else begins.replace(day=min(day.day, ends.day))


def _shown(account: worth.Held, *, liability: bool) -> bool:
    return account.is_liability is liability and not account.is_empty


def _line(account: worth.Held) -> dict[str, Any]:
    """A liability with its sign turned round; null where the balance of the day has no rate."""
    sign = -1 if account.is_liability else 1
    amounts = [None if value is None else sign * value for value in account.worth]
    now, then = amounts[0], amounts[1] if len(amounts) > 1 else None
    line = change(now, then) if now is not None else {**change(Decimal(0), None), "amount": None, "previous": then}
    return {
        "account_id": account.account_id,
        "name": account.name,
        "type": account.type,
        "class": class_of(account),
        "currency": account.currency,
        "balance": account.balances[0],
        **line,
    }


def _compared(sums: Sequence[Decimal]) -> dict[str, Any]:
    return change(sums[0], sums[1] if len(sums) > 1 else None)


def tables(document: Document) -> list[Table]:
    found = [
        _table(name, title, [(line["name"], line) for line in document[name]], document)
        for name, title in (("assets", "Assets"), ("liabilities", "Liabilities"))
    ]
    totals = [(title, document[name]) for name, title in TOTALS]
    return [*found, _table("totals", "Totals", totals, document), *unconverted_balances(document)]


def _table(name: str, title: str, rows: Sequence[tuple[str, Document]], document: Document) -> Table:
    currency = document["currency"]
    columns = [Column("account", "Account"), money("amount", str(document["at"]), currency)]
    names = ["amount"]
    if document["previous_at"] is not None:
        columns.append(money("previous", str(document["previous_at"]), currency))
        columns += [money("change", "Change", currency), percent("change_percent", "Change in %")]
        names += ["previous", "change", "change_percent"]
    cells: list[Sequence[Cell]] = [(label, *(row[each] for each in names)) for label, row in rows]
    return Table(name, title, columns, cells)


def chart(document: Document) -> Chart:
    series = [Series(str(document["at"]), [document[name]["amount"] for name, _ in TOTALS])]
    if document["previous_at"] is not None:
        series.append(Series(str(document["previous_at"]), [document[name]["previous"] for name, _ in TOTALS]))
    return Chart("bars", TITLE, document["currency"], [title for _, title in TOTALS], series)
