"""What each shape of a transaction becomes, and that reading it gives what creating it gave."""

from typing import Any

import pytest

from tests.people import Person, expect

Book = dict[str, dict[str, Any]]


@pytest.fixture
async def book(kim: Person) -> Book:
    """Accounts and categories to use in examples."""
    return {
        "checking": await kim.account(),
        "card": await kim.account("Card", type="credit_card"),
        "dollars": await kim.account("Dollars", currency="USD"),
        "yen": await kim.account("Yen", currency="JPY"),
        "food": await kim.category(),
        "household": await kim.category("Household"),
        "fees": await kim.category("Fees"),
        "salary": await kim.category("Salary", kind="income", parent_id=None),
    }


def shapes(book: Book) -> dict[str, tuple[dict[str, Any], list[tuple[str, str | None, str, str]]]]:
    """Each shape with the postings it becomes: account, category, role, amount."""
    ids = {name: row["id"] for name, row in book.items()}
    on = {"account_id": ids["checking"]}
    return {
        "expense": (
            {**on, "type": "expense", "amount": "4.5", "category_id": ids["food"]},
            [("checking", "food", "flow", "-4.50")],
        ),
        "without a category": ({**on, "type": "expense", "amount": 10}, [("checking", None, "flow", "-10.00")]),
        "income": (
            {**on, "type": "income", "amount": "5000", "category_id": ids["salary"]},
            [("checking", "salary", "flow", "5000.00")],
        ),
        "refund": (
            {**on, "type": "income", "amount": "10.00", "category_id": ids["household"]},
            [("checking", "household", "flow", "10.00")],
        ),
        "split": (
            {
                "type": "expense",
                "account_id": ids["card"],
                "amount": "60",
                "splits": [
                    {"amount": "45", "category_id": ids["food"], "memo": " for  us "},
                    {"amount": "20", "category_id": ids["household"]},
                    {"amount": "-5.00", "category_id": None, "memo": "deposit"},
                ],
            },
            [
                ("card", "food", "flow", "-45.00"),
                ("card", "household", "flow", "-20.00"),
                ("card", None, "flow", "5.00"),
            ],
        ),
        "one part with a memo": (
            {**on, "type": "expense", "amount": "1", "splits": [{"amount": "1", "memo": "only"}]},
            [("checking", None, "flow", "-1.00")],
        ),
        "one part without": (
            {
                **on,
                "type": "income",
                "amount": "1",
                "splits": [{"amount": "1", "memo": " ", "category_id": ids["food"]}],
            },
            [("checking", "food", "flow", "1.00")],
        ),
        "transfer": (
            {**on, "type": "transfer", "amount": "200", "to_account_id": ids["card"]},
            [("checking", None, "transfer", "-200.00"), ("card", None, "transfer", "200.00")],
        ),
        "exchange with a fee": (
            {
                "type": "transfer",
                "account_id": ids["dollars"],
                "to_account_id": ids["yen"],
                "amount": "100",
                "to_amount": "15012",
                "fee_amount": "1",
                "fee_category_id": ids["fees"],
            },
            [
                ("dollars", None, "transfer", "-100.00"),
                ("yen", None, "transfer", "15012"),
                ("dollars", "fees", "flow", "-1.00"),
            ],
        ),
        "everything": (
            {
                **on,
                "type": "expense",
                "amount": "92.13",
                "payee": "Corner  Café",
                "description": "Lunch",
                "notes": "line one\nline two",
                "tags": ["Trip", "food", "trip", "Ärger"],
                "status": "pending",
                "external_id": "bank-1",
                "original_amount": "100.1",
                "original_currency": "USD",
            },
            [("checking", None, "flow", "-92.13")],
        ),
    }


NAMES = (
    "expense",
    "without a category",
    "income",
    "refund",
    "split",
    "one part with a memo",
    "one part without",
    "transfer",
    "exchange with a fee",
    "everything",
)


def postings(document: dict[str, Any], book: Book) -> list[tuple[str | None, str | None, str, str]]:
    names = {row["id"]: name for name, row in book.items()}
    return [
        (names.get(line["account_id"]), names.get(line["category_id"]), line["role"], line["amount"])
        for line in document["postings"]
    ]


async def test_the_examples_are_all_named(book: Book) -> None:
    assert set(shapes(book)) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
