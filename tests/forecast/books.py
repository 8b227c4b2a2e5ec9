"""A book with a year behind it, and forecasts of it."""

from datetime import date
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.people import Person, expect

Document = dict[str, Any]


async def spend_monthly(
    person: Person, account: Document, category: Document | None, last: date, amounts: list[str], **fields: Any
) -> None:
    """One transaction on the same day of each month, the last one on `last`; `amounts` with the oldest first."""
    rows: list[Document] = [
        {
            "type": "expense",
            "date": str(last - relativedelta(months=len(amounts) - 1 - number)),
            "amount": amount,
            "account_id": account["id"],
            "category_id": category and category["id"],
            **fields,
        }
        for number, amount in enumerate(amounts)
    ]
    operations = [{"op": "create", "transaction": row} for row in rows]
    expect(await person.http.post("/transactions/bulk", json={"mode": "atomic", "operations": operations}), 200)


def line(found: Document, account: Document) -> Document:
    return next(each for each in found["accounts"] if each["account_id"] == account["id"])


def at(line_: Document, day: str) -> Document:
    return next(point for point in line_["points"] if point["date"] == day)


def check(found: Document) -> None:
    """Every line is the balance and its parts, and the worse one is never the better one."""
    for each in [*found["accounts"], *found["totals"]]:
        balance = Decimal(each["balance"])
        for point in each["points"]:
            parts = sum((Decimal(point[name]) for name in ("planned", "budgets", "rest")), balance)
            assert Decimal(point["expected"]) == parts
            assert Decimal(point["low"]) <= Decimal(point["expected"]) <= Decimal(point["high"])
        for name in ("low", "expected", "high"):
            assert Decimal(each["end"][name]) == sum((Decimal(s[name]) for s in each["sources"]), balance)
        last = each["points"][-1]
        assert {name: last[name] for name in ("low", "expected", "high")} == each["end"]
        assert Decimal(each["lowest"]["amount"]) <= min(Decimal(point["expected"]) for point in each["points"])
