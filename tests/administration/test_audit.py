"""Reading the audit: filters, pages, and everybody's own part of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.access import audit
from app.access.repository import act_as
from app.core.database import Database
from app.core.ids import new_id
from app.core.pagination import encode_cursor
from tests.people import Person, expect, problem
from tests.staff import run


@pytest.fixture
async def told(app_database: Database, owner_database: Database, kim: Person, robin: Person) -> AsyncIterator[str]:
    """Five entries about Kim, told as requests tell them: two of Robin's, two of Kim's own, one of nobody's."""
    action = f"test_{new_id().hex}"
    robins, kims = robin.user["id"], kim.user["id"]
    for place, actor in enumerate((robins, robins, kims, kims, None)):
        async with app_database.begin() as connection:
            await act_as(connection, robins)
            await audit.tell(connection, action, actor_id=actor, subject_id=kims, address="192.0.2.1", place=place)
    yield action
    await run(owner_database, "DELETE FROM audit WHERE action = :action", action=action)


async def test_filters(admin: Person, kim: Person, robin: Person, told: str) -> None:
    async def places(**params: str) -> list[int]:
        items = (await admin.read("/audit", action=told, **params))["items"]
        return [item["details"]["place"] for item in items]

    assert await places() == [4, 3, 2, 1, 0]
    assert await places(actor_id=robin.user["id"]) == [1, 0]
    assert await places(subject_id=kim.user["id"]) == [4, 3, 2, 1, 0]
    assert await places(subject_id=robin.user["id"]) == []
    middle = (await admin.read("/audit", action=told))["items"][2]["at"]
    assert await places(**{"from": middle}) == [4, 3, 2]
    assert await places(to=middle) == [1, 0]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await places(**{"from": later}) == []
    entry = (await admin.read("/audit", action=told))["items"][-1]
    assert entry["actor"] == {"id": robin.user["id"], "email": robin.email, "full_name": None}
    assert entry["subject"]["email"] == kim.email
    assert entry["address"] == "192.0.2.1"


async def test_pages(admin: Person, told: str) -> None:
    walked, cursor = [], None
    while True:
        page = await admin.read("/audit", action=told, limit=2, **({"cursor": cursor} if cursor else {}))
        walked += [item["details"]["place"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert walked == [4, 3, 2, 1, 0]


async def test_everybody_reads_what_concerned_them(kim: Person, robin: Person, told: str) -> None:
    page = await kim.read("/users/me/audit", limit=3)
    assert [(item["details"]["place"], item["by_yourself"], item["address"]) for item in page["items"]] == [
        (4, False, None),
        (3, True, "192.0.2.1"),
        (2, True, "192.0.2.1"),
    ]
    rest = await kim.read("/users/me/audit", cursor=page["next_cursor"])
    # From where an administrator acted is not for those they acted on.
    assert [(item["details"]["place"], item["address"]) for item in rest["items"]] == [(1, None), (0, None)]
    assert robin.email not in str(page) + str(rest)
    assert told not in str(await robin.read("/users/me/audit"))
    problem(await kim.get("/audit"), 403, "missing_permission")


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-01-01"},
        {"from": "2026-01-01T00:00:00"},
        {"to": "yesterday"},
        {"actor_id": "x"},
        {"action": "\x00"},
        {"cursor": "x"},
        {"cursor": encode_cursor("audit", ["x"])},
        {"cursor": encode_cursor("audit", [5])},
        {"limit": "501"},
    ],
)
async def test_bad_parameters_are_refused(moderator: Person, params: dict[str, str]) -> None:
    problem(await moderator.http.get("/audit", params=params), 422, "invalid_input")


async def test_the_address_is_the_callers(kim: Person, admin: Person) -> None:
    expect(await admin.http.post(f"/users/{kim.user['id']}/ban", json={"reason": "x"}), 200)
    expect(await admin.http.post(f"/users/{kim.user['id']}/unban"), 200)
    items = (await admin.read("/audit", subject_id=kim.user["id"]))["items"]
    assert [(item["action"], item["address"]) for item in items] == [
        ("user_unbanned", "127.0.0.1"),
        ("user_banned", "127.0.0.1"),
    ]


async def test_a_deed_that_fails_is_not_told(app_database: Database, owner_database: Database) -> None:
    action = f"test_{new_id().hex}"
    async with app_database.engine.connect() as connection:
        await audit.tell(connection, action, actor_id=None)
        await connection.rollback()
    count = "SELECT count(*) FROM audit WHERE action = :action"
    assert await run(owner_database, count, action=action) == 0


async def test_when_it_was_is_the_databases_to_say(app_database: Database) -> None:
    forged = text("INSERT INTO audit (at, action) VALUES (now() - interval '1 year', 'forged')")
    async with app_database.engine.connect() as connection:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute(forged)
