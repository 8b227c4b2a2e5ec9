"""The largest, payees and tags in any currency against converting every posting."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.core.database import Database
from tests.conftest import fresh_email
from tests.people import register
from tests.reports.slow_way import Line, Rates, lines, rounded, sides, unconverted
from tests.reports.test_properties import BEGINS, World

# The scenarios go through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

NOW = (datetime.now(UTC).date() - BEGINS).days
LATEST = BEGINS + timedelta(NOW)
# What is read posting by posting is asked of a bounded time.
NEAR = BEGINS + timedelta(60)
# Few days, so that each has more than it takes to walk over them; on the 25th after the first there are no rates.
DAYS = (0, 1, 2, 25, NOW)
ENTRIES = st.tuples(
    st.sampled_from(["expense", "expense", "refund", "income", "loose out", "loose in", "split", "transfer"]),
    st.sampled_from(DAYS),
    st.integers(1, 250),
    st.integers(0, 30),
)
# Fifteen of each currency on one day, more than are read without an index; 101 and 102 yen make the same cents.
MANY = [("expense", 1, 94 + each // 4, each) for each in range(60)] + [("income", 1, 90, 2), ("split", 1, 80, 2)]
# Five of each on a day on which none has a rate.
DARK = [("expense", 25, 50 + each, each) for each in range(20)]


@bounded(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example is a hundred requests: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(entries=st.lists(ENTRIES, min_size=12, max_size=36))
@example(entries=MANY)
@example(entries=DARK)
async def test_what_is_told_in_a_currency_is_every_posting_converted(
    app: FastAPI, owner_database: Database, entries: list[tuple[str, int, int, int]]
) -> None:
    person = await register(app, fresh_email())
    world = await World.make(person, owner_database)
    await world.rates.put("USD", "EUR", str(LATEST), "0.91")
    for entry in entries:
        await world.add(*entry)
    every = await lines(person)
    yen, food = world.accounts[2]["id"], world.spending[0]
    for currency in ("USD", "JPY", "GBP", "EUR"):
        for extra, found in (
            ({}, every),
            ({"account_id": yen}, [line for line in every if line.account == yen]),
            ({"category_id": food}, [line for line in every if line.category in world.spending[:2]]),
        ):
            await check_largest(world, found, currency, extra)
            await check_names(world, found, currency, extra)
    await person.http.aclose()


async def check_largest(world: World, found: list[Line], currency: str, extra: dict[str, Any]) -> None:
    converted = await summed(world.rates, found, currency, lambda line: [line.transaction])
    asked = {"from": str(BEGINS), "to": str(LATEST), "currency": currency, **extra}
    for place, kind in enumerate(("income", "expense")):
        amounts = {key: sums[place] for key, sums in converted.items() if sums[place] > 0}
        for limit in (1, 3, 100):
            document = await world.read("largest", **asked, kind=kind, limit=limit)
            shown = [(item["transaction_id"], Decimal(item["amount"])) for item in document["items"]]
            # Of equals any may stand for the others; what each is worth is told.
            assert [amount for _, amount in shown] == sorted(amounts.values(), reverse=True)[:limit]
            assert all(amounts[key] == amount for key, amount in shown)
            assert len({key for key, _ in shown}) == len(shown)
            missing = [(u["currency"], Decimal(u["income"]), Decimal(u["expenses"])) for u in document["unconverted"]]
            assert missing == await without_rate(world.rates, found, currency)
        # Read posting by posting: the same.
        for limit in (2, 100):
            posted, walked = [
                await world.read("largest", **{**asked, "to": str(NEAR)}, kind=kind, limit=limit, **narrowed)
                for narrowed in ({"min_amount": "0"}, {})
            ]
            assert [item["amount"] for item in posted["items"]] == [item["amount"] for item in walked["items"]]


async def worth(rates: Rates, line: Line, currency: str) -> Decimal | None:
    """What a posting is in a currency: what the ledger keeps of it in the book's own."""
    if currency == "EUR":
        return line.base
    rate = Decimal(1) if line.currency == currency else await rates.at(line.currency, currency, line.day)
    if rate is None:
        return None
    value = line.amount * rate
    return value.quantize(Decimal(1), ROUND_HALF_UP) if currency == "JPY" else rounded(value)


async def summed(
    rates: Rates, found: list[Line], currency: str, keys: Callable[[Line], Iterable[str]]
) -> dict[str, list[Decimal]]:
    """Income and spending by each key of a posting, of what has a rate."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in found:
        value = await worth(rates, line, currency)
        if value is not None:
            for place, amount in enumerate(sides(value, line.kind)):
                for key in keys(line):
                    sums[key][place] += amount
    return sums


def _payee(line: Line) -> list[str]:
    return [line.payee or "Without a payee"]


def _tag(line: Line) -> list[str]:
    return list(line.tags)


async def check_names(world: World, found: list[Line], currency: str, extra: dict[str, Any]) -> None:
    near = [line for line in found if line.day <= NEAR]
    by_tag = [replace(line, tags=(tag,)) for line in found for tag in line.tags or ("Without a tag",)]
    untold = [replace(line, tags=()) for line in found]
    for name, last, rows, key, everything in (
        ("payees", NEAR, near, _payee, near),
        ("tags", LATEST, totals_of_days(by_tag), _tag, totals_of_days(untold)),
    ):
        sums = await summed(world.rates, rows, currency, key)
        whole = await summed(world.rates, everything, currency, lambda _: ["all"])
        for place, kind in enumerate(("income", "expense")):
            asked = {"from": str(BEGINS), "to": str(last), "currency": currency, **extra}
            document = await world.read(name, **asked, kind=kind)
            shown = {item["name"]: Decimal(item["amount"]) for item in document["items"]}
            assert shown == {key: each[place] for key, each in sums.items() if each[place]}
            assert Decimal(document["total"]) == whole["all"][place]


def totals_of_days(found: list[Line]) -> list[Line]:
    """What moved on one day, account and category, with one tag and in one direction, as one line."""
    sums: dict[Any, Line] = {}
    for line in found:
        key = (line.day, line.account, line.category, line.amount > 0, line.base is None, line.tags)
        former = sums.get(key)
        if former is not None:
            base = None if line.base is None else line.base + (former.base or 0)
            line = replace(former, amount=former.amount + line.amount, base=base)  # noqa: PLW2901
        sums[key] = line
    return list(sums.values())


async def without_rate(rates: Rates, found: list[Line], currency: str) -> list[tuple[str, Decimal, Decimal]]:
    missing = [line for line in found if await worth(rates, line, currency) is None]
    lost = [
        Line(
            line.day, line.account, line.currency, line.category, line.kind, line.amount, None, None, (), "", line.whole
        )
        for line in missing
    ]
    return [each for each in unconverted(lost) if each[1] or each[2]]
