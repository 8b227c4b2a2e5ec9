"""The forecast of the demo, checked by hand."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from statistics import median

import pytest
from sqlalchemy import make_url

from app.access.context import Actor
from app.core.config import Settings
from app.demo import plan
from app.demo.ahead import ALLOWANCES
from app.demo.moves import AccountName, Flow
from app.demo.service import EMAIL, PASSWORD
from tests.demo.test_run import execute, register, run, url
from tests.forecast.books import at, check
from tests.people import expect
from tests.servers import serving

__all__ = ["url"]  # the fixture
TODAY = date(2026, 2, 10)

# What schedules have brought on all accounts in euros, by the end of the day. Transfers between them (savings, cash,
# the card's settlement) come to nothing; of the loan's payment the interest is left.
PLANNED = {
    "2026-02-10": "0.00",
    "2026-02-11": "-10.99",  # Songbird 10.99
    "2026-02-15": "-34.82",  # interest of the car loan 23.83
    "2026-02-18": "-49.81",  # Wavelength 14.99
    "2026-02-27": "3490.19",  # the salary of 3540.00 on the last Friday of February
    "2026-03-01": "2508.29",  # rent 965.00, The Daily Ledger 16.90
    "2026-03-03": "2471.39",  # Oak Street Gym 36.90
    "2026-03-04": "2458.40",  # Moonbeam Films 12.99
    "2026-03-06": "2413.50",  # Cityfibre 44.90
    "2026-03-11": "2402.51",  # Songbird
    "2026-03-15": "2378.68",  # interest
    "2026-03-18": "2363.69",  # Wavelength
    "2026-03-31": "5903.69",  # salary
    "2026-04-01": "4921.79",  # rent, The Daily Ledger
    "2026-04-03": "4819.33",  # Oak Street Gym, and 65.56 for the liability insurance of the year
    "2026-04-30": "8251.63",  # 12.99 + 44.90 + 10.99 + 23.83 + 14.99 out, the salary in
    "2026-05-01": "7269.73",  # rent, The Daily Ledger
    "2026-05-10": "7174.94",  # 36.90 + 12.99 + 44.90
}
# What budgets let be spent: in February 312.35 for food at home, 344.20 for eating and going out, 59.61 for the car and
# 208.65 for holidays are left, 924.81 over 18 days; later months have 420 + 330 + 180 + 250 = 1180.00.
BUDGETED = {
    "2026-02-10": "0.00",
    "2026-02-19": "-462.41",  # half of the days of February
    "2026-02-28": "-924.81",
    "2026-03-31": "-2104.81",
    "2026-04-15": "-2694.81",  # half of April
    "2026-04-30": "-3284.81",
    "2026-05-10": "-3665.46",  # 10 * 1180 / 31 = 380.65
}


async def test_three_months_of_the_demo(url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await register(url, settings, PASSWORD)
    await execute(url, "UPDATE users SET created_at = '2026-02-10T12:00Z'")
    monkeypatch.setattr(Actor, "today", lambda actor: TODAY)
    await run(url, settings)
    # The suite's own login: another password for it would lock out the tests that come after.
    login = make_url(str(settings.database_url)).set(database=make_url(url).database)
    async with serving(settings, database_url=login.render_as_string(hide_password=False)) as (_, http):
        tokens = expect(await http.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD}), 200)
        http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        found = expect(await http.get("/api/v1/forecast", params={"months": "3"}), 200)
    check(found)
    euros = next(total for total in found["totals"] if total["currency"] == "EUR")
    assert {day: at(euros, day)["planned"] for day in PLANNED} == PLANNED
    for day, amount in BUDGETED.items():
        # Four budgets on three accounts, each rounded for itself.
        assert abs(Decimal(at(euros, day)["budgets"]) - Decimal(amount)) <= Decimal("0.03"), day
    assert at(euros, "2026-03-31")["budgets"] == BUDGETED["2026-03-31"]
    # A month of habits is the sum of the medians; March has 31 days of it, February 18 of 28.
    learned = [each["learned"] for each in found["accounts"] if each["learned"] and each["currency"] == "EUR"]
    usual = sum((Decimal(each["income"]) + Decimal(each["spending"]) for each in learned), Decimal(0))
    rest = {day: Decimal(at(euros, day)["rest"]) for day in ("2026-02-28", "2026-03-31")}
    assert abs(rest["2026-03-31"] - rest["2026-02-28"] - usual) <= Decimal("0.03")
    assert abs(rest["2026-02-28"] - usual * 18 / 28) <= Decimal("0.03")
    wallet = next(each for each in found["accounts"] if each["name"] == AccountName.CASH)
    assert Decimal(wallet["learned"]["spending"]) == usual_spending(AccountName.CASH)
    checking = found["accounts"][0]
    # The lowest is the day before a salary, and the loan goes down by what is repaid: 3 * 266.17.
    assert checking["lowest"]["date"] == "2026-04-29"
    loan = next(each for each in found["accounts"] if each["name"] == AccountName.LOAN)
    assert Decimal(loan["end"]["expected"]) == Decimal(loan["balance"]) + 3 * Decimal("266.17")


def usual_spending(account: AccountName) -> Decimal:
    """The median of the twelve months before, of what no budget is about, from the plan itself."""
    budgeted = {category for each in ALLOWANCES for category in each.categories}
    months: defaultdict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for move in plan.moves(plan.first_day(TODAY), TODAY):
        if isinstance(move, Flow) and move.account is account and move.direction == "expense":
            month = move.day.year, move.day.month
            if not move.parts and move.category not in budgeted:
                months[month] += move.amount
            months[month] += sum((part.amount for part in move.parts if part.category not in budgeted), Decimal(0))
    year = [months[2025, month] for month in range(2, 13)] + [months[2026, 1]]
    return -Decimal(median(year)).quantize(Decimal("0.01"))
