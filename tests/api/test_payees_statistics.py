"""What the transactions of a payee or tag come to; a tag has the same."""

from typing import Any

from tests.names import payee, tag
from tests.people import Person, expect


async def both(kim: Person, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The statistics of the payee and of the tag of this name."""
    found = []
    for path in ("/payees", "/tags"):
        (item,) = (await kim.read(path, q=name))["items"]
        found.append(await kim.read(f"{path}/{item['id']}/statistics"))
    return found[0], found[1]


async def test_totals_by_currency_are_exact_and_transfers_stand_apart(kim: Person) -> None:
    account, savings = await kim.account(), await kim.account("Savings")
    yen = await kim.account("Yen", currency="JPY")
    food, fees = await kim.category("Food"), await kim.category("Fees")
    named: dict[str, Any] = {"payee": "Shop", "tags": ["Shop", "other"]}
    of_account = {"account_id": account["id"], **named}
    await kim.add(**of_account, date="2026-01-02", amount="10.00", category_id=food["id"])
    await kim.add(**of_account, date="2026-01-09", amount="0.01", category_id=food["id"])
    split = [{"amount": "9.00", "category_id": food["id"]}, {"amount": "-4.00"}]
    await kim.add(**of_account, date="2026-01-05", amount="5.00", splits=split)
    await kim.add(**of_account, date="2026-01-01", amount="2.50", type="income", category_id=food["id"])
    await kim.add(account_id=yen["id"], **named, amount="700")
    moved = {"type": "transfer", "to_account_id": savings["id"], "fee_amount": "1.00", "fee_category_id": fees["id"]}
    await kim.add(**of_account, **moved, amount="100.00")
    await kim.add(account_id=account["id"], payee="Other", tags=["other"], amount="99.00")
    nothing = {"transactions": 0, "average": None}
    for found in await both(kim, "shop"):
        assert (found["transactions"], found["first_date"], found["last_date"]) == (6, "2026-01-01", "2026-01-15")
        assert found["currencies"] == [
            {
                "currency": "EUR",
                "inflow": {"transactions": 1, "total": "2.50", "average": "2.50"},
                # 10.00, 0.01, 5.00 and the fee of 1.00: 16.01 / 4 is 4.0025
                "outflow": {"transactions": 4, "total": "16.01", "average": "4.00"},
            },
            {
                "currency": "JPY",
                "inflow": {**nothing, "total": "0"},
                "outflow": {"transactions": 1, "total": "700", "average": "700"},
            },
        ]
        assert found["transfers"] == [{"currency": "EUR", "transactions": 1, "inflow": "100.00", "outflow": "100.00"}]
        assert found["categories"] == [
            {"category_id": food["id"], "name": "Food", "transactions": 4},
            {"category_id": None, "name": None, "transactions": 2},
            {"category_id": fees["id"], "name": "Fees", "transactions": 1},
        ]


async def test_nothing_comes_to_nothing(kim: Person) -> None:
    await payee(kim, "Shop")
    await tag(kim, "Shop")
    for found in await both(kim, "shop"):
        assert found == {
            "transactions": 0,
            "first_date": None,
            "last_date": None,
            "currencies": [],
            "transfers": [],
            "categories": [],
        }


async def test_the_ten_categories_used_most_are_named(kim: Person) -> None:
    account = await kim.account()
    made = [await kim.category(f"Category {number:02d}") for number in range(12)]
    for number, category in enumerate(made):
        for _ in range(2 if number == 11 else 1):
            await kim.add(account_id=account["id"], category_id=category["id"], payee="Shop", tags=["Shop"])
    for found in await both(kim, "shop"):
        assert [item["name"] for item in found["categories"]] == [
            "Category 11",
            *(f"Category {number:02d}" for number in range(9)),
        ]


async def test_averages_are_rounded_half_to_even_and_large_sums_are_exact(kim: Person) -> None:
    account = await kim.account()
    for amount in ("0.02", "0.03", "999999999999999.99", "999999999999999.99"):
        await kim.add(account_id=account["id"], amount=amount, payee="Big" if len(amount) > 4 else "Small")
    (small,) = (await kim.read("/payees", q="small"))["items"]
    (big,) = (await kim.read("/payees", q="big"))["items"]
    found = await kim.read(f"/payees/{small['id']}/statistics")
    assert found["currencies"][0]["outflow"] == {"transactions": 2, "total": "0.05", "average": "0.02"}
    found = await kim.read(f"/payees/{big['id']}/statistics")
    assert found["currencies"][0]["outflow"]["total"] == "1999999999999999.98"


async def test_unchanged_statistics_are_304(kim: Person) -> None:
    for path, made in (("/payees", await payee(kim, "Shop")), ("/tags", await tag(kim, "Shop"))):
        url = f"{path}/{made['id']}/statistics"
        headers = {"If-None-Match": (await kim.get(url)).headers["etag"]}
        assert (await kim.http.get(url, headers=headers)).status_code == 304
        await kim.category(path)
        expect(await kim.http.get(url, headers=headers), 200)
