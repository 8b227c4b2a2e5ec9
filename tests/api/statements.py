"""Short ways to reconcile an account, and to see what came of it."""

from typing import Any

from httpx import Response
from sqlalchemy import text

from app.core.database import Database
from tests.people import Person, expect

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
Document = dict[str, Any]


async def try_reconcile(kim: Person, account: Document, day: str, balance: str, **more: Any) -> Response:
    body = {"statement_date": day, "statement_balance": balance, **more}
    return await kim.http.post(f"/accounts/{account['id']}/reconcile", json=body)


async def reconcile(kim: Person, account: Document, day: str, balance: str, **more: Any) -> Document:
    done: Document = expect(await try_reconcile(kim, account, day, balance, **more), 201)
    return done


async def seals(kim: Person) -> dict[str, tuple[str, str | None]]:
    """Status and reconciliation of each transaction."""
    items = (await kim.read("/transactions", limit=500))["items"]
    return {item["id"]: (item["status"], item["reconciliation_id"]) for item in items}


async def unseal(kim: Person, transaction: Document, reason: str = "The bank was wrong.") -> Document:
    path = f"/transactions/{transaction['id']}/unseal"
    opened: Document = expect(await kim.http.post(path, json={"reason": reason}), 200)
    return opened


async def events(owner: Database, kim: Person, *actions: str) -> list[Any]:
    statement = text(
        "SELECT revision, position, entity, entity_id::text, action, before, after FROM events "
        "WHERE book_id = CAST(:book AS uuid) AND action = ANY(:actions) ORDER BY revision, position"
    )
    async with owner.begin() as connection:
        return list((await connection.execute(statement, {"book": kim.book_id, "actions": list(actions)})).all())
