"""Many trades at once: the same number of statements as for a few."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from app.core.config import Settings
from app.main import create_app
from tests.brokers.files import depot, preview, with_ids
from tests.conftest import fresh_email
from tests.imports.uploads import commit, undo
from tests.people import register

ROWS = (3, 90)


def many(rows: int) -> bytes:
    """Twice as many purchases as sales, of up to 40 assets."""
    day, lines = date(2018, 1, 1), []
    for n in range(rows):
        kind, amount = ("Sell", "100.00") if n % 120 >= 80 else ("Buy", "-102.00")
        units = 9 if kind == "Sell" else 10
        price = "11.222222" if kind == "Sell" else "10.10"
        fee = "1.00"
        lines.append(f"{day + timedelta(n * 1800 // rows)},{kind},S{n % 40},{units},{price},{fee},{amount},ID{n}")
    return with_ids(*lines)


@pytest.fixture
async def statements(settings: Settings) -> AsyncIterator[tuple]:  # type: ignore[type-arg]
    app = create_app(settings)
    person = await register(app, fresh_email())
    sent: list[str] = []
    await app.state.database.engine.dispose()
    app.state.database.count_statements(sent.append)
    yield person, sent
    await person.check_integrity()
    await person.http.aclose()
    await app.state.database.dispose()


async def test_statements_do_not_grow_with_the_file(statements: tuple) -> None:  # type: ignore[type-arg]
    person, sent = statements
    counts = []
    for rows in ROWS:
        account = await depot(person, f"Depot of {rows}")
        steps = []
        sent.clear()
        found = await preview(person, account, many(rows))
        steps.append(len(sent))
        sent.clear()
        assert (await commit(person, found))["created"] == rows
        steps.append(len(sent))
        sent.clear()
        await undo(person, found)
        steps.append(len(sent))
        counts.append(steps)
    assert counts[0] == counts[1], counts
