"""Short ways to have bills and payments in tests."""

from typing import Any

from sqlalchemy import text

from app.core.database import Database
from tests.people import Person, expect

Document = dict[str, Any]


async def bill(person: Person, account: Document, **fields: Any) -> Document:
    """A monthly bill on the 10th of 20.00 to Films, unless said otherwise."""
    template = {"type": "expense", "account_id": account["id"], "payee": "Films", **fields.pop("template", {})}
    body = {
        "name": "Films",
        "kind": "bill",
        "template": template,
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=10",
        "starts_on": "2026-01-10",
        **({} if "amount_kind" in fields else {"amount": "20.00"}),
        **fields,
    }
    made: Document = expect(await person.http.post("/schedules", json=body), 201)
    return made


async def pay(person: Person, account: Document, day: str, **fields: Any) -> Document:
    return await person.add(account_id=account["id"], date=day, **{"amount": "20.00", "payee": "Films", **fields})


async def bills(person: Person, first: str = "2026-03-01", last: str = "2026-06-30", **more: Any) -> list[Document]:
    found: list[Document] = (await person.read("/bills", **{"from": first, "to": last}, **more))["items"]
    return found


async def states(person: Person, **span: Any) -> list[tuple[str, str]]:
    return [(each["due_on"], each["status"]) for each in await bills(person, **span)]


async def told(database: Database, person: Person) -> list[tuple[str, str]]:
    """Kind and title of what stands told, in its order."""
    statement = text("SELECT kind, title FROM notifications WHERE user_id = :user ORDER BY id")
    async with database.begin() as connection:
        return [(row.kind, row.title) for row in await connection.execute(statement, {"user": person.user["id"]})]


def codes(document: Document) -> list[str]:
    return [warning["code"] for warning in document["warnings"]]


async def revision_of(person: Person) -> int:
    revision: int = (await person.read(f"/books/{person.book_id}"))["revision"]
    return revision


async def undo(person: Person, revision: int | None = None) -> None:
    """Take back one change, the last one without a revision."""
    wanted = revision or await revision_of(person)
    expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": wanted}), 200)
