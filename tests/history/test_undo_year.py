"""A year of edits of every kind, undone revision by revision, is the first day again."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import Response

from tests.attachments.files import png, try_attach
from tests.history.following import Follower, comparable, differences, revision, same, state, undo
from tests.imports.uploads import try_commit, try_upload, with_ids
from tests.people import Person

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

Document = dict[str, Any]
NAMES = ("Shop", "Café", "Kiosk", "Landlord", "Bakery", "Cinema", "Garage")
TAGS = ("a", "b", "c", "d")


class Life:
    """Somebody who does things at random; what the book refuses has not happened."""

    def __init__(self, person: Person, seed: int) -> None:
        self.person = person
        self.chance = random.Random(seed)
        self.done = 0
        self.kinds: set[str] = set()

    async def step(self) -> None:
        name = self.chance.choices(list(STEPS), [weight for weight, _ in STEPS.values()])[0]
        answer = await STEPS[name][1](self)
        if answer is None:
            return
        assert answer.status_code < 500, answer.text
        if answer.is_success:
            self.done += 1
            self.kinds.add(name)

    async def some(self, path: str, **params: Any) -> Document | None:
        items = (await self.person.read(path, **params))["items"]
        return self.chance.choice(items) if items else None

    def day(self) -> str:
        return f"2025-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"

    def amount(self) -> str:
        return f"{self.chance.randint(1, 9999) / 100:.2f}"

    async def header(self) -> Document:
        fields: Document = {"date": self.day()}
        if self.chance.random() < 0.6:
            fields["payee"] = self.chance.choice(NAMES)
        if self.chance.random() < 0.4:
            fields["tags"] = self.chance.sample(TAGS, 2)
        if self.chance.random() < 0.2:
            fields["external_id"] = f"x{self.chance.randint(1, 15)}"
        return fields

    async def body(self) -> Document | None:
        one, two = await self.some("/accounts"), await self.some("/accounts")
        if one is None or two is None:
            return None
        category = await self.some("/categories")
        named = category["id"] if category and category["kind"] == "expense" else None
        kind = self.chance.choice(["expense", "expense", "expense", "income", "split", "transfer", "journal", "adjust"])
        fields = await self.header()
        if kind == "adjust":
            fields |= {"type": "adjustment", "account_id": one["id"], "balance": self.amount()}
        elif kind == "journal":
            lines = [(one, "flow", named), (two, "equity", None), (one, "flow", None)]
            fields |= {
                "type": "journal",
                "postings": [
                    {"account_id": a["id"], "role": role, "amount": f"-{self.amount()}", "category_id": c}
                    for a, role, c in lines
                ],
            }
        elif kind == "transfer":
            amount = self.amount()
            fields |= {"type": "transfer", "account_id": one["id"], "to_account_id": two["id"], "amount": amount}
            if one["currency"] != two["currency"]:
                fields["to_amount"] = self.amount()
        elif kind == "split":
            parts = [{"amount": "1.00", "category_id": named}, {"amount": "2.50", "memo": "m"}]
            fields |= {"type": "expense", "account_id": one["id"], "amount": "3.50", "splits": parts}
        else:
            fields |= {"type": kind, "account_id": one["id"], "amount": self.amount(), "category_id": named}
        return fields

    async def create(self) -> Response | None:
        body = await self.body()
        return None if body is None else await self.person.http.post("/transactions", json=body)

    async def refund(self) -> Response | None:
        bought = await self.some("/transactions", type="expense", limit=100)
        if bought is None:
            return None
        body = {"type": "income", "amount": "0.50", "account_id": bought["account_id"], "refund_of_id": bought["id"]}
        return await self.person.http.post("/transactions", json={"date": self.day(), **body})

    async def replace(self) -> Response | None:
        found, body = await self.some("/transactions", limit=100), await self.body()
        if found is None or body is None:
            return None
        return await self.person.http.put(f"/transactions/{found['id']}", json=body)

    async def patch(self) -> Response | None:
        found = await self.some("/transactions", limit=100)
        changes = {**await self.header(), "notes": self.chance.choice(["n", None])}
        return None if found is None else await self.person.http.patch(f"/transactions/{found['id']}", json=changes)

    async def delete(self) -> Response | None:
        found = await self.some("/transactions", limit=100)
        return None if found is None else await self.person.http.delete(f"/transactions/{found['id']}")

    async def bulk(self) -> Response | None:
        found = (await self.person.read("/transactions", limit=100))["items"]
        chosen = self.chance.sample(found, min(len(found), 4))
        operations: list[Document] = [
            {"op": "patch", "id": item["id"], "changes": await self.header()}
            if self.chance.random() < 0.5
            else {"op": "delete", "id": item["id"]}
            for item in chosen
        ]
        bodies = [await self.body() for _ in range(3)]
        operations += [{"op": "create", "transaction": body} for body in bodies if body is not None]
        if not operations:
            return None
        answer = await self.person.http.post("/transactions/bulk", json={"mode": "per_item", "operations": operations})
        return answer if answer.is_success and answer.json()["done"] else None

    async def recategorise(self) -> Response | None:
        category = await self.some("/categories")
        wanted = self.chance.choice([{"uncategorised": True}, {"tag": ["a"]}, {"q": "shop"}])
        body = {"filter": wanted, "category_id": category["id"] if category else None}
        answer = await self.person.http.post("/transactions/recategorise", json=body)
        return answer if answer.is_success and answer.json()["count"] else None

    async def account(self) -> Response | None:
        count = len((await self.person.read("/accounts"))["items"])
        if count > 5:
            return None
        body = {"name": f"A{count}", "type": "checking", "currency": self.chance.choice(["EUR", "EUR", "EUR", "USD"])}
        if self.chance.random() < 0.5:
            body |= {"opening_balance": self.amount(), "opening_date": self.day()}
        return await self.person.http.post("/accounts", json=body)

    async def change_account(self) -> Response | None:
        found = await self.some("/accounts")
        changes = self.chance.choice(
            [{"name": "N"}, {"opening_balance": self.amount()}, {"notes": "x", "sort": 3}, {"opening_balance": None}]
        )
        return None if found is None else await self.person.http.patch(f"/accounts/{found['id']}", json=changes)

    async def delete_account(self) -> Response | None:
        found, heir = await self.some("/accounts"), await self.some("/accounts")
        if found is None or heir is None:
            return None
        params = {"reassign_to": heir["id"]} if heir != found else {}
        return await self.person.http.delete(f"/accounts/{found['id']}", params=params)

    async def category(self) -> Response | None:
        parent = await self.some("/categories")
        body = {"name": f"C{self.chance.randint(1, 40)}", "kind": "expense"}
        if parent is not None and parent["kind"] == "expense" and self.chance.random() < 0.5:
            body["parent_id"] = parent["id"]
        return await self.person.http.post("/categories", json=body)

    async def move_category(self) -> Response | None:
        found, parent = await self.some("/categories"), await self.some("/categories")
        if found is None or parent is None:
            return None
        return await self.person.http.post(f"/categories/{found['id']}/move", json={"parent_id": parent["id"]})

    async def delete_category(self) -> Response | None:
        found, heir = await self.some("/categories"), await self.some("/categories")
        if found is None or heir is None:
            return None
        return await self.person.http.delete(f"/categories/{found['id']}", params={"reassign_to": heir["id"]})

    async def change_payee(self) -> Response | None:
        found, category = await self.some("/payees"), await self.some("/categories")
        changes = self.chance.choice(
            [
                {"name": self.chance.choice(NAMES)},
                {"default_category_id": category["id"] if category else None},
                {"aliases": [f"AL {self.chance.randint(1, 9)}"]},
            ]
        )
        return None if found is None else await self.person.http.patch(f"/payees/{found['id']}", json=changes)

    async def merge_payees(self) -> Response | None:
        one, other = await self.some("/payees"), await self.some("/payees")
        if one is None or other is None or one == other:
            return None
        if self.chance.random() < 0.5:
            return await self.person.http.delete(f"/payees/{one['id']}", params={"reassign_to": other["id"]})
        return await self.person.http.post(f"/payees/{one['id']}/merge", json={"payee_ids": [other["id"]]})

    async def tags(self) -> Response | None:
        one, other = await self.some("/tags"), await self.some("/tags")
        if one is None or other is None:
            return None
        if one == other:
            return await self.person.http.delete(f"/tags/{one['id']}", params={"force": True})
        if self.chance.random() < 0.5:
            return await self.person.http.patch(f"/tags/{one['id']}", json={"name": f"t{self.chance.randint(1, 9)}"})
        return await self.person.http.post(f"/tags/{one['id']}/merge", json={"tag_ids": [other["id"]]})

    async def bring_in(self) -> Response | None:
        account = await self.some("/accounts")
        if account is None:
            return None
        number = self.chance.randint(1, 50)
        lines = [
            f"{self.day()},{self.chance.choice(NAMES)},d{place},-{self.amount()},{number}-{place}"
            for place in range(self.chance.randint(1, 12))
        ]
        preview = await try_upload(self.person, account, with_ids(*lines))
        if not preview.is_success:
            return None
        return await try_commit(self.person, preview.json(), skip=[1])

    async def undo_import(self) -> Response | None:
        found = await self.some("/imports")
        if found is None or found["status"] != "committed":
            return None
        return await self.person.http.post(f"/imports/{found['id']}/undo", json={"force": True})

    async def reconcile(self) -> Response | None:
        account = await self.some("/accounts")
        if account is None:
            return None
        body = {"statement_date": self.day(), "statement_balance": self.amount(), "adjust": True}
        return await self.person.http.post(f"/accounts/{account['id']}/reconcile", json=body)

    async def unseal(self) -> Response | None:
        found = await self.some("/transactions", status="reconciled")
        return (
            None
            if found is None
            else await self.person.http.post(f"/transactions/{found['id']}/unseal", json={"reason": "why"})
        )

    async def attach(self) -> Response | None:
        found = await self.some("/transactions", limit=100)
        return None if found is None else await try_attach(self.person, found, png(str(self.chance.random())))

    async def undo_one(self) -> Response | None:
        newest = await revision(self.person)
        number = max(1, newest - self.chance.randint(0, 5))
        return await self.person.http.post(f"/books/{self.person.book_id}/undo", json={"revision": number})

    async def name_book(self) -> Response | None:
        path = f"/books/{self.person.book_id}"
        return await self.person.http.patch(path, json={"name": f"B{self.chance.randint(1, 9)}"})


Step = Callable[[Life], Awaitable[Response | None]]
STEPS: dict[str, tuple[int, Step]] = {
    "create": (12, Life.create),
    "refund": (2, Life.refund),
    "replace": (4, Life.replace),
    "patch": (6, Life.patch),
    "delete": (3, Life.delete),
    "bulk": (3, Life.bulk),
    "recategorise": (2, Life.recategorise),
    "account": (3, Life.account),
    "change account": (2, Life.change_account),
    "delete account": (1, Life.delete_account),
    "category": (2, Life.category),
    "move category": (2, Life.move_category),
    "delete category": (2, Life.delete_category),
    "change payee": (3, Life.change_payee),
    "merge payees": (2, Life.merge_payees),
    "tags": (2, Life.tags),
    "import": (4, Life.bring_in),
    "undo import": (1, Life.undo_import),
    "reconcile": (1, Life.reconcile),
    "unseal": (1, Life.unseal),
    "attach": (2, Life.attach),
    "undo": (3, Life.undo_one),
    "book": (1, Life.name_book),
}
MONTHS = tuple((2025, month) for month in range(1, 13))


@pytest.mark.parametrize("seed", [1])
async def test_a_year_of_edits_is_undone_to_its_first_day(kim: Person, seed: int) -> None:
    life = Life(kim, seed)
    await kim.account("First", opening_balance="100.00", opening_date="2025-01-01")
    start, before = await revision(kim), await state(kim, *MONTHS)
    while life.done < 150:
        await life.step()
    assert len(life.kinds) >= len(STEPS) - 3, set(STEPS) - life.kinds
    await kim.check_integrity()
    events = await log_of(kim, start)
    for place, number in enumerate(sorted(events, reverse=True)):
        await undo(kim, number)
        if place % 25 == 0:
            await kim.check_integrity()
    after = await state(kim, *MONTHS)
    # An uploaded file is no change of the book: its preview stays, as it was before the commit.
    for one in (before, after):
        one["imported"] = {}
        one["rows"] = {key: row for key, row in one["rows"].items() if key[0] != "import"}
    same(after, before)


async def log_of(person: Person, start: int) -> set[int]:
    """The revisions behind one, as the activity tells them."""
    found: set[int] = set()
    cursor: dict[str, str] = {}
    while True:
        page = await person.read(f"/books/{person.book_id}/activity", limit=500, **cursor)
        found |= {item["revision"] for item in page["items"] if item["revision"] > start}
        if page["next_cursor"] is None or min(item["revision"] for item in page["items"]) <= start:
            return found
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("seed", [2, 3])
async def test_a_client_that_follows_has_what_one_that_starts_anew_has(kim: Person, seed: int) -> None:
    life = Life(kim, seed)
    await kim.account("First")
    following = Follower(kim)
    for number in range(60):
        await life.step()
        if life.chance.random() < 0.3:
            await following.catch_up(limit=life.chance.choice([1, 3, 500]))
        if number % 20 == 19:
            await following.catch_up()
            fresh = Follower(kim)
            await fresh.catch_up(limit=7)
            one, other = comparable(following.rows), comparable(fresh.rows)
            assert one == other, differences({"rows": one}, {"rows": other})
            listed = (await kim.read("/transactions", limit=500))["items"]
            assert {key[1] for key in fresh.rows if key[0] == "transaction"} == {item["id"] for item in listed}
