"""A page of rates costs what is on it, however many rates there are."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import Database
from app.rates import repository
from tests.people import Person

LIMIT, CURRENCIES = 51, 60
_PAIRS_AND_DAYS = """
    (SELECT code FROM currencies WHERE code <> 'EUR' ORDER BY code LIMIT 60) AS c CROSS JOIN generate_series(1, 60) AS n
"""
_PROVIDED = f"""
    INSERT INTO exchange_rates (base, quote, date, rate, source)
    SELECT 'EUR', c.code, date '2024-12-31' + n, 1, 'test' FROM {_PAIRS_AND_DAYS} ON CONFLICT DO NOTHING
"""
_OWN = f"""
    INSERT INTO book_rates (book_id, id, base, quote, date, rate, source, revision)
    SELECT CAST(:book AS uuid), uuidv7(), 'EUR', c.code, date '2024-12-31' + n, 1, 'manual', 1 FROM {_PAIRS_AND_DAYS}
"""
EUROS = {"base": "EUR"}
Place = tuple[date, str, str, int]
START: Place = (date.max, "", "", -1)
CASES: tuple[tuple[dict[str, str], Place, int], ...] = (
    ({}, START, 2 * LIMIT),
    ({}, (date(2025, 1, 20), "EUR", "", 1), 2 * (LIMIT + CURRENCIES)),  # the day of the place is passed over
    (EUROS, START, 2 * LIMIT),
    ({**EUROS, "quote": "CHF"}, START, 2 * LIMIT),
    ({"base": "CHF", "quote": "EUR"}, START, 0),
)


def rows_read(node: dict[str, Any]) -> int:
    """By all scans of tables, with what they threw away."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) if "Relation Name" in node else 0
    return int(own) + sum(rows_read(below) for below in node.get("Plans", ()))


async def test_a_page_is_read_off_an_index(kim: Person, owner_database: Database) -> None:
    """With the plan for these values, and with the one for any that a connection comes to after some pages."""
    async with owner_database.engine.connect() as connection:
        await connection.execute(text(_PROVIDED))
        await connection.execute(text(_OWN), {"book": kim.book_id})
        await connection.execute(text("ANALYZE exchange_rates, book_rates"))
        for mode in ("force_custom_plan", "force_generic_plan"):
            await connection.execute(text(f"SET LOCAL plan_cache_mode = {mode}"))
            for named, place, most in CASES:
                plan = await plan_of_page(connection, UUID(kim.book_id), named, place)
                assert rows_read(plan) <= most, (mode, named, place)
                assert (plan["Actual Rows"] == LIMIT) is (most > 0)
        await connection.rollback()


async def plan_of_page(
    connection: AsyncConnection, book_id: UUID, named: dict[str, str], place: Place
) -> dict[str, Any]:
    """How the statement for a page was run."""
    behind, base, quote, rank = place
    parameters: dict[str, Any] = {"book": book_id, "behind": behind, "after_base": base, "after_quote": quote}
    parameters |= {"rank": rank, "limit": LIMIT, "date_from": date.min, "date_to": date.max}
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def note(*call: Any) -> None:
        sent.append(call[2:4])

    event.listen(connection.sync_connection, "before_cursor_execute", note)
    await repository.page(connection, named.get("base"), named.get("quote"), parameters)
    event.remove(connection.sync_connection, "before_cursor_execute", note)
    [(statement, values)] = sent
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute(f"PREPARE page AS {statement}")
    written = ", ".join(f"'{value}'" for value in values)
    found = await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page({written})")
    await driver.execute("DEALLOCATE page")
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str | bytes) else found)[0]["Plan"]
    return plan
