"""Short ways to bring files in: write one, upload it, commit it, and look at what came of it."""

import json
from typing import Any

from httpx import Response

from tests.people import Person, expect

Document = dict[str, Any]

HEADER = "Date,Payee,Description,Amount"


def csv_of(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    """The lines as a file, each with the line end."""
    return "".join(line + end for line in lines).encode(encoding)


def statement(*rows: str) -> bytes:
    """Rows of date, payee, description and amount below their header."""
    return csv_of(HEADER, *rows)


def with_ids(*rows: str) -> bytes:
    """The same with the bank's id at the end of each row."""
    return csv_of(f"{HEADER},Transaction ID", *rows)


async def try_upload(
    person: Person,
    account: Document | None,
    data: bytes | None,
    *,
    mapping: Any = None,
    name: str = "bank.csv",
    headers: dict[str, str] | None = None,
    **form: str,
) -> Response:
    if account is not None:
        form["account_id"] = account["id"]
    if mapping is not None:
        form["mapping"] = mapping if isinstance(mapping, str) else json.dumps(mapping)
    files = {"file": (name, data)} if data is not None else {"other": ("x", b"x")}
    return await person.http.post("/imports", data=form, files=files, headers=headers)


async def upload(person: Person, account: Document, data: bytes, **options: Any) -> Document:
    """The preview of the file."""
    preview: Document = expect(await try_upload(person, account, data, **options), 201)
    return preview


async def try_commit(
    person: Person, imported: Document, headers: dict[str, str] | None = None, **body: Any
) -> Response:
    url = f"/imports/{imported['id']}/commit"
    return (
        await person.http.post(url, json=body, headers=headers)
        if body
        else await person.http.post(url, headers=headers)
    )


async def commit(person: Person, imported: Document, **body: Any) -> Document:
    done: Document = expect(await try_commit(person, imported, **body), 200)
    return done


async def bring_in(person: Person, account: Document, data: bytes, **options: Any) -> Document:
    """Upload and commit."""
    return await commit(person, await upload(person, account, data, **options))


async def undo(person: Person, imported: Document, **body: Any) -> Document:
    done: Document = expect(await person.http.post(f"/imports/{imported['id']}/undo", json=body), 200)
    return done


async def rows_of(person: Person, imported: Document, **params: Any) -> list[Document]:
    """Every row, page by page."""
    return await _every(person, f"/imports/{imported['id']}/rows", **params)


async def listed(person: Person, **params: Any) -> list[Document]:
    """Every transaction, page by page, oldest first."""
    return await _every(person, "/transactions", sort="date", **params)


async def _every(person: Person, path: str, **params: Any) -> list[Document]:
    page = await person.read(path, limit=500, **params)
    items: list[Document] = page["items"]
    while page["next_cursor"]:
        page = await person.read(path, limit=500, cursor=page["next_cursor"], **params)
        items += page["items"]
    return items


def signed(transaction: Document) -> str:
    """The amount as the account sees it."""
    return f"-{transaction['amount']}" if transaction["type"] == "expense" else str(transaction["amount"])


def outcomes(rows: list[Document]) -> list[str]:
    return [row["outcome"] for row in rows]


def of_interest(row: Document, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


async def ledger(person: Person) -> Document:
    """What the book holds of money, as its user sees it; times and revisions aside."""
    accounts = await person.read("/accounts")
    totals = [await person.read("/reports/monthly", year=2025, month=month) for month in range(1, 13)]
    payees = await person.read("/payees", limit=500)
    return {
        "balances": {account["name"]: account["balance"] for account in accounts["items"]},
        "transactions": [
            {name: value for name, value in item.items() if name != "warnings"} for item in await listed(person)
        ],
        "reports": totals,
        "payees": sorted(payee["name"] for payee in payees["items"]),
    }
