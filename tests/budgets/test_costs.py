"""What budgets cost in statements: the same for one as for many, however far they carry."""

from typing import Any

import pytest

from tests.api.test_statement_counts import Counted, counted
from tests.budgets.helpers import budget, today_is

__all__ = ["counted"]  # the fixture


async def test_many_budgets_cost_what_one_does(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    today_is(monkeypatch, "2026-03-10")
    person, seen = counted
    account, food = await person.account(), await person.category()
    spent = {"account_id": account["id"], "date": "2026-03-05", "amount": "1"}
    costs: list[list[int]] = []
    made: dict[str, Any] = {}
    for more in (1, 6):
        for number in range(more):
            over: dict[str, Any] = {"category_ids": [food["id"]]} if number % 2 else {}
            made = await budget(
                person, f"B{number}", start_date="2020-01-23", rollover="both", thresholds=["1000"], **over
            )
        url = f"/budgets/{made['id']}"
        found = []
        for path in ("/budgets/status", f"{url}/status", f"{url}/history?periods=24", "/budgets/envelopes"):
            seen.clear()
            await person.read(path)
            found.append(len(seen))
        seen.clear()
        await person.add(**spent)
        found.append(len(seen))
        costs.append(found)
    # Begin, open the request and commit, or the six of an expense; then what budgets there are, and their sums.
    assert costs == [[5, 5, 5, 5, 8], [5, 5, 5, 5, 8]]
