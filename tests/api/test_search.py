"""What a search finds, over HTTP."""

import asyncio
from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem


@pytest.fixture
async def book(kim: Person) -> dict[str, str]:
    """A book whose transactions are known by short names; returns the names by id."""
    checking, card = await kim.account("Checking"), await kim.account("Crédit Card")
    food = await kim.category("Feeding & all")
    out = await kim.category("Eating away", parent_id=food["id"])
    cafes = await kim.category("Kaffeehäuser", parent_id=out["id"])
    work = await kim.category("Wages", kind="income")
    on = {"account_id": checking["id"]}
    rows = {
        "cafe": {
            **on,
            "amount": "12.50",
            "date": "2026-01-15",
            "payee": "The Corner Café",
            "description": "Two espressi",
            "category_id": cafes["id"],
            "tags": ["Holiday trip"],
        },
        "corner": {
            "account_id": card["id"],
            "amount": "30",
            "date": "2026-01-31",
            "payee": "Café Zur Straße",
            "description": "at the corner",
            "notes": "cafe later; paid 12.50 back",
            "category_id": out["id"],
        },
        "lidl": {
            **on,
            "amount": "99.99",
            "date": "2026-02-01",
            "payee": "LIDL 0815 Berlin",
            "description": "Groceries, real_food",
            "category_id": food["id"],
            "status": "pending",
            "tags": ["weekly"],
        },
        "mac": {**on, "amount": "7", "date": "2025-12-31", "payee": "McDonald's", "notes": "Løkken Œuvre Æble Łódź"},
        "sushi": {**on, "amount": "100", "date": "2026-02-10", "description": "寿司レストラン Київ ΑΘΗΝΑΣ"},
        "pay": {
            **on,
            "type": "income",
            "amount": "2500",
            "date": "2026-02-15",
            "payee": "ACME",
            "category_id": work["id"],
        },
        "move": {**on, "type": "transfer", "to_account_id": card["id"], "amount": "100.01", "date": "2026-02-20"},
    }
    return {(await kim.add(**row))["id"]: name for name, row in rows.items()}


ALL = {"cafe", "corner", "lidl", "mac", "sushi", "pay", "move"}

