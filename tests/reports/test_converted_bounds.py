"""What a report in another currency may not cost, whatever is in the book."""

import time

import pytest

from app.core.config import Settings
from app.core.database import Database
from app.reports import converted
from tests.people import Person
from tests.rates.helping import set_rate
from tests.reports.converting import ask, keep
from tests.reports.test_converted_kept import kept
from tests.staff import run

CODES = (
    *("AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "KRW", "MXN"),
    *("MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TRY", "ZAR", "AED", "SAR", "EGP"),
)
SECONDS = 5
"""Of all the reports together; looking up every day of each currency took half a minute."""


@pytest.mark.measured
async def test_currencies_in_which_nothing_moved_and_years_without_anything_cost_nothing(kim: Person) -> None:
    account = await kim.account(currency="EUR")
    for code in CODES:
        await kim.account(name=code, currency=code)
    await set_rate(kim, "EUR", "GBP", "2026-01-02", "0.85")
    for day in ("1976-01-05", "2026-01-02"):
        await kim.add(account_id=account["id"], amount="10", date=day, payee="Grocer", tags=["food"])
    asked = {"from": "1977-01-01", "to": "2026-11-01", "currency": "GBP"}
    took = {}
    for name in ("trends", "weekdays", "tags", "largest", "payees"):
        started = time.perf_counter()
        document = await kim.read(f"/reports/{name}", **asked)
        took[name] = time.perf_counter() - started
        assert "8.50" in str(document)
    assert sum(took.values()) < SECONDS, took


async def test_a_sixth_currency_is_kept_once_another_has_not_been_asked_for_in_a_while(
    kim: Person, app_database: Database, owner_database: Database, settings: Settings
) -> None:
    account = await kim.account()
    for code in CODES[:6]:
        await set_rate(kim, "EUR", code, "2025-02-01", "1.25")
    await kim.add(account_id=account["id"], amount="10", date="2025-02-03", payee="Grocer")
    for code in CODES[:6]:
        document = await ask(kim, "2025-02-01", "2025-02-28", code)
        assert document["items"][0]["amount"].startswith("12")
        await keep(kim, app_database, settings)
    assert {code for code, _, _ in await kept(owner_database, kim)} == set(CODES[:5])
    idle = converted.IDLE.days + 1
    change = f"UPDATE converted_currencies SET asked_on = asked_on - {idle} WHERE currency = '{CODES[1]}'"
    await run(owner_database, change)
    await ask(kim, "2025-02-01", "2025-02-28", CODES[5])
    await keep(kim, app_database, settings)
    assert {code for code, _, _ in await kept(owner_database, kim)} == set(CODES[:6]) - {CODES[1]}
