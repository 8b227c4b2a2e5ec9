"""Short ways to set rates and to have their jobs done."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.clock import now
from app.core.config import Settings
from app.core.database import Database
from app.core.documents import dump
from app.core.fetching import Fetcher
from app.core.jobs.tasks import Work
from app.rates import revaluing
from tests.people import Person, expect

Document = dict[str, Any]


async def set_rate(person: Person, base: str, quote: str, day: str, rate: str) -> Document:
    body = {"base": base, "quote": quote, "date": day, "rate": rate}
    made: Document = expect(await person.http.put("/rates", json=body), 200)
    return made


async def provide(owner: Database, *rates: tuple[str, str, str, str], source: str = "test") -> None:
    """Store what a provider says: base, quote, day and rate of each."""
    rows = [{"base": base, "quote": quote, "date": day, "rate": rate} for base, quote, day, rate in rates]
    statement = text("SELECT count(*) FROM store_exchange_rates(:source, CAST(:rates AS jsonb))")
    async with owner.begin() as connection:
        await connection.execute(statement, {"source": source, "rates": dump(rows)})


async def forget_provided(owner: Database) -> None:
    """What was converted by them is noted, as when a rate changes: other tests look at every book."""
    noted = """
        INSERT INTO revaluations (book_id, first_day, last_day)
        SELECT DISTINCT book_id, date '0001-01-01', date '9999-12-31' FROM accounts
        ON CONFLICT ON CONSTRAINT pk_revaluations
        DO UPDATE SET first_day = excluded.first_day, last_day = excluded.last_day
    """
    async with owner.begin() as connection:
        if (await connection.execute(text("DELETE FROM exchange_rates RETURNING 1"))).all():
            await connection.execute(text(noted))


def work_on(connection: Any, database: Database, settings: Settings, **more: Any) -> Work:
    return Work(connection, database, settings, now(), more.get("fetcher") or Fetcher())


async def revalue(person: Person, database: Database, settings: Settings) -> None:
    """Do what the book's job would do."""
    async with database.begin() as connection:
        await revaluing.revalue_book(work_on(connection, database, settings), {"book_id": person.book_id})


async def waiting(owner: Database, person: Person, task: str) -> int:
    """How many jobs of a task wait for the person's book."""
    statement = text(
        "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = :task AND status = 'todo' "
        "AND args -> 'payload' ->> 'book_id' = :book"
    )
    async with owner.begin() as connection:
        return int(await connection.scalar(statement, {"task": task, "book": person.book_id}) or 0)


async def pending_days(owner: Database, person: Person) -> tuple[str, str] | None:
    statement = text("SELECT first_day::text, last_day::text FROM revaluations WHERE book_id = :book")
    async with owner.begin() as connection:
        row = (await connection.execute(statement, {"book": UUID(person.book_id)})).one_or_none()
    return None if row is None else (row[0], row[1])


def bases(document: Document) -> list[str | None]:
    return [line["base_amount"] for line in document["postings"]]


def half_up(value: Decimal, exponent: int) -> Decimal:
    """Half away from zero, by whole numbers: not the way the program takes."""
    scaled = abs(value) * 10**exponent
    whole = int(scaled)
    if scaled - whole >= Decimal("0.5"):
        whole += 1
    found = Decimal(whole).scaleb(-exponent)
    return -found if value < 0 else found
