"""What is kept of payees in other currencies says what postings and rates say, whatever happens to either."""

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.core.config import Settings
from app.core.database import Database
from tests.conftest import fresh_email
from tests.people import expect, register
from tests.rates.helping import forget_provided, provide, set_rate
from tests.reports.converting import ask, keep
from tests.reports.test_properties import CHANGES, ENTRIES, World

PERIODS = (
    ("2025-01-01", "2025-05-31"),
    ("2025-01-25", "2025-04-10"),
    ("2025-02-01", "2025-02-28"),
    ("2025-02-12", "2025-03-09"),
)
STEPS = st.one_of(
    st.tuples(st.just("add"), ENTRIES),
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.sampled_from(["own rate", "provided", "window", "job", "job"]), st.integers(0, 85)),
)


@bounded(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example is a hundred requests: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(entries=st.lists(ENTRIES, min_size=4, max_size=10), steps=st.lists(STEPS, min_size=4, max_size=12))
@example(
    entries=[("expense", days, 500 + days, days) for days in range(0, 80, 9)],
    steps=[
        *(("own rate", 9), ("provided", 30), ("window", 20), ("job", 0), ("change", ("move", 3)), ("job", 0)),
        *(("change", ("undo", 0)), ("change", ("merge payees", 1)), ("job", 0), ("change", ("name", 2))),
        *(("add", ("loose in", 12, 99, 1)), ("job", 0), ("change", ("delete", 1)), ("provided", 50)),
    ],
)
@pytest.mark.no_cover  # the scenarios go through the same lines; measuring them here would cost minutes
async def test_what_is_kept_is_what_is_computed(
    app: FastAPI,
    app_database: Database,
    owner_database: Database,
    settings: Settings,
    entries: list[tuple[str, int, int, int]],
    steps: list[tuple[str, Any]],
) -> None:
    person = await register(app, fresh_email())
    world = await World.make(person, owner_database)
    for entry in entries:
        await world.add(*entry)
    try:
        await check(world)
        await keep(person, app_database, settings)
        await check(world)
        for what, given_ in steps:
            if what == "add":
                await world.add(*given_)
            elif what == "change":
                await world.change(*given_)
            elif what == "job":
                await keep(person, app_database, settings)
            else:
                await change_rates(world, owner_database, what, given_)
            await check(world)
    finally:
        await forget_provided(owner_database)
    await person.http.aclose()


async def change_rates(world: World, owner: Database, what: str, number: int) -> None:
    day = f"2025-{number // 28 + 1:02}-{number % 28 + 1:02}"
    if what == "own rate":
        await set_rate(world.person, "USD", ("EUR", "JPY", "GBP")[number % 3], day, f"0.8{number:02}")
    elif what == "provided":
        await provide(owner, ("EUR", ("USD", "JPY")[number % 2], day, f"1.1{number:02}"))
    else:
        book = f"/books/{world.person.book_id}"
        expect(await world.person.http.patch(book, json={"rate_window_days": number % 30}), 200)


async def check(world: World) -> None:
    """A filter that keeps everything has every posting read."""
    for first, last in PERIODS:
        for currency in ("USD", "JPY"):
            for kind in ("expense", "income"):
                told = await ask(world.person, first, last, currency, kind=kind)
                assert told == await ask(world.person, first, last, currency, kind=kind, min_amount="0")
    yen = world.accounts[2]["id"]
    told = await ask(world.person, *PERIODS[1], account_id=yen)
    assert told == await ask(world.person, *PERIODS[1], account_id=yen, min_amount="0")
    await world.person.check_integrity()
