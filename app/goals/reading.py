"""Reading goals: all of a book at once, for the money on an account is shared among them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.database import AnyRow
from app.goals import dates, repository
from app.goals.errors import GoalNotFoundError
from app.goals.progress import MONTHS_OF_PACE, Aim, Holding, Progress, Source, Standing

Document = dict[str, Any]


class Overview:
    """The goals of a book, the accounts they speak of, and where those stand that are not archived."""

    def __init__(self, rows: Sequence[AnyRow], accounts: Sequence[AnyRow], today: date) -> None:
        self.rows = rows
        self.accounts = {row.id: row for row in accounts}
        self.aims = {row.id: _aim(row) for row in rows if row.archived_at is None}
        self.holdings = {row.id: _holding(row) for row in accounts}
        self.standing = Standing(list(self.aims.values()), self.holdings, today)


async def overview(book: BookReader, today: date, more: Sequence[UUID] = ()) -> Overview:
    """Two statements, however many goals there are; `more` are accounts that no goal names yet."""
    rows = await repository.every(book.connection, book.book_id)
    wanted = {UUID(source["account_id"]) for row in rows for source in row.sources} | set(more)
    first = today.replace(day=1)
    months = [dates.due(first, 12, -number) for number in range(MONTHS_OF_PACE + 1)]
    accounts = await repository.holdings(book.connection, book.book_id, wanted, months)
    return Overview(rows, accounts, today)


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
        tuple(Source(s["account_id"], s["share"], s["earmark"]) for s in map(_source, row.sources)),
    )


def _holding(row: AnyRow) -> Holding:
    since = (row.since0, row.since1, row.since2, row.since3)
    return Holding(row.currency, row.exponent, row.balance, tuple(row.balance - moved for moved in since))


def _source(image: Document) -> Document:
    """A source as its row has it, from JSON."""
    numbers = {name: None if image[name] is None else Decimal(image[name]) for name in ("share", "earmark")}
    return {"id": UUID(image["id"]), "account_id": UUID(image["account_id"]), **numbers}


def claim_of(source: Document) -> Document:
    """A source without what its row adds."""
    return {name: source[name] for name in ("account_id", "share", "earmark")}


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
                "account_id": account,
                "balance": found.accounts[account].balance,
                "claimed": counted.claimed,
                "counted": counted.counted,
            }
            for account, counted in progress.claims.items()
        ],
        "overcommitted": [{"account_id": account, "by": by} for account, by in progress.overcommitted.items()],
        "unconverted": [
            {
                "account_id": account,
                "currency": found.accounts[account].currency,
                "balance": found.accounts[account].balance,
            }
            for account in progress.unconverted
        ],
    }
