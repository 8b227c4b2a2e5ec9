"""What a budget carries into its next periods, in a forecast."""

import pytest

from tests.forecast.books import at, line
from tests.people import Person, expect
from tests.schedules.clock import Clock


async def test_overspending_counts_from_when_the_rest_is_carried(kim: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """March is 50.00 over, and its rest is not carried yet: April has its whole amount, as its status says."""
    Clock(monkeypatch).set("2026-03-10")
    account = await kim.account(opening_balance="1000", opening_date="2026-01-01")
    body = {"name": "All", "amount": "100", "period": "monthly", "start_date": "2026-03-01", "rollover": "both"}
    made = expect(await kim.http.post("/budgets", json={**body, "rollover_since": "2026-04-01"}), 201)
    await kim.add(account_id=account["id"], date="2026-03-05", amount="150")
    april = await kim.read(f"/budgets/{made['id']}/status", date="2026-04-10")
    assert (april["carried"], april["available"]) == ("0.00", "100.00")
    assert at(line(await kim.read("/forecast", months="2"), account), "2026-04-30")["expected"] == "750.00"
    expect(await kim.http.patch(f"/budgets/{made['id']}", json={"rollover_since": "2026-03-01"}), 200)
    assert at(line(await kim.read("/forecast", months="2"), account), "2026-04-30")["expected"] == "800.00"
