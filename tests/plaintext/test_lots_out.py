"""A book with trades, exported: Beancount's inventories are the book's positions, to the unit and the cent."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount.core import convert, data
from beancount.core.inventory import Inventory

from app.core.database import Database
from tests.imports.uploads import commit, rows_of
from tests.people import Person, expect
from tests.plaintext.programs import load_beancount
from tests.plaintext.test_round_trip import exported, upload
from tests.portfolio.trading import depot, gains, hold, trade
from tests.security.household import join

Holdings = dict[tuple[str, str], tuple[Decimal, Decimal]]
CENT = Decimal("0.01")
INCOMES = ("dividend", "interest", "fee", "reinvest")


class Market:
    """A person with depots and assets, who trades at random."""

    def __init__(self, person: Person, seed: int, others: Sequence[str]) -> None:
        self.kinds = ["buy"] * 6 + ["sell"] * 5 + ["reinvest", "dividend", "interest", "fee", *others]
        self.person = person
        self.random = random.Random(seed)
        self.day = date(2022, 1, 3)
        self.accounts: list[dict[str, Any]] = []
        self.assets: list[dict[str, Any]] = []

    async def open(self) -> None:
        for name, method in (("Depot", "fifo"), ("Pool", "average"), ("Picked", "specific"), ("High", "hifo")):
            account = await depot(self.person, name, opening_balance="9000", opening_date="2022-01-01")
            self.accounts.append(account)
            body = {"method": method}
            path = f"/portfolio/accounts/{account['id']}/cost-method"
            expect(await self.person.http.put(path, json=body), 200)
        for symbol in ("VWCE", "acme.x", "EUR", "3M Co"):
            body = {"symbol": symbol, "name": f"The {symbol}", "type": "stock", "currency": "EUR"}
            self.assets.append(expect(await self.person.http.post("/portfolio/assets", json=body), 201))

    async def trade(self, kind: str, **fields: Any) -> bool:
        """Whether it could be: more may be wanted than is held."""
        body = {"kind": kind, "date": str(self.day), **fields}
        answer = await self.person.http.post("/portfolio/trades", json=body)
        assert answer.status_code in {201, 409}, answer.text
        return answer.status_code == 201

    async def random_trade(self) -> bool:
        pick = self.random.choice
        self.day += timedelta(days=self.random.randint(0, 9))
        account, other = self.random.sample(self.accounts, 2)
        asset, another = self.random.sample(self.assets, 2)
        place = {"account_id": account["id"], "asset_id": asset["id"]}
        units = str(pick([1, 2, 3, Decimal("0.7"), Decimal("1.333"), 7]))
        price = f"{self.random.randint(100, 9000) / 100:.2f}"
        kind = pick(self.kinds)
        fields: dict[str, Any] = {
            "buy": {"quantity": units, "price": price, "fees": "1.01"},
            "sell": {"quantity": units, "price": price, "fees": "0.99", "taxes": pick(["0", "0.13"])},
            "deposit": {"quantity": units, "cost": price, "acquired_on": "2021-05-06"},
            "withdrawal": {"quantity": units},
            "transfer": {"quantity": units, "to_account_id": other["id"]},
            "split": {"ratio": pick(["2:1", "1:3", "3:2"])},
            "spin_off": {"to_asset_id": another["id"], "ratio": "1:2", "cost_percent": "12.5"},
            "merger": {"to_asset_id": another["id"], "ratio": "3:2", "amount": "1.50"},
            "return_of_capital": {"amount": "2.35"},
            "reinvest": {"quantity": "0.25", "amount": "12.00", "taxes": "1.11"},
            "dividend": {"amount": "3.33", "taxes": "0.50"},
            "interest": {"amount": "1.20", "fees": "0.10"},
            "fee": {"amount": "0.45"},
        }[kind]
        return await self.trade(kind, **place, **fields)


async def held(person: Person) -> Holdings:
    names = {row["id"]: row["name"] for row in (await person.read("/accounts"))["items"]}
    return {
        (names[row["account_id"]], row["symbol"]): (Decimal(row["quantity"]), Decimal(row["cost"]))
        for row in (await person.read("/portfolio", limit=200))["items"]
        if Decimal(row["quantity"])
    }


def held_by_beancount(path: Path) -> tuple[Holdings, dict[str, Decimal]]:
    """Quantity and cost by account and asset, and the cash of each account."""
    symbols: dict[str, str] = {}
    inventories: dict[str, Inventory] = defaultdict(Inventory)
    for entry in load_beancount(path):
        if isinstance(entry, data.Commodity):
            symbols[entry.currency] = entry.meta.get("symbol", entry.currency)
        for posting in getattr(entry, "postings", ()):
            inventories[posting.account].add_position(posting)
    holdings: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    cash: dict[str, Decimal] = {}
    for account, inventory in inventories.items():
        if account.startswith("Assets:"):
            for position in inventory:
                name = account.partition(":")[2]
                if position.cost is None:
                    cash[name] = position.units.number
                    continue
                units, cost = holdings.get((name, symbols[position.units.currency]), (Decimal(0), Decimal(0)))
                cost += convert.get_cost(position).number  # type: ignore[no-untyped-call]
                holdings[name, symbols[position.units.currency]] = (units + position.units.number, cost)
    rounded = {key: (units, cost.quantize(CENT, ROUND_HALF_UP)) for key, (units, cost) in holdings.items()}
    return rounded, cash


# What a file with lots can say comes back as it was; a merger, a spin-off and a return of capital come back as
# units that go and come, with the same quantity and cost.
SAID = ("deposit", "withdrawal", "transfer", "split")


@pytest.mark.parametrize(("seed", "others"), [(11, SAID), (12, (*SAID, "spin_off", "merger", "return_of_capital"))])
async def test_a_random_portfolio_is_what_beancount_reads(
    kim: Person, robin: Person, tmp_path: Path, seed: int, others: Sequence[str]
) -> None:
    market = Market(kim, seed, others)
    await market.open()
    done = [await market.random_trade() for _ in range(60)]
    assert sum(done) > 25
    path = tmp_path / "book.beancount"
    path.write_bytes(await exported(kim, "beancount"))
    mine = await held(kim)
    theirs, cash = held_by_beancount(path)
    assert theirs == mine
    balances = {row["name"]: Decimal(row["balance"]) for row in (await kim.read("/accounts"))["items"]}
    assert cash == {name: amount for name, amount in balances.items() if amount}

    preview = await upload(robin, path.read_bytes())
    assert preview["warnings"] == []
    assert preview["rows"]["error"] == 0, (await rows_of(robin, preview, outcome="error"))[:3]
    await commit(robin, preview)
    assert await held(robin) == mine
    assert await incomes(robin) == await incomes(kim)
    assert {row["name"]: Decimal(row["balance"]) for row in (await robin.read("/accounts"))["items"]} == balances
    if others == SAID:
        assert await lots(robin) == await lots(kim)
        assert Counter(await gains(robin)) == Counter(await gains(kim))
    await robin.check_integrity()


async def test_a_day_keeps_its_order_whatever_ids_its_trades_have(kim: Person, robin: Person) -> None:
    """A program may make the ids of its trades itself, and in the book's own they say nothing of their order."""
    held_ = await hold(kim)
    ids = (f"{first}0000000-0000-4000-8000-000000000000" for first in "f1e2d3")
    for kind in ("buy", "sell") * 3:
        await trade(kim, kind, held_, "2024-03-01", id=next(ids), quantity="12" if kind == "sell" else "11", price="9")
    written = await exported(kim, "beancount")
    again = await upload(kim, written)
    assert again["rows"]["new"] == again["rows"]["suspect"] == again["rows"]["error"] == 0
    preview = await upload(robin, written)
    assert preview["rows"]["error"] == 0, (await rows_of(robin, preview, outcome="error"))[:3]
    await commit(robin, preview)
    assert await held(robin) == await held(kim)
    assert await gains(robin) == await gains(kim)
    repeated = await upload(robin, written + b"2024-04-01 price ACME  11.00 EUR\n")
    assert {row["outcome"] for row in await rows_of(robin, repeated) if row["trade"]} == {"duplicate"}
    await robin.check_integrity()


