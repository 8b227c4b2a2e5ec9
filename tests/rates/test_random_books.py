"""Books in three currencies with rates that come in any order are what working each amount out by itself gives."""

import random
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.config import Settings
from app.core.database import Database
from tests.people import Person, expect
from tests.rates.helping import forget_provided, half_up, provide, revalue

FIRST = date(2026, 1, 1)
DAYS = 20
WINDOW = 3
EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0}

Rates = dict[tuple[str, str, date], tuple[Decimal, bool]]
"""Of a pair and a day: the rate, and whether it is the book's own."""


@pytest.fixture(autouse=True)
async def no_rates_of_providers(owner_database: Database) -> AsyncIterator[None]:
    yield
    await forget_provided(owner_database)


def newest(rates: dict[bool, Rates], base: str, quote: str, day: date) -> Decimal | None:
    """Day by day back from the day: the book's own, turned round, a provider's, turned round."""
    for back in range(WINDOW + 1):
        for own in (True, False):
            for one, other, turned in ((base, quote, False), (quote, base, True)):
                found = rates[own].get((one, other, day - timedelta(days=back)))
                if found is not None:
                    return 1 / found[0] if turned else found[0]
    return None


def slow_rate(rates: dict[bool, Rates], base: str, quote: str, day: date) -> Decimal | None:
    if base == quote:
        return Decimal(1)
    direct = newest(rates, base, quote, day)
    if direct is not None:
        return direct
    for hub in ("EUR", "USD", "JPY"):
        if hub in (base, quote):
            continue
        there, onward = newest(rates, base, hub, day), newest(rates, hub, quote, day)
        if there is not None and onward is not None:
            return there * onward
    return None


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(min_value=0, max_value=2**32))
async def test_random_books_are_what_the_slow_way_gives(
    seed: int, kim: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    chance = random.Random(seed)
    await forget_provided(owner_database)
    for left in (await kim.read("/rates", limit=500))["items"]:
        if left["id"] is not None:
            expect(await kim.http.delete(f"/rates/{left['id']}"), 204)
    expect(await kim.http.patch(f"/books/{kim.book_id}", json={"rate_window_days": WINDOW}), 200)
    rates: dict[bool, Rates] = {True: {}, False: {}}
    accounts = {code: await kim.account(f"{code} {seed}", currency=code) for code in EXPONENTS}
    written: dict[str, tuple[str, date]] = {}
    for _ in range(30):
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        kind = chance.choice(("write", "write", "rate", "provider", "revalue"))
        if kind == "write":
            code = chance.choice(list(EXPONENTS))
            amount = Decimal(chance.randrange(1, 10**6)).scaleb(-EXPONENTS[code])
            made = await kim.add(account_id=accounts[code]["id"], amount=str(amount), date=str(day))
            written[made["id"]] = (code, day)
        elif kind in ("rate", "provider"):
            base, quote = chance.sample(list(EXPONENTS), 2)
            rate = Decimal(chance.randrange(1, 10**6)).scaleb(-3)
            own = kind == "rate"
            rates[own][base, quote, day] = (rate, own)
            if own:
                body = {"base": base, "quote": quote, "date": str(day), "rate": str(rate)}
                expect(await kim.http.put("/rates", json=body), 200)
            else:
                await provide(owner_database, (base, quote, str(day), str(rate)))
        else:
            await revalue(kim, app_database, settings)
    await revalue(kim, app_database, settings)
    await kim.check_integrity()
    for row in (await kim.read("/transactions", limit=500))["items"]:
        if row["id"] in written:
            code, day = written[row["id"]]
            line: dict[str, Any] = row["postings"][0]
            rate_now = slow_rate(rates, code, "EUR", day)
            wanted = None if rate_now is None else half_up(Decimal(line["amount"]) * rate_now, 2)
            found = line["base_amount"]
            assert (None if found is None else Decimal(found)) == wanted, (seed, row["date"], code, rate_now)
