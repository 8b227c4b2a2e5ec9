"""Short ways to write files of trades and to bring them in."""

from typing import Any

from httpx import Response

from tests.imports.uploads import Document, commit, csv_of, try_upload
from tests.people import Person, expect

HEADER = "Date,Action,Symbol,Quantity,Price,Fee,Amount"


def trades(*rows: str) -> bytes:
    """Rows of date, action, symbol, quantity, price, fee and net amount below their header."""
    return csv_of(HEADER, *rows)


def with_ids(*rows: str) -> bytes:
    return csv_of(f"{HEADER},Trade ID", *rows)


BUY = "2024-01-03,Buy,AAPL,10,100.00,1.00,-1001.00"
SELL = "2024-02-03,Sell,AAPL,4,120.00,1.00,479.00"
DIVIDEND = "2024-03-01,Dividend,AAPL,,,,2.40"
INTEREST = "2024-03-31,Interest,,,,,1.07"
FILE = trades(BUY, SELL, DIVIDEND, INTEREST)


async def depot(person: Person, name: str = "Depot", **fields: Any) -> Document:
    return await person.account(name, **{"type": "investment", **fields})


async def try_preview(person: Person, account: Document | None, data: bytes, **options: Any) -> Response:
    return await try_upload(person, account, data, format="broker_csv", name="trades.csv", **options)


async def preview(person: Person, account: Document, data: bytes, **options: Any) -> Document:
    found: Document = expect(await try_preview(person, account, data, **options), 201)
    return found


async def bring_in(person: Person, account: Document, data: bytes, **options: Any) -> Document:
    return await commit(person, await preview(person, account, data, **options))


async def holdings(person: Person) -> dict[str, str]:
    """Quantities by symbol."""
    return {item["symbol"]: item["quantity"] for item in (await person.read("/portfolio"))["items"]}


async def state(person: Person) -> Document:
    """What the book holds: balances, trades, holdings, gains and assets, without what says when they were written."""
    listed = {
        "trades": await person.read("/portfolio/trades", limit=500),
        "transactions": await person.read("/transactions", limit=500),
        "assets": await person.read("/portfolio/assets", limit=500),
    }
    moments = {"revision", "updated_at"}
    return {
        **{
            name: sorted(({k: v for k, v in item.items() if k not in moments} for item in page["items"]), key=str)
            for name, page in listed.items()
        },
        "balances": {a["name"]: a["balance"] for a in (await person.read("/accounts"))["items"]},
        "holdings": await holdings(person),
        "gains": (await person.read("/portfolio/gains"))["items"],
    }
