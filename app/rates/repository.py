"""Statements about exchange rates."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, Integer, Text, TextClause, Uuid, bindparam, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader, BookWriter
from app.access.opening import place_in_log
from app.core.database import AnyRow
from app.core.documents import dump
from app.rates.models import BookRate

_FOUND = text(
    """
    SELECT w.base, w.quote, w.day, f.rate, f.rated_on, f.source, f.via
    FROM (SELECT DISTINCT * FROM unnest(:bases, :quotes, :days) AS u(base, quote, day)) AS w
    CROSS JOIN LATERAL rate_found(w.base, w.quote, w.day) AS f
    WHERE f.rate IS NOT NULL
    """
).bindparams(
    bindparam("bases", type_=ARRAY(Text)), bindparam("quotes", type_=ARRAY(Text)), bindparam("days", type_=ARRAY(Date))
)


async def found(connection: AsyncConnection, wanted: Collection[tuple[str, str, date]]) -> Sequence[AnyRow]:
    parameters = {
        "bases": [base for base, _, _ in wanted],
        "quotes": [quote for _, quote, _ in wanted],
        "days": [day for _, _, day in wanted],
    }
    return (await connection.execute(_FOUND, parameters)).all()


_CURRENCIES = text("SELECT code, exponent FROM currencies WHERE code = ANY(:codes)").bindparams(
    bindparam("codes", type_=ARRAY(Text))
)


async def exponents(connection: AsyncConnection, codes: Collection[str]) -> dict[str, int]:
    """The decimals of those of these currencies that there are."""
    rows = (await connection.execute(_CURRENCIES, {"codes": list(codes)})).all()
    return {row.code: row.exponent for row in rows}


async def window_days(connection: AsyncConnection, book_id: UUID) -> int:
    statement = text("SELECT rate_window_days FROM books WHERE id = :book").bindparams(bindparam("book", type_=Uuid))
    found: int = (await connection.execute(statement, {"book": book_id})).scalar_one()
    return found


_BEHIND = "(r.date < :behind OR (r.base, r.quote, {rank}) > (:after_base, :after_quote, :rank))"
_NEWEST = "ORDER BY r.date DESC, r.base, r.quote LIMIT :limit"


def _page(*filters: str) -> TextClause:
    chosen = " AND ".join(["r.date BETWEEN :date_from AND least(:date_to, :behind)", _BEHIND, *filters])
    statement = f"""
        SELECT id, base, quote, date, rate, source, revision, rank FROM (
            (SELECT r.id, r.base, r.quote, r.date, r.rate, r.source, r.revision, 0 AS rank FROM book_rates r
             WHERE r.book_id = :book AND {chosen.format(rank=0)} {_NEWEST})
            UNION ALL
            (SELECT NULL, r.base, r.quote, r.date, r.rate, r.source, NULL, 1 FROM exchange_rates r
             WHERE {chosen.format(rank=1)} {_NEWEST})
        ) AS both_kinds
        ORDER BY date DESC, base, quote, rank LIMIT :limit
    """  # noqa: S608  # nosec B608  # constants of this module
    days = [bindparam(name, type_=Date) for name in ("date_from", "date_to", "behind")]
    codes = [bindparam(name, type_=Text) for name in ("after_base", "after_quote")]
    return text(statement).bindparams(*days, *codes, bindparam("book", type_=Uuid), bindparam("rank", type_=Integer))


# Of one pair the rates are found by it, of all by their days: each has a statement, for one plan would not do for both.
_OF_BASE, _OF_QUOTE = "r.base = :base", "r.quote = :quote"
_PAGES = {
    (False, False): _page(),
    (True, False): _page(_OF_BASE),
    (False, True): _page(_OF_QUOTE),
    (True, True): _page(_OF_BASE, _OF_QUOTE),
}


async def page(
    connection: AsyncConnection, base: str | None, quote: str | None, place: dict[str, Any]
) -> Sequence[AnyRow]:
    """Rates of the book and of providers, the newest day first, behind a place in that order; of all currencies where
    none is named.
    """
    named = {name: code for name, code in (("base", base), ("quote", quote)) if code is not None}
    return (await connection.execute(_PAGES["base" in named, "quote" in named], {**place, **named})).all()


async def get(connection: AsyncConnection, book_id: UUID, rate_id: UUID) -> AnyRow | None:
    columns = (
        BookRate.id,
        BookRate.base,
        BookRate.quote,
        BookRate.date,
        BookRate.rate,
        BookRate.source,
        BookRate.revision,
    )
    statement = select(*columns).where(BookRate.book_id == book_id, BookRate.id == rate_id)
    return (await connection.execute(statement)).one_or_none()


async def remove(connection: AsyncConnection, book_id: UUID, rate_id: UUID) -> None:
    await connection.execute(delete(BookRate).where(BookRate.book_id == book_id, BookRate.id == rate_id))


_IMAGE = """
    jsonb_build_object('id', {row}.id, 'base', {row}.base, 'quote', {row}.quote, 'date', {row}.date,
                       'rate', {row}.rate::text, 'source', {row}.source)
