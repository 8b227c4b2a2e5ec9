"""The payees that an import brings, and takes away with it."""

from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, text

from app.access.context import BookWriter
from app.access.opening import run_telling

_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("actor", type_=Uuid),
    bindparam("position", type_=Integer),
)

# An alias is no new payee. The keys are there before aliases are looked up: see `posting`.
_ADD = text(
    """
    WITH named AS MATERIALIZED (
        SELECT DISTINCT ON (lower(r.payee)) lower(r.payee) AS key, r.payee AS name
        FROM import_rows r
        WHERE r.book_id = :book AND r.import_id = :import AND r.outcome IN ('new', 'suspect') AND NOT r.skipped
          AND r.payee IS NOT NULL
        ORDER BY lower(r.payee), r.position
    ),
    made AS (
        INSERT INTO payees (book_id, id, name, revision)
        SELECT :book, uuidv7(), n.name, :revision FROM named n
        WHERE (SELECT a.id FROM payee_aliases a WHERE a.book_id = :book AND a.alias_key = n.key) IS NULL
        ON CONFLICT (book_id, name_key) DO NOTHING
        RETURNING id, name
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, 'payee', id, 'created', :actor,
               jsonb_build_object('name', name, 'default_category_id', NULL)
        FROM made
    )
    SELECT count(*) AS count FROM made
    """
).bindparams(*_PARAMETERS)

# `created` is the revision that committed the import: what was changed since, its aliases included, has another.
_DROP = text(
    """
    WITH unused AS MATERIALIZED (
        SELECT p.id FROM payees p
        WHERE p.book_id = :book AND p.revision = :created
          AND (SELECT t.id FROM transactions t WHERE t.book_id = :book AND t.payee_id = p.id LIMIT 1) IS NULL
    ),
    nameless AS (
        DELETE FROM payee_aliases a WHERE a.book_id = :book AND a.payee_id = ANY(ARRAY(SELECT id FROM unused))
        RETURNING a.id, a.payee_id, a.alias
    ),
    gone AS (
        DELETE FROM payees p WHERE p.book_id = :book AND p.id = ANY(ARRAY(SELECT id FROM unused))
        RETURNING p.id, p.name, p.default_category_id, p.created_at
    ),
    story AS MATERIALIZED (
        SELECT 1 AS step, 'payee_alias' AS entity, id,
               jsonb_build_object('payee_id', payee_id, 'alias', alias) AS before
        FROM nameless
        UNION ALL
        SELECT 2, 'payee', id,
               jsonb_build_object('name', name, 'default_category_id', default_category_id, 'created_at', created_at)
        FROM gone
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY step, id) - 1, entity, id, 'deleted', :actor,
               before
        FROM story
    )
    SELECT count(*) AS count FROM story
    """
).bindparams(*_PARAMETERS, bindparam("created", type_=BigInteger))


async def add(book: BookWriter, import_id: UUID) -> None:
    """Make the payees that the rows name and the book has neither as a name nor as an alias."""
    await run_telling(book, _ADD, {"import": import_id})


async def drop_unused(book: BookWriter, created: int) -> None:
    """Remove the payees that this revision made, nobody has changed since, and nothing uses any more."""
    await run_telling(book, _DROP, {"created": created})
