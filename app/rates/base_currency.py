"""Another base currency for a book in use: a job converts everything, and readers see the old until it is done."""

import dataclasses
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta

from app.access.acting import open_for, writing_for
from app.access.context import BookReader, BookWriter, Event
from app.access.opening import flush_events
from app.access.watching import settle
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import DomainError, ForbiddenError, NotFoundError, invalid
from app.core.ids import new_id
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Work
from app.currencies.service import exponent_of
from app.rates import change_repository, repository
from app.rates.change_ending import end_later, key_of, look_later
from app.rates.errors import (
    BudgetsInBaseCurrencyError,
    ChangeNotFoundError,
    ChangeRunningError,
    GoalsInBaseCurrencyError,
    RateMissingError,
)
from app.rates.schemas import BaseCurrencyIn
from app.rates.service import rates_for
from app.transactions.errors import PeriodLockedError
from app.transactions.revaluing import Range, recost, revalue

CHANGE = "rates.change_base_currency"
INTERNAL = "The server could not finish it; the log says why."


async def start(book: BookWriter, body: BaseCurrencyIn) -> AnyRow:
    """Have the book counted in another currency. Owners only.

    Raises `InvalidError` for a currency that is unknown or is the base already, `PeriodLockedError` where a period is
    closed, `ChangeRunningError`, `RateMissingError` and, naming them, `BudgetsInBaseCurrencyError` and
    `GoalsInBaseCurrencyError`.
    """
    if book.role != "owner":
        raise ForbiddenError("Only an owner may change what the book counts in.")
    await exponent_of(book.connection, body.currency, "currency")
    if body.currency == book.base_currency:
        raise invalid("currency", "same_currency", f"is the base currency already: the book counts in {body.currency}")
    if await change_repository.open_change(book.connection, book.book_id) is not None:
        raise ChangeRunningError
    await _check(book, body.currency, convert_budgets=body.convert_budgets)
    change_id = new_id()
    await change_repository.add(
        book.connection,
        {
            "book_id": book.book_id,
            "id": change_id,
            "from_currency": book.base_currency,
            "to_currency": body.currency,
            "convert_budgets": body.convert_budgets,
            "requested_by": book.actor.user_id,
        },
    )
    payload = {"book_id": str(book.book_id), "id": str(change_id), "user_id": str(book.actor.user_id)}
    await defer(book.connection, CHANGE, payload, key=key_of(change_id))
    await look_later(book.connection, payload, now())
    return await get(book)


async def get(book: BookReader) -> AnyRow:
    """The newest change; raises `ChangeNotFoundError` where there was none."""
    row = await change_repository.newest(book.connection, book.book_id)
    if row is None:
        raise ChangeNotFoundError("Nobody has asked for another base currency of this book.")
    return row


async def _check(book: BookWriter, currency: str, *, convert_budgets: bool) -> None:
    if book.locked_until is not None:
        raise PeriodLockedError(book.locked_until)
    if not await change_repository.has_budgets(book.connection, book.book_id):
        return
    if not convert_budgets:
        names = await change_repository.budget_names(book.connection, book.book_id)
        raise BudgetsInBaseCurrencyError(
            f"Budgets have amounts in {book.base_currency}: delete them, or have them converted at today's rate with "
            "convert_budgets.",
            budgets=names,
        )
    if goals := await change_repository.torn_goals(book.connection, book.book_id, book.base_currency):
        raise GoalsInBaseCurrencyError(
            f"Goals in {book.base_currency} count accounts and envelopes together, and envelopes are in the base "
            "currency: take the one or the other out of them first.",
            goals=goals,
        )
    today = book.actor.today()
    pair = (book.base_currency, currency, today)
    if pair not in await rates_for(book.connection, [pair]):
        raise RateMissingError(
            f"To convert the budgets, a rate from {book.base_currency} to {currency} of {today} is needed: set one "
            "with PUT /rates."
        )


async def change_book(work: Work, payload: Mapping[str, Any]) -> None:
    """Convert a book, in one transaction; how far it is, is written beside it.

    What the book refuses by now ends as `failed` with the reason, and the book is as it was.
    """
    progress = _Progress(work, payload)
    try:
        if not await progress.begin():
            return
        try:
            async with work.connection.begin_nested(), progress.writing() as book:
                await _convert(book, progress)
        except NotFoundError:
            raise
        except DomainError as error:
            await progress.fail(error.detail)
        except Exception:
            await progress.fail(INTERNAL)
            raise
    except NotFoundError:  # the book has gone
        return


class _Progress:
    """How far a change is, on connections of its own: others see it while the change is not committed."""

    def __init__(self, work: Work, payload: Mapping[str, Any]) -> None:
        self.work = work
        self.payload = payload
        self.book_id, self.change_id, self.user_id = (UUID(payload[name]) for name in ("book_id", "id", "user_id"))

    def writing(self) -> AbstractAsyncContextManager[BookWriter]:
        return writing_for(self.work.connection, self.book_id, self.user_id)

    async def begin(self) -> bool:
        """False where the change is done, or another one has begun since this one failed.

        From here on a run that says nothing more is noticed: see `change_ending`.
        """
        return await self._write(
            {"status": "running", "done": 0, "total": 0, "reason": None, "finished_at": None}, watched=True
        )

    async def say(self, done: int, total: int) -> None:
        await self._write({"done": done, "total": total})

    async def fail(self, reason: str) -> None:
        await self._write({"status": "failed", "reason": reason, "finished_at": self.work.at})

    async def _write(self, values: dict[str, Any], *, watched: bool = False) -> bool:
        async with self.work.database.begin() as connection:
            await open_for(connection, self.book_id, self.user_id)
            written = await change_repository.change(connection, self.book_id, self.change_id, values)
            if written and watched:
                await end_later(connection, self.payload)
            return written


async def _convert(book: BookWriter, progress: _Progress) -> None:
    change = await change_repository.get(book.connection, book.book_id, progress.change_id)
    await _check(book, change.to_currency, convert_budgets=change.convert_budgets)
    exponent = await exponent_of(book.connection, change.to_currency, "currency")
    before, today = book.base_currency, book.actor.today()
    if change.convert_budgets:
        rate = (await rates_for(book.connection, [(before, change.to_currency, today)])).get(
            (before, change.to_currency, today)
        )
        if rate is not None:
            await change_repository.convert_budgets(book, rate.rate, change.to_currency, exponent)
    await change_repository.set_base_currency(book.connection, book.book_id, change.to_currency)
    changed = dataclasses.replace(
        book, base_currency=change.to_currency, base_exponent=exponent, base_currency_chosen=True
    )
    months = await change_repository.months(book.connection, book.book_id)
    for done, month in enumerate(months, 1):
        await revalue(changed, Range(month, _last_of(month), every=True), log=False)
        await progress.say(done, len(months))
    await recost(changed, Range(date.min, date.max, every=True))  # what came in kind has no posting in any month
    await repository.settle(book.connection, book.book_id)
    book.record(
        Event(
            "book",
            book.book_id,
            "base_currency_changed",
            before={"base_currency": before},
            after={"base_currency": change.to_currency, "convert_budgets": change.convert_budgets},
        )
    )
    await settle(changed)  # before the block ends, which would have budgets looked at in the former currency
    await flush_events(changed)
    values = {"status": "done", "done": len(months), "total": len(months), "finished_at": progress.work.at}
    await change_repository.change(book.connection, book.book_id, progress.change_id, values)


def _last_of(month: date) -> date:
    return month + relativedelta(months=1) - timedelta(days=1)