FINDS: dict[str, set[str]] = {
    # Words: in any order and any place, from the beginning of a word.
    "corner cafe": {"cafe", "corner"},
    "cafe CORNER": {"cafe", "corner"},
    "esp the": {"cafe"},
    "caf espressi": {"cafe"},
    "afe": set(),
    "dl": set(),
    "0815": {"lidl"},
    "food": {"lidl"},
    "real_food real-food": {"lidl"},
    "food_real": set(),
    "corner lidl": set(),
    # Case and accents.
    "CAFÉ": {"cafe", "corner"},
    "strasse": {"corner"},
    "STRAẞE": {"corner"},
    "lokken": {"mac"},
    "løkken oeuvre": {"mac"},
    "œuvre aeble": {"mac"},
    "æble lodz": {"mac"},
    "ŁÓDŹ": {"mac"},
    "cafe\u0301": {"cafe", "corner"},
    "寿司": {"sushi"},
    "レストラン": {"sushi"},
    "司寿": set(),
    "київ": {"sushi"},
    "КИЇ": {"sushi"},
    "αθηνας": {"sushi"},
    "mcdonalds": {"mac"},
    "mcdonald's": {"mac"},
    "McDonald\u2019s": {"mac"},
    "mcdonald": {"mac"},
    # Phrases: whole words side by side, in one of the texts.
    '"corner cafe"': {"cafe"},
    '"the corner"': {"cafe", "corner"},
    '"the corn"': set(),
    '"corner cafe later"': set(),
    '"cafe"': {"cafe", "corner"},
    '"caf"': set(),
    '"zur strasse" cafe': {"corner"},
    "„zur Straße“": {"corner"},
    '"寿司"': {"sushi"},
    '"寿レ"': set(),
    # Amounts.
    "12.50": {"cafe", "corner"},
    "12,5": {"cafe", "corner"},
    "30": {"corner"},
    "7 mac": set(),
    "7": {"mac"},
    "2500.00": {"pay"},
    ">100": {"pay", "move"},
    ">=100": {"sushi", "pay", "move"},
    "<12.50": {"mac"},
    "<=12,50": {"mac", "cafe"},
    "10..30": {"cafe", "corner"},
    "99.99..100": {"lidl", "sushi"},
    "1000..": {"pay"},
    "..7": {"mac"},
    ">99.98 <100.01": {"lidl", "sushi"},
    ">999999999999999": set(),
    # Names.
    "category:feed": {"cafe", "corner", "lidl"},
    "category:away": {"cafe", "corner"},
    'category:"eating away"': {"cafe", "corner"},
    "category:HAUSER": {"cafe"},
    "account:checking": ALL - {"corner"},
    "account:credit": {"corner", "move"},
    "account:check account:card": {"move"},
    "tag:holiday": {"cafe"},
    "tag:TRIP": {"cafe"},
    "payee:lidl": {"lidl"},
    "payee:cafe": {"cafe", "corner"},
    "payee:erli": {"lidl"},
    # Dates.
    "before:2026-02-01": {"cafe", "corner", "mac"},
    "after:2026-01-31": {"lidl", "sushi", "pay", "move"},
    "on:2026-01": {"cafe", "corner"},
    "on:2025": {"mac"},
    "on:2026-02-01": {"lidl"},
    "after:2025 before:2026-02": {"cafe", "corner"},
    # Type and status.
    "type:transfer": {"move"},
    "is:income": {"pay"},
    "is:pending": {"lidl"},
    "status:cleared type:expense": {"cafe", "corner", "mac", "sushi"},
    "is:uncategorised": {"mac", "sushi"},
    # Negations.
    "-cafe": ALL - {"cafe", "corner"},
    '-"corner cafe"': ALL - {"cafe"},
    "cafe -espressi": {"corner"},
    "cafe -cafe": set(),
    "-category:feed": ALL - {"cafe", "corner", "lidl"},
    "-payee:cafe": ALL - {"cafe", "corner"},
    "-tag:weekly -tag:holiday": ALL - {"cafe", "lidl"},
    "-account:card on:2026-02": {"lidl", "sushi", "pay"},
    "->=30": {"cafe", "mac"},
    "-12.50": ALL - {"cafe", "corner"},
    "-before:2026-02-15": {"pay", "move"},
    "-is:pending -is:expense": {"pay", "move"},
    "-is:uncategorised": ALL - {"mac", "sushi"},
    # Together.
    'caf category:feed >10 after:2026-01-15 -"corner cafe"': {"corner"},
    "nothing": set(),
    "12:30": set(),
    "https://example.com/": set(),
    "x' OR '1'='1": set(),
    "*:a|b": set(),
}


async def find(person: Person, q: str, path: str = "/transactions", **params: Any) -> list[str]:
    return [item["id"] for item in (await person.read(path, q=q, **params))["items"]]


async def test_a_search_finds_what_it_says(kim: Person, book: dict[str, str]) -> None:
    found = {q: {book[i] for i in await find(kim, q)} for q in FINDS}
    assert found == FINDS
    totals = {q: (await kim.read("/transactions", q=q, include_total=True, limit=1))["total"] for q in FINDS}
    assert totals == {q: len(names) for q, names in FINDS.items()}


async def test_what_is_changed_is_found_as_it_is_now(kim: Person, book: dict[str, str]) -> None:
    cafe = next(i for i, name in book.items() if name == "cafe")
    expect(await kim.http.patch(f"/transactions/{cafe}", json={"description": "Zwei Grüße", "payee": "Ängstlich"}), 200)
    assert await find(kim, "espressi") == []
    assert await find(kim, "grusse angst") == [cafe]
    expect(await kim.http.patch(f"/transactions/{cafe}", json={"description": None, "payee": None}), 200)
    assert await find(kim, "grusse") == []
    assert cafe in await find(kim, "-grusse -angst")
    expect(await kim.http.delete(f"/transactions/{cafe}"), 204)
    assert await find(kim, "tag:holiday") == []


