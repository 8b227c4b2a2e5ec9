"""Keeping totals by payee in currencies that reports are asked for in: computed once an answer had to do without."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.types import TypeEngine

from app.access.acting import open_for
from app.access.context import BookReader
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
    INSERT INTO converted_currencies AS c (book_id, currency, asked_on) VALUES (:book, :currency, :asked_on)
    ON CONFLICT ON CONSTRAINT pk_converted_currencies
    DO UPDATE SET asked_on = greatest(c.asked_on, excluded.asked_on)
    """
)
_IS_ASKED = _typed(
    """
    SELECT k.exponent FROM converted_currencies c JOIN currencies k ON k.code = c.currency
    WHERE c.book_id = :book AND c.currency = :currency
    """
)
# Nobody writes in the book, and no rate comes, until what is computed is committed; the revision stays. The triggers
# on the rates take the same lock alone.
_HOLD = _typed("SELECT FROM books b WHERE b.id = :book FOR NO KEY UPDATE")
_HOLD_RATES = text("SELECT pg_advisory_xact_lock_shared(hashtext('converted_spans'))")
_FORGET = _typed("SELECT forget_converted(:before)")


def settled() -> date:
    """The last day that is past in every time zone: what is dated up to it is converted by rates of its own days."""
    return now().date() - timedelta(days=2)


async def notice(book: BookReader, currency: str, days: tuple[date, date], found: Mapping[str, Any]) -> None:
    """Have what was read posting by posting kept, and note that the currency is asked for; `found` is of `BEHIND`.

    Nothing where the transaction may only read: somebody else's request will.
    """
    if not found["may_write"] or not (found["behind"] or found["read"]):
        return
    today = now().date()
    if found["asked_on"] is None or date.fromisoformat(found["asked_on"]) <= today - ASKED_FOR:
        await book.connection.execute(_ASKED, {"book": book.book_id, "currency": currency, "asked_on": today})
    if found["behind"]:
        payload = {"book_id": str(book.book_id), "currency": currency, "first": str(days[0]), "last": str(days[1])}
        await defer(book.connection, KEEP, payload, key=f"{KEEP}:{book.book_id}:{currency}")


async def keep(work: Work, payload: Mapping[str, Any]) -> None:
    """Compute some months of what is missing, the newest first, and ask for the rest of them."""
    book_id, currency = UUID(payload["book_id"]), payload["currency"]
    connection = work.connection
    try:
        await open_for(connection, book_id, None)
    except NotFoundError:  # the book has gone
        return
    of = {"book": book_id, "currency": currency}
    await connection.execute(_HOLD, {"book": book_id})
    await connection.execute(_HOLD_RATES)
    exponent = (await connection.execute(_IS_ASKED, of)).scalar_one_or_none()
    if exponent is None:  # let go of meanwhile
        return
    until = {**of, "settled": settled()}
    days = {name: date.fromisoformat(payload[name]) for name in ("first", "last")}
    months = list((await connection.execute(_MISSING, {**until, **days, "most": MOST_MONTHS + 1})).scalars())
    more, months = len(months) > MOST_MONTHS, months[:MOST_MONTHS]
    if not months:
        return
    async with without_nested_loops(connection):
        await connection.execute(_FORGET_SUMS, {**of, "months": months})
        await connection.execute(_THIRDS, {**until, "months": months, "exponent": exponent})
        await connection.execute(_MONTHS, {**until, "months": months})
        await connection.execute(_NOTE, {**until, "months": months})
    if more:
        await defer(connection, KEEP, payload, key=f"{KEEP}:{book_id}:{currency}")


async def forget(work: Work, _: Mapping[str, Any]) -> None:
    """Let go of the totals in currencies that nobody has asked for."""
    await work.connection.execute(_FORGET, {"before": work.at.date() - KEPT_FOR})
