"""Random lives of a book, compared after every step with a plain model of what it should say."""

import os
import random
from decimal import Decimal

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import fresh_email
from tests.ledger.feed import Copy, comparable, expected, known, walk
from tests.ledger.player import FIRST_DAY, Player
from tests.ledger.steps import begin, step
from tests.people import register

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

# For a longer search: MODEL_LIVES=500 MODEL_STEPS=60 pytest tests/ledger/test_model.py; MODEL_SEED=7 begins with that
# life. A failure names its seed; making the life shorter would take minutes and is left out.
LIVES = int(os.environ.get("MODEL_LIVES", "5"))
LONGEST = int(os.environ.get("MODEL_STEPS", "40"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
NOW_AND_THEN = 6
_TOTALS = text(
    """
    SELECT to_char(month, 'YYYY-MM') AS month, category_id::text AS category, sum(inflow - outflow) AS amount
    FROM monthly_totals WHERE book_id = :book AND role = 'flow' GROUP BY 1, 2 HAVING sum(inflow - outflow) <> 0
    """
)


async def compare(player: Player) -> None:
    """Balances now and at a random day, totals of each month and category, a month's report, and a client's copy."""
    person, model = player.person, player.model
    accounts = (await person.read("/accounts"))["items"]
    assert {row["id"]: Decimal(row["balance"]) for row in accounts} == {
        account: model.balance(account) for account in model.of("account")
    }
    account, day = player.any(model.of("account")), player.day()
    if account is not None:
        held = sum(
            (line.amount for _, row, line in model.lines() if str(row["date"]) <= day and line.account == account),
            Decimal(0),
        )
        assert Decimal(await person.balance({"id": account}, day)) == held
    async with player.owner.begin() as connection:
        rows = (await connection.execute(_TOTALS, {"book": person.book_id})).all()
    assert {(row.month, row.category): row.amount for row in rows} == model.totals()
    await compare_report(player)
    await player.feed.sync(person)
    assert player.feed.since == player.revision
    assert known(player.feed.copy) == expected(model)


async def compare_report(player: Player) -> None:
    month = player.chance.choice([11, 12, 1, 2])
    year = FIRST_DAY.year + (month < 11)
    report = await player.person.read("/reports/monthly", year=year, month=month)
    model = player.model.report(year, month)
    assert Decimal(report["total_income"]) == model["totals"]["income"]
    assert Decimal(report["total_expenses"]) == model["totals"]["expense"]
    found, loose = {}, {"income": Decimal(0), "expense": Decimal(0)}
    for side, nodes in (("income", report["income"]), ("expense", report["expenses"])):
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            waiting += node["children"]
            if node["category_id"] is None:
                loose[side] = Decimal(node["amount"])
            else:
                found[node["category_id"]] = Decimal(node["amount"])
    assert (found, loose) == (model["categories"], model["loose"])
    foreign = {
        row["currency"]: {"income": Decimal(row["income"]), "expense": Decimal(row["expenses"])}
        for row in report["unconverted"]
    }
    assert foreign == model["foreign"]


async def compare_all(player: Player) -> None:
    """A copy that was kept up to date is one that was made anew, and the book proves itself."""
    fresh: Copy = {}
    assert await walk(player.person, 0, fresh, 100) == player.revision
    assert comparable(fresh) == comparable(player.feed.copy)
    await player.person.check_integrity()


@pytest.mark.timeout(max(600, LIVES * LONGEST))
@settings(
    max_examples=LIVES,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(seed=st.integers(min_value=0, max_value=2**32))
@example(seed=SEED)
async def test_a_random_life_of_a_book_equals_the_model(app: FastAPI, owner_database: Database, seed: int) -> None:
    player = Player(await register(app, fresh_email()), owner_database, random.Random(seed))
    note(f"MODEL_SEED={seed}")
    await begin(player)
    for number in range(player.chance.randrange(LONGEST // 3, LONGEST + 1)):
        note(f"{number}: {await step(player)}")
        await compare(player)
        if number % NOW_AND_THEN == 0:
            await compare_all(player)
    await compare_all(player)
    await player.person.http.aclose()
