"""Reading goals: all of a book at once, for the money on an account is shared among them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.budgets import envelopes as budget_envelopes
from app.core.database import AnyRow
from app.core.money import quantum
from app.goals import dates, repository
from app.goals.errors import GoalNotFoundError
from app.goals.progress import MONTHS_OF_PACE, Aim, Holding, Progress, Source, Standing

Document = dict[str, Any]


class Overview:
    """The goals of a book, the accounts they speak of, and where those stand that are not archived."""

    def __init__(
        self, rows: Sequence[AnyRow], accounts: Sequence[AnyRow], envelopes: Mapping[UUID, Holding], today: date
    ) -> None:
        self.rows = rows
        self.accounts = {row.id: row for row in accounts}
        self.envelopes = envelopes
        self.aims = {row.id: _aim(row) for row in rows if row.archived_at is None}
        self.holdings = {**{row.id: _holding(row) for row in accounts}, **envelopes}
        self.standing = Standing(list(self.aims.values()), self.holdings, today)

    def named(self, place: UUID) -> Document:
        """An account or an envelope as documents name it."""
        envelope = place in self.envelopes
        return {"account_id": None if envelope else place, "budget_id": place if envelope else None}


async def overview(book: BookReader, today: date, more: Sequence[Document] = ()) -> Overview:
    """Two statements, however many goals there are, and three where some have money in envelopes.

    `more` are sources that no goal has yet.
    """
    rows = await repository.every(book.connection, book.book_id)
    sources = [_source(source) for row in rows for source in row.sources] + list(more)
    first = today.replace(day=1)
    months = [dates.due(first, 12, -number) for number in range(MONTHS_OF_PACE + 1)]
    wanted = {source["account_id"] for source in sources if source["account_id"]}
    accounts = await repository.holdings(book.connection, book.book_id, wanted, months)
    budgets = {source["budget_id"] for source in sources if source["budget_id"]}
    return Overview(rows, accounts, await _envelopes(book, budgets, today) if budgets else {}, today)


async def _envelopes(book: BookReader, ids: Collection[UUID], today: date) -> dict[UUID, Holding]:
    """What is in these envelopes today; nothing in one that is not counted as set aside."""
    found = {item.budget_id: item.remaining for item in (await budget_envelopes.at(book, today)).items}
    nothing = Decimal(0).quantize(quantum(book.base_exponent))
    return {one: Holding(book.base_currency, book.base_exponent, found.get(one, nothing)) for one in ids}


def _aim(row: AnyRow) -> Aim:
    return Aim(
        row.id,
        row.kind,
        row.currency,
        row.exponent,
        row.target_amount,
        row.target_date,
        row.start_amount,
        row.start_date,
        tuple(Source(place_of(s), s["share"], s["earmark"]) for s in map(_source, row.sources)),
    )


def _holding(row: AnyRow) -> Holding:
    since = (row.since0, row.since1, row.since2, row.since3)
    return Holding(row.currency, row.exponent, row.balance, tuple(row.balance - moved for moved in since))


def _source(image: Document) -> Document:
    """A source as its row has it, from JSON."""
    numbers = {name: None if image[name] is None else Decimal(image[name]) for name in ("share", "earmark")}
    ids = {name: image[name] and UUID(image[name]) for name in ("id", "account_id", "budget_id")}
    return {**ids, **numbers}


def place_of(source: Document) -> UUID:
    """The account or envelope of a source."""
    place: UUID = source["account_id"] or source["budget_id"]
    return place


def claim_of(source: Document) -> Document:
    """A source without what its row adds."""
    return {name: source[name] for name in ("account_id", "budget_id", "share", "earmark")}


def documents(found: Overview) -> list[Document]:
    """All goals with where they stand, in the order in which they were made."""
    return [_document(found, row) for row in found.rows]


def document_of(found: Overview, goal_id: UUID) -> Document:
    """One of them; raises `GoalNotFoundError`."""
    for row in found.rows:
        if row.id == goal_id:
            return _document(found, row)
    raise GoalNotFoundError(goal_id)


def _document(found: Overview, row: AnyRow) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    del document["exponent"]
    document["sources"] = [_source(source) for source in row.sources]
    aim = found.aims.get(row.id)
    document["status"] = None if aim is None else _status(found, found.standing.of(aim))
    return document


def _status(found: Overview, progress: Progress) -> Document:
    instalments = progress.instalments
    return {
        "current_amount": progress.current,
        "done_amount": progress.done,
        "remaining": progress.remaining,
        "percent": progress.percent,
        "reached": progress.reached,
        "monthly_amount": instalments and instalments.amount,
        "payments": instalments and instalments.payments,
        "last_amount": instalments and instalments.last_amount,
        "expected_amount": progress.expected,
        "on_track": progress.on_track,
        "monthly_pace": progress.pace,
        "projected_date": progress.projected_date,
        "sources": [
            {
                **found.named(place),
                "balance": found.holdings[place].balance,
                "claimed": counted.claimed,
                "counted": counted.counted,
            }
            for place, counted in progress.claims.items()
        ],
        "overcommitted": [{**found.named(place), "by": by} for place, by in progress.overcommitted.items()],
        "unconverted": [
            {
                **found.named(place),
                "currency": found.holdings[place].currency,
                "balance": found.holdings[place].balance,
            }
            for place in progress.unconverted
        ],
    }
