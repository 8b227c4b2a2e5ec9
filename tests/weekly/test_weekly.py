"""The weekly report: a week against the one before, with what its reader may see, each Monday morning of their own."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.access import context
from app.core.config import Settings, load_settings
from app.core.database import Database
from app.core.jobs.tasks import Work
from app.main import create_app
from app.weekly import chart, mails, service
from app.weekly.tasks import TASKS
from tests.conftest import fresh_email
from tests.households.sharing import join
from tests.mail import text_of
from tests.notifications.conftest import PostOffice
from tests.notifications.conftest import post_office as post_office  # noqa: PLC0414  # a fixture
from tests.notifications.smtp import letterbox
from tests.notifications.telling import mailed, reachable
from tests.people import Person, expect, problem, register
from tests.schedules.clock import schedule
from tests.staff import run

SETTINGS = "/users/me/notification-settings"
WEEK = "2026-03-09"  # a Monday
TODAY = datetime(2026, 3, 16, 6, tzinfo=UTC)
HANDLERS = {task.name: task.handler for task in TASKS}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """What people's today is: a schedule brings nothing from before it was made."""
    monkeypatch.setattr(context, "now", lambda: TODAY)


async def work(app: FastAPI, name: str, at: datetime, payload: Any = None) -> None:
    async with app.state.database.begin() as connection:
        await HANDLERS[name](Work(connection, app.state.database, app.state.settings, at), payload or {})


async def fill(person: Person) -> dict[str, Any]:
    """Two weeks of a book: everyday food with something unusual, a salary, a transfer, and dollars without a rate."""
    account, savings = await person.account("Checking"), await person.account("Savings")
    food, salary = await person.category("Food"), await person.category("Salary", kind="income")
    for day in range(2, 8):
        await person.add(account_id=account["id"], category_id=food["id"], date=f"2026-03-0{day}", amount="10.00")
    on = {"account_id": account["id"], "category_id": food["id"]}
    await person.add(**on, date="2026-03-09", amount="12.50")
    await person.add(**on, date="2026-03-15", amount="45.00", payee="<b>Feast</b>")
    await person.add(**on, type="income", date="2026-03-10", amount="2.50")  # a refund
    await person.add(
        type="income", account_id=account["id"], category_id=salary["id"], date="2026-03-13", amount="1000.00"
    )
    await person.add(
        type="transfer", account_id=account["id"], to_account_id=savings["id"], date="2026-03-14", amount="300.00"
    )
    dollars = await person.account("Dollars", currency="USD")
    await person.add(account_id=dollars["id"], date="2026-03-11", amount="7.00")
    await schedule(person, account, kind="bill", mode="confirm", starts_on="2026-03-18", amount="850.00",
                   rrule="FREQ=MONTHLY")  # fmt: skip
    return account


