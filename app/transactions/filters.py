"""Typed filters that turn themselves into SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, column, exists, func, literal, or_, select, table
from sqlalchemy.sql.elements import SQLColumnExpression

from app.core.database import AnySelect
from app.transactions.models import Payee, Posting, Tag, Transaction, TransactionTag

AMOUNT_SCALE = 10_000
LARGEST_KEY = 9_000_000_000_000_000_000
MAX_WORDS = 10

# The categories package stands above this one; its table is named, not imported.
categories = table("categories", column("book_id", Uuid), column("id", Uuid), column("parent_id", Uuid))


@dataclass(frozen=True)
class TransactionFilter:
    """What a list is narrowed to; an empty tuple or None narrows nothing, several values of one field are or-ed."""

    account_ids: tuple[UUID, ...] = ()
    category_ids: tuple[UUID, ...] = ()
    uncategorised: bool = False
    types: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    payee_ids: tuple[UUID, ...] = ()
    import_id: UUID | None = None
    date_from: date | None = None
    date_to: date | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    q: str | None = None

    def conditions(self, book_id: UUID) -> list[ColumnElement[bool]]:
        """All of them, on the table of transactions."""
        return [Transaction.book_id == book_id, *self._header(), *self._amounts(), *self._related(book_id)]

    def _header(self) -> Iterator[ColumnElement[bool]]:
        """What the transaction's own columns decide."""
        if self.types:
            yield Transaction.type.in_(self.types)
        if self.statuses:
            yield Transaction.status.in_(self.statuses)
        if self.payee_ids:
            yield Transaction.payee_id.in_(self.payee_ids)
        if self.import_id is not None:
            yield Transaction.import_id == self.import_id
        if self.date_from is not None:
            yield Transaction.date >= self.date_from
        if self.date_to is not None:
            yield Transaction.date <= self.date_to

    def _related(self, book_id: UUID) -> Iterator[ColumnElement[bool]]:
        """What its payee, tags and postings decide."""
        for word in (self.q or "").split()[:MAX_WORDS]:
            yield self._word(book_id, word)
        if self.tags:
            yield self._tagged(book_id)
        if self.account_ids:
            yield self._has_posting(book_id, Posting.account_id.in_(self.account_ids))
        if self.category_ids:
            wanted = select(descendants(book_id, self.category_ids).c.id)
            yield self._has_posting(book_id, Posting.category_id.in_(wanted))
        if self.uncategorised:
            yield self._has_posting(book_id, and_(Posting.category_id.is_(None), Posting.role == "flow"))

    def _amounts(self) -> Iterator[ColumnElement[bool]]:
        """The key serves the index, the amount itself decides."""
        if self.min_amount is not None:
            key = (self.min_amount * AMOUNT_SCALE).to_integral_value(ROUND_FLOOR) - 1
            yield and_(Transaction.amount >= self.min_amount, Transaction.amount_key >= _bounded(key))
        if self.max_amount is not None:
            key = (self.max_amount * AMOUNT_SCALE).to_integral_value(ROUND_CEILING) + 1
            yield and_(Transaction.amount <= self.max_amount, Transaction.amount_key <= _bounded(key))

    def _word(self, book_id: UUID, word: str) -> ColumnElement[bool]:
        """A word is found anywhere in the description, the notes or the payee's name, without regard to case."""
        payees = select(Payee.id).where(Payee.book_id == book_id, Payee.name.icontains(word, autoescape=True))
        return or_(
            Transaction.description.icontains(word, autoescape=True),
            Transaction.notes.icontains(word, autoescape=True),
            Transaction.payee_id.in_(payees),
        )

    def _tagged(self, book_id: UUID) -> ColumnElement[bool]:
        names = [func.lower(literal(name)) for name in self.tags]
        wanted = select(Tag.id).where(Tag.book_id == book_id, Tag.name_key.in_(names))
        return exists(
            select(TransactionTag.tag_id).where(
                TransactionTag.book_id == book_id,
                TransactionTag.transaction_id == Transaction.id,
                TransactionTag.tag_id.in_(wanted),
            )
        )

    def _has_posting(self, book_id: UUID, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists(
            select(Posting.line).where(Posting.book_id == book_id, Posting.transaction_id == Transaction.id, condition)
        )


def _bounded(key: Decimal) -> int:
    return int(min(max(key, Decimal(-1)), Decimal(LARGEST_KEY)))


def descendants(book_id: UUID, roots: tuple[UUID, ...]) -> Any:
    """The categories below `roots` and they themselves, as a recursive common table expression."""
    start: AnySelect = select(categories.c.id).where(categories.c.book_id == book_id, categories.c.id.in_(roots))
    tree = start.cte("category_tree", recursive=True)
    children = select(categories.c.id).where(categories.c.book_id == book_id, categories.c.parent_id == tree.c.id)
    return tree.union(children)


@dataclass(frozen=True)
class Sort:
    """An order over one column and then the id, the same in which the index lies."""

    name: str
    descending: bool

    @classmethod
    def parse(cls, text: str) -> "Sort":
        return cls(text.lstrip("-"), text.startswith("-"))

    @property
    def text(self) -> str:
        return f"-{self.name}" if self.descending else self.name

    @property
    def column(self) -> SQLColumnExpression[Any]:
        return Transaction.date if self.name == "date" else Transaction.amount_key
