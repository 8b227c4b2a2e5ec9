"""Portfolios by chance, in three currencies: the database says what the slow way in Python says."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from app.portfolio.lots import LotBook, Trade
from tests.people import Person
from tests.performance.world import EXPONENTS, World

FIRST, DAYS = date(2025, 1, 1), 150
LAST = FIRST + timedelta(days=DAYS)
CURRENCIES = ("EUR", "USD", "JPY")
RATES = {"USD": ["1", "1.024", "1.25", "1.28"], "JPY": ["125", "128", "156.25", "160"]}
"""Their inverses end, so that the slow way and the database round the same number."""
Document = dict[str, Any]


@dataclass
class Quote:
    price: Decimal
    adjusted_to: date | None


class Slow:
    """Everything from the trades, the prices and the rates, one by one."""

    def __init__(self, world: World, trades: list[Trade], book: LotBook) -> None:
        self.world = world
        self.trades = sorted(trades, key=lambda trade: trade.date)
        self.book = book
        self.currencies: dict[UUID, str] = {}
        self.quotes: dict[UUID, dict[date, Quote]] = {}

    def units(self, asset: UUID, day: date) -> Fraction:
        """How many units one of the very first has become."""
        found = Fraction(1)
        seen = set()
        for trade in self.trades:
            if trade.kind == "split" and trade.asset_id == asset and trade.date <= day and trade.date not in seen:
                seen.add(trade.date)
                found *= Fraction(trade.ratio)
        return found

    def state(self, position: tuple[UUID, UUID], day: date) -> Any:
        states = self.book.days.get(position, {})
        upto = [each for each in states if each <= day]
        return states[max(upto)] if upto else None

    def rounded(self, amount: Fraction | Decimal, currency: str, day: date, target: str) -> Decimal | None:
        rate = self.world.rate_at(currency, target, day)
        if rate is None:
            return None
        exact = Fraction(amount) * Fraction(rate)
        unit = Decimal(1).scaleb(-EXPONENTS[target])
        return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(unit, ROUND_HALF_UP)

    def value(self, position: tuple[UUID, UUID], day: date, target: str) -> Decimal | str | None:
        """`none` where nothing is held, `unpriced` without a price, None without a rate."""
        state = self.state(position, day)
        if state is None or not state.quantity:
            return "none"
        quotes = self.quotes[position[1]]
        upto = [each for each in quotes if each <= day]
        if not upto:
            return "unpriced"
        quote = quotes[max(upto)]
        met = self.units(position[1], quote.adjusted_to or max(upto))
        amount = Fraction(state.quantity) * Fraction(quote.price) * met / self.units(position[1], day)
        return self.rounded(amount, self.currencies[position[1]], day, target)

    def cost(self, position: tuple[UUID, UUID], day: date, target: str) -> Decimal | None:
        state, own = self.state(position, day), self.world.accounts[position[0]]
        if own == target:
            found: Decimal | None = state.cost
        elif target == "EUR":
            found = state.base_cost
        else:
            found = self.rounded(state.cost, own, day, target)
        return found

    def totals(self, day: date, target: str) -> tuple[Decimal, Decimal]:
        value = cost = Decimal(0)
        for position in self.book.holdings:
            one = self.value(position, day, target)
            if isinstance(one, Decimal):
                paid = self.cost(position, day, target)
                if paid is not None:
                    value, cost = value + one, cost + paid
        return value, cost

    def net(self, position: tuple[UUID, UUID], first: date, last: date, target: str) -> Decimal:
        """What went in, less what came out."""
        total = Decimal(0)
        for trade in self.trades:
            if trade.position != position or not first <= trade.date <= last:
                continue
            signed = {
                "buy": trade.amount + trade.fees + trade.taxes,
                "sell": trade.fees + trade.taxes - trade.amount,
                "dividend": trade.fees + trade.taxes - trade.amount,
                "fee": trade.amount,
            }.get(trade.kind, Decimal(0))
            moved = self.rounded(signed, self.world.accounts[position[0]], trade.date, target)
            assert moved is not None
            total += moved
        return total


def days_by(chance: random.Random, step: int) -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=chance.randint(1, step))


def trade_by_chance(world: World, chance: random.Random, accounts: list[UUID], assets: list[UUID]) -> None:
    held: dict[tuple[UUID, UUID], Decimal] = {}
    for day in sorted(chance.choices([FIRST + timedelta(days=number) for number in range(DAYS)], k=60)):
        account, asset = chance.choice(accounts), chance.choice(assets)
        unit = Decimal(1).scaleb(-EXPONENTS[world.accounts[account]])
        amount = (Decimal(chance.randint(1000, 500000)) / 100).quantize(unit)
        fees = (Decimal(chance.randint(0, 900)) / 100).quantize(unit)
        quantity, present = Decimal(chance.randint(1, 5000)) / 100, held.get((account, asset), Decimal(0))
        kind = chance.choice(["buy", "buy", "sell", "dividend", "fee", "split"])
        if kind == "buy":
            world.buy(str(day), account, asset, str(quantity), str(amount), fees=str(fees))
            held[account, asset] = present + quantity
        elif kind == "sell" and present:
            gone = present if chance.random() < 0.3 else min(quantity, present)
            world.sell(str(day), account, asset, str(gone), str(amount), fees="0")
            held[account, asset] = present - gone
        elif kind in {"dividend", "fee"}:
            world.trade(kind, str(day), account, asset, amount=str(amount / 100 // 1 + 1))
        elif kind == "split" and present:
            ratio = chance.choice(["2", "3", "0.5", "1.5"])
            for other in accounts:
                if held.get((other, asset)):
                    world.trade("split", str(day), other, asset, ratio=ratio)
                    held[other, asset] *= Decimal(ratio)


async def by_chance(world: World, seed: int, *, gap: int = 9) -> tuple[Slow, LotBook]:
    chance = random.Random(seed)
    for currency, rates in RATES.items():
        await world.rate("EUR", currency, {str(day): chance.choice(rates) for day in days_by(chance, gap)})
    accounts = [await world.account(f"In {currency}", currency) for currency in CURRENCIES]
    assets, quotes, currencies = [], {}, {}
    for number in range(6):
        currency = CURRENCIES[number % 3]
        adjusted = number % 2 == 0
        symbol = f"{world.person.book_id}-{number}"
        more = {"provider": "test", "provider_symbol": symbol} if adjusted else {}
        asset = await world.asset(f"A{number}", currency, **more)
        # Some are priced late, or from before the beginning only.
        days = [day for day in days_by(chance, 20) if day >= FIRST + timedelta(days=number * 5)]
        prices = {day: Decimal(chance.randint(100, 20000)) / 100 for day in days}
        assets.append(asset)
        currencies[asset] = currency
        quotes[asset] = {day: Quote(price, LAST if adjusted else None) for day, price in prices.items()}
        written = {str(day): str(price) for day, price in prices.items()}
        if adjusted:
            await world.quote(symbol, currency, written, str(LAST))
        else:
            await world.price(asset, written)
    trade_by_chance(world, chance, accounts, assets)
    trades = list(world.trades)
    book = await world.settle()
    slow = Slow(world, trades, book)
    slow.currencies, slow.quotes = currencies, quotes
    return slow, book


def amount_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_values_over_time(kim: Person, world: World, seed: int) -> None:
    slow, book = await by_chance(world, seed)
    for target in CURRENCIES:
        asked = {"currency": target, "from": str(FIRST), "to": str(LAST)}
        points = {
            point["date"]: point for point in (await kim.read("/portfolio/history", every="day", **asked))["points"]
        }
        assert len(points) == DAYS + 1
        for back in range(DAYS + 1):
            day = FIRST + timedelta(days=back)
            value, cost = slow.totals(day, target)
            assert (Decimal(points[str(day)]["value"]), Decimal(points[str(day)]["cost"])) == (value, cost), day
        for point in (await kim.read("/portfolio/history", every="month", **asked))["points"]:
            assert point == points[point["date"]]  # few days are looked up, many are walked
        for day in (FIRST + timedelta(days=40), LAST):
            found = await kim.read("/portfolio/valuation", at=str(day), currency=target)
            point = points[str(day)]
            assert (found["total_value"], found["total_cost"], found["total_gain"]) == (
                point["value"],
                point["cost"],
                point["gain"],
            )
            assert {one["asset_id"] for one in found["unpriced"]} == set(point["unpriced"])
            assert {one["asset_id"] for one in found["unconverted"]} == set(point["unconverted"])
            for one in found["holdings"]:
                place = (UUID(one["account_id"]), UUID(one["asset_id"]))
                assert Decimal(one["value"]) == slow.value(place, day, target)
                assert Decimal(one["quantity"]) == slow.state(place, day).quantity
            spread = await kim.read("/portfolio/allocation", by="asset", at=str(day), currency=target)
            assert sum(Decimal(part["value"]) for part in spread["items"]) == Decimal(found["total_value"])
            assert sum(Decimal(part["share_percent"]) for part in spread["items"]) == 100
    assert book.disposals


@pytest.mark.parametrize("seed", [4, 5])
async def test_gains_and_what_contributed(kim: Person, world: World, seed: int) -> None:
    slow, book = await by_chance(world, seed, gap=6)
    for first, target in ((FIRST, "EUR"), (FIRST + timedelta(days=70), "USD"), (FIRST + timedelta(days=70), "JPY")):
        asked = {"currency": target, "from": str(first), "to": str(LAST)}
        found = await kim.read("/portfolio/performance", **asked)
        gains: list[Decimal | None] = []
        for one in found["holdings"]:
            place = (UUID(one["account_id"]), UUID(one["asset_id"]))
            ends = [slow.value(place, day, target) for day in (first - timedelta(days=1), LAST)]
            start, end = (Decimal(0) if each == "none" else each for each in ends)
            gain = (
                end - start - slow.net(place, first, LAST, target)
                if isinstance(start, Decimal) and isinstance(end, Decimal)
                else None
            )
            assert amount_of(one["gain"]) == gain
            gains.append(gain)
        known = [gain for gain in gains if gain is not None]
        assert (amount_of(found["gain"]) == sum(known)) if len(known) == len(gains) else (found["gain"] is None)
        parts = [amount_of(one["contribution_percent"]) for one in found["holdings"]]
        if found["gain"] is not None:
            assert sum(part for part in parts if part is not None) == Decimal(found["modified_dietz"]["percent"])
            assert sum(Decimal(one["gain"]) for one in found["holdings"]) == Decimal(found["gain"])
    assert len(book.holdings) > 5
