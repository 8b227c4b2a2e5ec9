"""A plain Python ledger: what the books should say, worked out the slow and obvious way.

Everything is a row: a dictionary that is never changed in place, under the name of its entity and its id. Balances,
totals and the report are computed from the lines of transactions each time somebody asks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
PURCHASES = {"expense", "journal"}
BOOK = "book"

Row = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """A movement of money on one account."""

    account: str
    amount: Decimal
    category: str | None
    role: str
    memo: str | None = None


@dataclass(frozen=True)
class Change:
    """What a revision did to a row: the fields that it wrote, as they were before and after; None is no row."""

    before: Row | None
    after: Row | None


@dataclass
class Model:
    """The rows, and what each revision did to them."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    history: dict[int, dict[Key, Change]] = field(default_factory=dict)
    written: dict[Key, int] = field(default_factory=dict)
    """The revision that wrote each row last."""
    touched: dict[Key, tuple[Row | None, set[str] | None]] = field(default_factory=dict)
    """What the revision in the making wrote: each row as it was, and which fields (None: all of them)."""
    serial: int = 0
    places: dict[str, int] = field(default_factory=dict)

    # Rows

    def of(self, entity: str) -> dict[str, Row]:
        return self.rows.setdefault(entity, {})

    def find(self, entity: str, row_id: str | None) -> Row | None:
        return self.of(entity).get(row_id) if row_id is not None else None

    @property
    def transactions(self) -> dict[str, Row]:
        return self.of("transaction")

    @property
    def book(self) -> Row:
        return self.of("book")[BOOK]

    def scratch(self) -> "Model":
        """The same rows once more, to try something."""
        rows = {entity: dict(rows) for entity, rows in self.rows.items()}
        return Model(rows=rows, places=dict(self.places), serial=self.serial)

    def next(self) -> int:
        """A number that never was: for ids that nobody sees, and instants that nobody foretells."""
        self.serial += 1
        return self.serial

    def ordered(self, ids: Iterable[str]) -> list[str]:
        """Ids in the order in which the model met them: the ids themselves differ when the same life is lived again."""
        return sorted(ids, key=lambda row_id: self.places[row_id])

    def meet(self, row_id: str) -> None:
        self.places.setdefault(row_id, len(self.places))

    def put(self, entity: str, row_id: str, **fields: Any) -> None:
        """Write a row, all of it: what is not named stays as it is, and counts as written."""
        self._touch(entity, row_id, None)
        self.of(entity)[row_id] = {**self.of(entity).get(row_id, {}), **fields}

    def part(self, entity: str, row_id: str, **fields: Any) -> None:
        """Write some fields of a row; to the others this is no change."""
        self._touch(entity, row_id, set(fields))
        self.of(entity)[row_id] = {**self.of(entity)[row_id], **fields}

    def hand(self, row_id: str, places: dict[int, tuple[str, str | None]]) -> None:
        """Put lines of a transaction, by number, on other accounts and in other categories."""
        self._touch("transaction", row_id, {f"line {number}" for number in places})
        row = self.transactions[row_id]
        self.transactions[row_id] = {**row, "lines": _handed(row["lines"], places)}

    def remove(self, entity: str, row_id: str) -> None:
        """Take a row away, a transaction with its attachments."""
        if entity == "transaction":
            for attachment in [key for key, row in self.of("attachment").items() if row["transaction"] == row_id]:
                self.remove("attachment", attachment)
        self._touch(entity, row_id, None)
        del self.of(entity)[row_id]

    def _touch(self, entity: str, row_id: str, names: set[str] | None) -> None:
        self.meet(row_id)
        before, earlier = self.touched.get((entity, row_id), (self.of(entity).get(row_id), set()))
        self.touched[entity, row_id] = (before, None if names is None or earlier is None else earlier | names)

    def record(self, revision: int) -> None:
        """Keep what was written since the last time as what this revision did."""
        if self.touched:
            changes: dict[Key, Change] = {}
            for (entity, row_id), (before, names) in self.touched.items():
                after = self.of(entity).get(row_id)
                changes[entity, row_id] = Change(view(before, names), view(after, names))
            self.keep(revision, {key: change for key, change in changes.items() if change != Change(None, None)})
            self.touched = {}

    def keep(self, revision: int, changes: dict[Key, Change]) -> None:
        self.history[revision] = changes
        self.written |= dict.fromkeys(changes, revision)

    # What follows from the lines

    def lines(self) -> Iterator[tuple[str, Row, Line]]:
        for row_id, row in self.transactions.items():
            for line in row["lines"]:
                yield row_id, row, line

    def balance(self, account: str, at: date = date.max) -> Decimal:
        return sum(
            (line.amount for _, row, line in self.lines() if row["date"] <= at and line.account == account), ZERO
        )

    def uses(self, *, account: str | None = None, category: str | None = None) -> set[str]:
        """The transactions that have a line on the account or in the category."""
        return {
            row_id
            for row_id, _, line in self.lines()
            if line.account == account or (category is not None and line.category == category)
        }

    def openings(self, account: str) -> list[str]:
        return [i for i in self.uses(account=account) if self.transactions[i]["type"] == "opening_balance"]

    def below(self, category: str) -> set[str]:
        """The category and all that is under it."""
        found = {category}
        while more := {i for i, row in self.of("category").items() if row["parent"] in found} - found:
            found |= more
        return found

    def totals(self) -> dict[tuple[str, str | None], Decimal]:
        """What each month brought (or took) for each category."""
        found: dict[tuple[str, str | None], Decimal] = {}
        for _, row, line in self.lines():
            if line.role == "flow":
                key = (row["date"].strftime("%Y-%m"), line.category)
                found[key] = found.get(key, ZERO) + line.amount
        return {key: amount for key, amount in found.items() if amount}

    def report(self, year: int, month: int) -> Row:
        """The monthly report: each category with what is below it, what has none, and other currencies apart."""
        base, categories = self.book["base"], self.of("category")
        own: dict[str, Decimal] = {}
        loose = {"income": ZERO, "expense": ZERO}
        foreign: dict[str, dict[str, Decimal]] = {}
        for _, row, line in self.lines():
            if line.role != "flow" or (row["date"].year, row["date"].month) != (year, month):
                continue
            currency = self.of("account")[line.account]["currency"]
            side = "income" if line.amount > 0 else "expense"
            side = categories[line.category]["kind"] if line.category else side
            amount = line.amount if side == "income" else -line.amount
            if currency != base:
                foreign.setdefault(currency, {"income": ZERO, "expense": ZERO})[side] += amount
            elif line.category:
                own[line.category] = own.get(line.category, ZERO) + amount
            else:
                loose[side] += amount
        totals = {
            side: loose[side] + sum((a for c, a in own.items() if categories[c]["kind"] == side), ZERO)
            for side in ("income", "expense")
        }
        rolled = {
            c: sum((own[d] for d in self.below(c) if d in own), ZERO) for c in categories if self.below(c) & {*own}
        }
        return {"totals": totals, "categories": rolled, "loose": loose, "foreign": foreign}


