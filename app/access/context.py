"""What a request may do: who asks, which book is open, and, for writers, the revision they are making."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.clock import now


@dataclass(frozen=True)
class Actor:
    """The person behind a request, and the way they came: a session, or a personal access token.

    A command acts for a person without either.
    """

    user_id: UUID
    role: str
    time_zone: str
    connection: AsyncConnection
    session_id: UUID | None = None
    token_id: UUID | None = None
    confirmed_at: datetime | None = None
    """When the session last proved again who uses it; log-in alone does not count."""

    def today(self) -> date:
        """Today where the person lives: a civil date is theirs, not the server's."""
        return now().astimezone(ZoneInfo(self.time_zone)).date()

    def known_day(self, day: date) -> date:
        """By whose prices and rates a day is valued: its own, or those of today while it is still to come."""
        return min(day, self.today())


@dataclass(frozen=True)
class BookReader:
    """An open book: every statement through `connection` sees this book's rows and no other's."""

    actor: Actor
    connection: AsyncConnection
    book_id: UUID
    role: str
    base_currency: str
    base_exponent: int
    revision: int
    hides: bool = field(default=False, kw_only=True)
    """Whether there are accounts that this member does not see. The database hides them, and all that is theirs."""


@dataclass(frozen=True)
class HeldBook:
    """A book at one state that may be read while the answer is sent already.

    `held` is to be left as soon as all is read: the connection and the turns go then, however slowly the answer does.
    """

    book: BookReader
    held: AbstractAsyncContextManager[object]


@dataclass(frozen=True)
class PersonSnapshot:
    """Somebody who proved again who they are, at one state of the database, and the way into each of their books.

    Opening a book checks the membership and sets it for row-level security, as for a request of its own; the one
    opened before is closed by that.
    """

    actor: Actor
    open_book: Callable[[UUID], Awaitable[BookReader]]


@dataclass(frozen=True)
class Event:
    """One change, on its way to the log."""

    entity: str
    entity_id: UUID
    action: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


@dataclass(frozen=True)
class Days:
    """From one day to another, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class BookWriter(BookReader):
    """An open book whose row this request holds: `revision` is the one it is making, and nobody else writes.

    A function that changes a book takes a `BookWriter`, so a route that only opened the book for reading cannot
    call it. Events gather in `pending` and are written before the commit, with the change they tell of.
    """

    base_currency_chosen: bool
    locked_until: date | None
    """The last day of what is closed: nothing dated up to it is written, changed or deleted."""
    uses: set[str] = field(default_factory=set, kw_only=True)
    """Of which features that have a part in writing transactions the book has something; see `watching`."""
    days: list[Days] = field(default_factory=list, kw_only=True)
    """The days of changes that no watcher has looked at yet."""
    aside: dict[str, Any] = field(default_factory=dict, kw_only=True)
    """What a feature found out when it prepared a change, by its name, for when it looks at what was written."""
    pending: list[Event] = field(default_factory=list)
    written: list[int] = field(default_factory=lambda: [0])

    def record(self, event: Event) -> None:
        self.pending.append(event)

    def take_events(self) -> list[dict[str, Any]]:
        """The events not yet written, as rows for the log; the caller writes them."""
        start = self.written[0]
        rows = [
            {
                "position": start + offset,
                "entity": event.entity,
                "entity_id": str(event.entity_id),
                "action": event.action,
                "before": event.before,
                "after": event.after,
            }
            for offset, event in enumerate(self.pending)
        ]
        self.advance(len(rows))
        self.pending.clear()
        return rows

    def touch(self, first: date | None, last: date | None) -> None:
        """Tell that postings of these days came, went or moved; None where there were none."""
        if first is not None and last is not None:
            self.days.append(Days(first, last))

    def touch_today(self) -> None:
        """Tell that something counts otherwise from now on, though no posting changed."""
        today = self.actor.today()
        self.touch(today, today)

    def take_days(self) -> Days | None:
        """The days that were touched since the last time; the caller has the watchers look at them."""
        if not self.days:
            return None
        days = Days(min(d.first for d in self.days), max(d.last for d in self.days))
        self.days.clear()
        return days

    @property
    def next_position(self) -> int:
        """Where in the revision's log the next event stands."""
        return self.written[0]

    def advance(self, count: int) -> None:
        """Tell that a statement wrote this many events of its own, from `next_position` on."""
        self.written[0] += count
