"""The inbox: what one was told, over all books, until one dismisses it or leaves the book."""

from datetime import timedelta

from fastapi import FastAPI

from app.core.clock import now
from app.core.database import Database
from app.core.ids import new_id
from app.core.jobs.tasks import Work
from app.notifications.notices import Kind
from app.notifications.tasks import TASKS
from tests.households.sharing import join
from tests.notifications.telling import column, tell
from tests.people import Person, expect, problem
from tests.staff import run


async def test_reading_marking_and_dismissing(app: FastAPI, kim: Person, robin: Person) -> None:
    for number in range(5):
        kind = Kind.BILL_DUE if number % 2 else Kind.GOAL_REACHED
        await tell(app, kim, kind, title=f"Notice {number}", body="b", data={"amount": "1.50"}, key=f"k{number}")
    everything = (await kim.read("/notifications"))["items"]
    assert [each["title"] for each in everything] == [f"Notice {number}" for number in range(4, -1, -1)]
    assert everything[0].keys() >= {"id", "kind", "book_id", "data", "created_at", "read_at", "mailed_at"}
    assert (everything[0]["data"], everything[0]["book_id"]) == ({"amount": "1.50"}, kim.book_id)
    assert await kim.read("/notifications/unread-count") == {"unread": 5, "kinds": {"bill_due": 2, "goal_reached": 3}}

    # Pages walk by key, with what is told meanwhile before them.
    page = await kim.read("/notifications", limit=2)
    await tell(app, kim, title="Later")
    seen = [each["title"] for each in page["items"]]
    while page["next_cursor"]:
        page = await kim.read("/notifications", limit=2, cursor=page["next_cursor"])
        seen += [each["title"] for each in page["items"]]
    assert seen == [each["title"] for each in everything]
    assert len((await kim.read("/notifications", kind=["bill_due", "bill_overdue"]))["items"]) == 3
    assert (await kim.read("/notifications", book_id=str(new_id())))["items"] == []

    one, middle = everything[0]["id"], everything[2]["id"]
    read = expect(await kim.http.post(f"/notifications/{one}/read"), 200)
    again = expect(await kim.http.post(f"/notifications/{one}/read"), 200)
    assert read["read_at"] == again["read_at"] is not None
    assert len((await kim.read("/notifications", unread=True))["items"]) == 5
    assert expect(await kim.http.post(f"/notifications/{one}/unread"), 200)["read_at"] is None
    assert expect(await kim.http.post("/notifications/read", json={"up_to": middle}), 200) == {"marked": 3}
    assert (await kim.read("/notifications/unread-count"))["unread"] == 3
    assert expect(await kim.http.post("/notifications/read"), 200) == {"marked": 3}

    expect(await kim.http.delete(f"/notifications/{one}"), 204)
    problem(await kim.http.delete(f"/notifications/{one}"), 404, "not_found")
    problem(await kim.http.post(f"/notifications/{one}/unread"), 404, "not_found")
    assert one not in {each["id"] for each in (await kim.read("/notifications"))["items"]}
    # What is still so is not told again because it was put away.
    await tell(app, kim, Kind.GOAL_REACHED, key="k4")
    assert len((await kim.read("/notifications"))["items"]) == 5

    # Nobody else's.
    problem(await robin.http.post(f"/notifications/{middle}/read"), 404, "not_found")
    problem(await robin.http.delete(f"/notifications/{middle}"), 404, "not_found")
    assert (await robin.read("/notifications"))["items"] == []
    problem(await kim.get("/notifications", cursor="nonsense"), 422, "invalid_input")
    assert (await kim.get("/notifications", kind="nothing")).status_code == 422
    for cursor in ("WyItaWQiLDFd", "WyItaWQiLCJ4Il0"):  # a number, a word
        problem(await kim.get("/notifications", cursor=cursor), 422, "invalid_input")
    problem(await kim.http.put("/notifications/read"), 405, "method_not_allowed")


async def test_who_leaves_a_book_keeps_nothing_of_what_it_told(
    app: FastAPI, kim: Person, robin: Person, owner_database: Database
) -> None:
    await join(kim, robin, "viewer")
    await tell(app, kim, title="The salary is late")
    await tell(app, robin, title="Robin's own")
    assert len((await robin.read("/notifications"))["items"]) == 2
    expect(await robin.http.post(f"/books/{kim.book_id}/leave"), 204)
    assert [each["title"] for each in (await robin.read("/notifications"))["items"]] == ["Robin's own"]
    assert await column(owner_database, robin, "title") == ["Robin's own"]
    assert len((await kim.read("/notifications"))["items"]) == 1


async def test_what_was_told_of_an_account_goes_when_it_is_hidden(app: FastAPI, kim: Person, robin: Person) -> None:
    await join(kim, robin)
    account, other = await kim.account("Secret"), await kim.account("Open")
    await tell(app, kim, title="Of the secret", accounts=[account["id"]])
    await tell(app, kim, title="Of the other", accounts=[other["id"]])
    private = {"visibility": "private", "visible_to": [kim.user["id"]]}
    expect(await kim.http.patch(f"/accounts/{account['id']}", json=private), 200)
    assert [each["title"] for each in (await robin.read("/notifications"))["items"]] == ["Of the other"]
    assert len((await kim.read("/notifications"))["items"]) == 2
    await tell(app, kim, title="Of it again", accounts=[account["id"]])
    assert [each["title"] for each in (await robin.read("/notifications"))["items"]] == ["Of the other"]


async def test_old_ones_are_forgotten(app: FastAPI, kim: Person, owner_database: Database) -> None:
    await tell(app, kim, title="Old")
    await tell(app, kim, title="Young")
    for title, days in (("Old", 181), ("Young", 179)):
        statement = "UPDATE notifications SET created_at = :at WHERE user_id = :id AND title = :title"
        await run(owner_database, statement, id=kim.user["id"], title=title, at=now() - timedelta(days=days))
    (forget,) = [task for task in TASKS if task.name == "notifications.forget"]
    async with app.state.database.begin() as connection:
        await forget.handler(Work(connection, app.state.database, app.state.settings, now()), {})
    assert await column(owner_database, kim, "title") == ["Young"]
