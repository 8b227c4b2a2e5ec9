"""Short ways to trade over HTTP."""

from typing import Any

from httpx import Response

from tests.people import Person, expect

Document = dict[str, Any]


async def depot(person: Person, name: str = "Depot", **fields: Any) -> Document:
    return await person.account(name, type="investment", **fields)


async def hold(person: Person, symbol: str = "ACME", **fields: Any) -> Document:
    """Something held, by the simple way in: 10 units of 10.00 EUR, bought on 2 January 2024."""
    body = {"symbol": symbol, "type": "stock", "quantity": "10", "purchase_price": "10", "currency": "EUR"}
    made: Document = expect(
        await person.http.post("/portfolio", json={**body, "purchase_date": "2024-01-02", **fields}), 201
    )
    return made


async def attempt(person: Person, kind: str, holding: Document, day: str, **fields: Any) -> Response:
    """A trade on the account and of the asset of a holding."""
    places = {"account_id": holding["account_id"], "asset_id": holding["asset_id"]}
    return await person.http.post("/portfolio/trades", json={"kind": kind, "date": day, **places, **fields})


async def trade(person: Person, kind: str, holding: Document, day: str, **fields: Any) -> Document:
    made: Document = expect(await attempt(person, kind, holding, day, **fields), 201)
    return made


async def held(person: Person, holding: Document) -> tuple[str, str]:
    """Quantity and cost of a holding."""
    found = await person.read(f"/portfolio/{holding['id']}")
    return found["quantity"], found["cost"]


async def gains(person: Person, **wanted: Any) -> list[tuple[str, str, bool]]:
    """Quantity, gain and term of each disposal."""
    found = await person.read("/portfolio/gains", **wanted)
    return [(item["quantity"], item["gain"], item["long_term"]) for item in found["items"]]
