"""Rules, what each did, and whether learned categories are used unasked."""

# constants of this module alone
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"
NAMES_NONE = f"NOT account_ids && (SELECT {HIDDEN})::uuid[]"

TABLES = {
    "rules": """
        CREATE TABLE rules (
            book_id uuid NOT NULL CONSTRAINT fk_rules_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            name text NOT NULL,
            position integer NOT NULL,
            enabled boolean NOT NULL,
            triggers text[] NOT NULL,
            condition jsonb NOT NULL,
            actions jsonb NOT NULL,
            account_ids uuid[] NOT NULL,
            written_by uuid,
            last_error text,
            last_error_at timestamptz,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_rules PRIMARY KEY (book_id, id)
        )
    """,
    # Without foreign keys to what it tells of: what was done stays true when the rule or the transaction is gone.
    "rule_applications": """
        CREATE TABLE rule_applications (
            book_id uuid NOT NULL CONSTRAINT fk_rule_applications_book_id_books REFERENCES books ON DELETE CASCADE,
            transaction_id uuid NOT NULL,
            revision bigint NOT NULL,
            rule_id uuid NOT NULL,
            rule_name text NOT NULL,
            cause text NOT NULL,
            changes jsonb NOT NULL,
            account_ids uuid[] NOT NULL,
            at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_rule_applications PRIMARY KEY (book_id, transaction_id, revision, rule_id)
        )
    """,
    "suggestion_settings": """
        CREATE TABLE suggestion_settings (
            book_id uuid NOT NULL CONSTRAINT fk_suggestion_settings_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            auto_categorise boolean NOT NULL,
            minimum_confidence numeric NOT NULL,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_suggestion_settings PRIMARY KEY (book_id, id),
            CONSTRAINT uq_suggestion_settings_book UNIQUE (book_id)
        )
    """,
}
INDEXES = (
    "CREATE INDEX ix_rules_position ON rules (book_id, position)",
    "CREATE INDEX ix_rule_applications_rule ON rule_applications (book_id, rule_id, revision, transaction_id)",
)
# A rule that names a private account, and what rules did to what is on one, exist for those who see the account.
POLICIES = {
    "rules": f"{SEES_ALL} OR {NAMES_NONE}",
    "rule_applications": f"{SEES_ALL} OR ({NAMES_NONE} AND transaction_id NOT IN (SELECT touched_transactions()))",
}
GRANTS = {
    "rules": "SELECT, INSERT, UPDATE, DELETE",
    "rule_applications": "SELECT, INSERT",
    "suggestion_settings": "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade() -> None:
    for name, statement in TABLES.items():
        op.execute(statement)
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {name} USING (book_id = {BOOK})")
        if name in POLICIES:
            op.execute(f"CREATE POLICY seen_by_member ON {name} AS RESTRICTIVE USING ({POLICIES[name]})")
        op.execute(f"GRANT {GRANTS[name]} ON {name} TO finance_app")
    for statement in INDEXES:
        op.execute(statement)


def downgrade() -> None:
    for name in reversed(TABLES):
        op.execute(f"DROP TABLE {name}")
