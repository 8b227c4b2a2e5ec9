"""Books of every shape that the ledger takes, at random but the same for the same seed."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access import repository
from app.access.context import Actor, BookWriter, Event
from app.access.opening import flush_events, take_book
from app.core.database import Database
from app.core.money import quantum
from app.transactions import posting
from app.transactions.posting import Changes, Entry, PostingLine, Role
from tests.people import Person

FIRST_DAY = date(2023, 11, 20)
DAYS = 700
EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "ETH": 18}
ACCOUNTS = (
    ("Everyday", "checking", "EUR"),
    ("Everyday", "savings", "EUR"),
    ("everyday ", "cash", "EUR"),
    ("Visa: gold; *", "credit_card", "EUR"),
    ("Dollars", "checking", "USD"),
    ("日本の口座", "checking", "JPY"),
    ("دينار", "checking", "KWD"),
    ("Ether", "investment", "ETH"),
    ("House (loan)", "mortgage", "EUR"),
)
TREE = (
    ("Uncategorised", "expense", None),
    ("Food: all", "expense", None),
    ("Food; all", "expense", None),
    ("out", "expense", "Food: all"),
    ("Café ☕", "expense", "Food: all"),
    ("深い", "expense", "Café ☕"),
    ("Fees", "expense", None),
    ("Trade", "income", None),
    ("2nd job", "income", "Trade"),
    ("Fees", "income", None),
)
TEXTS = (
    None,
    "Corner Café",
    '"quoted" \\ text',
    "* starred",
    "! marked; and | piped",
    "(in brackets) 100%, [2024-13-45]",
    "date: 2020-01-01, id: x",
    "👩‍👩‍👧 & ẞ",
    "x" * 190,
)


Account = tuple[UUID, str]
Shape = tuple[str, list[PostingLine]]


@asynccontextmanager
async def writing(database: Database, person: Person) -> AsyncIterator[BookWriter]:
    """The person's book, held for changes that no route makes yet."""
    async with database.begin() as connection:
        await repository.open_new_book(connection, UUID(person.book_id))
        actor = Actor(UUID(person.user["id"]), "user", "UTC", connection)
        book = await take_book(actor, UUID(person.book_id), "owner")
        yield book
        await flush_events(book)


