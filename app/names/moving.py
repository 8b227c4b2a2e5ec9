"""Giving many transactions another payee or other tags: one statement, and one event for each transaction."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, TextClause, Uuid, bindparam, text

from app.access.context import BookWriter
from app.access.opening import place_in_log
from app.core.database import without_nested_loops
from app.transactions.name_sums_sql import sums_of_payees, sums_of_tags
from app.transactions.posting import check_open

_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("actor", type_=Uuid),
    bindparam("position", type_=Integer),
    bindparam("old", type_=ARRAY(Uuid)),
    bindparam("new", type_=Uuid),
)

_OF_POSTINGS = """
    SELECT s.{name}_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, s.sign
    FROM postings p JOIN ({changes}) AS s ON s.id = p.transaction_id
    WHERE p.book_id = :book AND p.role = 'flow' AND p.transaction_id = ANY(ARRAY(SELECT id FROM {changed}))
"""
_PAYEES_SUMS = sums_of_payees(
    _OF_POSTINGS.format(
        name="payee",
        changed="changed",
        changes="""
            SELECT id, CAST(:new AS uuid) AS payee_id, 1 AS sign FROM changed
            UNION ALL SELECT id, payee_id, -1 FROM changed
        """,
    )
)
_PAYEES = text(
    f"""
    WITH changed AS (
        UPDATE public.transactions t SET payee_id = :new, revision = :revision, updated_at = now()
        WHERE t.book_id = :book AND t.payee_id = ANY(:old)
        RETURNING t.id, t.date, old.payee_id AS payee_id
    ),
    {_PAYEES_SUMS}
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY date, id) - 1, 'transaction', id,
               'payee_changed', :actor, jsonb_build_object('payee_id', payee_id), jsonb_build_object('payee_id', :new)
        FROM changed
    )
    SELECT count(*) AS moved, min(date) AS earliest FROM changed
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*_PARAMETERS)

# Without a new tag the old ones are only taken away. Ids reach the big tables as arrays: see the posting engine.
_TAGS_SUMS = sums_of_tags(
    _OF_POSTINGS.format(
        name="tag",
        changed="held",
        changes="""
            SELECT h.id, tag AS tag_id, -1 AS sign FROM held h CROSS JOIN LATERAL unnest(h.tags) AS tag
            WHERE tag = ANY(:old)
            UNION ALL SELECT id, :new, 1 FROM held WHERE :new IS NOT NULL AND NOT :new = ANY(tags)
            UNION ALL SELECT id, NULL, 1 FROM held WHERE :new IS NULL AND tags <@ :old
        """,
    )
)
_TAGS = text(
    f"""
    WITH held AS MATERIALIZED (
        SELECT transaction_id AS id, array_agg(tag_id ORDER BY tag_id) AS tags
        FROM transaction_tags
        WHERE book_id = :book AND transaction_id = ANY(ARRAY(
            SELECT DISTINCT transaction_id FROM transaction_tags WHERE book_id = :book AND tag_id = ANY(:old)
        ))
        GROUP BY transaction_id
    ),
    taken AS (
        DELETE FROM transaction_tags WHERE book_id = :book AND tag_id = ANY(:old)
    ),
    given AS (
        INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
        SELECT :book, id, :new FROM held WHERE NOT :new = ANY(tags)
    ),
    changed AS (
        UPDATE public.transactions t SET revision = :revision, updated_at = now()
        WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM held))
        RETURNING t.id, t.date
    ),
    {_TAGS_SUMS}
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'transaction', id,
               'tags_changed', :actor, jsonb_build_object('tag_ids', to_jsonb(tags)),
               jsonb_build_object('tag_ids', to_jsonb(ARRAY(
                   SELECT tag FROM unnest(tags) AS tag WHERE NOT tag = ANY(:old)
                   UNION SELECT :new WHERE :new IS NOT NULL
                   ORDER BY tag
               )))
        FROM held
    )
    SELECT count(*) AS moved, min(date) AS earliest FROM changed
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*_PARAMETERS)

# The plan that checks a foreign key may be from when the table of names was nearly empty, and read all of it each time.
_FORGET_PLANS = text("DISCARD PLANS")


async def payees(book: BookWriter, old: Sequence[UUID], new: UUID) -> int:
    """Give all transactions of the old payees the new one; returns how many there were.

    Raises `PeriodLockedError` when one of them is dated in a closed period, which takes the change back.
    """
    return await _move(book, _PAYEES, old, new)


async def tags(book: BookWriter, old: Sequence[UUID], new: UUID | None) -> int:
    """The same for tags; without a new one the old ones are taken away. The new one is none of the old."""
    return await _move(book, _TAGS, old, new)


async def _move(book: BookWriter, statement: TextClause, old: Sequence[UUID], new: UUID | None) -> int:
    await book.connection.execute(_FORGET_PLANS)
    parameters = {**await place_in_log(book), "old": list(old), "new": new}
    async with without_nested_loops(book.connection):
        row = (await book.connection.execute(statement, parameters)).one()
    book.advance(row.moved)
    check_open(book, row.earliest)
    moved: int = row.moved
    return moved
