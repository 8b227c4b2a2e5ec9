"""What stands in the way of an undo that the database refused: what uses the rows that would go, or has their place."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.history import rules_sql
from app.history.errors import AlreadyUndoneError, LaterChangesError
from app.history.undo_sql import PARAMETERS

_NET = """
    net AS MATERIALIZED (
        SELECT entity, entity_id AS id, (array_agg(before ORDER BY position))[1] AS old,
               (array_agg(action ORDER BY position DESC))[1] AS last
        FROM events WHERE book_id = :book AND revision = :undone
        GROUP BY entity, entity_id
    ),
    own AS (SELECT id FROM net WHERE entity = 'transaction'),
    going AS (SELECT entity, id FROM net WHERE old IS NULL AND last = 'created'),
    coming AS (SELECT entity, id, old FROM net WHERE old IS NOT NULL)
"""
_USERS = """
    SELECT 'transaction' AS entity, p.transaction_id AS id FROM postings p
    WHERE p.book_id = :book AND p.transaction_id NOT IN (SELECT id FROM own)
      AND (p.account_id = ANY(ARRAY(SELECT id FROM going WHERE entity = 'account'))
        OR p.category_id = ANY(ARRAY(SELECT id FROM going WHERE entity = 'category')))
    UNION ALL
    SELECT 'transaction', t.id FROM transactions t
    WHERE t.book_id = :book AND NOT :by_product AND t.id NOT IN (SELECT id FROM own)
      AND t.payee_id = ANY(ARRAY(SELECT id FROM going WHERE entity = 'payee'))
    UNION ALL
    SELECT 'transaction', x.transaction_id FROM transaction_tags x
    WHERE x.book_id = :book AND NOT :by_product AND x.transaction_id NOT IN (SELECT id FROM own)
      AND x.tag_id = ANY(ARRAY(SELECT id FROM going WHERE entity = 'tag'))
    UNION ALL
    SELECT 'transaction', r.id FROM transactions r
    WHERE r.book_id = :book AND r.id NOT IN (SELECT id FROM own)
      AND r.refund_of_id = ANY(ARRAY(
          SELECT id FROM going WHERE entity = 'transaction'
          UNION ALL SELECT id FROM transactions WHERE book_id = :book AND import_id = CAST(:import AS uuid)))
    UNION ALL
    SELECT 'reconciliation', r.id FROM reconciliations r
    WHERE r.book_id = :book AND r.account_id IN (SELECT id FROM going WHERE entity = 'account')
    UNION ALL
    SELECT 'category', c.id FROM categories c
    WHERE c.book_id = :book AND c.parent_id IN (SELECT id FROM going WHERE entity = 'category')
      AND c.id NOT IN (SELECT id FROM net WHERE entity = 'category')
    UNION ALL
    SELECT 'payee', p.id FROM payees p
    WHERE p.book_id = :book AND p.default_category_id IN (SELECT id FROM going WHERE entity = 'category')
"""
_HOLDERS = """
    SELECT 'transaction', t.id FROM transactions t
    JOIN coming c ON c.entity = 'transaction' AND t.external_id = c.old ->> 'external_id' AND t.id <> c.id
        AND t.account_id = CAST(c.old ->> 'account_id' AS uuid)
    WHERE t.book_id = :book
    UNION ALL
    SELECT 'transaction', o.id FROM coming c
    JOIN transactions t ON t.book_id = :book AND t.id = c.id
    JOIN transactions o ON o.book_id = :book AND o.external_id = t.external_id AND o.id <> t.id
        AND o.account_id = CAST(c.old -> 'postings' -> 0 ->> 'account_id' AS uuid)
    WHERE c.entity = 'transaction' AND NOT c.old ? 'account_id'
    UNION ALL
    SELECT 'category', o.id FROM coming c
    LEFT JOIN categories t ON t.book_id = :book AND t.id = c.id
    JOIN categories o ON o.book_id = :book AND o.id <> c.id
        AND lower(o.name) = lower(coalesce(c.old ->> 'name', t.name))
        AND o.kind = coalesce(c.old ->> 'kind', t.kind)
        AND o.parent_id IS NOT DISTINCT FROM CAST(c.old ->> 'parent_id' AS uuid)
    WHERE c.entity = 'category'
    UNION ALL
    SELECT 'payee', o.id FROM coming c
    JOIN payees o ON o.book_id = :book AND o.name_key = lower(c.old ->> 'name') AND o.id <> c.id
    WHERE c.entity = 'payee'
    UNION ALL
    SELECT 'payee', a.payee_id FROM coming c
    JOIN payee_aliases a ON a.book_id = :book AND a.alias_key = lower(c.old ->> 'alias') AND a.id <> c.id
    WHERE c.entity = 'payee_alias'
    UNION ALL
    SELECT 'tag', o.id FROM coming c
    JOIN tags o ON o.book_id = :book AND o.name_key = lower(c.old ->> 'name') AND o.id <> c.id
    WHERE c.entity = 'tag'
    UNION ALL
    SELECT 'attachment', o.id FROM coming c
    JOIN attachments o ON o.book_id = :book AND o.transaction_id = CAST(c.old ->> 'transaction_id' AS uuid)
        AND o.sha256 = decode(c.old ->> 'sha256', 'hex') AND o.id <> c.id
    WHERE c.entity = 'attachment'
"""
_BLOCKING = text(
    f"""
    WITH {_NET}, found AS ({_USERS} UNION ALL {_HOLDERS})
    SELECT DISTINCT entity, id FROM found ORDER BY entity, id LIMIT 5
    """  # noqa: S608  # nosec B608  # constants
).bindparams(*PARAMETERS, bindparam("import", type_=Uuid), bindparam("by_product", type_=Boolean))


async def find(
    connection: AsyncConnection, book_id: UUID, undone: int, import_id: UUID | None, *, by_product: bool
) -> Sequence[AnyRow]:
    """The first few; what came along with transactions (`by_product`) stands in nobody's way."""
    parameters = {"book": book_id, "undone": undone, "import": import_id, "by_product": by_product}
    return (await connection.execute(_BLOCKING, parameters)).all()


async def explained(connection: AsyncConnection, names: dict[str, Any], error: LaterChangesError) -> Exception:
    """The refusal with what to do about it: by which revision it is undone, or which one stands in the way.

    `names` are the book and the revision that was to be undone.
    """
    by = await connection.scalar(rules_sql.UNDONE_BY, names)
    if by is not None:
        return AlreadyUndoneError(names["undone"], by)
    offenders = list(dict.fromkeys((o["entity"], o["id"]) for o in error.extra["offenders"]))
    wanted = {"ids": [UUID(row_id) for _, row_id in offenders], "entities": [entity for entity, _ in offenders]}
    rows = (await connection.execute(rules_sql.LAST_CHANGES, {**names, **wanted})).all()
    changed = {str(row.entity_id): row.revision for row in rows}
    listed = [{"entity": entity, "id": i, "revision": changed.get(i)} for entity, i in offenders]
    return LaterChangesError(listed, error.reason, max(changed.values(), default=None))