class Maker:
    """Makes transactions over the accounts, categories, payees and tags of a book."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.accounts: list[Account] = []
        self.kinds: dict[UUID, str] = {}
        self.payees: list[tuple[UUID, str]] = []
        self.tags: list[tuple[UUID, str]] = []
        self.number = 0

    async def prepare(self, person: Person) -> None:
        for name, kind, currency in ACCOUNTS:
            made = await person.account(name, type=kind, currency=currency, notes="a\n;b", institution="Bank, Inc.")
            self.accounts.append((UUID(made["id"]), currency))
        ids: dict[str, str] = {}
        for name, kind, parent in TREE:
            fields = {"parent_id": ids[parent]} if parent else {}
            made = await person.category(name, kind=kind, **fields)
            ids.setdefault(name, made["id"])
            self.kinds[UUID(made["id"])] = kind
        self.payees = [(self.id(), f"{text}"[:190] + f" {n}") for n, text in enumerate(TEXTS * 5)]
        self.tags = [(self.id(), name) for name in ("holiday", "Holiday trip", "id", "notes", "日本", "a,b:c", "a-b-c")]

    def id(self) -> UUID:
        return UUID(int=self.chance.getrandbits(128), version=4)

    def amount(self, currency: str) -> Decimal:
        exponent = EXPONENTS[currency]
        digits = self.chance.choice([1, 2, 3, exponent + 1, exponent + 3, exponent + 5])
        return Decimal(self.chance.randrange(1, 10**digits)).scaleb(-exponent).quantize(quantum(exponent))

    def line(self, account: Account, role: Role, amount: Decimal, **fields: Any) -> PostingLine:
        return PostingLine(account[0], role, amount, amount if account[1] == "EUR" else None, **fields)

    def flow(self, account: Account, amount: Decimal, *kinds: str) -> PostingLine:
        fitting = [None, *(category for category, kind in self.kinds.items() if kind in kinds)]
        memo = self.chance.choice([None, None, *TEXTS])
        return self.line(account, "flow", amount, category_id=self.chance.choice(fitting), memo=memo)

    def transfer(self, source: Account, target: Account) -> list[PostingLine]:
        out = self.amount(source[1])
        arrives = out if source[1] == target[1] else self.amount(target[1])
        return [self.line(source, "transfer", -out), self.line(target, "transfer", arrives)]

    def shape(self) -> tuple[str, list[PostingLine]]:
        account, other, third = self.chance.sample(self.accounts, 3)
        kind = self.chance.choice(["expense"] * 6 + ["income", "refund", "opening_balance", "adjustment", *SHAPES])
        amount = self.amount(account[1])
        if kind == "expense":
            return "expense", [self.flow(account, -amount, "expense")]
        if kind in {"income", "refund"}:
            return "income", [self.flow(account, amount, "income" if kind == "income" else "expense")]
        if kind in {"opening_balance", "adjustment"}:
            return kind, [self.line(account, "equity", self.chance.choice([1, -1]) * amount)]
        return SHAPES[kind](self, account, other, third)

    def split(self, account: Account, _other: Account, _third: Account) -> Shape:
        parts = [self.amount(account[1]) for _ in range(self.chance.randrange(2, 5))]
        parts.append(-min(parts))
        return "expense", [self.flow(account, -part, "expense") for part in parts]

    def move(self, account: Account, other: Account, _third: Account) -> Shape:
        return "transfer", self.transfer(account, other)

    def fee(self, account: Account, other: Account, _third: Account) -> Shape:
        return "transfer", [
            *self.transfer(account, other),
            self.flow(account, -self.amount(account[1]), "expense"),
        ]

    def cheque(self, account: Account, other: Account, _third: Account) -> Shape:
        """Pay, of which tax goes off, and a part of the rest to another account."""
        amount = self.amount(account[1])
        same = [each for each in self.accounts if each[1] == account[1] and each != account]
        flows = [self.flow(account, 5 * amount, "income"), self.flow(account, -amount, "expense")]
        return "journal", [*flows, *self.transfer(account, self.chance.choice(same or [other]))]

    def exchange(self, account: Account, other: Account, third: Account) -> Shape:
        """Several accounts pay for one in another currency, one of them twice, and some comes back."""
        sources = [each for each in self.accounts if each[1] == account[1]]
        target = next((each for each in (other, third) if each[1] != account[1]), None)
        legs = [self.line(each, "transfer", -self.amount(each[1])) for each in sources for _ in range(2)]
        legs.insert(1, self.line(sources[0], "transfer", min(-leg.amount for leg in legs)))
        if target is None:
            return self.move(account, other, third)
        return "journal", [*legs, self.line(target, "transfer", self.amount(target[1]))]

    def offset(self, account: Account, _other: Account, _third: Account) -> Shape:
        amount = self.amount(account[1])
        return "journal", [self.flow(account, -amount, "expense"), self.flow(account, amount, "expense")]

    def mixed(self, account: Account, other: Account, third: Account) -> Shape:
        return "journal", [
            self.flow(account, -self.amount(account[1]), "expense", "income"),
            self.flow(other, self.amount(other[1]), "expense", "income"),
            self.line(third, "equity", -self.amount(third[1])),
        ]

    def entry(self) -> Entry:
        kind, lines = self.shape()
        self.number += 1
        flows = sum((line.amount for line in lines if line.role == "flow"), Decimal(0))
        own = sum((line.amount for line in lines if line.account_id == lines[0].account_id), Decimal(0))
        amount = {"expense": -flows, "income": flows, "journal": abs(own)}.get(kind, abs(lines[0].amount))
        original = (self.amount("USD"), "USD") if kind in {"expense", "income"} and self.chance.random() < 0.1 else None
        return Entry(
            id=self.id(),
            type=kind,
            date=FIRST_DAY + timedelta(days=self.chance.randrange(DAYS)),
            account_id=lines[0].account_id,
            amount=amount,
            lines=tuple(lines),
            payee_id=self.chance.choice([None, *(payee for payee, _ in self.payees)]),
            description=self.chance.choice(TEXTS),
            notes=self.chance.choice([None, None, "two\n\n  lines; a: b\t.", *TEXTS]),
            status=self.chance.choice(["cleared", "cleared", "pending"]),
            external_id=self.chance.choice([None, f"bank, {self.number}"]),
            original_amount=original[0] if original else None,
            original_currency=original[1] if original else None,
            tag_ids=tuple(tag for tag, _ in self.chance.sample(self.tags, self.chance.choice([0, 0, 1, 3]))),
        )


SHAPES: dict[str, Callable[[Maker, Account, Account, Account], Shape]] = {
    "split": Maker.split,
    "transfer": Maker.move,
    "fee": Maker.fee,
    "cheque": Maker.cheque,
    "exchange": Maker.exchange,
    "offset": Maker.offset,
    "mixed": Maker.mixed,
}


async def fill(database: Database, person: Person, *, seed: int, count: int) -> None:
    """Write so many transactions into an empty book."""
    maker = Maker(seed)
    await maker.prepare(person)
    async with writing(database, person) as book:
        book.record(Event("book", book.book_id, "filled", after={"count": count}))
        await posting.apply(book, Changes(payees=maker.payees, tags=maker.tags))
        for offset in range(0, count, 2000):
            entries = [maker.entry() for _ in range(min(2000, count - offset))]
            await posting.apply(book, Changes(put=entries))