async def test_reading_gives_what_creating_gave(kim: Person, book: Book, name: str) -> None:
    body, wanted = shapes(book)[name]
    answer = await kim.http.post("/transactions", json={"date": "2026-01-15", **body})
    made = expect(answer, 201)
    assert postings(made, book) == wanted
    assert [line["line"] for line in made["postings"]] == list(range(len(wanted)))
    assert answer.headers["location"] == f"/api/v1/transactions/{made['id']}"
    assert answer.headers["etag"] == f'"{made["revision"]}"'
    read = await kim.get(f"/transactions/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert (await kim.read("/transactions"))["items"] == [made]
    assert made["created_at"] == made["updated_at"]


async def test_a_replay_of_what_was_read_changes_nothing_but_the_revision(kim: Person, book: Book) -> None:
    for body, _ in shapes(book).values():
        made = await kim.add(**body)
        patched = expect(await kim.http.patch(f"/transactions/{made['id']}", json={}), 200)
        assert {**patched, "revision": 0, "updated_at": ""} == {**made, "revision": 0, "updated_at": ""}
        put = expect(await kim.http.put(f"/transactions/{made['id']}", json={"date": "2026-01-15", **body}), 200)
        assert {**put, "revision": 0, "updated_at": ""} == {**made, "revision": 0, "updated_at": ""}


async def test_any_shape_can_become_any_other(kim: Person, book: Book) -> None:
    bodies = shapes(book)
    made = await kim.add(**bodies["expense"][0])
    path = f"/transactions/{made['id']}"
    for name in (*NAMES, *reversed(NAMES)):
        body, wanted = bodies[name]
        changed = expect(await kim.http.put(path, json={"date": "2025-12-31", **body}), 200)
        assert postings(changed, book) == wanted
        assert await kim.read(path) == changed
        assert changed["created_at"] == made["created_at"]
    assert await kim.balance(book["checking"]) == "-4.50"


async def test_the_simple_view_follows_the_postings(kim: Person, book: Book) -> None:
    bodies = shapes(book)
    split = await kim.add(**bodies["split"][0])
    assert (split["category_id"], [part["amount"] for part in split["splits"]]) == (None, ["45.00", "20.00", "-5.00"])
    assert [part["memo"] for part in split["splits"]] == ["for us", None, "deposit"]
    exchange = await kim.add(**bodies["exchange with a fee"][0])
    assert (exchange["currency"], exchange["to_amount"], exchange["fee_amount"]) == ("USD", "15012", "1.00")
    assert (exchange["fee_category_id"], exchange["splits"]) == (book["fees"]["id"], [])
    one = await kim.add(**bodies["one part without"][0])
    assert (one["category_id"], one["splits"]) == (book["food"]["id"], [])
    everything = await kim.add(**bodies["everything"][0])
    assert (everything["payee"], everything["tags"]) == ("Corner Café", ["food", "Trip", "Ärger"])
    assert (everything["original_amount"], everything["original_currency"]) == ("100.10", "USD")


async def test_base_amounts_are_known_in_the_base_currency_alone(kim: Person, book: Book) -> None:
    made = await kim.add(
        type="transfer",
        account_id=book["dollars"]["id"],
        to_account_id=book["checking"]["id"],
        amount=1,
        to_amount="0.92",
    )
    assert [(line["currency"], line["base_amount"]) for line in made["postings"]] == [("USD", None), ("EUR", "0.92")]


async def test_payees_and_tags_are_reused_whatever_their_case(kim: Person, book: Book) -> None:
    on = {"account_id": book["checking"]["id"]}
    first = await kim.add(**on, payee="Café Öl", tags=["Über", "x"])
    second = await kim.add(**on, payee="CAFÉ ÖL", tags=["ÜBER", "X", "y"])
    assert (second["payee_id"], second["payee"]) == (first["payee_id"], "Café Öl")
    assert second["tags"] == ["x", "y", "Über"]
    assert [item["name"] for item in (await kim.read("/payees"))["items"]] == ["Café Öl"]
    assert [item["name"] for item in (await kim.read("/tags"))["items"]] == ["x", "y", "Über"]


async def test_two_equal_purchases_are_two(kim: Person, book: Book) -> None:
    body = {"account_id": book["checking"]["id"], "payee": "Bakery", "amount": "1.20"}
    first, second = await kim.add(**body), await kim.add(**body)
    assert first["id"] != second["id"]
    assert await kim.balance(book["checking"]) == "-2.40"
