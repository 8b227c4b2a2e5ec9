"""Reports the slow way: every page of the list of transactions, filtered and summed in Python."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import text

from app.core.database import Database
from tests.people import Person

CENT = Decimal("0.01")
Sums = dict[Any, tuple[Decimal, Decimal]]


@dataclass(frozen=True)
class Line:
    """One posting with what its transaction says."""

    day: date
    account: str
    currency: str
    category: str | None
    kind: str | None
    amount: Decimal
    base: Decimal | None
    payee: str | None
    tags: tuple[str, ...]
    transaction: str
    whole: Decimal


def sides(amount: Decimal, kind: str | None) -> tuple[Decimal, Decimal]:
    """Income and spending, both positive: by the category's kind or, without one, by direction."""
    if kind == "income" or (kind is None and amount > 0):
        return amount, Decimal(0)
    return Decimal(0), -amount


async def lines(person: Person) -> list[Line]:
    """Every posting with a category, or that could have one."""
    kinds = {c["id"]: c["kind"] for c in (await person.read("/categories"))["items"]}
    found: list[Line] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await person.read("/transactions", limit=7, **cursor)
        for t in page["items"]:
            found += [
                Line(
                    date.fromisoformat(t["date"]),
                    p["account_id"],
                    p["currency"],
                    p["category_id"],
                    kinds.get(p["category_id"]),
                    Decimal(p["amount"]),
                    None if p["base_amount"] is None else Decimal(p["base_amount"]),
                    t["payee"],
                    tuple(t["tags"]),
                    t["id"],
                    Decimal(t["amount"]),
                )
                for p in t["postings"]
                if p["role"] == "flow"
            ]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def summed(found: Iterable[Line], key: Callable[[Line], Any] = lambda _: None) -> Sums:
    """Income and spending by a key, in the book's currency, of what is converted."""
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in found:
        if line.base is not None:
            for place, amount in enumerate(sides(line.base, line.kind)):
                sums[key(line)][place] += amount
    return {each: (income, expenses) for each, (income, expenses) in sums.items()}


def total(found: Iterable[Line]) -> tuple[Decimal, Decimal]:
    return summed(found).get(None, (Decimal(0), Decimal(0)))


def unconverted(found: Iterable[Line]) -> list[tuple[str, Decimal, Decimal]]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in found:
        if line.base is None:
            for place, amount in enumerate(sides(line.amount, line.kind)):
                sums[line.currency][place] += amount
    return [(code, *amounts) for code, amounts in sorted(sums.items())]  # type: ignore[misc]


def rounded(amount: Decimal) -> Decimal:
    """As SQL's round() does: half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


class Rates:
    """Rates of a book, set past the API before anything is written, and read as every part of the server reads them."""

    def __init__(self, database: Database, person: Person) -> None:
        self.database, self.person = database, person
        self.known: dict[tuple[str, str, date], Decimal | None] = {}

    async def put(self, base: str, quote: str, day: str, rate: str) -> None:
        statement = text(
            "INSERT INTO book_rates (book_id, base, quote, date, rate, source, revision) VALUES "
            "(CAST(:book AS uuid), :base, :quote, CAST(:day AS date), CAST(:rate AS numeric), 'manual', 1)"
        )
        values = {"book": self.person.book_id, "base": base, "quote": quote, "rate": Decimal(rate)}
        async with self.database.begin() as connection:
            await connection.execute(statement, {**values, "day": date.fromisoformat(day)})

    async def at(self, base: str, quote: str, day: date) -> Decimal | None:
        if (base, quote, day) not in self.known:
            async with self.database.begin() as connection:
                await connection.execute(
                    text("SELECT set_config('app.book_id', :book, true)"), {"book": self.person.book_id}
                )
                found = await connection.scalar(
                    text("SELECT rate_at(:base, :quote, :day)"), {"base": base, "quote": quote, "day": day}
                )
            self.known[base, quote, day] = found
        return self.known[base, quote, day]

    async def convert(self, found: Iterable[Line], quote: str) -> list[Line]:
        """The lines with each total of a day, account and category converted, as one line for each direction."""
        own: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
        for line in found:
            own[line.day, line.account, line.currency, line.category, line.kind, line.amount > 0] += line.amount
        converted = []
        for (day, account, currency, category, kind, _), amount in own.items():
            rate = await self.at(currency, quote, day)
            base = None if rate is None else rounded(amount * rate)
            converted.append(Line(day, account, currency, category, kind, amount, base, None, (), "", Decimal(0)))
        return converted
