"""Many days are walked and few are looked up: both say the same, and walking leaves the event loop alone."""

import asyncio
import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from app.access.acting import open_as
from app.core.database import Database
from app.performance import many_days, repository
from app.performance.courses import Prices as Price
from app.performance.courses import Rates as Rate
from app.performance.repository import Asked
from app.performance.walking import Read, Step, Walk
from tests.people import Person
from tests.performance.test_random_portfolios import DAYS, FIRST, by_chance
from tests.performance.world import EXPONENTS, World

COMPARED = ("n", "value", "cost", "worth", "unvalued")
DAY = timedelta(days=1)


def seen(row: Any) -> tuple[Any, ...]:
    """A row of sums, whichever way it was found."""
    lists = tuple(sorted(getattr(row, name) or ()) for name in ("unpriced", "unconverted", "unrated"))
    return (*(getattr(row, name) for name in COMPARED), *lists)


def account_seen(row: Any) -> tuple[Any, ...]:
    missing = [
        (each["asset_id"], each["currency"], None if each["amount"] is None else round(Decimal(each["amount"]), 12))
        for each in row.unvalued or ()
    ]
    return row.day, row.account_id, row.value or Decimal(0), sorted(missing, key=str)


@pytest.mark.parametrize("seed", [11, 12])
async def test_both_ways_say_the_same(kim: Person, world: World, app_database: Database, seed: int) -> None:
    await by_chance(world, seed)
    near = [FIRST + timedelta(days=back) for back in range(40, 110)]
    far = [FIRST + timedelta(days=number * 31 - 600) for number in range(34)]
    async with app_database.begin() as connection:
        book = await open_as(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        for currency in ("EUR", "JPY", "CHF"):  # the last has no rates
            asked = Asked(currency, EXPONENTS[currency])
            for days in (near, far):
                pairs = [pair for day in days for pair in ((day - DAY, day), (day, day))]
                walked = await many_days.by_day(book, asked, pairs)
                looked_up = await repository.by_day(book, asked, pairs)
                assert sorted(map(seen, walked)) == sorted(map(seen, looked_up))
                both = [
                    {account_seen(row)[:2]: account_seen(row) for row in rows}
                    for rows in (
                        await many_days.by_account(book, asked, days),
                        await repository.by_account(book, asked, [(day, day) for day in days]),
                    )
                ]
                assert both[0] == both[1]
        some = Asked("EUR", 2, accounts=list(world.accounts)[:1], assets=[])
        assert await many_days.by_day(book, some, [(day, day) for day in near]) == []
    assert min(len(near), len(far)) > many_days.FEW
    assert DAYS > 110


ORDINAL = date(2025, 1, 1).toordinal()


def texts(values: Any) -> str:
    return " ".join(map(str, values))


def large(assets: int, days: int) -> Read:
    chance = random.Random(1)
    ids = [UUID(int=number) for number in range(assets)]
    every = range(ORDINAL, ORDINAL + days)
    return Read(
        [Step(ids[0], asset, "EUR", texts(every[::9]), texts([3] * len(every[::9])), texts([1] * len(every[::9])))
         for asset in ids],
        [Price(asset, "EUR", None, None, None, texts(every),
               texts(Decimal(chance.randint(100, 99999)) / 100 for _ in every)) for asset in ids],
        {"EUR": Rate("EUR", texts(every), texts([1] * days))},
        "EUR",
        2,
        convert=False,
    )  # fmt: skip


async def test_the_loop_goes_on_meanwhile() -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(400)]
    lanes = {timedelta(0): {day: number for number, day in enumerate(days, start=1)}}
    task = asyncio.ensure_future(many_days.day_sums(large(20, 400), days, lanes))
    turns = 0
    while not task.done():  # a loop that walked itself would turn two or three times, however fast it is
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert len(await task) == 400


ASSET, ACCOUNT, NONE = (UUID(int=number) for number in (7, 8, 9))


def walked(prices: Price, *, quantity: str = "3", cost: str = "10", currency: str = "EUR", **rates: list[str]) -> Any:
    """Three days of one position that is held from the first on, in a currency with two decimals."""
    every = [ORDINAL, ORDINAL + 1, ORDINAL + 2]
    steps = [Step(ACCOUNT, ASSET, "EUR", texts(every[:1]), quantity, cost)]
    rated = {code: Rate(code, texts(every[-len(found) :]), texts(found)) for code, found in rates.items()}
    read = Read(steps, [prices] if prices.id != NONE else [], rated, currency, 2, convert=currency != "EUR")
    return Walk(read, every).totals(every).get(None, [])


ONE = ["1"] * 3


def test_a_half_is_rounded_away_from_zero_after_the_split_is_taken_out() -> None:
    # Three units after a split of one into three, at a price that does not count it: exactly a half.
    split = Price(ASSET, "EUR", f"{ORDINAL + 1} 3", None, None, texts([ORDINAL]), "0.005")
    found = walked(split, quantity="3", EUR=ONE)
    assert [one.worth for one in found] == [Decimal("0.02"), Decimal("0.01"), Decimal("0.01")]


