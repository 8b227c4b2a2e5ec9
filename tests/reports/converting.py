"""Having totals by payee kept in other currencies, as the jobs that a report asks for would."""

from app.core.config import Settings
from app.core.database import Database
from app.reports import converted
from tests.people import Person
from tests.rates.helping import work_on


async def keep(person: Person, database: Database, settings: Settings, *currencies: str, year: int = 2025) -> None:
    """Keep those of a year, until nothing of it is left."""
    days = {"first": f"{year}-01-01", "last": f"{year}-12-31"}
    for currency in currencies or ("USD",):
        payload = {"book_id": person.book_id, "currency": currency, **days}
        for _ in range(5):
            async with database.begin() as connection:
                await converted.keep(work_on(connection, database, settings), payload)


async def ask_and_keep(person: Person, database: Database, settings: Settings, currency: str, year: int) -> None:
    asked = {"from": f"{year}-01-01", "to": f"{year}-12-31", "currency": currency}
    await person.read("/reports/payees", **asked)
    await keep(person, database, settings, currency, year=year)
