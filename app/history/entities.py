"""What an undo can bring back besides transactions: one row of one table each, and which columns are its own.

A column that the ledger keeps (a balance, a count) is not the row's own: it follows from what is restored.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entity:
    """How the images of one kind of row in the event log become rows again."""

    table: str
    columns: dict[str, str]
    """The row's own columns with their types, as the image has them."""
    kept: dict[str, str] = field(default_factory=dict)
    """What a new row needs besides, as SQL over the image's record `r`."""
    revision: bool = True
    updated_at: bool = True
    created_at: bool = True
    key: str = "id"
    own_book: bool = False
    """Whether the row is the book itself, whose key is its id alone."""
    may_go: bool = False
    """Whether the row may be gone without that being a change of the ledger; then there is nothing to put back."""

    @property
    def record(self) -> str:
        return ", ".join(f"{name} {kind}" for name, kind in self.columns.items())

    @property
    def where(self) -> str:
        return "t.id = :book" if self.own_book else "t.book_id = :book AND t.id = w.id"

    def value(self, name: str) -> str:
        return f"decode(r.{name}, 'hex')" if name == "sha256" else f"r.{name}"


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
    "goal": Entity(
        "goals",
        {
            "name": "text",
            "kind": "text",
            "currency": "text",
            "target_amount": "numeric",
            "target_date": "date",
            "start_amount": "numeric",
            "start_date": "date",
            "notes": "text",
            "archived_at": "timestamptz",
        },
    ),
    "goal_source": Entity(
        "goal_sources",
        {"goal_id": "uuid", "line": "integer", "account_id": "uuid", "budget_id": "uuid"}
        | {"share": "numeric", "earmark": "numeric"},
        revision=False,
        updated_at=False,
        created_at=False,
    ),
    "loan": Entity(
        "loans",
        {
            "account_id": "uuid",
            "principal": "numeric",
            "annual_rate": "numeric",
            "periods_per_year": "integer",
            "payment": "numeric",
            "term": "integer",
            "first_payment_date": "date",
            "start_date": "date",
            "day_count": "text",
            "compounding_per_year": "integer",
            "rounding": "text",
            "fee": "numeric",
            "interest_only": "integer",
            "balloon": "numeric",
            "rate_changes": "jsonb",
            "extra_payments": "jsonb",
            "notes": "text",
        },
    ),
    "rule": Entity(
        "rules",
        {
            "name": "text",
            "position": "integer",
            "enabled": "boolean",
            "triggers": "text[]",
            "condition": "jsonb",
            "actions": "jsonb",
            "account_ids": "uuid[]",
            "written_by": "uuid",
        },
    ),
    "suggestion_settings": Entity(
        "suggestion_settings", {"auto_categorise": "boolean", "minimum_confidence": "numeric"}
    ),
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
    "budget_group": Entity("budget_groups", {"name": "text", "sort": "integer"}),
    "budget": Entity(
        "budgets",
        {
            "name": "text",
            "kind": "text",
            "group_id": "uuid",
            "period": "text",
            "every": "integer",
            "unit": "text",
            "start_date": "date",
            "end_date": "date",
            "rollover": "text",
            "rollover_since": "date",
            "category_ids": "uuid[]",
            "account_ids": "uuid[]",
            "tag_ids": "uuid[]",
            "thresholds": "numeric[]",
            "notes": "text",
            "sort": "integer",
            "archived_at": "timestamptz",
        },
    ),
    "budget_amount": Entity(
        "budget_amounts",
        {"budget_id": "uuid", "from_date": "date", "amount": "numeric"},
        revision=False,
        updated_at=False,
        created_at=False,
    ),
    "budget_assignment": Entity(
        "budget_assignments",
        {"budget_id": "uuid", "date": "date", "amount": "numeric", "move_id": "uuid"},
        revision=False,
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
    "schedule": Entity(
        "schedules",
        {
            "name": "text",
            "kind": "text",
            "template": "jsonb",
            "account_ids": "uuid[]",
            "account_id": "uuid",
            "to_account_id": "uuid",
            "category_id": "uuid",
            "payee": "text",
            "rrule": "text",
            "starts_on": "date",
            "month_end": "text",
            "weekend": "text",
            "amount_kind": "text",
            "amount": "numeric",
            "amount_min": "numeric",
            "amount_max": "numeric",
            "average_of": "integer",
            "mode": "text",
            "lead_days": "integer",
            "tolerance": "numeric",
            "window_days": "integer",
            "remind_days": "integer",
            "active_from": "date",
            "ends_before": "date",
            "follows_id": "uuid",
            "paused_at": "timestamptz",
            "archived_at": "timestamptz",
        },
        kept={"created_by": "(SELECT u.id FROM users u WHERE u.id = CAST(w.old ->> 'created_by' AS uuid))"},
    ),
    "schedule_occurrence": Entity(
        "schedule_occurrences",
        {
            "schedule_id": "uuid",
            "due_on": "date",
            "date": "date",
            "status": "text",
            "amount": "numeric",
            "transaction_id": "uuid",
            "reason": "text",
            "reason_code": "text",
        },
    ),
    "bill_rejection": Entity(
        "bill_rejections",
        {"schedule_id": "uuid", "due_on": "date", "transaction_id": "uuid"},
        revision=False,
        updated_at=False,
        created_at=False,
    ),
    "subscription_dismissal": Entity(
        "subscription_dismissals",
        {
            "account_id": "uuid",
            "direction": "text",
            "name": "text",
            "unit": "text",
            "every": "integer",
            "amount": "numeric",
            "transaction_id": "uuid",
        },
        revision=False,
        updated_at=False,
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
        {"name": "text", "base_currency": "text", "base_currency_chosen": "boolean", "locked_until": "date"},
        revision=False,
        own_book=True,
    ),
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
