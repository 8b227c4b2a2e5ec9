"""The engine's third door: postings get the amounts in the base currency that the rates known by now make of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Boolean, Date, Text, TextClause, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter
from app.access.opening import place_in_log
from app.core.database import without_nested_loops
from app.core.ids import new_id
from app.transactions.posting_sql import PARAMETERS
from app.transactions.sums_sql import sums_of

# Each rate is asked for once, each posting is found by its account and day.
_FOUND = """
foreign_account AS MATERIALIZED (
    SELECT a.id, a.currency FROM accounts a
    WHERE a.book_id = :book AND (:every OR a.currency <> CAST(:base AS text))
),
foreign_day AS MATERIALIZED (
    SELECT DISTINCT a.currency, d.date
    FROM foreign_account a
    CROSS JOIN LATERAL (
        SELECT DISTINCT p.date FROM postings p
        WHERE p.book_id = :book AND p.account_id = a.id AND p.date BETWEEN :first AND :last
    ) AS d
),
rates AS MATERIALIZED (
    SELECT d.currency, d.date, rate_at(d.currency, CAST(:base AS text), d.date) AS rate FROM foreign_day d
),
found AS MATERIALIZED (
    SELECT p.transaction_id, p.line, p.base_amount
    FROM rates r
    JOIN foreign_account a ON a.currency = r.currency
    CROSS JOIN LATERAL (
        SELECT p.transaction_id, p.line, p.base_amount AS former,
               round(p.amount * r.rate, (SELECT c.exponent FROM currencies c WHERE c.code = CAST(:base AS text)))
                   AS base_amount
        FROM postings p
        WHERE p.book_id = :book AND p.account_id = a.id AND p.date = r.date
        OFFSET 0
    ) AS p
    WHERE p.former IS DISTINCT FROM p.base_amount
)
"""

_REVALUE = f"""
WITH {_FOUND},
revalued AS (
    UPDATE postings p SET base_amount = f.base_amount
    FROM found f
    WHERE p.book_id = :book AND p.transaction_id = ANY(ARRAY(SELECT transaction_id FROM found))
      AND p.transaction_id = f.transaction_id AND p.line = f.line
    RETURNING p.transaction_id, p.account_id, p.category_id, p.role, p.amount, p.date,
              old.base_amount AS old_base, new.base_amount AS new_base
),
touched AS (
    UPDATE public.transactions t SET revision = :revision, updated_at = now()
    WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT DISTINCT transaction_id FROM revalued))
    RETURNING t.id, t.payee_id
),
tagged AS MATERIALIZED (
    SELECT x.transaction_id, x.tag_id FROM transaction_tags x
    WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT DISTINCT transaction_id FROM revalued))
),
{{sums}}
told AS (
    INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, after)
    SELECT :book, :revision, :position, 'revaluation', :id, 'made', :actor, jsonb_build_object(
               'first_day', min(r.date), 'last_day', max(r.date), 'postings', count(*),
               'transactions', count(DISTINCT r.transaction_id),
               'accounts', jsonb_agg(DISTINCT r.account_id))
    FROM revalued r
    HAVING :log AND count(*) > 0
    RETURNING 1
)
SELECT count(*) AS postings, min(date) AS earliest, max(date) AS latest, (SELECT count(*) FROM told) AS logged
FROM revalued
"""  # noqa: S608  # nosec B608  # constants of this module
_FROM_RATE_TO_RATE = """
    SELECT account_id, category_id, role, amount, new_base AS base_amount, date, 1 AS sign FROM revalued
    UNION ALL
    SELECT account_id, category_id, role, amount, old_base, date, -1 FROM revalued
"""
_NAMES_FROM_RATE_TO_RATE = """
    SELECT {name}, p.account_id, p.category_id, p.amount, s.base_amount, p.date, s.sign
    FROM revalued p {join}
    CROSS JOIN LATERAL (VALUES (p.new_base, 1), (p.old_base, -1)) AS s(base_amount, sign)
    WHERE p.role = 'flow'
