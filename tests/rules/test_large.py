"""Five hundred rules over ten thousand rows: what they cost, side by side with none."""

import random
import time
from statistics import median

import pytest

from tests.imports.uploads import commit, csv_of, upload
from tests.people import Person, expect
from tests.rules.making import says, tags

pytestmark = pytest.mark.measured

ROWS, RULES, SHOPS = 10_000, 500, 2_000
TURNS = 6
MOST = 1.4
"""How much longer an import may take with rules than without, where they change a quarter of its rows.

The aim is 1.2; the rest is for machines that are busy with something else.
"""


def words(seed: int, count: int) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(count)]


def export(shops: list[str], start: int) -> bytes:
    lines = [
        f"2026-01-{n % 28 + 1:02d};{shops[n % SHOPS].title()} Store {n};Receipt {start + n};-{n % 90 + 1},{n % 100:02d}"
        for n in range(ROWS)
    ]
    return csv_of("Date;Payee;Purpose;Amount", *lines)


async def seconds(person: Person, data: bytes) -> float:
    account = await person.account(f"Account {time.perf_counter_ns()}")
    began = time.perf_counter()
    preview = await upload(person, account, data)
    done = await commit(person, preview)
    assert done["created"] == ROWS
    return time.perf_counter() - began


async def test_an_import_takes_hardly_longer_with_five_hundred_rules(kim: Person, robin: Person) -> None:
    shops = words(7, SHOPS)
    food = await kim.category()
    asked = [
        says("payee", "contains", shop) if n % 3 else says("payee", "regex", rf"^{shop}\b.*\d+$")
        for n, shop in enumerate(shops[:RULES])
    ]
    for n, question in enumerate(asked):
        condition = {"and": [question, says("amount", "less", "1000"), says("type", "equals", "expense")]}
        action = {"type": "set_category", "category_id": food["id"]} if n % 5 else tags("shop")
        body = {"name": f"Rule {n}", "condition": condition, "actions": [action]}
        expect(await kim.http.post("/rules", json=body), 201)
    people: tuple[tuple[Person, list[float]], ...] = ((robin, []), (kim, []))
    for turn in range(TURNS + 1):
        data = export(shops, turn * ROWS)
        for person, taken in people if turn % 2 else reversed(people):
            taken.append(await seconds(person, data))
    assert (await kim.read("/rules/history", limit=1))["items"]
    # The first turn starts the process that reads files.
    plain, ruled = (median(taken[1:]) for _, taken in people)
    print(f"without rules {plain:.2f} s, with {RULES} of them {ruled:.2f} s: {ruled / plain:.2f}")  # noqa: T201  # -s
    assert ruled / plain < MOST
