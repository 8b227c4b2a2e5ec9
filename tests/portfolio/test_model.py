"""Random trades, changes, deletions and undos, compared after every step with a lot book in plain lists."""

import os
import random
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st

from tests.conftest import fresh_email
from tests.people import Person, expect, register
from tests.portfolio.plain import Book, ImpossibleError
from tests.portfolio.trading import depot, hold

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

# For a longer search: TRADES_LIVES=100 TRADES_STEPS=80 pytest tests/portfolio/test_model.py.
LIVES = int(os.environ.get("TRADES_LIVES", "1"))
STEPS = int(os.environ.get("TRADES_STEPS", "30"))
KINDS = (
    *("buy", "buy", "deposit", "reinvest", "sell", "sell", "withdrawal", "transfer"),
    *("split", "merger", "spin_off", "return_of_capital", "dividend"),
)
METHODS = ("fifo", "lifo", "hifo", "average", "specific")
Document = dict[str, Any]


class Player:
    """Somebody who trades at random, and what their book must say."""

    def __init__(self, person: Person, chance: random.Random) -> None:
        self.person, self.chance = person, chance
        self.accounts: list[str] = []
        self.assets: list[str] = []
        self.methods: dict[str, str] = {}
        self.trades: dict[str, Document] = {}
        self.revisions: list[tuple[int, dict[str, Document], dict[str, str]]] = []

    async def begin(self) -> None:
        for number, method in enumerate(self.chance.sample(METHODS, 3)):
            account = await depot(self.person, f"Depot {number}")
            self.accounts.append(account["id"])
            await self.set_method(account["id"], method)
        for symbol in ("ONE", "TWO"):
            holding = await hold(self.person, symbol, account_id=self.accounts[0], fees="0.37")
            self.assets.append(holding["asset_id"])
        for row in reversed((await self.person.read("/portfolio/trades"))["items"]):
            said = {name: value for name, value in row.items() if value is not None}
            self.trades[row["id"]] = {"acquired_on": row["date"], **said}

    async def set_method(self, account: str, method: str) -> None:
        path = f"/portfolio/accounts/{account}/cost-method"
        expect(await self.person.http.put(path, json={"method": method}), 200)
        self.methods[account] = "fifo" if method == "specific" else method

    def body(self) -> Document:
        chance, kind = self.chance, self.chance.choice(KINDS)
        asset, other = chance.sample(self.assets, 2)
        account, target = chance.sample(self.accounts, 2)
        day = f"2025-0{chance.randrange(1, 5)}-{chance.randrange(10, 15)}"
        quantity = str(Decimal(chance.randrange(1, 12000)) / 1000)
        amount = str(Decimal(chance.randrange(100, 20000)) / 100)
        found: Document = {"kind": kind, "date": day, "account_id": account, "asset_id": asset}
        more: dict[str, Document] = {
            "buy": {"quantity": quantity, "amount": amount, "fees": "0.49", "taxes": "0.01"},
            "sell": {"quantity": quantity, "amount": amount, "fees": "0.99", "taxes": "0.10"},
            "reinvest": {"quantity": quantity, "amount": amount, "taxes": "0.26"},
            "deposit": {"quantity": quantity, "cost": amount, "acquired_on": f"2024-0{chance.randrange(1, 5)}-11"},
            "withdrawal": {"quantity": quantity},
            "transfer": {"quantity": quantity, "to_account_id": target},
            "split": {"ratio": chance.choice(("2", "3", "0.5", "1.1", "0.7"))},
            "merger": {"to_asset_id": other, "ratio": "1.37", "amount": chance.choice(("0", "3.21", amount))},
            "spin_off": {"to_asset_id": other, "ratio": "0.3", "cost_percent": "12.34"},
            "return_of_capital": {"amount": amount},
            "dividend": {"amount": amount},
        }
        return {**found, **more[kind]}

    def computed(self, trades: dict[str, Document]) -> Book:
        book = Book(self.methods)
        for trade in sorted(trades.values(), key=lambda trade: trade["date"]):  # stable: those of a day as they came
            book.apply(trade)
        return book

    def is_possible(self, trades: dict[str, Document]) -> bool:
        try:
            self.computed(trades)
        except ImpossibleError:
            return False
        return True

    async def step(self) -> None:
        before, act = dict(self.trades), self.chance.random()
        chosen = self.chance.choice(list(self.trades)) if self.trades else None
        if act < 0.08 and self.revisions:
            revision, trades, methods = self.revisions.pop()
            path = f"/books/{self.person.book_id}/undo"
            expect(await self.person.http.post(path, json={"revision": revision}), 200)
            self.trades, self.methods = trades, methods
            return
        if act < 0.13:
            self.revisions.clear()
            account = self.chance.choice(self.accounts)
            await self.set_method(account, self.chance.choice(METHODS))
            return
        if act < 0.2 and chosen is not None:
            after = {key: value for key, value in before.items() if key != chosen}
            answer = await self.person.http.delete(f"/portfolio/trades/{chosen}")
        elif act < 0.35 and chosen is not None:
            body = self.body()
            after = {key: body if key == chosen else value for key, value in before.items()}
            answer = await self.person.http.put(f"/portfolio/trades/{chosen}", json=body)
        else:
            body = self.body()
            after = {**before, "new": body}
            answer = await self.person.http.post("/portfolio/trades", json=body)
        if not self.is_possible(after):
            assert answer.status_code == 409, answer.text
            return
        assert answer.status_code in {200, 201, 204}, answer.text
        if "new" in after:
            after[answer.json()["id"]] = after.pop("new")
        revision = (await self.person.read(f"/books/{self.person.book_id}"))["revision"]
        self.revisions.append((revision, before, dict(self.methods)))
        self.trades = after

    async def compare(self) -> None:
        book = self.computed(self.trades)
        held = {
            (item["account_id"], item["asset_id"]): (Decimal(item["quantity"]), Decimal(item["cost"]))
            for item in (await self.person.read("/portfolio"))["items"]
        }
        assert held == book.positions()
        gained = await self.person.read("/portfolio/gains", limit=1)
        assert Decimal(gained["base"]["total"]["gain"]) == book.gained


@settings(
    max_examples=LIVES,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(min_value=0, max_value=2**32))
@example(seed=1)
async def test_random_trades_equal_the_model(app: FastAPI, seed: int) -> None:
    note(f"seed {seed}")
    player = Player(await register(app, fresh_email()), random.Random(seed))
    await player.begin()
    for number in range(STEPS):
        await player.step()
        await player.compare()
        if number % 10 == 0:
            await player.person.check_integrity()
    await player.person.check_integrity()
    await player.person.http.aclose()
