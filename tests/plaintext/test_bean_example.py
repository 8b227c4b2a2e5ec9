"""Beancount's own example file, imported over HTTP, is what Beancount says of it: holdings, costs, gains, net worth."""

import io
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from beancount import loader
from beancount.core import convert, data, prices
from beancount.core.inventory import Inventory
from beancount.scripts import example
from fastapi import FastAPI

from app.core.database import Database
from tests.conftest import fresh_email
from tests.imports.uploads import commit, rows_of, try_upload
from tests.people import Person, expect, register
from tests.staff import run

CENT = Decimal("0.01")
# The accounts of commodities belong to that of their cash: see docs/plain-text-accounting.md.
HOLDER = {"Assets:US:ETrade": "US:ETrade:Cash", "Assets:US:Vanguard": "US:Vanguard:Cash"}
COUNTED = {"IRAUSD": "US 401k and IRA Contributions", "VACHR": "Employer Vacation Hours"}
"""Commodities without a price, which an admin makes currencies of."""


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def written(seed: int, first: int, last: int) -> str:
    """The example that `bean-example --seed` writes for these years."""
    random.seed(seed)
    file = io.StringIO()
    with redirect_stderr(io.StringIO()):
        write: Any = example.write_example_file
        write(date(1980, 5, 12), date(first, 1, 1), date(last, 12, 31), reformat=True, file=file)
    return file.getvalue()


class Beancount:
    """What Beancount reports of a file."""

    def __init__(self, text: str) -> None:
        self.entries, errors, _ = loader.load_string(text)
        assert errors == []
        self.transactions = [entry for entry in self.entries if isinstance(entry, data.Transaction)]
        self._prices = prices.build_price_map(self.entries)  # type: ignore[no-untyped-call]

    def inventories(self, until: date) -> dict[str, Inventory]:
        found: dict[str, Inventory] = defaultdict(Inventory)
        for entry in self.transactions:
            if entry.date <= until:
                for posting in entry.postings:
                    found[posting.account].add_position(posting)
        return found

    def holdings(self, until: date) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        """Quantity and cost by our account and commodity."""
        found: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
        for account, inventory in self.inventories(until).items():
            for position in inventory:
                if position.cost is not None:
                    key = (HOLDER[account.rpartition(":")[0]], position.units.currency)
                    before = found.get(key, (Decimal(0), Decimal(0)))
                    cost = convert.get_cost(position).number  # type: ignore[no-untyped-call]
                    found[key] = (before[0] + position.units.number, before[1] + cost)
        return {key: (units, cents(cost)) for key, (units, cost) in found.items()}

    def net_worth(self, until: date) -> Decimal:
        """In USD at the prices of the day, each holding to the cent; what has no price is in none of it."""
        units: dict[str, Decimal] = defaultdict(Decimal)
        worth = Decimal(0)
        for account, inventory in self.inventories(until).items():
            if account.startswith(("Assets:", "Liabilities:")):
                for position in inventory:
                    if position.cost is None:
                        worth += position.units.number if position.units.currency == "USD" else 0
                    else:
                        units[f"{account} {position.units.currency}"] += position.units.number
        for name, number in units.items():
            commodity = name.split()[1]
            _, price = prices.get_price(self._prices, (commodity, "USD"), until)  # type: ignore[no-untyped-call]
            assert price is not None
            worth += cents(number * price)
        return worth

    def gains(self) -> Decimal:
        """What the file booked as gains."""
        postings: list[Any] = [posting for entry in self.transactions for posting in entry.postings]
        booked = [posting.units.number for posting in postings if posting.account == "Income:US:ETrade:PnL"]
        return -sum(booked, Decimal(0))


@pytest.fixture
async def counting(app: FastAPI, owner_database: Database) -> AsyncIterator[None]:
    admin = await register(app, fresh_email())
    await run(owner_database, "UPDATE users SET role = 'admin' WHERE id = :id", id=admin.user["id"])
    for code, name in COUNTED.items():
        answer = await admin.http.post("/currencies", json={"code": code, "name": name, "exponent": 2})
        assert answer.status_code in {201, 409}, answer.text
    yield
    await admin.http.aclose()


async def upload(person: Person, text: str) -> dict[str, Any]:
    preview: dict[str, Any] = expect(await try_upload(person, None, text.encode(), name="example.beancount"), 201)
    return preview


@pytest.mark.parametrize(("seed", "first", "last"), [(1, 2019, 2022), (7, 2021, 2023)])
@pytest.mark.usefixtures("counting")
async def test_the_example_is_worth_what_beancount_says(kim: Person, seed: int, first: int, last: int) -> None:
    text = written(seed, first, last)
    theirs = Beancount(text)
    preview = await upload(kim, text)
    assert preview["format"] == "beancount"
    assert preview["warnings"] == []
    assert preview["rows"]["total"] == preview["rows"]["new"], (await rows_of(kim, preview, outcome="error"))[:3]
    await commit(kim, preview)
    accounts = {row["id"]: row for row in (await kim.read("/accounts"))["items"]}

    end = date(last, 12, 31)
    listed = (await kim.read("/portfolio", limit=200))["items"]
    ours = {
        (accounts[row["account_id"]]["name"], row["symbol"]): (Decimal(row["quantity"]), Decimal(row["cost"]))
        for row in listed
        if Decimal(row["quantity"])
    }
    assert ours == theirs.holdings(end)

    for account, inventory in theirs.inventories(end).items():
        for position in inventory:
            if position.cost is None and account.startswith(("Assets:", "Liabilities:")):
                name, currency = account.partition(":")[2], position.units.currency
                (mine,) = (a for a in accounts.values() if (a["name"], a["currency"]) == (name, currency))
                assert Decimal(mine["balance"]) == position.units.number, account

    report = await kim.read("/reports/networth", **{"from": f"{first}-01-01", "to": str(end), "by": "month"})
    assert report["currency"] == "USD"
    assert report["unpriced"] == []
    assert len(report["points"]) == 12 * (last - first + 1)
    for point in report["points"]:
        day = date.fromisoformat(point["date"])
        assert day == (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert Decimal(point["net_worth"]) == theirs.net_worth(day), point["date"]

    gains = await kim.read("/portfolio/gains", **{"from": f"{first}-01-01", "to": str(end)})
    assert Decimal(gains["base"]["total"]["gain"]) == theirs.gains()
    await kim.check_integrity()