async def test_a_week_against_the_one_before(kim: Person) -> None:
    await fill(kim)
    report = await kim.read("/reports/weekly", week="2026-03-12")
    assert (report["from"], report["to"], report["currency"], report["book"]) == (
        WEEK,
        "2026-03-15",
        "EUR",
        "Personal",
    )
    assert (report["income"], report["expenses"], report["net"]) == ("1000.00", "55.00", "945.00")
    assert report["previous"] == {"income": "0.00", "expenses": "60.00", "net": "-60.00"}
    nothing = {"income": "0.00", "expenses": "0.00"}
    assert report["unconverted"] == [{"currency": "USD", "income": "0.00", "expenses": "7.00", "previous": nothing}]
    assert [day["expenses"] for day in report["days"]] == ["12.50", "-2.50", "0.00", "0.00", "0.00", "0.00", "45.00"]
    assert [day["previous"] for day in report["days"]] == ["10.00"] * 6 + ["0.00"]
    assert [(each["amount"], each["unusual"], each["usual"]) for each in report["notable"]] == [
        ("45.00", True, "10.00"),
        ("12.50", False, "10.00"),
    ]
    assert (report["notable"][0]["payee"], report["notable"][0]["category"]) == ("<b>Feast</b>", "Food")
    assert [(each["name"], each["before"], each["balance"], each["change"]) for each in report["balances"]] == [
        ("Checking", "-60.00", "585.00", "645.00"),
        ("Dollars", "0.00", "-7.00", "-7.00"),
        ("Savings", "0.00", "300.00", "300.00"),
    ]
    assert [(bill["name"], bill["date"], bill["amount"], bill["currency"]) for bill in report["bills"]] == [
        ("Rent", "2026-03-18", "850.00", "EUR")
    ]
    # By Monday of the last whole week without being asked for one, and 304 for who has it.
    answer = await kim.get("/reports/weekly")
    assert expect(answer, 200)["from"] == WEEK
    again = await kim.http.get("/reports/weekly", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    problem(await kim.get("/reports/weekly", week="2026-13-01"), 422, "invalid_input")


async def test_the_mail_has_the_same_with_a_chart(post_office: PostOffice) -> None:
    async with letterbox() as box, post_office.serving(box) as (app, anonymous):
        kim = await register(app, fresh_email())
        await fill(kim)
        problem(await kim.http.post("/reports/weekly/send", json={"week": WEEK}), 409, "address_not_confirmed")
        await reachable(post_office.owner, kim)
        sent = expect(await kim.http.post("/reports/weekly/send", json={"week": WEEK}), 202)
        assert sent == {"mail_address": kim.email, "from": WEEK, "to": "2026-03-15"}
        await app.state.mailroom.round()
        (message,) = box.to(kim.email)
        assert message["Subject"] == "Your week 2026-03-09 to 2026-03-15: spent 55.00 EUR"
        assert message.get_content_type() == "multipart/alternative"
        plain, related = message.iter_parts()
        assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
        html, image = related.iter_parts()
        assert (image.get_content_type(), image["Content-ID"]) == ("image/png", "<spending>")
        assert image.get_content_disposition() == "inline"
        assert image.get_content().startswith(b"\x89PNG\r\n\x1a\n")
        assert 'src="cid:spending"' in html.get_content()
        for words in ("1000.00", "55.00", "945.00", "7.00", "850.00", "585.00", "unusual for"):
            assert words in plain.get_content(), words
            assert words in html.get_content(), words
        assert "-8%" in plain.get_content()
        assert "&lt;b&gt;Feast" in html.get_content()
        assert "Spending by day in EUR: Mon 12.50" in html.get_content()
        link = str(message["List-Unsubscribe"]).strip("<>").removeprefix(app.state.settings.public_url)
        assert (await anonymous.post(link, data={"List-Unsubscribe": "One-Click"})).status_code == 200
        assert (await kim.read(SETTINGS))["weekly_report"]["enabled"] is False
        await kim.http.aclose()


async def planned(owner: Database, person: Person) -> list[dict[str, Any]]:
    """The reports that are to be made for a person: the payloads of their jobs."""
    statement = text("SELECT args::text FROM jobs.procrastinate_jobs WHERE task_name = 'weekly.send' ORDER BY id")
    async with owner.begin() as connection:
        found = [json.loads(row) for row in (await connection.execute(statement)).scalars()]
    documents = [each.get("payload", each) for each in found]
    return [each for each in documents if each["user_id"] == person.user["id"]]


async def test_each_monday_morning_of_ones_own(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await fill(kim)
    await reachable(owner_database, kim, time_zone="Pacific/Auckland")
    await reachable(owner_database, robin, time_zone="America/New_York")
    before = datetime(2026, 3, 12, tzinfo=UTC)
    await work(app, "weekly.plan", before)
    assert await planned(owner_database, kim) == []
    # Monday, 07:00 in Auckland is Sunday, 18:00 in UTC.
    monday = datetime(2026, 3, 15, 18, tzinfo=UTC)
    await work(app, "weekly.plan", monday - timedelta(minutes=1))
    assert await planned(owner_database, kim) == []
    await asyncio.gather(*(work(app, "weekly.plan", monday) for _ in range(3)))
    (job,) = await planned(owner_database, kim)
    assert job == {"user_id": kim.user["id"], "book_id": kim.book_id, "week": WEEK}
    assert await planned(owner_database, robin) == []
    await work(app, "weekly.send", monday, job)
    (message,) = await mailed(app, kim)
    assert "1000.00" in text_of(message)
    # Who moves west the same day has had that week's.
    expect(await kim.http.patch("/users/me", json={"time_zone": "America/New_York"}), 200)
    later = datetime(2026, 3, 16, 11, tzinfo=UTC)
    await run(owner_database, "UPDATE notification_settings SET report_due_at = :at WHERE user_id = :id",
              id=kim.user["id"], at=later)  # fmt: skip
    await work(app, "weekly.plan", later)
    assert len(await planned(owner_database, kim)) == 1
    # Robin's is due at 07:00 in New York; a book with nothing in it is no mail.
    (job,) = await planned(owner_database, robin)
    await work(app, "weekly.send", later, job)
    assert await mailed(app, robin) == []
    # A server that was away for a week and a half sends the latest week, once.
    await work(app, "weekly.plan", later + timedelta(days=10))
    assert [each["week"] for each in await planned(owner_database, kim)] == [WEEK, "2026-03-16"]
    expect(await kim.http.put(SETTINGS, json={"weekly_report": {"enabled": False}}), 200)
    await run(owner_database, "UPDATE notification_settings SET report_due_at = :at WHERE user_id = :id",
              id=kim.user["id"], at=later + timedelta(days=14))  # fmt: skip
    await work(app, "weekly.plan", later + timedelta(days=14))
    assert len(await planned(owner_database, kim)) == 2


async def test_each_member_gets_what_they_may_see(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin, "viewer")
    await reachable(owner_database, kim, robin)
    open_account = await kim.account("Household")
    private = await kim.account("Secret", visibility="private", visible_to=[kim.user["id"]])
    for account, amount in ((open_account, "20.00"), (private, "999.00")):
        await kim.add(account_id=account["id"], date="2026-03-10", amount=amount, payee=f"Payee {amount}")
    await schedule(
        kim, private, kind="bill", mode="confirm", starts_on="2026-03-17", rrule="FREQ=MONTHLY", name="Secret bill"
    )
    wanted = {"weekly_report": {"book_ids": [robin.book_id, kim.book_id]}}
    expect(await robin.http.put(SETTINGS, json=wanted), 200)
    job = {"book_id": kim.book_id, "week": WEEK}
    for person in (kim, robin):
        await work(app, "weekly.send", datetime(2026, 3, 16, 7, tzinfo=UTC), {**job, "user_id": person.user["id"]})
    (whole,), (part,) = await mailed(app, kim), await mailed(app, robin)
    assert ("1019.00" in text_of(whole), "Secret bill" in text_of(whole)) == (True, True)
    assert "Spending: 20.00 EUR" in text_of(part)
    for words in ("999", "1019", "Secret"):
        assert words not in text_of(part)
        html = part.get_body(("html",))
        assert html is not None
        assert words not in html.get_content()
    # Both book ids are planned for; and who has left, or was banned since, is sent nothing.
    at = datetime(2026, 3, 12, tzinfo=UTC)
    for day in (at, at + timedelta(days=5)):
        await work(app, "weekly.plan", day)
    assert [each["book_id"] for each in await planned(owner_database, robin)] == [robin.book_id, kim.book_id]
    expect(await robin.http.post(f"/books/{kim.book_id}/leave"), 204)
    await work(app, "weekly.send", at, {**job, "user_id": robin.user["id"]})
    await work(app, "weekly.send", at, {**job, "user_id": str(UUID(int=7))})
    expect(await robin.http.put(SETTINGS, json={"weekly_report": {"enabled": False}}), 200)
    await work(app, "weekly.send", at, {"book_id": robin.book_id, "week": WEEK, "user_id": robin.user["id"]})
    assert len(await mailed(app, robin)) == 1


async def test_the_report_costs_the_same_however_long_the_book_is(settings: Settings) -> None:
    app = create_app(load_settings(_env_file=None, **{**settings.model_dump(), "database_pool_size": 1}))
    seen: list[str] = []
    app.state.database.count_statements(seen.append)
    kim = await register(app, fresh_email())
    await fill(kim)
    food = {"name": "Food", "amount": "100", "period": "weekly", "start_date": WEEK}
    expect(await kim.http.post("/budgets", json=food), 201)
    seen.clear()
    report = await kim.read("/reports/weekly", week=WEEK)
    # Begin, open, name, flows, budgets (2), planned (2), currencies, notable, accounts, balances, commit.
    assert len(seen) <= 13, seen
    (budget,) = report["budgets"]
    assert (budget["spent"], budget["available"], budget["remaining"]) == ("55.00", "100.00", "45.00")
    await kim.http.aclose()
    await app.state.database.dispose()


@pytest.mark.parametrize(
    ("now", "before", "wanted"), [("150", "100", "+50%"), ("0", "80", "-100%"), ("5", "0", ""), ("5", "-3", "")]
)
def test_changes_in_percent(now: str, before: str, wanted: str) -> None:
    assert mails.change(Decimal(now), Decimal(before)) == wanted


def test_titles_and_weeks() -> None:
    assert chart.title_of(date(2026, 11, 9), date(2026, 11, 15)) == "Spending, 9 to 15 Nov 2026"
    assert chart.title_of(date(2026, 11, 30), date(2026, 12, 6)) == "Spending, 30 Nov to 6 Dec 2026"
    assert service.week_of(date(2026, 11, 15)) == service.week_of(date(2026, 11, 9)) == date(2026, 11, 9)
    assert service.last_whole_week(date(2026, 11, 16)) == date(2026, 11, 9)
    assert service.last_whole_week(date(2026, 11, 15)) == date(2026, 11, 2)


async def test_budgets_stand_as_on_the_last_day(kim: Person) -> None:
    """What was spent between the end of the week and the report is the next one's."""
    account = await kim.account()
    monthly = {"name": "All", "amount": "100", "period": "monthly", "start_date": "2026-03-01"}
    expect(await kim.http.post("/budgets", json=monthly), 201)
    await kim.add(account_id=account["id"], date="2026-03-15", amount="10")
    await kim.add(account_id=account["id"], date="2026-03-16", amount="50")
    ((now,), (then,)) = [
        (await kim.read("/reports/weekly", week=week))["budgets"] for week in ("2026-03-16", "2026-03-09")
    ]
    assert (now["spent"], then["spent"], then["remaining"]) == ("60.00", "10.00", "90.00")
