"""Rates that an import brings where the book has none of its own, and takes along when it is undone."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import ARRAY, BigInteger, Date, Numeric, Text, Uuid, bindparam, text

from app.access.context import BookWriter, Event
from app.rates.service import ENTITY

# The pair turned round is the same pair.
_ADD = text(
    """
    INSERT INTO book_rates (book_id, base, quote, date, rate, source, revision)
    SELECT :book, w.base, w.quote, w.day, w.rate, 'import', :revision
    FROM unnest(:bases, :quotes, :days, :rates) AS w(base, quote, day, rate)
    WHERE NOT EXISTS (SELECT FROM book_rates r WHERE r.book_id = :book AND r.base = w.quote AND r.quote = w.base
                                                 AND r.date = w.day)
    ORDER BY w.day, w.base, w.quote
    ON CONFLICT ON CONSTRAINT uq_book_rates_day DO NOTHING
    RETURNING id, base, quote, date, rate, source
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("bases", type_=ARRAY(Text)),
    bindparam("quotes", type_=ARRAY(Text)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("rates", type_=ARRAY(Numeric)),
)
_DROP = text(
    """
    DELETE FROM book_rates WHERE book_id = :book AND revision = :written AND source = 'import'
    RETURNING id, base, quote, date, rate, source
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("written", type_=BigInteger))


async def add_rates(book: BookWriter, rates: Sequence[tuple[str, str, date, Decimal]]) -> None:
    """Store those of pairs and days of which the book has no rate of its own."""
    given = {
        "book": book.book_id,
        "revision": book.revision,
        "bases": [base for base, _, _, _ in rates],
        "quotes": [quote for _, quote, _, _ in rates],
        "days": [day for _, _, day, _ in rates],
        "rates": [rate for _, _, _, rate in rates],
    }
    for row in (await book.connection.execute(_ADD, given)).mappings():
        book.record(Event(ENTITY, row["id"], "created", after=dict(row)))


async def drop_rates(book: BookWriter, written: int) -> None:
    """Remove those that an import stored in revision `written` and nobody changed since."""
    for row in (await book.connection.execute(_DROP, {"book": book.book_id, "written": written})).mappings():
        book.record(Event(ENTITY, row["id"], "deleted", before=dict(row)))
