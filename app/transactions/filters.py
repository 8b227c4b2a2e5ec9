"""Typed filters that turn themselves into SQL."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, column, exists, func, literal, select, table
from sqlalchemy.sql.elements import SQLColumnExpression

from app.core.database import AnySelect
from app.transactions.models import Posting, Transaction
from app.transactions.name_models import Tag, TransactionTag
from app.transactions.search import conditions as search
from app.transactions.search.conditions import Found, amount_between, has_posting, is_uncategorised

# The categories package stands above this one; its table is named, not imported.
categories = table("categories", column("book_id", Uuid), column("id", Uuid), column("parent_id", Uuid))


@dataclass(frozen=True)
class TransactionFilter:
    """What a list is narrowed to; an empty tuple or None narrows nothing, several values of one field are or-ed.

    A search `q` has to be looked up before there are conditions: `listing.prepared` does, and sets `found`.
    """

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
    found: Found | None = None

    def conditions(self, book_id: UUID) -> list[ColumnElement[bool]]:
        """All of them, on the table of transactions."""
        if self.q is not None and self.found is None:
            raise RuntimeError("a filter with a search is prepared before it is used")
        return [Transaction.book_id == book_id, *self._header(), *self._amounts(), *self._related(book_id)]

    @property
    def is_short(self) -> bool:
        """Whether it is known by their ids what it can find."""
        return self.found is not None and self.found.ids is not None

    @property
    def without_ids(self) -> "TransactionFilter":
        """The same, found by looking at each transaction."""
        return self if self.found is None else replace(self, found=replace(self.found, ids=None, is_cut=False))

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
        if self.found is not None:
            yield from search.conditions(book_id, self.found)
        if self.tags:
            yield self._tagged(book_id)
        if self.account_ids:
            yield has_posting(book_id, Posting.account_id.in_(self.account_ids), each=self.is_short)
        if self.category_ids:
            wanted = select(descendants(book_id, self.category_ids).c.id)
            yield has_posting(book_id, Posting.category_id.in_(wanted), each=self.is_short)
        if self.uncategorised:
            yield has_posting(book_id, is_uncategorised(), each=self.is_short)

    def _amounts(self) -> Iterator[ColumnElement[bool]]:
        """What it moved, whatever the direction."""
        if self.min_amount is not None or self.max_amount is not None:
            yield amount_between(self.min_amount, self.max_amount)

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


EVERYTHING = TransactionFilter()


def descendants(book_id: UUID, roots: tuple[UUID, ...], name: str = "category_tree") -> Any:
    """The categories below `roots` and they themselves, as a recursive common table expression."""
    start: AnySelect = select(categories.c.id).where(categories.c.book_id == book_id, categories.c.id.in_(roots))
    tree = start.cte(name, recursive=True)
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
