"""Random lives of a book, compared after every step with a plain model of what it should say."""

import os
import random
from decimal import Decimal

from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import fresh_email
from tests.ledger.steps import Player
from tests.people import register

# For a longer search: MODEL_LIVES=500 pytest tests/ledger/test_model.py
LIVES = int(os.environ.get("MODEL_LIVES", "12"))
LONGEST = 40
_TOTALS = text(
    """
    SELECT to_char(month, 'YYYY-MM') AS month, category_id::text AS category, sum(inflow - outflow) AS amount
    FROM monthly_totals WHERE book_id = :book AND role = 'flow' GROUP BY 1, 2 HAVING sum(inflow - outflow) <> 0
    """
)


async def compare(player: Player, owner: Database) -> None:
    """Balances now and at a random day, totals of each month and category, and the book's own proof."""
    person, model = player.person, player.model
    accounts = (await person.read("/accounts"))["items"]
    assert {row["id"]: Decimal(row["balance"]) for row in accounts} == {
        account: model.balance(account) for account in player.accounts
    }
    account, day = player.pick(player.accounts, open_only=False), player.day()
    at = Decimal(await person.balance({"id": account}, day))
    assert at == sum(
        (
            line.amount
            for on, lines in model.transactions.values()
            if str(on) <= day
            for line in lines
            if line.account == account
        ),
        Decimal(0),
    )
    async with owner.begin() as connection:
        rows = (await connection.execute(_TOTALS, {"book": person.book_id})).all()
    assert {(row.month, row.category): row.amount for row in rows} == model.totals()
    await person.check_integrity()


@settings(max_examples=LIVES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False), length=st.integers(min_value=10, max_value=LONGEST))
async def test_a_random_life_of_a_book_equals_the_model(
    app: FastAPI, owner_database: Database, chance: random.Random, length: int
) -> None:
    player = Player(await register(app, fresh_email()), chance)
    for _ in range(3):
        await player.open_account()
        await player.add_category()
    for _ in range(length):
        await player.step()
        await compare(player, owner_database)
    listed = await player.person.read("/transactions", limit=500)
    assert {item["id"] for item in listed["items"]} == set(player.model.transactions)
    await player.person.http.aclose()
