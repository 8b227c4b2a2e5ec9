from typing import Any

import pytest

from tests.people import Person, expect, fields, problem


@pytest.fixture
async def ids(kim: Person) -> dict[str, str]:
    """A book whose transactions are known by short names."""
    checking, card, yen = await kim.account(), await kim.account("Card"), await kim.account("Yen", currency="JPY")
    food = await kim.category()
    bakery = await kim.category("Bakery", parent_id=food["id"])
    bread = await kim.category("Bread", parent_id=bakery["id"])
    pay = await kim.category("Pay", kind="income")
    on, near = {"account_id": checking["id"]}, {"account_id": card["id"]}
    rows = {
        "bread": await kim.add(
            **on, amount="2.50", date="2026-01-31", category_id=bread["id"], payee="Café Öl", tags=["Trip"]
        ),
        "food": await kim.add(
            **on, amount="10", date="2026-02-01", category_id=food["id"], status="pending", description="100% real_food"
        ),
        "split": await kim.add(
            **near,
            amount="30",
            date="2026-02-28",
            splits=[{"amount": "20", "category_id": bakery["id"]}, {"amount": "10"}],
            tags=["trip", "work"],
            notes="with the team",
        ),
        "plain": await kim.add(**near, amount="0.01", date="2026-03-01", payee="café öl"),
        "pay": await kim.add(
            **on, type="income", amount="1000", date="2026-02-15", category_id=pay["id"], payee="Boss"
        ),
        "move": await kim.add(**on, type="transfer", to_account_id=card["id"], amount="99.99", date="2026-02-02"),
        "yen": await kim.add(account_id=yen["id"], amount="123456789012345", date="2026-02-03", status="reconciled"),
    }
    named = {name: row["id"] for name, row in rows.items()}
    named |= {"checking": checking["id"], "card": card["id"], "yen_account": yen["id"]}
    named |= {"food_category": food["id"], "bakery": bakery["id"], "pay_category": pay["id"]}
    return named | {"oil": rows["plain"]["payee_id"], "boss": rows["pay"]["payee_id"]}


CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"bread", "food", "split", "plain", "pay", "move", "yen"}),
    ({"account_id": ["checking"]}, {"bread", "food", "pay", "move"}),
    ({"account_id": ["card"]}, {"split", "plain", "move"}),
    ({"account_id": ["card", "yen_account"]}, {"split", "plain", "move", "yen"}),
    ({"category_id": ["food_category"]}, {"bread", "food", "split"}),
    ({"category_id": ["bakery"]}, {"bread", "split"}),
    ({"category_id": ["bakery", "pay_category"]}, {"bread", "split", "pay"}),
    ({"uncategorised": True}, {"split", "plain", "yen"}),
    ({"uncategorised": True, "category_id": ["bakery"]}, {"split"}),
    ({"type": ["income", "transfer"]}, {"pay", "move"}),
    ({"status": ["pending", "reconciled"]}, {"food", "yen"}),
    ({"tag": ["TRIP"]}, {"bread", "split"}),
    ({"tag": ["work", "nothing"]}, {"split"}),
    ({"tag": ["tri"]}, set()),
    ({"payee_id": ["oil"]}, {"bread", "plain"}),
    ({"payee_id": ["oil", "boss"]}, {"bread", "plain", "pay"}),
    ({"date_from": "2026-02-01", "date_to": "2026-02-28"}, {"food", "split", "pay", "move", "yen"}),
    ({"date_from": "2026-01-31", "date_to": "2026-01-31"}, {"bread"}),
    ({"min_amount": "10", "max_amount": "99.99"}, {"food", "split", "move"}),
    ({"min_amount": "99.99000001"}, {"pay", "yen"}),
    ({"max_amount": "0.01"}, {"plain"}),
    ({"min_amount": "-5", "max_amount": "0"}, set()),
    ({"min_amount": "123456789012345"}, {"yen"}),
    ({"min_amount": "999999999999999"}, set()),
    ({"q": "CAFÉ"}, {"bread", "plain"}),
    ({"q": "öl caf"}, {"bread", "plain"}),
    ({"q": "TEAM"}, {"split"}),
    ({"q": "100%"}, {"food"}),
    ({"q": "food 100"}, {"food"}),
    ({"q": "real_food"}, {"food"}),
    ({"q": "realxfood"}, set()),
    ({"q": "eal_food"}, set()),
    ({"q": "team café"}, set()),
    ({"q": "   "}, {"bread", "food", "split", "plain", "pay", "move", "yen"}),
    ({"account_id": ["checking"], "type": ["expense"], "q": "food", "date_to": "2026-02-01"}, {"food"}),
]


