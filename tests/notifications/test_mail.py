"""What is due goes out by mail once: at once or in digests, not in quiet hours, and harmless whatever people wrote."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.clock import now
from app.core.database import Database
from app.notifications.notices import Kind
from app.notifications.sending import mail_due
from tests.households.sharing import join
from tests.mail import text_of
from tests.notifications.telling import column, mailed, reachable, tell, tick, told_at
from tests.people import Person, expect
from tests.staff import run

PATH = "/users/me/notification-settings"


def utc(day: str, at: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=UTC)


async def test_at_once_and_in_digests(app: FastAPI, kim: Person, owner_database: Database) -> None:
    await reachable(owner_database, kim)
    await tell(app, kim, Kind.BILL_OVERDUE, title="Rent is overdue", body="It was due on Monday.")
    await tell(app, kim, Kind.BILL_OVERDUE, title="Power is overdue")
    await tell(app, kim, Kind.BUDGET_THRESHOLD, title="Food is at 80%")
    await tell(app, kim, Kind.BILL_DUE, title="Water is due")
    await tell(app, kim, Kind.GOAL_REACHED, title="Bicycle is reached")
    await told_at(owner_database, kim, utc("2026-07-01", "09:00"))
    await tick(app, utc("2026-07-01", "09:00"))
    first, second = await mailed(app, kim)
    assert (first["Subject"], second["Subject"]) == ("Rent is overdue (and 1 more)", "Food is at 80%")
    assert "It was due on Monday." in text_of(first)
    assert "Power is overdue" in text_of(first)
    html = first.get_body(("html",))
    assert html is not None
    assert all(words in html.get_content() for words in ("Rent is overdue", "It was due on Monday.", "Personal"))
    # The rest waits for eight in the morning, and then is one mail; nothing goes twice.
    await tick(app, utc("2026-07-02", "07:59"))
    assert len(await mailed(app, kim)) == 2
    for at in ("08:00", "08:01"):
        await tick(app, utc("2026-07-02", at))
    *_, digest = await mailed(app, kim)
    assert (digest["Subject"], len(await mailed(app, kim))) == ("Your daily digest: 2 items", 3)
    assert "Water is due" in text_of(digest)
    assert "Bicycle is reached" in text_of(digest)
    assert all(await column(owner_database, kim, "mailed_at"))
    inbox = (await kim.read("/notifications"))["items"]
    assert all(each["mailed_at"] is not None and each["read_at"] is None for each in inbox)


async def test_who_is_not_mailed(app: FastAPI, kim: Person, robin: Person, owner_database: Database) -> None:
    await join(kim, robin)
    await reachable(owner_database, robin)
    banned = "UPDATE users SET banned_at = now(), banned_until = now() + interval '1 day' WHERE id = :id"
    await tell(app, kim)  # Kim's address is not confirmed
    await tell(app, kim, Kind.BILL_DUE, title="Read in time")
    read = (await robin.read("/notifications", kind="bill_due"))["items"][0]
    expect(await robin.http.post(f"/notifications/{read['id']}/read"), 200)
    await tick(app, now() + timedelta(days=2))
    assert await mailed(app, kim) == []
    assert [message["Subject"] for message in await mailed(app, robin)] == ["Rent is overdue"]
    assert all(await column(owner_database, kim, "settled_at"))
    # An address that is confirmed later is not mailed what is over.
    await reachable(owner_database, kim)
    await run(owner_database, banned, id=robin.user["id"])
    await tell(app, kim, title="Later")
    await tick(app, now() + timedelta(minutes=1))
    assert [message["Subject"] for message in await mailed(app, kim)] == ["Later"]
    assert len(await mailed(app, robin)) == 1
    over = "UPDATE users SET banned_at = NULL, banned_until = NULL WHERE id = :id"
    await run(owner_database, over, id=robin.user["id"])


async def test_quiet_hours_over_midnight_and_over_the_change_of_clocks(
    app: FastAPI, kim: Person, owner_database: Database
) -> None:
    await reachable(owner_database, kim, time_zone="Europe/Berlin")
    expect(await kim.http.put(PATH, json={"quiet_hours": {"from": "22:00", "to": "02:30"}}), 200)
    for told, early, late in (
        ("2026-07-01 22:30", "2026-07-02 00:29", "2026-07-02 00:30"),  # 00:30 there; 02:30 is 00:30 in UTC
        ("2026-03-28 23:00", "2026-03-29 00:59", "2026-03-29 01:00"),  # there is no 02:30
        ("2026-10-25 00:10", "2026-10-25 00:29", "2026-10-25 00:30"),  # the first of two
    ):
        before = len(await mailed(app, kim))
        await tell(app, kim, title=told)
        await told_at(owner_database, kim, utc(*told.split()))
        await tick(app, utc(*told.split()))
        await tick(app, utc(*early.split()))
        assert len(await mailed(app, kim)) == before
        await tick(app, utc(*late.split()))
        assert len(await mailed(app, kim)) == before + 1


async def test_an_hour_that_happens_twice_has_one_digest(app: FastAPI, kim: Person, owner_database: Database) -> None:
    await reachable(owner_database, kim, time_zone="Europe/Berlin")
    expect(await kim.http.put(PATH, json={"daily_digest": {"hour": 2}}), 200)
    await tell(app, kim, Kind.BILL_DUE, title="Before")
    await told_at(owner_database, kim, utc("2026-10-24", "12:00"))
    await tick(app, utc("2026-10-25", "00:00"))
    await tell(app, kim, Kind.BILL_DUE, title="Between")
    await told_at(owner_database, kim, utc("2026-10-25", "00:10"))
    await tick(app, utc("2026-10-25", "01:00"))  # 02:00 again
    (digest,) = await mailed(app, kim)
    assert ("Before" in text_of(digest), "Between" in text_of(digest)) == (True, False)
    await tick(app, utc("2026-10-26", "01:00"))
    assert "Between" in text_of((await mailed(app, kim))[-1])


async def test_several_at_once_send_once_and_a_crash_sends_later(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin)
    await reachable(owner_database, kim, robin)
    await tell(app, kim)
    at = now() + timedelta(minutes=1)
    with suppress(ZeroDivisionError):
        async with app.state.database.begin() as connection:
            assert await mail_due(connection, app.state.settings, at) >= 2
            raise ZeroDivisionError  # the worker dies before its transaction ends
    assert await mailed(app, kim) == []
    posted = await asyncio.gather(*(tick(app, at) for _ in range(4)))
    assert sum(posted) == 2
    assert (len(await mailed(app, kim)), len(await mailed(app, robin))) == (1, 1)


async def test_one_whose_mail_cannot_be_made_keeps_nobody_waiting(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin)
    await reachable(owner_database, kim, robin)
    await run(owner_database, "UPDATE users SET email = 'no address ' || id WHERE id = :id", id=kim.user["id"])
    await tell(app, kim)
    with capture_logs() as logs:
        await tick(app, now() + timedelta(minutes=1))
    failed = [entry["user_id"] for entry in logs if entry["event"] == "person_passed_over"]
    assert failed == [kim.user["id"]]
    assert len(await mailed(app, robin)) == 1
    assert await column(owner_database, kim, "settled_at") == [None]
    await run(owner_database, "UPDATE users SET email = :email WHERE id = :id", id=kim.user["id"], email=kim.email)
    await tick(app, now() + timedelta(minutes=2))
    assert len(await mailed(app, kim)) == 1


async def test_what_people_write_does_no_harm(app: FastAPI, kim: Person, owner_database: Database) -> None:
    await reachable(owner_database, kim)
    evil = "Rent\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script> {{ 7 * 7 }} \u202egnp.exe"
    await tell(app, kim, title=evil + "x" * 5000, body="<img src=x onerror=alert(1)>\u2066" + "y" * 9000)
    await run(owner_database, "UPDATE books SET name = '<b>Book</b>' WHERE id = :id", id=kim.book_id)
    await tick(app, now() + timedelta(minutes=1))
    (message,) = await mailed(app, kim)
    assert message["Bcc"] is None
    assert message.get_all("To") == [kim.email]
    assert len(str(message["Subject"])) <= 130
    html = message.get_body(("html",))
    assert html is not None
    for content in (text_of(message), html.get_content()):
        assert not set("\u202e\u2066") & set(content)
        assert "49" not in content.replace("{{ 7 * 7 }}", "")
        assert len(content) < 12_000
    assert "<script" not in html.get_content()
    assert "<img" not in html.get_content()
    assert "&lt;b&gt;Book&lt;/b&gt;" in html.get_content()


async def test_many_are_counted(app: FastAPI, kim: Person, owner_database: Database) -> None:
    await reachable(owner_database, kim)
    statement = text(
        "INSERT INTO notifications (user_id, source_book_id, kind, key, title, body, data) "
        "SELECT CAST(:id AS uuid), NULL, 'bill_overdue', 'many' || n, 'Bill ' || n, '', '{}' "
        "FROM generate_series(1, 60) n"
    )
    async with owner_database.begin() as connection:
        await connection.execute(statement, {"id": kim.user["id"]})
    await tick(app, now() + timedelta(minutes=1))
    (message,) = await mailed(app, kim)
    assert str(message["Subject"]).endswith("(and 59 more)")
    assert "And 10 more in your inbox." in text_of(message)