"""
_PAYEES = _NAMES_FROM_RATE_TO_RATE.format(name="t.payee_id", join="JOIN touched t ON t.id = p.transaction_id")
_TAGS = _NAMES_FROM_RATE_TO_RATE.format(
    name="x.tag_id", join="LEFT JOIN tagged x ON x.transaction_id = p.transaction_id"
)
_RANGE = (
    bindparam("book", type_=Uuid),
    bindparam("base", type_=Text),
    bindparam("first", type_=Date),
    bindparam("last", type_=Date),
    bindparam("every", type_=Boolean),
)
_SUMS = sums_of(_FROM_RATE_TO_RATE, payees=_PAYEES, tags=_TAGS)
_REVALUING: TextClause = text(_REVALUE.format(sums=_SUMS)).bindparams(
    *PARAMETERS, *_RANGE[1:], bindparam("log", type_=Boolean), bindparam("id", type_=Uuid)
)
_WOULD_CHANGE = text(
    f"""
    WITH {_FOUND}
    SELECT EXISTS (SELECT FROM found)
        OR EXISTS (SELECT FROM trades t
                   WHERE t.book_id = :book
                     AND (t.date BETWEEN :first AND :last OR t.acquired_on BETWEEN :first AND :last)
                     AND EXISTS (SELECT FROM positions p WHERE p.book_id = :book
                                 AND p.account_id = ANY (ARRAY(SELECT id FROM foreign_account))))
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(*_RANGE)

_RECOST = text(
    """
    UPDATE positions p SET stale = true FROM accounts a
    WHERE p.book_id = :book AND a.book_id = :book AND a.id = p.account_id
      AND (:every OR a.currency <> CAST(:base AS text))
      AND EXISTS (SELECT FROM trades t WHERE t.book_id = :book
                  AND (t.date BETWEEN :first AND :last OR t.acquired_on BETWEEN :first AND :last))
    RETURNING 1
    """
).bindparams(*_RANGE)


BY_VALUE = {"budgets", "goals", "portfolio"}
"""The features that count in the base currency. To others nothing came: a bill is not paid by what was there before."""


@dataclass(frozen=True)
class Range:
    """The days to look at; `every` looks at accounts in the base currency too, for when that is another now."""

    first: date
    last: date
    every: bool = False


def open_part(days: Range, locked_until: date | None) -> Range:
    """Without the days of closed periods, which stay as they are."""
    if locked_until is None or days.first > locked_until:
        return days
    return Range(locked_until + timedelta(days=1), days.last, days.every)


async def would_change(book: BookReader, days: Range) -> bool:
    """Whether any amount of these days is not what the rates known by now make of it, or trades may have to follow."""
    async with without_nested_loops(book.connection):
        return bool(await book.connection.scalar(_WOULD_CHANGE, _parameters(book, days)))


async def revalue(book: BookWriter, days: Range, *, log: bool = True) -> int:
    """Give the postings of these days the amounts in the base currency that the rates make of them; returns how many.

    Totals follow in the same statement, transactions get the book's revision, and one event tells of all of it, unless
    `log` says that the caller does. What holdings cost is left to `recost`. Days of closed periods must have been left
    out by the caller: see `open_part`. Only features that count in the base currency look at it, and at what else is
    written with this writer: it is for jobs.
    """
    book.uses.intersection_update(BY_VALUE)
    place = await place_in_log(book)
    parameters = {**_parameters(book, days), **place, "log": log, "id": new_id()}
    async with without_nested_loops(book.connection):
        row = (await book.connection.execute(_REVALUING, parameters)).one()
    book.advance(row.logged)
    if row.postings:
        book.touch(row.earliest, row.latest)
    postings: int = row.postings
    return postings


async def recost(book: BookWriter, days: Range) -> None:
    """Have what holdings cost in the base currency made anew, whether or not postings of these days change."""
    if (await book.connection.execute(_RECOST, _parameters(book, days))).all():
        book.uses.intersection_update(BY_VALUE)
        book.touch_today()


def _parameters(book: BookReader, days: Range) -> dict[str, Any]:
    return {
        "book": book.book_id,
        "base": book.base_currency,
        "first": days.first,
        "last": days.last,
        "every": days.every,
    }
