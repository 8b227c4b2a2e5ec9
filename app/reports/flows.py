"""What came in and went out, asked once: rows of totals or postings, put into groups by one statement."""

from collections.abc import Container, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, Days
from app.accounts.errors import AccountNotFoundError
from app.categories.service import CategoryNotFoundError
from app.core.clock import now
from app.core.money import quantum
from app.reports import converted
from app.reports.flows_sql import statement
from app.reports.names_sql import by_category
from app.reports.parts import parts
from app.reports.periods import Bucket, Piece, pieces
from app.reports.planner import for_many_rows, for_many_splits
from app.reports.sources_sql import Shape, by_day, by_parts, has_whole, joins_many

UNCATEGORISED = "Uncategorised"
MEASURES = {"place", "income", "expenses", "count", "moved", "incomplete"}


@dataclass(frozen=True)
class Filters:
    """What counts; an empty tuple or None narrows nothing. Tags and payees are those of the whole transaction."""

    accounts: tuple[UUID, ...] = ()
    categories: tuple[UUID, ...] = ()
    tags: tuple[UUID, ...] = ()
    payees: tuple[UUID, ...] = ()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None

    @property
    def names(self) -> frozenset[str]:
        """Those that are set."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return frozenset(name for name, value in values.items() if value is not None and value != ())


@dataclass(frozen=True)
class Question:
    """Sums of these buckets, by groups: bucket, category, top_category, account, payee, tag, weekday, transaction.

    A transaction with two tags is in two groups by tag, and in the total once. `sort`, `side` and `limit` are as in
    `Shape`.
    """

    buckets: Sequence[Bucket]
    currency: str
    exponent: int
    groups: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    sort: str | None = None
    side: str | None = None
    limit: int | None = None

    def source(self, book: BookReader) -> str:
        """Where the answer is read: postings only for what no totals tell, days only where whole months will not do.

        What a member does not see of a transaction may have its tags, so such a member's are told by postings.
        """
        groups, filters = set(self.groups), self.filters.names - {"accounts", "categories"}
        by_payee, by_tag = "payee" in groups or "payees" in filters, "tag" in groups or "tags" in filters
        daily = "weekday" in groups or self.currency != book.base_currency
        if not (by_payee or by_tag or filters or "transaction" in groups):
            return "days" if daily else "months"
        if "transaction" in groups:
            return "largest" if not filters and self.side is not None and self.limit is not None else "postings"
        if filters & {"min_amount", "max_amount"} or (by_payee and (by_tag or "weekday" in groups)):
            return "postings"
        if by_payee:
            # What is kept in other currencies is of all accounts, and has no categories.
            kept = not (filters or book.hides or by_category(self.groups, self.filters.names))
            return "payees" if kept or self.currency == book.base_currency else "postings"
        once = "tags" not in filters or ("tag" not in groups and len(self.filters.tags) == 1)
        return "tags" if once and not book.hides else "postings"


@dataclass(frozen=True)
class Group:
    """Income and spending of one group, both positive."""

    key: dict[str, Any]
    """What it is told by; with the name of a payee or tag, and with what there is to know of a transaction."""
    income: Decimal
    expenses: Decimal
    count: int
    moved: bool
    """Whether there was any money that is converted; what came in may still equal what went out."""
    incomplete: bool
    """Whether some of its amounts have no rate, and are in none of these."""

    @property
    def net(self) -> Decimal:
        return self.income - self.expenses

    @property
    def average(self) -> Decimal | None:
        """What a posting moved on average, not rounded; None where not all of it is known."""
        return None if self.incomplete or not self.count else self.net / self.count


@dataclass(frozen=True)
class Answer:
    """Groups in the order that was asked for; ids are texts."""

    groups: list[Group]
    group_count: int
    """How many there are without the limit."""
    income: Decimal
    expenses: Decimal
    count: int
    missing: list[dict[str, Any]]
    """What has no rate, by bucket and currency of the account."""
    categories: list[dict[str, Any]]
    accounts: list[dict[str, Any]]

    @property
    def net(self) -> Decimal:
        return self.income - self.expenses

    @property
    def unconverted(self) -> list[dict[str, Any]]:
        """What has no rate, by currency of the account; it is counted nowhere else."""
        return self.unconverted_in({each["bucket"] for each in self.missing})

    def unconverted_in(self, buckets: Container[int]) -> list[dict[str, Any]]:
        """The same of some buckets."""
        found: dict[str, dict[str, Any]] = {}
        for each in self.missing:
            if each["bucket"] in buckets:
                zero = Decimal(0).quantize(quantum(each["exponent"]))
                sums = found.setdefault(each["currency"], {"income": zero, "expenses": zero})
                sums["income"] += Decimal(each["income"])
                sums["expenses"] += Decimal(each["expenses"])
        return [{"currency": code, **found[code]} for code in sorted(found)]

    def kinds(self) -> dict[str, str]:
        return {category["id"]: category["kind"] for category in self.categories}

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [category for category in self.categories if category["kind"] == kind]


async def ask(book: BookReader, question: Question) -> Answer:
    """One statement. Raises `AccountNotFoundError` and `CategoryNotFoundError` for filters that name what is not there.

    In the book's currency amounts are those that the ledger keeps; in another one each total of a day, or each posting
    where totals do not tell, is converted by the rate of the day, or of today where it is still to come, and rounded.
    What has no rate is under `unconverted` alone.
    """
    source = question.source(book)
    converts = question.currency != book.base_currency
    shape = Shape(
        source,
        question.groups,
        question.filters.names,
        converts,
        question.sort,
        question.side,
        limited=question.limit is not None,
    )
    parameters = _parameters(book, question, shape)
    async with AsyncExitStack() as stack:
        if source == "largest":
            await for_many_splits(book.connection)
        if joins_many(shape):
            await stack.enter_async_context(for_many_rows(book.connection))
        row = (await book.connection.execute(statement(shape), parameters)).one()
    if row.behind is not None:
        days = Days(*_span(question.buckets))
        await converted.notice(book, question.currency, days, row.behind)
    for account_id in row.no_account or ():
        raise AccountNotFoundError(UUID(account_id))
    for category_id in row.no_category or ():
        raise CategoryNotFoundError(UUID(category_id))
    small = quantum(question.exponent)
    return Answer(
        groups=[_group(each, small) for each in row.groups or ()],
        group_count=row.group_count,
        income=Decimal(row.total["income"]).quantize(small),
        expenses=Decimal(row.total["expenses"]).quantize(small),
        count=row.total["count"],
        missing=row.unconverted or [],
        categories=row.categories or [],
        accounts=row.accounts or [],
    )


def _parameters(book: BookReader, question: Question, shape: Shape) -> dict[str, Any]:
    filters = question.filters
    values: dict[str, Any] = {
        "book": book.book_id,
        "categories": list(filters.categories),
        "accounts": list(filters.accounts),
    }
    for name in ("tags", "payees", "min_amount", "max_amount"):
        if name in filters.names:
            value = getattr(filters, name)
            values[name] = list(value) if isinstance(value, tuple) else value
    if by_parts(shape):
        payees = shape.source == "payees"
        thirds = payees and not by_category(shape.groups, shape.filters)
        years = payees and not shape.converts
        values |= _parts(question.buckets, years=years, thirds=thirds)
    if not by_parts(shape) or has_whole(shape):
        by_months = shape.source not in {"days", "postings"} and not by_day(shape)
        values |= _pieces(question.buckets, monthly=by_months)
    if shape.source in {"postings", "largest"}:
        values["earliest"], values["latest"] = _span(question.buckets)
    if shape.converts:
        values |= {"currency": question.currency, "exponent": question.exponent, "today": book.actor.today()}
        values |= {"base": book.base_currency, "settled": converted.settled(now())}
    if question.limit is not None:
        values["limit"] = question.limit
    return values


def _span(buckets: Sequence[Bucket]) -> tuple[date, date]:
    return min(bucket.first for bucket in buckets), max(bucket.last for bucket in buckets)


def _pieces(buckets: Sequence[Bucket], *, monthly: bool) -> dict[str, Any]:
    days = [Piece(number, False, b.first, b.last) for number, b in enumerate(buckets)]  # noqa: FBT003
    found = pieces(buckets) if monthly else days
    return {
        "buckets": [piece.bucket for piece in found],
        "monthly": [piece.monthly for piece in found],
        "firsts": [piece.first for piece in found],
        "lasts": [piece.last for piece in found],
    }


def _parts(buckets: Sequence[Bucket], *, years: bool, thirds: bool) -> dict[str, Any]:
    found = parts(buckets, years=years, thirds=thirds)
    return {
        "part_buckets": [part.bucket for part in found],
        "units": [part.unit for part in found],
        "signs": [part.sign for part in found],
        "part_firsts": [part.first for part in found],
        "part_lasts": [part.last for part in found],
    }


def _group(row: dict[str, Any], small: Decimal) -> Group:
    return Group(
        {name: value for name, value in row.items() if name not in MEASURES},
        Decimal(row["income"]).quantize(small),
        Decimal(row["expenses"]).quantize(small),
        row["count"],
        bool(row["moved"]),
        bool(row["incomplete"]),
    )