async def test_a_search_joins_the_other_filters(kim: Person, book: dict[str, str]) -> None:
    names = {name: i for i, name in book.items()}
    assert await find(kim, "cafe", date_from="2026-01-20") == [names["corner"]]
    assert await find(kim, "cafe", tag="holiday trip", sort="amount") == [names["cafe"]]
    assert await find(kim, "cafe", sort="amount") == [names["cafe"], names["corner"]]
    card = (await kim.read(f"/transactions/{names['corner']}"))["account_id"]
    assert await find(kim, "cafe", f"/accounts/{card}/transactions") == [names["corner"]]
    assert await find(kim, "-cafe", f"/accounts/{card}/transactions") == [names["move"]]
    assert await find(kim, "cafe", account_id=card) == [names["corner"]]
    problem(await kim.get(f"/accounts/{card}/transactions", q='"'), 422, "invalid_input")


@pytest.mark.parametrize(
    ("q", "code", "position", "says"),
    [
        ('coffee "corner', "unclosed_quote", 8, "not closed"),
        ("catgory:food", "unknown_key", 1, "category:"),
        ("category:fodo", "unknown_name", 10, "no category has fodo in its name"),
        ("x -account:nope", "unknown_name", 12, "no account"),
        ('tag:"no such"', "unknown_name", 5, "no tag"),
        ("payee:zzz", "unknown_name", 7, "no payee"),
        ("on:2026-02-30", "bad_date", 4, "2026-01-31"),
        (">ten", "bad_number", 2, "12.50"),
        ("tag:", "empty_value", 5, "needs a value"),
        ("a - b", "lone_minus", 3, "minus"),
        ("a & b", "no_word", 3, "no letter"),
        ("a " * 21, "too_many_terms", 41, "20"),
        ("a\x00", "nul_character", 2, "NUL"),
    ],
)
async def test_a_mistake_is_422_and_says_where(
    kim: Person, book: dict[str, str], unchanged: Unchanged, q: str, code: str, position: int, says: str
) -> None:
    async with unchanged(kim):
        answer = problem(await kim.get("/transactions", q=q), 422, "invalid_input")
    assert fields(answer) == {("query.q", code)}
    assert answer["position"] == position
    assert f"at character {position}: " in answer["detail"]
    assert says in answer["detail"]


async def test_long_and_strange_texts_are_kept_and_found(kim: Person) -> None:
    account = await kim.account()
    giant = "x" * 9_000
    rows = {
        "giant": await kim.add(account_id=account["id"], notes=f"{giant} end"),
        "many": await kim.add(account_id=account["id"], notes="寿" * 5_000),
        "ligature": await kim.add(account_id=account["id"], notes="\ufdfa" * 10_000),
        "marks": await kim.add(account_id=account["id"], notes="e" + "\u0301" * 5_000 + " zalgo 🍕 'quoted' \\ back"),
        "nothing": await kim.add(account_id=account["id"], notes="🍕 …", description="—"),
    }
    ids = {row["id"]: name for name, row in rows.items()}
    for q, names in {
        "x" * 190: {"giant"},
        "end": {"giant"},
        "寿寿寿": {"many"},
        "e zalgo": {"marks"},
        "quoted back": {"marks"},
        "'quoted' \\back": {"marks"},
        "-end -zalgo": {"many", "ligature", "nothing"},
    }.items():
        assert {ids[i] for i in await find(kim, q)} == names, q


async def test_a_search_at_once_with_a_change_sees_before_or_after(kim: Person) -> None:
    account = await kim.account()
    made = await kim.add(account_id=account["id"], description="before")

    async def change(n: int) -> None:
        expect(await kim.http.patch(f"/transactions/{made['id']}", json={"description": f"after {n}"}), 200)

    async def look() -> None:
        page = await kim.read("/transactions", q="before")
        assert {item["description"] for item in page["items"]} <= {"before"}

    await asyncio.gather(*(step for n in range(8) for step in (change(n), look())))
    assert await find(kim, "before") == []
