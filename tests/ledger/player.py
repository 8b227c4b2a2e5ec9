"""Somebody who does things to a book at random, through the API and to the model alike."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.core.database import Database
from tests.dump import dump
from tests.ledger.feed import Feed
from tests.ledger.model import BOOK, PURCHASES, Line, Model, Row, lines_of, moved
from tests.people import Person, expect

FIRST_DAY = date(2025, 11, 20)
DAYS = 100
NEW = "new "
PAYEES = ("Shop", "SHOP", "Café", "CAFÉ", "Bakery", "Kiosk", "kiosk", "Cinema", "Garage")
TAGS = ("holiday", "Holiday", "kids", "work", "Work", "gift")


@dataclass
class Player:
    """A person, the model of their book, and the copy of it that a client of theirs keeps."""

    person: Person
    owner: Database
    chance: random.Random
    model: Model = field(default_factory=Model)
    feed: Feed = field(default_factory=Feed)
    revision: int = 0
    """The book's, as the model counts it: one for each request that was accepted."""
    asset: str = ""
    """What is traded."""
    first: int = 0
    defaults: frozenset[str] = frozenset()
    """The categories that the book came with: they are there, and nothing happens to them."""
    weights: dict[str, float] = field(default_factory=dict)
    """How often this life does what."""
    files: dict[str, tuple[bytes, list[tuple[str, str]], str]] = field(default_factory=dict)
    """Of each import the file, its rows (day and amount) and their payee."""

    async def begin(self) -> None:
        body = {"symbol": "ACME", "name": "Acme", "type": "stock", "currency": "EUR"}
        self.asset = expect(await self.person.http.post("/portfolio/assets", json=body), 201)["id"]
        book = await self.person.read(f"/books/{self.person.book_id}")
        self.first = self.revision = book["revision"]
        for row in (await self.person.read("/categories"))["items"]:
            fields = {"name": row["name"], "kind": row["kind"], "parent": row["parent_id"], "archived": None}
            self.model.of("category")[row["id"]] = fields
        self.defaults = frozenset(self.model.of("category"))
        self.model.rows["book"] = {BOOK: {"base": book["base_currency"], "chosen": False, "locked_until": None}}

    # Requests

    async def attempt(
        self, method: str, path: str, status: int, reasons: Collection[str] = (), *, writes: bool = True, **request: Any
    ) -> Any:
        """Send a request that the model allows, or that it expects to be refused for any of some reasons.

        Returns the answer's body, or None where it was refused, after which the whole database is as it was.
        """
        self.model.record(self.revision)
        if not reasons:
            body = expect(await self.person.http.request(method, path, **request), status)
            self.revision += writes
            return body or {}
        before = await dump(self.owner, self.person.book_id)
        answer = await self.person.http.request(method, path, **request)
        assert answer.status_code in {404, 409, 412, 422}, (method, path, request, reasons, answer.text)
        assert answer.json()["code"] in reasons, (method, path, request, reasons, answer.text)
        assert await dump(self.owner, self.person.book_id) == before
        return None

    # Choices

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def any(self, rows: Collection[str]) -> str | None:
        return self.chance.choice(self.model.ordered(rows)) if rows else None

    def day(self) -> str:
        return str(FIRST_DAY + timedelta(days=self.chance.randrange(DAYS)))

    def amount(self, currency: str) -> str:
        whole = self.chance.choice([self.chance.randrange(1, 20), self.chance.randrange(1, 10**6)])
        return str(whole) if currency == "JPY" else f"{whole}.{self.chance.randrange(100):02}"

    def signed(self, currency: str) -> str:
        return self.chance.choice(["", "-"]) + self.amount(currency)

    def currency(self, account: str) -> str:
        return str(self.model.of("account")[account]["currency"])

    def account(self, **wanted: Any) -> str:
        """An account that is open, of which there are always some."""
        rows = self.model.of("account").items()
        fitting = [i for i, row in rows if not row["archived"] and row.items() >= wanted.items()]
        return self.chance.choice(self.model.ordered(fitting))

    def category(self, kinds: Collection[str]) -> str | None:
        """A category of these kinds that is in use, or none."""
        rows = [(i, self.model.of("category")[i]) for i in self.categories()]
        return self.chance.choice([None, *(i for i, row in rows if row["kind"] in kinds and not row["archived"])])

    def categories(self) -> list[str]:
        """Those that are made, changed and deleted in this life."""
        return self.model.ordered(self.model.of("category").keys() - self.defaults)

    def ordinary(self) -> list[str]:
        """The transactions that their own routes change."""
        rows = self.model.transactions.items()
        return self.model.ordered(i for i, row in rows if row["type"] not in {"opening_balance", "trade"})

    def purchases(self) -> list[str]:
        """What a refund may be of; in a plan there may be some whose id is not known yet."""
        rows = self.model.transactions
        return [i for i in self.ordinary() if rows[i]["type"] in PURCHASES and not i.startswith(NEW)]

    def refunds(self, row_id: str) -> set[str]:
        return {i for i, row in self.model.transactions.items() if row["refund_of"] == row_id}

    # Transactions

    def row(self, body: Row, before: Row | None = None) -> Row:
        """The transaction that a request's body stands for, but for its payee and tags."""
        day, status = date.fromisoformat(body["date"]), body.get("status", "cleared")
        body = self.with_default(body) if before is None else body
        lines = (self.adjusting(body, day, before),) if body["type"] == "adjustment" else lines_of(body)
        return {
            "type": body["type"],
            "date": day,
            "lines": lines,
            "status": status,
            "notes": body.get("notes"),
            "external_id": body.get("external_id"),
            "refund_of": body.get("refund_of_id"),
            "import": before["import"] if before else None,
            "reconciliation": before["reconciliation"] if before and status == "reconciled" else None,
        }

    def adjusting(self, body: Row, day: date, before: Row | None) -> Line:
        """What an adjustment posts: what the account lacks at the end of the day, without the adjustment itself."""
        account = body["account_id"]
        held = self.model.balance(account, day)
        if before is not None and before["date"] <= day:
            held -= moved(before["lines"]).get(account, Decimal(0))
        return Line(account, Decimal(body["balance"]) - held, None, "equity")

    def with_default(self, body: Row) -> Row:
        """A new expense or income that says nothing of a category has its payee's."""
        if body["type"] not in {"expense", "income"} or body.keys() & {"category_id", "splits", "refund_of_id"}:
            return body
        payee = self.model.find("payee", self.payee_named(body.get("payee")))
        return body | {"category_id": self.default_of(payee, body["type"])}

    def default_of(self, payee: Row | None, kind: str) -> str | None:
        category = self.model.find("category", payee["default"]) if payee else None
        fits = category is not None and not category["archived"] and category["kind"] == kind
        return payee["default"] if payee and fits else None

    def objections(self, before: Row | None, after: Row | None, row_id: str | None = None) -> set[str]:
        """Why a transaction may not become this; before is None for a new one, after for one that goes."""
        found: set[str] = set()
        until = self.model.book["locked_until"]
        if until is not None and any(row is not None and row["date"] <= until for row in (before, after)):
            found.add("period_locked")
        if before is not None and before["status"] == "reconciled":
            same = after is not None and (after["status"], after["date"]) == ("reconciled", before["date"])
            if not same or after is None or moved(after["lines"]) != moved(before["lines"]):
                found.add("sealed")
        if row_id is not None and self.refunds(row_id) and (after is None or after["type"] not in PURCHASES):
            found.add("refunded")
        return found | (self._faults(before, after, row_id) if after is not None else set())

    def _faults(self, before: Row | None, after: Row, row_id: str | None) -> set[str]:
        found: set[str] = set()
        kept = {item for line in before["lines"] for item in (line.account, line.category)} if before else set()
        for line in after["lines"]:
            account, category = self.model.find("account", line.account), self.model.find("category", line.category)
            if any(
                r and r["archived"] and i not in kept for i, r in ((line.account, account), (line.category, category))
            ):
                found.add("archived")
            if after["type"] in {"expense", "transfer"} and category is not None and category["kind"] == "income":
                found.add("invalid_input")
            if not line.amount:
                found.add("invalid_input")
        purchase = self.model.find("transaction", after["refund_of"])
        if after["refund_of"] is not None and (after["refund_of"] == row_id or purchase is None):
            found |= {"invalid_input", "reference_not_found"}
        elif purchase is not None and purchase["type"] not in PURCHASES:
            found.add("invalid_input")
        for other, row in self.model.transactions.items():
            same = row["external_id"] is not None and row["external_id"] == after["external_id"]
            if same and other != row_id and row["lines"][0].account == after["lines"][0].account:
                found.add("duplicate_external_id")
        return found

    # Names

    def payee_named(self, name: str | None) -> str | None:
        if name is None:
            return None
        key = name.lower()
        aliases = (row["payee"] for row in self.model.of("payee_alias").values() if row["alias"].lower() == key)
        return next((i for i, row in self.model.of("payee").items() if row["name"].lower() == key), next(aliases, None))

    def tag_named(self, name: str) -> str | None:
        return next((i for i, row in self.model.of("tag").items() if row["name"].lower() == name.lower()), None)

    async def take_names(self, payee: str | None, tags: Collection[str], answer: Row) -> Row:
        """The payee and tags of a transaction that was written; those that are new were made with it."""
        payee_id = self.payee_named(payee)
        if payee is not None and payee_id is None:
            payee_id = answer["payee_id"]
            self.model.put("payee", answer["payee_id"], name=payee, default=None)
        if any(self.tag_named(tag) is None for tag in tags):
            listed = {row["name"]: row["id"] for row in (await self.person.read("/tags", limit=500))["items"]}
            for tag in tags:
                if self.tag_named(tag) is None:
                    self.model.put("tag", listed[tag], name=tag)
        return {"payee": payee_id, "tags": frozenset(i for i in map(self.tag_named, tags) if i is not None)}
