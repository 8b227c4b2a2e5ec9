"""What an undo can bring back besides transactions: one row of one table each, and which columns are its own.

A column that the ledger keeps (a balance, a count) is not the row's own: it follows from what is restored.
"""

from app.history.entity import Entity
from app.history.held_entities import HELD
from app.history.planning_entities import PLANNING

ENTITIES: dict[str, Entity] = {
    "account": Entity(
        "accounts",
        {
            "name": "text",
            "type": "text",
            "currency": "text",
            "institution": "text",
            "notes": "text",
            "sort": "integer",
            "archived_at": "timestamptz",
        },
        kept={"balance": "(SELECT round(0::numeric, c.exponent) FROM currencies c WHERE c.code = r.currency)"},
    ),
    "category": Entity(
        "categories",
        {
            "name": "text",
            "kind": "text",
            "parent_id": "uuid",
            "color": "text",
            "icon": "text",
            "sort": "integer",
            "archived_at": "timestamptz",
        },
    ),
    "payee": Entity("payees", {"name": "text", "default_category_id": "uuid"}),
    "payee_alias": Entity(
        "payee_aliases", {"payee_id": "uuid", "alias": "text"}, revision=False, updated_at=False, created_at=False
    ),
    "tag": Entity("tags", {"name": "text"}),
    "reconciliation": Entity(
        "reconciliations",
        {
            "account_id": "uuid",
            "statement_date": "date",
            "statement_balance": "numeric",
            "sealed_count": "integer",
        },
        updated_at=False,
    ),
    "attachment": Entity(
        "attachments", {"transaction_id": "uuid", "sha256": "text", "file_name": "text"}, updated_at=False
    ),
    "merged_transaction": Entity(
        "merged_transactions",
        {
            "into_id": "uuid",
            "account_id": "uuid",
            "external_id": "text",
            "import_id": "uuid",
            "date": "date",
            "amount": "numeric",
        },
        revision=False,
        updated_at=False,
        created_at=False,
    ),
    "transfer_rejection": Entity(
        "transfer_rejections",
        {"outgoing_id": "uuid", "incoming_id": "uuid"},
        revision=False,
        updated_at=False,
        created_at=False,
    ),
    "book_rate": Entity(
        "book_rates", {"base": "text", "quote": "text", "date": "date", "rate": "numeric", "source": "text"}
    ),
    "import": Entity(
        "imports",
        {
            "status": "text",
            "account_id": "uuid",
            "rows_new": "integer",
            "rows_duplicate": "integer",
            "rows_suspect": "integer",
            "rows_error": "integer",
            "created_count": "integer",
            "skipped_count": "integer",
            "committed_at": "timestamptz",
            "undone_at": "timestamptz",
        },
        updated_at=False,
        may_go=True,  # a preview that was discarded; what was committed stays
    ),
    "book": Entity(
        "books",
        {
            "name": "text",
            "base_currency": "text",
            "base_currency_chosen": "boolean",
            "locked_until": "date",
            "rate_window_days": "integer",
        },
        revision=False,
        own_book=True,
    ),
    **HELD,
    **PLANNING,
}

NET = """
    wanted AS MATERIALIZED (
        SELECT entity_id AS id,
               (array_agg(before ORDER BY position))[1] AS old,
               (array_agg(CASE WHEN action <> 'deleted' THEN after END ORDER BY position DESC))[1] AS new
        FROM events
        WHERE book_id = :book AND revision = :undone AND entity = :entity
          AND NOT (entity = 'book' AND action = 'undone')
        GROUP BY entity_id
    )
"""
"""What a revision did to each row of an entity in the end: `old` is NULL where it came, `new` where it went."""


def differing(entity: Entity) -> str:
    """The ids of rows that are not as the revision left them; `:lenient` passes over rows that it made."""
    own = " OR ".join(
        f"(w.new ? '{name}' AND t.{name} IS DISTINCT FROM {entity.value(name)})" for name in entity.columns
    )
    gone = "false" if entity.may_go else "true"
    return f"""
        WITH {NET}
        SELECT w.id FROM wanted w
        LEFT JOIN {entity.table} t ON {entity.where}
        CROSS JOIN LATERAL jsonb_to_record(coalesce(w.new, '{{}}')) AS r({entity.record})
        WHERE NOT (:lenient AND w.old IS NULL)
          AND CASE WHEN w.new IS NULL THEN w.old IS NOT NULL AND t.id IS NOT NULL
                   WHEN t.id IS NULL THEN {gone} ELSE {own} END
        LIMIT 5
    """  # noqa: S608  # nosec B608  # constants of this module


def inserting(entity: Entity) -> str:
    """Bring back what the revision removed."""
    kept = dict(entity.kept)
    if entity.revision:
        kept["revision"] = ":revision"
    if entity.created_at:
        kept["created_at"] = "coalesce(CAST(w.old ->> 'created_at' AS timestamptz), now())"
    names = ", ".join(["book_id", "id", *entity.columns, *kept])
    values = ", ".join([":book", "w.id", *map(entity.value, entity.columns), *kept.values()])
    return f"""
        WITH {NET}
        INSERT INTO {entity.table} ({names})
        SELECT {values}
        FROM wanted w CROSS JOIN LATERAL jsonb_to_record(w.old) AS r({entity.record})
        WHERE w.old IS NOT NULL AND w.new IS NULL
    """  # noqa: S608  # nosec B608  # constants of this module


def updating(entity: Entity) -> str:
    """Put back what the revision changed; an image may name some of the columns only."""
    sets = [
        f"{name} = CASE WHEN w.old ? '{name}' THEN {entity.value(name)} ELSE t.{name} END" for name in entity.columns
    ]
    if entity.revision:
        sets.append("revision = :revision")
    if entity.updated_at:
        sets.append("updated_at = now()")
    return f"""
        WITH {NET}
        UPDATE {entity.table} t SET {", ".join(sets)}
        FROM wanted w CROSS JOIN LATERAL jsonb_to_record(w.old) AS r({entity.record})
        WHERE w.old IS NOT NULL AND w.new IS NOT NULL AND {entity.where}
    """  # noqa: S608  # nosec B608  # constants of this module


def deleting(entity: Entity) -> str:
    """Remove what the revision made, but for `:spared`."""
    return f"""
        WITH {NET}
        DELETE FROM {entity.table} t USING wanted w
        WHERE w.old IS NULL AND w.new IS NOT NULL AND {entity.where} AND NOT t.id = ANY(:spared)
    """  # noqa: S608  # nosec B608  # constants of this module
