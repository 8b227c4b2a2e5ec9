"""A closed period: nothing dated up to its last day is written, changed, deleted, imported, undone or reconciled."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from app.core.database import Database
from tests.conftest import Unchanged
from tests.imports.uploads import bring_in, statement, upload
from tests.people import Person, expect, fields, problem

Document = dict[str, Any]
CLOSED, LAST, OPEN = "2025-12-30", "2025-12-31", "2026-01-01"


async def try_lock(person: Person, until: Any, book: str | None = None, **headers: str) -> Response:
    path = f"/books/{book or person.book_id}/lock"
    return await person.http.put(path, json={"locked_until": until}, headers=headers)


async def lock(person: Person, until: str | None) -> Document:
    done: Document = expect(await try_lock(person, until), 200)
    return done


@pytest.fixture
async def book(kim: Person) -> dict[str, str]:
    """Rows before and behind the end of a closed year."""
    account = await kim.account(opening_balance="100.00", opening_date=CLOSED)
    other, empty = await kim.account("Other"), await kim.account("Empty")
    food, home, unused = await kim.category(), await kim.category("My home"), await kim.category("Unused")
    old = await kim.add(account_id=account["id"], category_id=food["id"], date=CLOSED)
    late = await kim.add(account_id=account["id"], category_id=food["id"], date=LAST)
    new = await kim.add(account_id=account["id"], category_id=home["id"], date=OPEN)
    moved = await kim.add(type="transfer", account_id=account["id"], to_account_id=other["id"], date=LAST)
    sealed = await kim.add(account_id=account["id"], date=LAST, amount="1", status="reconciled")
    reconciled = {"statement_date": LAST, "statement_balance": "0"}
    expect(await kim.http.post(f"/accounts/{empty['id']}/reconcile", json=reconciled), 201)
    preview = await upload(kim, account, statement(f"{LAST},Bakery,Rolls,-4.50", f"{OPEN},Bakery,Rolls,-4.50"))
    done = await bring_in(kim, account, statement(f"{LAST},Work,Pay,9.00", f"{OPEN},Work,Pay,9.00"))
    await lock(kim, LAST)
    rows = {
        "account": account,
        "other": other,
        "empty": empty,
        "food": food,
        "home": home,
        "unused": unused,
        "old": old,
        "late": late,
        "new": new,
        "moved": moved,
        "sealed": sealed,
        "preview": preview,
        "done": done,
    }
    return {name: row["id"] for name, row in rows.items()}


def expense(book: dict[str, str], day: str = LAST) -> Document:
    return {"type": "expense", "date": day, "amount": "10", "account_id": book["account"]}


Call = Callable[[Person, dict[str, str]], Awaitable[Response]]


def on(method: str, path: str, body: Any = None, **params: str) -> Call:
    """A request in which {name} of the path, and names as values, are replaced by the ids they stand for."""

    async def call(kim: Person, book: dict[str, str]) -> Response:
        ready = body(book) if callable(body) else body
        named = {key: book.get(value, value) for key, value in params.items()}
        return await kim.http.request(method, path.format(**book), json=ready, params=named)

    return call


def line(book: dict[str, str]) -> list[Document]:
    return [{"account_id": book["account"], "role": "flow", "amount": "1"}]


REFUSED: dict[str, Call] = {
    "create": on("POST", "/transactions", expense),
    "create early": on("POST", "/transactions", lambda b: expense(b, "1999-01-01")),
    "create a transfer": on(
        "POST", "/transactions", lambda b: {**expense(b), "type": "transfer", "to_account_id": b["other"]}
    ),
    "create a journal": on("POST", "/transactions", lambda b: {"type": "journal", "date": LAST, "postings": line(b)}),
    "adjust": on(
        "POST",
        "/transactions",
        lambda b: {"type": "adjustment", "date": LAST, "account_id": b["account"], "balance": "7"},
    ),
    "replace": on("PUT", "/transactions/{old}", expense),
    "replace out of it": on("PUT", "/transactions/{old}", lambda b: expense(b, OPEN)),
    "replace into it": on("PUT", "/transactions/{new}", expense),
    "patch": on("PATCH", "/transactions/{old}", {"amount": "11"}),
    "patch out of it": on("PATCH", "/transactions/{old}", {"date": OPEN}),
    "patch into it": on("PATCH", "/transactions/{new}", {"date": LAST}),
    "patch notes": on("PATCH", "/transactions/{late}", {"notes": "n"}),
    "patch nothing": on("PATCH", "/transactions/{late}", {}),
    "patch the type": on("PATCH", "/transactions/{late}", {"type": "income"}),
    "delete": on("DELETE", "/transactions/{late}"),
    "unseal": on("POST", "/transactions/{sealed}/unseal", {"reason": "R"}),
    "commit an import": on("POST", "/imports/{preview}/commit", {}),
    "undo an import": on("POST", "/imports/{done}/undo", {"force": True}),
    "hand a category over": on("DELETE", "/categories/{food}", reassign_to="home"),
    "hand an account over": on("DELETE", "/accounts/{other}", reassign_to="empty"),
    "delete an account with its reconciliations": on("DELETE", "/accounts/{empty}"),
    "open an account": on(
        "POST",
        "/accounts",
        {"name": "N", "type": "cash", "currency": "EUR", "opening_balance": "1", "opening_date": LAST},
    ),
    "give an account an opening balance": on(
        "PATCH", "/accounts/{empty}", {"opening_balance": "5", "opening_date": CLOSED}
    ),
    "change an opening balance": on("PATCH", "/accounts/{account}", {"opening_balance": "99"}),
    "move an opening balance out of it": on("PATCH", "/accounts/{account}", {"opening_date": OPEN}),
    "remove an opening balance": on("PATCH", "/accounts/{account}", {"opening_balance": None}),
    "replace an opening balance": on(
        "PUT", "/accounts/{account}", {"name": "N", "type": "cash", "opening_balance": "1"}
    ),
    "reconcile": on(
        "POST", "/accounts/{empty}/reconcile", {"statement_date": LAST, "statement_balance": "0", "adjust": True}
    ),
}


async def test_nothing_in_it_changes(kim: Person, book: dict[str, str], unchanged: Unchanged) -> None:
    async with unchanged(kim):
        for name, call in REFUSED.items():
            answer = await call(kim, book)
            assert answer.status_code == 409, (name, answer.text)
            assert problem(answer, 409, "period_locked")["locked_until"] == LAST


async def test_what_was_refused_was_refused_for_the_lock(kim: Person, book: dict[str, str]) -> None:
    """Each of the requests above is a good one while the period is open."""
    changing = ("patch out of it", "replace out of it", "delete", "unseal", "patch into it")
    for name, call in REFUSED.items():
        if name in changing:
            continue
        await lock(kim, None)
        answer = await call(kim, book)
        assert answer.is_success or name == "delete an account with its reconciliations", (name, answer.text)
    for name in changing:
        answer = await REFUSED[name](kim, book)
        assert answer.is_success, (name, answer.text)


async def test_what_is_dated_behind_it_is_free(kim: Person, book: dict[str, str]) -> None:
    expect(await kim.http.post("/transactions", json=expense(book, OPEN)), 201)
    expect(await kim.http.patch(f"/transactions/{book['new']}", json={"amount": "3", "category_id": None}), 200)
    expect(await kim.http.delete(f"/transactions/{book['new']}"), 204)
    later = await bring_in(kim, {"id": book["account"]}, statement("2026-01-02,Bakery,Rolls,-4.50"))
    expect(await kim.http.post(f"/imports/{later['id']}/undo", json={}), 200)
    expect(await kim.http.delete(f"/imports/{book['preview']}"), 204)
    expect(await kim.http.delete(f"/categories/{book['unused']}"), 204)
    expect(await kim.http.patch(f"/accounts/{book['account']}", json={"name": "Renamed"}), 200)
    expect(await kim.http.patch(f"/accounts/{book['other']}", json={"archived": True}), 200)


async def test_an_import_names_its_closed_rows_by_refusing_all(
    kim: Person, book: dict[str, str], unchanged: Unchanged
) -> None:
    """Skipping what lies in the closed period brings the rest in."""
    path = f"/imports/{book['preview']}/commit"
    async with unchanged(kim):
        problem(await kim.http.post(path, json={"skip": [2]}), 409, "period_locked")
    assert expect(await kim.http.post(path, json={"skip": [1]}), 200)["created"] == 1


async def test_reconciling_leaves_a_closed_period_as_it_is(kim: Person, book: dict[str, str]) -> None:
    balance = await kim.balance({"id": book["account"]}, "2026-01-31")
    body = {"statement_date": "2026-01-31", "statement_balance": balance}
    path = f"/accounts/{book['account']}/reconcile"
    dry = {"statement_date": LAST, "statement_balance": "1", "dry_run": True}
    assert expect(await kim.http.post(path, json=dry), 200)["dry_run"] is True
    old = await kim.read(f"/transactions/{book['old']}")
    done = expect(await kim.http.post(path, json=body), 201)
    assert done["sealed_count"] == 2  # the new one and the imported one
    assert await kim.read(f"/transactions/{book['old']}") == old
    # What was sealed from here on stays sealed, and can be unsealed.
    answer = await kim.http.post(f"/transactions/{book['new']}/unseal", json={"reason": "R"})
    assert expect(answer, 200)["status"] == "cleared"


async def test_only_an_owner_closes_and_opens(
    kim: Person, robin: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, :role)")
    leave = text("DELETE FROM book_members WHERE book_id = :book AND user_id = :user")
    who = {"book": kim.book_id, "user": robin.user["id"]}
    problem(await try_lock(robin, LAST, kim.book_id), 404, "not_found")
    for role in ("editor", "viewer"):
        async with owner_database.begin() as connection:
            await connection.execute(member, {**who, "role": role})
        async with unchanged(kim):
            for until in (LAST, None):
                problem(await try_lock(robin, until, kim.book_id), 403, "forbidden")
        async with owner_database.begin() as connection:
            await connection.execute(leave, who)
    async with owner_database.begin() as connection:
        await connection.execute(member, {**who, "role": "owner"})
    assert expect(await try_lock(robin, LAST, kim.book_id), 200)["locked_until"] == LAST
    async with owner_database.begin() as connection:
        await connection.execute(leave, who)


@pytest.mark.parametrize("until", ["9998-12-31", "1899-12-31", "2025-13-01", 20251231, "", True, ["2025-12-31"]])
async def test_returns_422_for_a_day_that_cannot_be_closed(kim: Person, unchanged: Unchanged, until: Any) -> None:
    async with unchanged(kim):
        found = fields(problem(await try_lock(kim, until), 422, "invalid_input"))
        assert {name for name, _ in found} == {"locked_until"}


async def test_the_day_must_be_said_and_not_lie_ahead(kim: Person, unchanged: Unchanged) -> None:
    ahead = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()
    async with unchanged(kim):
        assert fields(problem(await try_lock(kim, ahead), 422, "invalid_input")) == {("locked_until", "date_in_future")}
        answer = await kim.http.put(f"/books/{kim.book_id}/lock", json={})
        assert fields(problem(answer, 422, "invalid_input")) == {("locked_until", "missing")}
        answer = await kim.http.put(f"/books/{kim.book_id}/lock", json={"locked_until": LAST, "until": LAST})
        assert fields(problem(answer, 422, "invalid_input")) == {("until", "extra_forbidden")}


async def test_a_lock_moves_and_opens_and_is_logged(
    kim: Person, unchanged: Unchanged, owner_database: Database
) -> None:
    assert (await kim.read(f"/books/{kim.book_id}"))["locked_until"] is None
    first = await try_lock(kim, LAST)
    assert expect(first, 200)["locked_until"] == LAST
    assert (await kim.read(f"/books/{kim.book_id}"))["locked_until"] == LAST
    async with unchanged(kim):
        problem(await try_lock(kim, None, **{"If-Match": '"1"'}), 412, "revision_mismatch")
    earlier = await try_lock(kim, "2025-06-30", **{"If-Match": first.headers["etag"]})
    assert expect(earlier, 200)["locked_until"] == "2025-06-30"
    assert (await lock(kim, "2025-06-30"))["locked_until"] == "2025-06-30"
    assert (await lock(kim, None))["locked_until"] is None
    statement = text(
        "SELECT before, after FROM events WHERE book_id = CAST(:book AS uuid) AND entity = 'book' "
        "AND action = 'updated' ORDER BY revision"
    )
    async with owner_database.begin() as connection:
        rows = (await connection.execute(statement, {"book": kim.book_id})).all()
    days = [(row.before["locked_until"], row.after["locked_until"]) for row in rows]
    assert days == [(None, LAST), (LAST, "2025-06-30"), ("2025-06-30", None)]
