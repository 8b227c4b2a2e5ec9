"""The forecast over HTTP."""

from tests.people import Person, expect


async def test_smoke(kim: Person) -> None:
    account = await kim.account(opening_balance="1000.00", opening_date="2026-01-01")
    body = {
        "name": "Rent",
        "template": {"type": "expense", "amount": "500.00", "account_id": account["id"]},
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=1",
    }
    found = await kim.read("/forecast", months="2", points="monthly")
    print(found)
    found = expect(await kim.http.post("/forecast/what-if", json={"changes": [{"type": "one_off", "account_id": account["id"], "amount": "5", "date": found["from"]}]}), 200)
    print(found)