"""
_WRITE = text(
    f"""
    WITH written AS (
        INSERT INTO book_rates AS r (book_id, id, base, quote, date, rate, source, revision)
        SELECT :book, w.id, w.base, w.quote, w.date, w.rate, :source, :revision
        FROM jsonb_to_recordset(CAST(:rates AS jsonb))
            AS w(id uuid, base text, quote text, date date, rate numeric)
        ON CONFLICT ON CONSTRAINT uq_book_rates_day
        DO UPDATE SET rate = excluded.rate, source = excluded.source, revision = excluded.revision, updated_at = now()
        WHERE r.rate <> excluded.rate OR r.source <> excluded.source
        RETURNING new.id AS id, new.date AS date, old.id IS NULL AS created,
                  {_IMAGE.format(row="old")} AS before, {_IMAGE.format(row="new")} AS after
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY w.date, w.id) - 1, 'book_rate', w.id,
               CASE WHEN w.created THEN 'created' ELSE 'updated' END, :actor,
               CASE WHEN NOT w.created THEN w.before END, w.after
        FROM written w
        RETURNING action
    )
    SELECT count(*) FILTER (WHERE action = 'created') AS created, count(*) FILTER (WHERE action = 'updated') AS updated
    FROM told
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("actor", type_=Uuid),
    bindparam("source", type_=Text),
)
_OF_DAY = select(BookRate.id).where(
    BookRate.book_id == bindparam("book", type_=Uuid),
    BookRate.base == bindparam("base"),
    BookRate.quote == bindparam("quote"),
    BookRate.date == bindparam("date", type_=Date),
)


async def revision_of(book: BookReader, base: str, quote: str, day: date) -> int:
    """Of the book's own rate of exactly this day; 0 where there is none."""
    names = {"book": book.book_id, "base": base, "quote": quote, "date": day}
    return await book.connection.scalar(_OF_DAY.with_only_columns(BookRate.revision), names) or 0


async def write(book: BookWriter, rates: Sequence[dict[str, Any]], source: str) -> tuple[int, int]:
    """Set the book's rates of these pairs and days, with an event of each that changes: how many came and changed."""
    place = await place_in_log(book)
    row = (await book.connection.execute(_WRITE, {**place, "rates": dump(rates), "source": source})).one()
    book.advance(row.created + row.updated)
    return row.created, row.updated


async def id_of(book: BookReader, base: str, quote: str, day: date) -> UUID:
    found: UUID = (
        await book.connection.execute(_OF_DAY, {"book": book.book_id, "base": base, "quote": quote, "date": day})
    ).scalar_one()
    return found


_IN_USE = text("SELECT code, since FROM currencies_in_use()")
_STORE = text(
    "SELECT base, quote, first_day, last_day, stored FROM store_exchange_rates(:source, CAST(:rates AS jsonb))"
)
_KNOWN = text(
    """
    SELECT DISTINCT ON (base, quote) base, quote, date, rate FROM exchange_rates
    WHERE base = :base AND quote = ANY(:quotes) AND date < :day
    ORDER BY base, quote, date DESC
    """
).bindparams(bindparam("quotes", type_=ARRAY(Text)), bindparam("day", type_=Date))
_SPAN = text(
    """
    SELECT quote, min(date) AS first, max(date) AS last FROM exchange_rates
    WHERE base = :base AND quote = ANY(:quotes) AND source = :source GROUP BY quote
    """
).bindparams(bindparam("quotes", type_=ARRAY(Text)))


async def in_use(connection: AsyncConnection) -> dict[str, date | None]:
    """The currencies of books with more than one, each with the first month of which a rate is needed."""
    return {row.code: row.since for row in (await connection.execute(_IN_USE)).all()}


async def store(connection: AsyncConnection, source: str, rates: Sequence[dict[str, Any]]) -> int:
    """Store what a provider says, for everybody; returns how many rates are new or changed."""
    rows = (await connection.execute(_STORE, {"source": source, "rates": dump(rates)})).all()
    return sum(row.stored for row in rows)


async def last_before(
    connection: AsyncConnection, base: str, quotes: Collection[str], day: date
) -> dict[str, tuple[date, Decimal]]:
    """The newest rates to these currencies before a day, with their days."""
    parameters = {"base": base, "quotes": list(quotes), "day": day}
    return {row.quote: (row.date, row.rate) for row in (await connection.execute(_KNOWN, parameters)).all()}


async def span(
    connection: AsyncConnection, source: str, base: str, quotes: Collection[str]
) -> dict[str, tuple[date, date]]:
    """From which day to which a provider's rates to these currencies are stored."""
    rows = (await connection.execute(_SPAN, {"source": source, "base": base, "quotes": list(quotes)})).all()
    return {row.quote: (row.first, row.last) for row in rows}


_PENDING = text("SELECT first_day, last_day, xmin::text AS version FROM revaluations WHERE book_id = :book").bindparams(
    bindparam("book", type_=Uuid)
)
_SETTLE = text(
    """
    DELETE FROM revaluations WHERE book_id = :book AND (CAST(:version AS text) IS NULL OR xmin::text = :version)
    RETURNING first_day, last_day
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("version", type_=Text))


async def pending(connection: AsyncConnection, book_id: UUID) -> AnyRow | None:
    """The days of a book that are to be valued anew, and which version of the row that is."""
    return (await connection.execute(_PENDING, {"book": book_id})).one_or_none()


async def settle(connection: AsyncConnection, book_id: UUID, version: str | None = None) -> AnyRow | None:
    """Forget them; with a version, only where no rate came in between."""
    return (await connection.execute(_SETTLE, {"book": book_id, "version": version})).one_or_none()