@pytest.mark.parametrize(("wanted", "found"), CASES)
async def test_a_filter_finds_what_it_says(
    kim: Person, ids: dict[str, str], wanted: dict[str, Any], found: set[str]
) -> None:
    params = {
        key: [ids.get(item, item) for item in value] if isinstance(value, list) else value
        for key, value in wanted.items()
    }
    names = {value: key for key, value in ids.items()}
    page = await kim.read("/transactions", include_total=True, **params)
    assert {names[item["id"]] for item in page["items"]} == found
    assert page["total"] == len(found)


@pytest.mark.parametrize("field", ["account_id", "category_id", "payee_id", "import_id"])
async def test_what_is_not_there_finds_nothing(kim: Person, ids: dict[str, str], field: str) -> None:
    page = await kim.read("/transactions", **{field: "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"})
    assert page["items"] == []


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"account_id": "x"}, {"query.account_id.0"}),
        ({"account_id": ["01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"] * 101}, {"query.account_id"}),
        ({"type": "gift"}, {"query.type.0"}),
        ({"date_from": "yesterday", "date_to": "2026-02-30"}, {"query.date_from", "query.date_to"}),
        ({"date_from": "2026-02-02", "date_to": "2026-02-01"}, {"query.date_from"}),
        ({"min_amount": "ten"}, {"query.min_amount"}),
        ({"min_amount": "2", "max_amount": "1"}, {"query.min_amount"}),
        ({"q": "x" * 201}, {"query.q"}),
        ({"q": "a\x00b"}, {"query.q"}),
        ({"q": "%"}, {"query.q"}),
        ({"q": "\\"}, {"query.q"}),
        ({"tag": "a\x00b"}, {"query.tag"}),
        ({"sort": "payee"}, {"query.sort"}),
        ({"limit": 0}, {"query.limit"}),
        ({"limit": 501}, {"query.limit"}),
        ({"skip": -1}, {"query.skip"}),
        ({"skip": 1_000_001}, {"query.skip"}),
        ({"include_total": "perhaps"}, {"query.include_total"}),
        ({"cursor": "x", "skip": 1}, {"query.skip"}),
    ],
)
async def test_returns_422_for_a_wrong_parameter(kim: Person, params: dict[str, Any], named: set[str]) -> None:
    answer = problem(await kim.get("/transactions", **params), 422, "invalid_input")
    assert {field for field, _ in fields(answer)} == named


async def test_an_unchanged_list_is_304(kim: Person, ids: dict[str, str]) -> None:
    tag = {"If-None-Match": (await kim.get("/transactions", q="team")).headers["etag"]}
    assert (await kim.http.get("/transactions", params={"q": "team"}, headers=tag)).status_code == 304
    expect(await kim.http.delete(f"/transactions/{ids['plain']}"), 204)
    expect(await kim.http.get("/transactions", params={"q": "team"}, headers=tag), 200)


@pytest.mark.parametrize("path", ["/payees", "/tags"])
async def test_names_are_listed_searched_and_paged(kim: Person, path: str) -> None:
    account = await kim.account()
    names = ["b%", "A", "ä", "c_d", "e"]
    for name in names:
        await kim.add(account_id=account["id"], payee=name, tags=[name])
    page = await kim.read(path, include_total=True, limit=2)
    assert ([item["name"] for item in page["items"]], page["total"]) == (["A", "b%"], 5)
    rest = await kim.read(path, limit=10, cursor=page["next_cursor"])
    assert ([item["name"] for item in rest["items"]], rest["next_cursor"]) == (["c_d", "e", "ä"], None)
    assert [item["name"] for item in (await kim.read(path, skip=1, limit=1))["items"]] == ["b%"]
    for q, found in (
        ("a", ["A"]),
        ("%", ["b%"]),
        ("_", ["c_d"]),
        ("Ä", ["ä"]),
        ("zz", []),
        ("\x00", ["A", "b%", "c_d", "e", "ä"]),
    ):
        found_page = await kim.read(path, q=q, include_total=True)
        assert ([item["name"] for item in found_page["items"]], found_page["total"]) == (found, len(found))