def view(row: Row | None, names: Iterable[str] | None) -> Row | None:
    """Some fields of a row; `line 2` is where the line of that number is: on which account, in which category."""
    if row is None or names is None:
        return row
    found: Row = {}
    for name in names:
        if name.startswith("line "):
            number = int(name.removeprefix("line "))
            lines = row["lines"]
            found[name] = (lines[number].account, lines[number].category) if number < len(lines) else None
        else:
            found[name] = row[name]
    return found


def over(row: Row, fields: Row) -> Row:
    """The row with these fields, as `view` gives them, put over it."""
    plain = {name: value for name, value in fields.items() if not name.startswith("line ")}
    places = {int(name.removeprefix("line ")): value for name, value in fields.items() if name.startswith("line ")}
    return {**row, **plain, **({"lines": _handed({**row, **plain}["lines"], places)} if places else {})}


def _handed(lines: tuple[Line, ...], places: dict[int, tuple[str, str | None]]) -> tuple[Line, ...]:
    return tuple(
        replace(line, account=places[number][0], category=places[number][1]) if number in places else line
        for number, line in enumerate(lines)
    )


def moved(lines: Iterable[Line]) -> dict[str, Decimal]:
    """What lines come to on each account."""
    found: dict[str, Decimal] = {}
    for line in lines:
        found[line.account] = found.get(line.account, ZERO) + line.amount
    return {account: amount for account, amount in found.items() if amount}


def lines_of(body: Row) -> tuple[Line, ...]:
    """The lines that a request for an expense, income, transfer or journal stands for, by the words of the contract."""
    if body["type"] == "journal":
        return tuple(
            Line(p["account_id"], Decimal(p["amount"]), p.get("category_id"), p["role"], p.get("memo"))
            for p in body["postings"]
        )
    account, amount = body["account_id"], Decimal(body["amount"])
    if body["type"] == "transfer":
        arrives = Decimal(str(body.get("to_amount", body["amount"])))
        lines = [Line(account, -amount, None, "transfer"), Line(body["to_account_id"], arrives, None, "transfer")]
        if "fee_amount" in body:
            lines.append(Line(account, -Decimal(body["fee_amount"]), body.get("fee_category_id"), "flow"))
        return tuple(lines)
    sign = -1 if body["type"] == "expense" else 1
    parts = body.get("splits") or [{"amount": body["amount"], "category_id": body.get("category_id")}]
    return tuple(Line(account, sign * Decimal(p["amount"]), p.get("category_id"), "flow", p.get("memo")) for p in parts)
