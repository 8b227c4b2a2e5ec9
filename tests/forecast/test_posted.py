"""What the forecast planned is what the scheduler posts, and budgets and goals count the same."""

from decimal import Decimal

from tests.budgets.helpers import budget
from tests.forecast.books import at, check, line
from tests.goals.test_goals import goal
from tests.people import Person
from tests.schedules.clock import Clock, Scheduler, posted, schedule
from tests.schedules.conftest import clock as clock  # noqa: PLC0414  # a fixture
from tests.schedules.conftest import scheduler as scheduler  # noqa: PLC0414  # a fixture


async def test_what_was_planned_is_what_is_posted(kim: Person, clock: Clock, scheduler: Scheduler) -> None:
    clock.set("2026-02-10")
    bank = await kim.account("Bank", opening_balance="1000.00", opening_date="2026-01-01")
    savings = await kim.account("Savings", type="savings", opening_balance="50.00", opening_date="2026-01-01")
    home = await kim.category("Our home")
    await schedule(kim, bank, template={"category_id": home["id"]}, amount="800.00", weekend="after")
    moved = {"type": "transfer", "to_account_id": savings["id"], "payee": None}
    await schedule(kim, bank, name="Save", template=moved, amount="150.00", rrule="FREQ=MONTHLY;BYMONTHDAY=5")
    pay = {"type": "income", "payee": "Work"}
    await schedule(kim, bank, name="Pay", template=pay, amount="2000.00", rrule="FREQ=MONTHLY;BYMONTHDAY=-1")
    rent = await budget(kim, "Home", category_ids=[home["id"]], amount="800.00", thresholds=["100"])
    aim = await goal(kim, savings, target_amount="200.00")
    planned = await kim.read("/forecast", months="2")
    check(planned)
    clock.set("2026-03-10")
    await scheduler.work(kim)
    assert (await posted(kim))[2:] == [  # after the opening balances
        ("2026-02-28", "2000.00"),
        ("2026-03-02", "800.00"),
        ("2026-03-05", "150.00"),
    ]
    # What a budget leaves for other spending of its month comes on top of what is planned.
    for account in (bank, savings):
        before = line(planned, account)
        for day in ("2026-02-28", "2026-03-02", "2026-03-05", "2026-03-10"):
            foreseen = Decimal(before["balance"]) + Decimal(at(before, day)["planned"])
            assert Decimal(await kim.balance(account, day)) == foreseen, day
    found = await kim.read(f"/budgets/{rent['id']}/status", date="2026-03-10")
    assert found["spent"] == "800.00"
    assert (await kim.read(f"/goals/{aim['id']}"))["status"]["reached"] is True
    kinds = [item["kind"] for item in (await kim.read("/notifications"))["items"]]
    assert (kinds.count("budget_threshold"), kinds.count("goal_reached"), kinds.count("schedule_posted")) == (1, 1, 3)
    # From here on the same plan goes on: nothing that was posted is planned again.
    later = await kim.read("/forecast", months="1")
    check(later)
    first, second = line(planned, bank), line(later, bank)
    for day in ("2026-03-31", "2026-04-05", "2026-04-10"):
        foreseen = Decimal(first["balance"]) + Decimal(at(first, day)["planned"])
        assert Decimal(second["balance"]) + Decimal(at(second, day)["planned"]) == foreseen, day
