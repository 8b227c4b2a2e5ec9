"""Random operations on a book, done through the API and on the model alike.

To add an operation, write a method of `Player` that does both, and name it in `STEPS`.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.ledger.model import Line, Model
from tests.people import Person, expect, problem

FIRST_DAY = date(2025, 11, 20)
DAYS = 100


@dataclass(frozen=True)
class Imported:
    """A file that was committed to an account, and the transactions that came of it."""

    account: str
    data: bytes
    transactions: list[str]


@dataclass
class Player:
    """Somebody who does things at random, and the model of what the book should be by now."""

    person: Person
    chance: random.Random
    model: Model = field(default_factory=Model)
    accounts: dict[str, str] = field(default_factory=dict)
    """Each account's currency."""
    categories: dict[str, str] = field(default_factory=dict)
    """Each category's kind."""
    openings: dict[str, str] = field(default_factory=dict)
    """The account of each transaction that is an opening balance."""
    archived: set[str] = field(default_factory=set)
    imports: dict[str, Imported] = field(default_factory=dict)
    """Committed imports that were not undone."""
    names: int = 0

    async def step(self) -> str:
        name = self.chance.choices(list(STEPS), [weight for weight, _ in STEPS.values()])[0]
        await STEPS[name][1](self)
        return name

    def name(self) -> str:
        self.names += 1
        return f"Number {self.names}"

    def day(self) -> str:
        return str(FIRST_DAY + timedelta(days=self.chance.randrange(DAYS)))

    def amount(self, currency: str) -> str:
        whole = self.chance.choice([self.chance.randrange(1, 20), self.chance.randrange(1, 10**6)])
        return str(whole) if currency == "JPY" else f"{whole}.{self.chance.randrange(100):02}"

    def pick(self, rows: dict[str, str], *, open_only: bool = True) -> str:
        return self.chance.choice([row for row in rows if not (open_only and row in self.archived)])

    def category(self, kinds: tuple[str, ...]) -> str | None:
        fitting = [row for row, kind in self.categories.items() if kind in kinds and row not in self.archived]
        return self.chance.choice([None, *fitting])

    def transaction(self) -> dict[str, Any]:
        """A request body of any shape."""
        account = self.pick(self.accounts)
        currency = self.accounts[account]
        body: dict[str, Any] = {"date": self.day(), "account_id": account, "amount": self.amount(currency)}
        kind = self.chance.choice(["expense", "expense", "income", "transfer"])
        target = self.pick(self.accounts)
        if kind == "transfer" and target != account:
            body |= {"type": "transfer", "to_account_id": target}
            if self.accounts[target] != currency:
                body["to_amount"] = self.amount(self.accounts[target])
            if self.chance.random() < 0.3:
                body |= {"fee_amount": self.amount(currency), "fee_category_id": self.category(("expense",))}
            return {key: value for key, value in body.items() if value is not None}
        body["type"] = "income" if kind == "income" else "expense"
        kinds = ("expense",) if body["type"] == "expense" else ("expense", "income")
        if self.chance.random() < 0.3:
            amounts = [self.amount(currency) for _ in range(self.chance.randrange(1, 4))]
            body["splits"] = [{"amount": amount, "category_id": self.category(kinds)} for amount in amounts]
            body["amount"] = str(sum(Decimal(amount) for amount in amounts))
        elif (category := self.category(kinds)) is not None:
            body["category_id"] = category
        if self.chance.random() < 0.3:
            body |= {"payee": self.chance.choice(["Shop", "SHOP", "Café"]), "tags": [self.chance.choice("abc")]}
        return body

    def ordinary(self) -> list[str]:
        return [row for row in self.model.transactions if row not in self.openings]

    async def open_account(self) -> None:
        if len(self.accounts) > 7:
            return
        currency = self.chance.choice(["EUR", "EUR", "USD", "JPY"])
        made = await self.person.account(self.name(), currency=currency)
        self.accounts[made["id"]] = currency

    async def set_opening(self) -> None:
        account = self.pick(self.accounts, open_only=False)
        mine = [row for row, owner in self.openings.items() if owner == account]
        amount = self.chance.choice(
            ["0", self.amount(self.accounts[account]), "-" + self.amount(self.accounts[account])]
        )
        body = {"opening_balance": amount, "opening_date": self.day()}
        answer = await self.person.http.patch(f"/accounts/{account}", json=body)
        expect(answer, 200)  # several, of accounts that were handed over, become one
        for row in mine:
            self.model.delete(row)
            del self.openings[row]
        if Decimal(amount):
            page = await self.person.read("/transactions", account_id=account, type="opening_balance")
            (row,) = [item["id"] for item in page["items"]]
            line = Line(account, Decimal(amount), None, "equity")
            self.model.transactions[row] = (date.fromisoformat(body["opening_date"]), (line,))
            self.openings[row] = account

    async def add_category(self) -> None:
        if len(self.categories) > 8:
            return
        kind = self.chance.choice(["expense", "expense", "income"])
        parent = self.category((kind,))
        made = await self.person.category(self.name(), kind=kind, parent_id=parent)
        self.categories[made["id"]] = kind

    async def create(self) -> None:
        body = self.transaction()
        made = await self.person.add(**body)
        self.model.put(made["id"], body)

    async def replace(self) -> None:
        if rows := self.ordinary():
            row, body = self.chance.choice(rows), self.transaction()
            expect(await self.person.http.put(f"/transactions/{row}", json=body), 200)
            self.model.put(row, body)

    async def move_in_time(self) -> None:
        if rows := self.ordinary():
            row, day = self.chance.choice(rows), self.day()
            expect(await self.person.http.patch(f"/transactions/{row}", json={"date": day, "notes": "moved"}), 200)
            self.model.transactions[row] = (date.fromisoformat(day), self.model.transactions[row][1])

    async def delete(self) -> None:
        if rows := self.ordinary():
            row = self.chance.choice(rows)
            expect(await self.person.http.delete(f"/transactions/{row}"), 204)
            self.model.delete(row)

    async def import_file(self) -> None:
        """A statement with rows alike and a faulty one; what can be read is posted, suspects included."""
        account = self.pick(self.accounts)
        payee, currency = self.name(), self.accounts[account]
        rows = [(self.day(), "-" * self.chance.randrange(2) + self.amount(currency)) for _ in range(3)]
        rows += [rows[0]] * self.chance.randrange(3)
        lines = [f"{day},{payee},{amount}" for day, amount in rows]
        lines.insert(1, f"2025-13-45,{payee},1")
        data = "\n".join(["Date,Payee,Amount", *lines, ""]).encode()
        preview = await self.upload(account, data)
        assert preview["rows"]["error"] == 1
        done = expect(await self.person.http.post(f"/imports/{preview['id']}/commit"), 200)
        assert done["created"] == len(rows)
        page = await self.person.read(f"/imports/{preview['id']}/rows", limit=500)
        posted = [item["transaction_id"] for item in page["items"] if item["outcome"] != "error"]
        for row, (day, amount) in zip(posted, rows, strict=True):
            line = Line(account, Decimal(amount), None, "flow")
            self.model.transactions[row] = (date.fromisoformat(day), (line,))
        self.imports[preview["id"]] = Imported(account, data, posted)

    async def import_again(self) -> None:
        """The same file to the same account adds nothing."""
        again = [done for done in self.imports.values() if done.account in self.accounts.keys() - self.archived]
        if again:
            done = self.chance.choice(again)
            preview = await self.upload(done.account, done.data)
            assert preview["rows"]["duplicate"] == len(done.transactions)
            assert expect(await self.person.http.post(f"/imports/{preview['id']}/commit"), 200)["created"] == 0

    async def undo_import(self) -> None:
        """What is left of an import goes, edited or not."""
        if self.imports:
            chosen = self.chance.choice(list(self.imports))
            expect(await self.person.http.post(f"/imports/{chosen}/undo", json={"force": True}), 200)
            for row in self.imports.pop(chosen).transactions:
                self.model.transactions.pop(row, None)

    async def upload(self, account: str, data: bytes) -> dict[str, Any]:
        files = {"file": ("bank.csv", data, "text/csv")}
        answer = await self.person.http.post("/imports", files=files, data={"account_id": account})
        preview: dict[str, Any] = expect(answer, 201)
        return preview

    async def refused(self) -> None:
        """A request that breaks a rule changes nothing: the comparison after each step sees to it."""
        body = self.transaction() | self.chance.choice(
            [
                {"amount": "0"},
                {"date": "9998-01-01"},
                {"account_id": self.person.book_id},
                {"splits": [{"amount": "-1"}]},
            ]
        )
        assert (await self.person.try_add(**body)).status_code in {404, 422}
        if rows := list(self.model.transactions):
            path = f"/transactions/{self.chance.choice(rows)}"
            assert (await self.person.http.put(path, json=body)).status_code in {404, 409, 422}
            stale = await self.person.http.delete(path, headers={"If-Match": '"0"'})
            assert stale.status_code == 412

    async def archive(self) -> None:
        row = self.chance.choice([*self.accounts, *self.categories])
        if row in self.archived:
            self.archived.remove(row)
        elif sum(account not in self.archived for account in self.accounts) > 2 or row in self.categories:
            self.archived.add(row)
        path = f"/accounts/{row}" if row in self.accounts else f"/categories/{row}"
        expect(await self.person.http.patch(path, json={"archived": row in self.archived}), 200)

    async def delete_account(self) -> None:
        account = self.pick(self.accounts, open_only=False)
        if sum(row not in self.archived for row in self.accounts) <= 2:
            return
        heirs = [
            row for row, currency in self.accounts.items() if currency == self.accounts[account] and row != account
        ]
        heir = self.chance.choice([None, *heirs])
        answer = await self.person.http.delete(f"/accounts/{account}", params={"reassign_to": heir} if heir else {})
        mine = [row for row, owner in self.openings.items() if owner == account]
        if heir is None:
            if self.model.uses(account=account) > len(mine):
                expect(answer, 409)
                return
            for row in mine:
                self.model.delete(row)
                del self.openings[row]
        elif heir in self.archived:
            problem(answer, 409, "archived")
            return
        elif any({account, heir} <= {line.account for line in lines} for _, lines in self.model.transactions.values()):
            expect(answer, 409)
            return
        else:
            self.model.reassign(account={account: heir})
            self.openings |= dict.fromkeys(mine, heir)
        expect(answer, 204)
        del self.accounts[account]
        self.archived.discard(account)

    async def delete_category(self) -> None:
        if not self.categories:
            return
        category = self.pick(self.categories, open_only=False)
        heirs = [row for row, kind in self.categories.items() if kind == self.categories[category] and row != category]
        heir = self.chance.choice([None, *heirs])
        params = {"reassign_to": heir} if heir else {}
        answer = await self.person.http.delete(f"/categories/{category}", params=params)
        if answer.status_code in {409, 422}:  # it has children, or the heir is archived or below it
            assert heir is not None or answer.json()["children"] or self.model.uses(category=category)
            return
        expect(answer, 204)
        if heir:
            self.model.reassign(category={category: heir})
        assert not self.model.uses(category=category)
        del self.categories[category]
        self.archived.discard(category)


STEPS: dict[str, tuple[int, Callable[[Player], Awaitable[None]]]] = {
    "open an account": (2, Player.open_account),
    "set an opening balance": (3, Player.set_opening),
    "add a category": (2, Player.add_category),
    "create": (14, Player.create),
    "replace": (6, Player.replace),
    "move in time": (3, Player.move_in_time),
    "delete": (4, Player.delete),
    "import a file": (4, Player.import_file),
    "import it again": (2, Player.import_again),
    "undo an import": (2, Player.undo_import),
    "refused": (3, Player.refused),
    "archive": (2, Player.archive),
    "delete an account": (2, Player.delete_account),
    "delete a category": (2, Player.delete_category),
}
"""What may happen, and how often."""
