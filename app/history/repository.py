"""Reading the event log, and what changed since a revision."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow

_OF_ENTITY = text(
    """
    SELECT e.revision, e.position, e.at, e.entity, e.entity_id, e.action, e.actor_id,
           coalesce(u.full_name, u.email) AS actor_name, e.before, e.after
    FROM events e LEFT JOIN users u ON u.id = e.actor_id
    WHERE e.book_id = :book AND e.entity = :entity AND e.entity_id = :id
      AND (e.revision, e.position) < (:revision, :position)
    ORDER BY e.revision DESC, e.position DESC LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("entity", type_=Text),
    bindparam("id", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("limit", type_=Integer),
)
_OF_BOOK = text(
    """
    SELECT e.revision, e.position, e.at, e.entity, e.entity_id, e.action, e.actor_id,
           coalesce(u.full_name, u.email) AS actor_name
    FROM events e LEFT JOIN users u ON u.id = e.actor_id
    WHERE e.book_id = :book AND (e.revision, e.position) < (:revision, :position)
    ORDER BY e.revision DESC, e.position DESC LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("limit", type_=Integer),
)
# An imported transaction has no event of its own for how it came: its import's commits tell, those before which it was
# not there and after which it was.
_OF_TRANSACTION = text(
    """
    SELECT e.revision, e.position, e.at, e.entity, e.entity_id, e.action, e.actor_id,
           coalesce(u.full_name, u.email) AS actor_name, e.before, e.after
    FROM (
        (SELECT * FROM events
         WHERE book_id = :book AND entity = 'transaction' AND entity_id = :id
           AND (revision, position) < (:revision, :position)
         ORDER BY revision DESC, position DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM events c
         WHERE c.book_id = :book AND c.entity = 'import' AND c.action = 'committed'
           AND (c.revision, c.position) < (:revision, :position)
           AND c.entity_id = coalesce(
               (SELECT t.import_id FROM transactions t WHERE t.book_id = :book AND t.id = :id),
               (SELECT CAST(d.before ->> 'import_id' AS uuid) FROM events d
                WHERE d.book_id = :book AND d.entity = 'transaction' AND d.entity_id = :id AND d.action = 'deleted'
                ORDER BY d.revision DESC LIMIT 1))
           AND coalesce(
               (SELECT p.action FROM events p
                WHERE p.book_id = :book AND p.entity = 'transaction' AND p.entity_id = :id AND p.revision < c.revision
                ORDER BY p.revision DESC, p.position DESC LIMIT 1), 'deleted') = 'deleted'
           AND coalesce(
               (SELECT n.action <> 'created' FROM events n
                WHERE n.book_id = :book AND n.entity = 'transaction' AND n.entity_id = :id AND n.revision > c.revision
                ORDER BY n.revision, n.position LIMIT 1),
               EXISTS (SELECT 1 FROM transactions t WHERE t.book_id = :book AND t.id = :id))
         ORDER BY c.revision DESC, c.position DESC LIMIT :limit)
    ) AS e LEFT JOIN users u ON u.id = e.actor_id
    ORDER BY e.revision DESC, e.position DESC LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("id", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("limit", type_=Integer),
)

# What hangs on a budget is told together with it: each change of the one is a change of the other.
_OF_BUDGET = text(
    """
    SELECT e.revision, e.position, e.at, e.entity, e.entity_id, e.action, e.actor_id,
           coalesce(u.full_name, u.email) AS actor_name, e.before, e.after
    FROM events e LEFT JOIN users u ON u.id = e.actor_id
    WHERE e.book_id = :book AND (e.revision, e.position) < (:revision, :position)
      AND e.revision IN (SELECT b.revision FROM events b
                         WHERE b.book_id = :book AND b.entity = 'budget' AND b.entity_id = :id)
      AND (e.entity = 'budget' AND e.entity_id = :id
           OR e.entity IN ('budget_amount', 'budget_assignment')
              AND coalesce(e.before, e.after) ->> 'budget_id' = CAST(:id AS text))
    ORDER BY e.revision DESC, e.position DESC LIMIT :limit
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("id", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("limit", type_=Integer),
)

NEWEST = 2**62


async def of_entity(
    connection: AsyncConnection,
    book_id: UUID,
    entity: str,
    entity_id: UUID,
    *,
    before: tuple[int, int] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """A row's events, the newest first, from before a (revision, position).

    A transaction has those of its import among them that brought it, a budget those of its amounts and assignments.
    """
    revision, position = before or (NEWEST, 0)
    parameters = {
        "book": book_id,
        "id": entity_id,
        "revision": revision,
        "position": position,
        "limit": limit,
    }
    if entity == "transaction":
        return (await connection.execute(_OF_TRANSACTION, parameters)).all()
    if entity == "budget":
        return (await connection.execute(_OF_BUDGET, parameters)).all()
    return (await connection.execute(_OF_ENTITY, {**parameters, "entity": entity})).all()


async def of_book(
    connection: AsyncConnection, book_id: UUID, *, before: tuple[int, int] | None, limit: int
) -> Sequence[AnyRow]:
    revision, position = before or (NEWEST, 0)
    parameters = {"book": book_id, "revision": revision, "position": position, "limit": limit}
    return (await connection.execute(_OF_BOOK, parameters)).all()


FEED_TABLES = {
    "account": "accounts",
    "allocation_target": "allocation_targets",
    "asset": "assets",
    "asset_price": "asset_prices",
    "attachment": "attachments",
    "book_rate": "book_rates",
    "budget": "budgets",
    "budget_group": "budget_groups",
    "category": "categories",
    "cost_method": "cost_methods",
    "goal": "goals",
    "import": "imports",
    "loan": "loans",
    "payee": "payees",
    "reconciliation": "reconciliations",
    "rule": "rules",
    "saved_report": "saved_reports",
    "schedule": "schedules",
    "tag": "tags",
    "trade": "trades",
    "transaction": "transactions",
}
"""The rows of a book that clients keep, in the order in which the feed tells of one revision's."""

# Each branch walks an index from behind the cursor and stops at the limit: a page costs the same whatever the book
# holds. What was deleted and is there again is told as a row.
_BRANCH = """
    (SELECT '{entity}' AS entity, id, revision, {deleted} AS deleted FROM {table}
     WHERE book_id = :book AND (revision, id) > {behind} AND revision > :since
     ORDER BY revision, id LIMIT :limit)
"""
_GONE = """
    (SELECT entity, entity_id AS id, revision, true AS deleted FROM events e
     WHERE book_id = :book AND action = 'deleted' AND revision >= :revision AND revision > :since
       AND (revision, entity, entity_id) > (:revision, CAST(:entity AS text), CAST(:id AS uuid))
       AND entity = ANY(:entities)
     ORDER BY revision, entity, entity_id LIMIT :limit)
"""


def _changes() -> Any:
    branches = [
        _BRANCH.format(
            entity=entity,
            table=table,
            # A preview is no change of the book, and has no revision of its own that could tell of it. To a client it
            # is there when it is committed, and gone when that is undone.
            deleted="status = 'previewed'" if entity == "import" else "false",
            # Of the cursor's own revision the entities before its entity are told, those behind it are not.
            behind=f"""(CASE WHEN CAST(:entity AS text) >= '{entity}' THEN CAST(:revision AS bigint)
                             ELSE CAST(:revision AS bigint) - 1 END,
                        CASE CAST(:entity AS text) WHEN '{entity}' THEN CAST(:id AS uuid)
                             ELSE 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid END)""",
        )
        for entity, table in FEED_TABLES.items()
    ]
    return text(
        f"""
        SELECT entity, id, revision, deleted FROM ({" UNION ALL ".join([*branches, _GONE])}) AS changed
        ORDER BY revision, entity, id, deleted LIMIT :limit
        """  # noqa: S608  # nosec B608  # constants of this module
    ).bindparams(
        bindparam("book", type_=Uuid),
        bindparam("since", type_=BigInteger),
        bindparam("revision", type_=BigInteger),
        bindparam("entity", type_=Text),
        bindparam("id", type_=Uuid),
        bindparam("limit", type_=Integer),
    )


_CHANGES = _changes()


async def changes(
    connection: AsyncConnection, book_id: UUID, since: int, behind: tuple[int, str, UUID], limit: int
) -> Sequence[AnyRow]:
    """Rows that are newer than a revision and deletions since, in order, from behind (revision, entity, id)."""
    revision, entity, row_id = behind
    parameters = {
        "book": book_id,
        "since": since,
        "revision": revision,
        "entity": entity,
        "id": row_id,
        "entities": list(FEED_TABLES),
        "limit": limit,
    }
    return (await connection.execute(_CHANGES, parameters)).all()