def test_own_prices_go_before_quotes_and_quotes_have_currencies_of_their_own() -> None:
    mixed = Price(
        ASSET, "EUR", None, texts([ORDINAL + 1]), "5", texts([ORDINAL, ORDINAL + 1, ORDINAL + 2]), "1.5 2 4/USD"
    )
    found = walked(mixed, EUR=ONE, USD=["0.5"])
    assert [one.worth for one in found] == [Decimal("4.50"), Decimal("15.00"), Decimal("6.00")]
    assert {one.cost for one in found} == {Decimal(10)}


def test_what_lacks_something_is_told_apart() -> None:
    nothing = walked(Price(ASSET, "EUR"), EUR=ONE)
    assert [(one.worth, [each.currency for each in one.missing]) for one in nothing] == [(0, [None])] * 3
    assert all(one.missing for one in walked(Price(NONE, "EUR"), EUR=ONE))  # an asset without any row
    late = Price(ASSET, "USD", f"{ORDINAL - 5} 3", None, None, texts([ORDINAL, ORDINAL + 1]), "2/USD 2.2/USD")
    unrated = walked(late, quantity="1.5", EUR=ONE, USD=["0.5", "0.5"])
    assert [one.worth for one in unrated] == [0, Decimal("1.65"), Decimal("1.65")]
    missing = unrated[0].missing[0]
    assert (missing.currency, missing.amount, missing.valued) == ("USD", Decimal(3), False)
    costless = walked(Price(ASSET, "EUR", None, None, None, texts([ORDINAL]), "2"), cost="-", EUR=ONE)
    assert [(one.value, one.worth, one.cost, one.missing[0].valued) for one in costless] == [(0, 6, 0, True)] * 3


def test_a_cost_in_another_currency_is_that_of_the_day() -> None:
    priced = Price(ASSET, "EUR", None, None, None, texts([ORDINAL]), "2")
    found = walked(priced, cost="1", currency="USD", EUR=["1.005", "1.25"])
    assert [(one.cost, one.worth, len(one.missing)) for one in found] == [
        (0, 0, 1),
        (Decimal("1.01"), Decimal("6.03"), 0),
        (Decimal("1.25"), Decimal("7.50"), 0),
    ]
    assert walked(priced, cost="-1", currency="USD", EUR=["1.005"] * 3)[0].cost == Decimal("-1.01")
    assert walked(priced, quantity="0", EUR=ONE) == []


@pytest.mark.parametrize("seed", range(5))
def test_whole_numbers_say_what_fractions_say(seed: int) -> None:
    chance = random.Random(seed)
    every = [ORDINAL + number for number in range(90)]
    prices = {day: Decimal(chance.randint(1, 10**6)).scaleb(-chance.randint(0, 6)) for day in chance.sample(every, 60)}
    ratios = {day: Decimal(chance.choice(["2", "3", "0.7", "1.5"])) for day in sorted(chance.sample(every, 3))}
    rates = [Decimal(chance.randint(1, 10**9)).scaleb(-8) for _ in every]
    states = {day: Decimal(chance.randint(0, 10**5)).scaleb(-chance.randint(0, 4)) for day in chance.sample(every, 8)}
    adjusted = every[45]
    read = Read(
        [Step(ACCOUNT, ASSET, "EUR", texts(sorted(states)), texts(states[day] for day in sorted(states)),
              texts([1] * 8))],
        [Price(ASSET, "USD", ",".join(f"{day} {ratio}" for day, ratio in ratios.items()), None, None,
               texts(sorted(prices)), texts(f"{prices[day]:f}/USD/{adjusted}" for day in sorted(prices)))],
        {"USD": Rate("USD", texts(every), texts(f"{rate:f}" for rate in rates)),
         "EUR": Rate("EUR", texts(every), texts([1] * 90))},
        "EUR",
        2,
        convert=False,
    )  # fmt: skip

    def units(day: int) -> Fraction:
        found = Fraction(1)
        for split, ratio in ratios.items():
            found *= Fraction(ratio) if split <= day else 1
        return found

    found = {one.place: one.worth for one in Walk(read, every).totals(every).get(None, [])}
    for place, day in enumerate(every):
        state = states[max(upto)] if (upto := [each for each in states if each <= day]) else Decimal(0)
        upto = [each for each in prices if each <= day]
        if not state:
            assert place not in found
        elif upto:
            exact = (
                Fraction(state) * Fraction(prices[max(upto)]) * units(adjusted) * Fraction(rates[place]) / units(day)
            )
            cents = (exact * 100 + Fraction(1, 2)).__floor__()
            assert found[place] == Decimal(cents).scaleb(-2).quantize(Decimal("0.01"), ROUND_HALF_UP)
