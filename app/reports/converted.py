"""Keeping totals by payee in currencies that reports are asked for in: computed once an answer had to do without."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from app.access.acting import open_for
from app.access.context import BookReader, Days
from app.core.clock import now
from app.core.database import without_nested_loops
from app.core.errors import NotFoundError
from app.core.jobs.queue import defer
from app.core.jobs.tasks import Work
from app.reports.converted_sql import FORGET_SUMS, MISSING, MONTHS, NOTE, THIRDS

KEEP = "reports.keep_converted"
FORGET = "reports.forget_converted"
MOST_MONTHS = 3
"""In one transaction, for as long as which nobody writes in the book."""
ASKED_FOR = timedelta(days=7)
"""How exactly it is noted when a currency was asked for last."""
KEPT_FOR = timedelta(days=90)
MOST_CURRENCIES = 5
"""In which a book's totals are kept: who asks for more of them is answered from postings, as before."""

_TYPES: dict[str, TypeEngine[Any]] = {
    "book": Uuid(),
    "currency": Text(),
    "months": ARRAY(Date),
    **dict.fromkeys(("first", "last", "settled", "asked_on", "before"), Date()),
    **dict.fromkeys(("exponent", "most"), Integer()),
}


def _typed(words: str) -> TextClause:
    found = text(words)
    return found.bindparams(*(bindparam(name, type_=_TYPES[name]) for name in found.compile().params))


_MISSING, _FORGET_SUMS, _THIRDS, _MONTHS, _NOTE = (
    _typed(words) for words in (MISSING, FORGET_SUMS, THIRDS, MONTHS, NOTE)
)
_ASKED = _typed(
    """
    INSERT INTO converted_currencies AS c (book_id, currency, asked_on, first_day, last_day)
    SELECT :book, :currency, :asked_on, :first, :last
    WHERE :currency IN (SELECT k.currency FROM converted_currencies k WHERE k.book_id = :book)
       OR (SELECT count(*) FROM converted_currencies k WHERE k.book_id = :book) < :most
    ON CONFLICT ON CONSTRAINT pk_converted_currencies
    DO UPDATE SET asked_on = greatest(c.asked_on, excluded.asked_on),
                  first_day = least(c.first_day, excluded.first_day),
                  last_day = greatest(c.last_day, excluded.last_day)
    RETURNING 1
    """
)
_WANTED = _typed(
    """
    SELECT c.currency, c.first_day, c.last_day, k.exponent
    FROM converted_currencies c JOIN currencies k ON k.code = c.currency
    WHERE c.book_id = :book AND c.first_day IS NOT NULL ORDER BY c.currency
    """
)
_DONE = _typed(
    """
    UPDATE converted_currencies SET first_day = NULL, last_day = NULL WHERE book_id = :book AND currency = :currency
    """
)
# Nobody writes in the book, and no rate comes, until what is computed is committed; the revision stays. The triggers
# on the rates take the same lock alone.
_HOLD = _typed("SELECT FROM books b WHERE b.id = :book FOR NO KEY UPDATE")
_HOLD_RATES = text("SELECT pg_advisory_xact_lock_shared(hashtext('converted_spans'))")
_FORGET = _typed("SELECT forget_converted(:before)")


def settled(at: datetime) -> date:
    """The last day that is past in every time zone: what is dated up to it is converted by rates of its own days."""
    return at.date() - timedelta(days=2)


async def notice(book: BookReader, currency: str, days: Days, found: Mapping[str, Any]) -> None:
    """Have what was read posting by posting kept, and note that the currency is asked for; `found` is of `BEHIND`.

    Nothing where the transaction may only read: another request will.
    """
    behind = found["behind"]
    if not found["may_write"] or not (behind or found["read"]):
        return
    today = now().date()
    if behind or date.fromisoformat(found["asked_on"]) <= today - ASKED_FOR:
        wanted = {"first": days.first, "last": days.last} if behind else {"first": None, "last": None}
        of = {"book": book.book_id, "currency": currency, "asked_on": today, "most": MOST_CURRENCIES}
        noted = (await book.connection.execute(_ASKED, {**of, **wanted})).first()
        if behind and noted is not None:
            await _ask_for(book.connection, book.book_id)


async def _ask_for(connection: AsyncConnection, book_id: UUID) -> None:
    await defer(connection, KEEP, {"book_id": str(book_id)}, key=f"{KEEP}:{book_id}")


async def keep(work: Work, payload: Mapping[str, Any]) -> None:
    """Compute some months of what is wanted and missing, the newest first, and ask for the rest of them."""
    connection, book_id = work.connection, UUID(payload["book_id"])
    try:
        await open_for(connection, book_id, None)
    except NotFoundError:  # the book has gone
        return
    await connection.execute(_HOLD, {"book": book_id})
    await connection.execute(_HOLD_RATES)
    for row in (await connection.execute(_WANTED, {"book": book_id})).all():
        of = {"book": book_id, "currency": row.currency, "settled": settled(work.at)}
        days = {"first": row.first_day, "last": row.last_day}
        found = await connection.execute(_MISSING, {**of, **days, "most": MOST_MONTHS})
        months = list(found.scalars())
        if months:
            await _compute(connection, {**of, "months": months, "exponent": row.exponent})
            await _ask_for(connection, book_id)
            return
        await connection.execute(_DONE, {name: of[name] for name in ("book", "currency")})


async def _compute(connection: AsyncConnection, of: dict[str, Any]) -> None:
    async with without_nested_loops(connection):
        for statement in (_FORGET_SUMS, _THIRDS, _MONTHS, _NOTE):
            own = {name: value for name, value in of.items() if name in statement.compile().params}
            await connection.execute(statement, own)


async def forget(work: Work, _: Mapping[str, Any]) -> None:
    """Let go of the totals in currencies that nobody has asked for."""
    await work.connection.execute(_FORGET, {"before": work.at.date() - KEPT_FOR})
