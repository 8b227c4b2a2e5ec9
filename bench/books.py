"""Books of a given size, made the way a person would: exports of a bank, uploaded and committed over HTTP."""

import asyncio
import csv
import datetime as dt
import io
import random
from dataclasses import dataclass

import httpx
from sqlalchemy import text

from app.core.database import Database
from bench.server import Server, client

YEARS = 5
DAYS = YEARS * 365
PAYEES = 300
ROWS_OF_A_FILE = 100_000
MOST_SECONDS = 300
SPENT_ON = ("Groceries", "Restaurants & cafés", "Utilities", "Public transport", "Pharmacy", "Hobbies", "Insurance")
EARNED_WITH = ("Salary", "Interest")


@dataclass(frozen=True)
class Book:
    """A book with this many transactions on one account, and who may use it."""

    http: httpx.Client
    rows: int
    account_id: str
    category_id: str
    last_day: dt.date

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.http.headers["Authorization"]}


def export(first: int, behind: int, rows: int, last_day: dt.date) -> bytes:
    """Rows `first` to `behind` of a bank's CSV with this many rows over five years, the same each time."""
    rng = random.Random(first)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["Booking date", "Payee", "Purpose", "Amount", "Currency", "Category", "Reference ID"])
    for number in range(first, behind):
        day = last_day - dt.timedelta(days=(rows - 1 - number) * DAYS // rows)
        cents = rng.randint(100, 20_000)
        earned = rng.random() < 0.1
        amount = f"{'' if earned else '-'}{cents // 100},{cents % 100:02d}"
        payee = f"Shop {rng.randint(1, PAYEES)}"
        category = rng.choice(EARNED_WITH if earned else SPENT_ON)
        writer.writerow([day.isoformat(), payee, f"Receipt {number}", amount, "EUR", category, f"REF{number:08d}"])
    return out.getvalue().encode()


def make(server: Server, name: str, rows: int) -> Book:
    """A new person with a book of this many transactions over five years; 0 makes an empty one."""
    http = client(server, f"{name}@example.com")
    account = http.post("/accounts", json={"name": "Everyday", "type": "checking", "currency": "EUR"})
    account_id = account.raise_for_status().json()["id"]
    last_day = dt.datetime.now(dt.UTC).date()
    for first in range(0, rows, ROWS_OF_A_FILE):
        behind = min(first + ROWS_OF_A_FILE, rows)
        files = {"file": (f"{first}.csv", export(first, behind, rows, last_day))}
        preview = http.post("/imports", files=files, data={"account_id": account_id}).raise_for_status().json()
        done = http.post(f"/imports/{preview['id']}/commit").raise_for_status().json()
        assert done["created"] == behind - first, done
    return Book(http, rows, account_id, _category(http, SPENT_ON[0]), last_day)


def analyze(server: Server) -> None:
    """Let the planner know the tables; autovacuum does it by itself within a minute or so of an import."""

    async def run() -> None:
        database = Database(server.database_url, pool_size=1, role=None)
        async with database.begin() as connection:
            await connection.execute(text("ANALYZE"))
        await database.dispose()

    asyncio.run(run())


def wait_for_jobs(server: Server, name: str) -> None:
    """Until no job of this name is waiting or running."""
    waiting = text(
        "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = :name AND status IN ('todo', 'doing')"
    )

    async def run() -> None:
        database = Database(server.database_url, pool_size=1, role=None)
        for _ in range(MOST_SECONDS):
            async with database.begin() as connection:
                if not await connection.scalar(waiting, {"name": name}):
                    break
            await asyncio.sleep(1)
        else:
            raise SystemExit(f"jobs {name} were not done after {MOST_SECONDS} seconds")
        await database.dispose()

    asyncio.run(run())


def _category(http: httpx.Client, name: str) -> str:
    waiting = list(http.get("/categories").raise_for_status().json()["items"])
    while waiting:
        category = waiting.pop()
        if category["name"] == name:
            return str(category["id"])
        waiting += category["children"] or []
    raise SystemExit(f"a new book has no category {name}")
