"""Random lives of a book, compared after every step with a plain model of what it should say."""

import random
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.ledger.steps import STEPS, Player
from tests.people import Person

LENGTH = 60
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


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_life_of_a_book_equals_the_model(kim: Person, owner_database: Database, seed: int) -> None:
    player = Player(kim, random.Random(seed))
    for _ in range(3):
        await player.open_account()
        await player.add_category()
    done = []
    for _ in range(LENGTH):
        done.append(await player.step())
        await compare(player, owner_database)
    listed = await kim.read("/transactions", limit=500)
    assert {item["id"] for item in listed["items"]} == set(player.model.transactions)
    assert len(set(done)) > len(STEPS) // 2