async def test_what_is_hidden_is_in_no_export_and_what_came_from_there_is(
    kim: Person, robin: Person, owner_database: Database, tmp_path: Path
) -> None:
    shared = await depot(kim, "Shared")
    private = await depot(kim, "Zqxown", visibility="private")
    seen = await hold(kim, "SEEN", account_id=private["id"], quantity="7", purchase_price="10")
    await hold(kim, "ZQXSECRET", account_id=private["id"])
    await trade(kim, "transfer", seen, "2024-03-01", quantity="3", to_account_id=shared["id"])
    await trade(kim, "sell", {**seen, "account_id": shared["id"]}, "2024-04-01", quantity="1", price="12")
    await trade(kim, "transfer", {**seen, "account_id": shared["id"]}, "2024-05-01", quantity="1",
                to_account_id=private["id"])  # fmt: skip
    await join(owner_database, kim.book_id, robin, "viewer")
    answer = await robin.http.get("/exports/beancount", headers={"X-Book-Id": kim.book_id})
    assert answer.status_code == 200
    assert "zqx" not in answer.text.casefold()
    assert "lot-2" not in answer.text
    path = tmp_path / "seen.beancount"
    path.write_text(answer.text, encoding="utf-8")
    theirs, cash = held_by_beancount(path)
    assert theirs == {("Shared", "SEEN"): (Decimal(1), Decimal("10.00"))}
    assert cash == {"Shared": Decimal("12.00")}
    assert answer.text.count("Equity:Private  ") == 2


async def incomes(person: Person) -> list[dict[str, Any]]:
    """The trades that lots alone do not tell, with names for ids."""
    names = {
        row["id"]: row.get("symbol", row["name"])
        for path in ("/accounts", "/categories", "/portfolio/assets")
        for row in (await person.read(path))["items"]
    }
    trades = (await person.read("/portfolio/trades", limit=500, sort="date"))["items"]
    own = {"transaction_id", "import_id", "revision", "created_at", "updated_at", "beside", "warnings"}
    return [
        {
            name: names.get(value, value)
            for name, value in row.items()
            if name not in own and not isinstance(value, list)
        }
        for row in trades
        if row["kind"] in INCOMES
    ]


async def lots(person: Person) -> list[tuple[str, str, str, str]]:
    """What is left of each purchase, and since when it is held."""
    listed = (await person.read("/portfolio", limit=200, lots=True))["items"]
    return sorted(
        (row["symbol"], lot["acquired_on"], lot["quantity"], lot["cost"]) for row in listed for lot in row["lots"]
    )
