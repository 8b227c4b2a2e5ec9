"""What members are told of their holdings, by the daily look."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from app.core.config import Settings
from app.core.database import Database
from app.core.jobs.tasks import Work
from app.performance import repository, tasks
from tests.households.sharing import join
from tests.people import Person, expect
from tests.performance.world import World

MORNING = datetime(2026, 3, 11, 7, 40, tzinfo=UTC)
"""A Wednesday; the last complete days are the 8th to the 10th."""


async def told(owner: Database, person: Person) -> list[tuple[str, str]]:
    statement = text(
        "SELECT kind, title FROM notifications WHERE user_id = :user "
        "AND kind IN ('price_moved', 'holding_gain', 'portfolio_milestone') ORDER BY kind, title"
    )
    async with owner.begin() as connection:
        rows = await connection.execute(statement, {"user": UUID(person.user["id"])})
        return [(row.kind, row.title) for row in rows]


async def look(database: Database, settings: Settings, book_id: str) -> None:
    async with database.begin() as connection:
        await tasks.look_at_book(Work(connection, database, settings, MORNING), {"book_id": book_id})


async def test_moves_gains_and_milestones(
    kim: Person, robin: Person, world: World, app_database: Database, settings: Settings
) -> None:
    await join(kim, robin)
    expect(await robin.http.put("/users/me/notification-settings", json={"price_move_threshold": "2"}), 200)
    shared, hidden = await world.account("Shared"), await world.account("Hidden", visibility="private")
    up, down, calm = await world.asset("UP"), await world.asset("DOWN"), await world.asset("CALM")
    slow = await world.asset("SLOW")
    world.buy("2026-01-05", shared, up, "10", "400.00")
    world.buy("2026-01-05", hidden, up, "10", "400.00")
    world.buy("2026-01-05", hidden, down, "1", "125.00")
    world.buy("2026-01-05", shared, calm, "1", "50.00")
    world.buy("2026-01-05", shared, slow, "1", "2.50")
    world.buy("2026-03-10", shared, calm, "1", "50.00")
    # A split is no move: twice the units at half the price.
    world.trade("split", "2026-03-10", shared, calm, ratio="2")
    await world.settle()
    await world.price(up, {"2026-03-06": "42", "2026-03-10": "51"})
    await world.price(down, {"2026-03-06": "105", "2026-03-09": "99"})
    await world.price(calm, {"2026-03-06": "50", "2026-03-10": "25.1"})
    await world.price(slow, {"2026-03-06": "2.5", "2026-03-10": "2.4"})
    await look(app_database, settings, kim.book_id)
    owner = world.owner
    # 997.50 before; 1,020 + 99 + 100.40 + 2.40 after: past 1,000. The gain of UP passed 25 %, the loss of DOWN 20 %.
    assert await told(owner, kim) == [
        ("holding_gain", "DOWN: a loss of more than 20 %"),
        ("holding_gain", "UP: a gain of more than 25 %"),
        ("holding_gain", "UP: a gain of more than 25 %"),
        ("portfolio_milestone", "Your holdings are worth more than 1000 EUR"),
        ("price_moved", "DOWN is down 5.7 %"),
        ("price_moved", "UP is up 21.4 %"),
    ]
    # Who sees one of the accounts is told of the price, and of nothing that the other would give away.
    assert await told(owner, robin) == [
        ("holding_gain", "UP: a gain of more than 25 %"),
        ("price_moved", "SLOW is down 4.0 %"),
        ("price_moved", "UP is up 21.4 %"),
    ]
    before = await told(owner, kim)
    await look(app_database, settings, kim.book_id)
    assert await told(owner, kim) == before


async def test_holdings_are_read_once_however_many_members_are_told(
    kim: Person, robin: Person, world: World, request_url: str, settings: Settings
) -> None:
    depot, up = await world.account(), await world.asset("UP")
    world.buy("2026-01-05", depot, up, "10", "400.00")
    await world.settle()
    await world.price(up, {"2026-03-06": "42", "2026-03-10": "51"})
    await join(kim, robin)
    database = Database(request_url, pool_size=1)
    seen: list[str] = []
    database.count_statements(seen.append)
    await look(database, settings, kim.book_id)
    await database.dispose()
    assert sum("position_days" in statement for statement in seen) == 1
    assert await told(world.owner, kim) == await told(world.owner, robin) != []


async def test_what_has_no_price_tells_nothing(
    kim: Person, world: World, app_database: Database, settings: Settings
) -> None:
    depot = await world.account()
    dark, bright = await world.asset("DARK"), await world.asset("BRIGHT")
    world.buy("2026-01-05", depot, dark, "1", "100.00")
    world.buy("2026-01-05", depot, bright, "1", "0.00")
    await world.settle()
    await look(app_database, settings, kim.book_id)
    # The first price there is makes the total jump, and nothing was gained.
    await world.price(dark, {"2026-03-10": "5000"})
    await look(app_database, settings, kim.book_id)
    assert await told(world.owner, kim) == []
    async with app_database.engine.connect() as connection:
        work = Work(connection, app_database, settings, MORNING)
        books = await repository.books_with_holdings(connection)
        assert UUID(kim.book_id) in books
        await tasks.look(work, {})
        await tasks.look_at_book(work, {"book_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"})  # deleted meanwhile
        await connection.rollback()
