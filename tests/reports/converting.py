"""Having totals by payee kept in other currencies, as the jobs that a report asks for would."""

from typing import Any

from app.core.config import Settings
from app.core.database import Database
from app.reports import converted
from tests.people import Person
from tests.rates.helping import work_on


async def keep(person: Person, database: Database, settings: Settings) -> None:
    """Run the book's job until nothing is left of what was wanted: of a year in two currencies at most."""
    for _ in range(9):
        async with database.begin() as connection:
            await converted.keep(work_on(connection, database, settings), {"book_id": person.book_id})


async def ask_and_keep(person: Person, database: Database, settings: Settings, currency: str, year: int) -> None:
    asked = {"from": f"{year}-01-01", "to": f"{year}-12-31", "currency": currency}
    await person.read("/reports/payees", **asked)
    await keep(person, database, settings)


async def ask(person: Person, first: str, last: str, currency: str = "USD", **more: Any) -> dict[str, Any]:
    document: dict[str, Any] = await person.read(
        "/reports/payees", **{"from": first, "to": last}, currency=currency, **more
    )
    return document
