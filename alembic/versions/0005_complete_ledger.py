"""The complete ledger: more kinds of transactions, reconciliation, matching, aliases, receipts, a chained log."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "reconciliations",
    "payee_aliases",
    "merged_transactions",
    "transfer_rejections",
    "files",
    "attachments",
)

EVENT_HASH = """
CREATE FUNCTION event_hash(e events) RETURNS bytea
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        e.book_id, e.revision, e.position, e.entity, e.entity_id, e.action, e.actor_id, e.before, e.after,
        (extract(epoch FROM e.at) * 1000000)::bigint
    )::text, 'UTF8'))
$$
"""

# The writer holds the book, so the newest link is the one before. The role of a request may read links, not make them.
# One by one: each revision of a statement that brings several, as a restore does, is linked to the one before it.
CHAIN_EVENTS = """
CREATE FUNCTION chain_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT n.book_id, n.revision, min(n.position) AS first_position, max(n.position) AS last_position,
               sha256(string_agg(event_hash(n::events), ''::bytea ORDER BY n.position)) AS digest
        FROM fresh n GROUP BY n.book_id, n.revision ORDER BY n.book_id, n.revision
    LOOP
        INSERT INTO event_chain (book_id, revision, first_position, last_position, digest, hash)
        VALUES (found.book_id, found.revision, found.first_position, found.last_position, found.digest,
                sha256(coalesce((SELECT c.hash FROM event_chain c WHERE c.book_id = found.book_id
                                 ORDER BY c.revision DESC, c.first_position DESC LIMIT 1), ''::bytea) || found.digest));
    END LOOP;
    RETURN NULL;
END
$$
"""

# What the log already holds is chained revision by revision.
CHAIN_WHAT_IS_THERE = """
DO $$
DECLARE
    found record;
    last_book uuid;
    last_hash bytea;
BEGIN
    FOR found IN
        SELECT e.book_id, e.revision, min(e.position) AS first_position, max(e.position) AS last_position,
               sha256(string_agg(event_hash(e), ''::bytea ORDER BY e.position)) AS digest
        FROM events e GROUP BY e.book_id, e.revision ORDER BY e.book_id, e.revision
    LOOP
        IF last_book IS DISTINCT FROM found.book_id THEN
            last_hash := ''::bytea;
        END IF;
        last_book := found.book_id;
        last_hash := sha256(last_hash || found.digest);
        INSERT INTO event_chain (book_id, revision, first_position, last_position, digest, hash)
        VALUES (found.book_id, found.revision, found.first_position, found.last_position, found.digest, last_hash);
    END LOOP;
END
$$
"""

# A downgrade had no word for some types; the log still knows them.
NAME_TYPES_AGAIN = """
UPDATE transactions t SET type = told.type
FROM (
    SELECT DISTINCT ON (e.book_id, e.entity_id) e.book_id, e.entity_id, e.after ->> 'type' AS type
    FROM events e
    WHERE e.entity = 'transaction' AND e.after ->> 'type' IS NOT NULL
      AND (e.book_id, e.entity_id) IN (SELECT book_id, entity_id FROM events
                                       WHERE after ->> 'type' IN ('journal', 'adjustment'))
    ORDER BY e.book_id, e.entity_id, e.revision DESC, e.position DESC
) told
WHERE t.book_id = told.book_id AND t.id = told.entity_id
  AND (t.type, told.type) IN (('expense', 'journal'), ('opening_balance', 'adjustment'))
"""


def upgrade() -> None:
    _transactions()
    _names()
    _matching()
    _receipts()
    _log()
    op.execute(NAME_TYPES_AGAIN)
    op.execute("ALTER TABLE imports DROP CONSTRAINT ck_imports_format")
    op.execute("ALTER TABLE imports ADD CONSTRAINT ck_imports_format CHECK (format IN ('csv', 'hledger', 'beancount'))")
    # The whole transaction, where a row of the file is more than one movement on one account.
    op.execute("ALTER TABLE import_rows ADD COLUMN document jsonb")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""
            CREATE POLICY book_of_request ON {table}
                USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
            """
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")


def _transactions() -> None:
    op.execute(
        """
        CREATE TABLE reconciliations (
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid NOT NULL,
            statement_date date NOT NULL,
            statement_balance numeric NOT NULL,
            sealed_count integer NOT NULL,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_reconciliations PRIMARY KEY (book_id, id),
            CONSTRAINT fk_reconciliations_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_reconciliations_account ON reconciliations (book_id, account_id, statement_date)")
    op.execute("CREATE INDEX ix_reconciliations_revision ON reconciliations (book_id, revision, id)")
    op.execute(
        """
        ALTER TABLE transactions
            DROP CONSTRAINT ck_transactions_type,
            ADD CONSTRAINT ck_transactions_type CHECK (type IN
                ('expense', 'income', 'transfer', 'journal', 'adjustment', 'opening_balance')),
            ADD COLUMN refund_of_id uuid,
            ADD COLUMN reconciliation_id uuid,
            ADD CONSTRAINT fk_transactions_refund FOREIGN KEY (book_id, refund_of_id)
                REFERENCES transactions (book_id, id),
            ADD CONSTRAINT fk_transactions_reconciliation FOREIGN KEY (book_id, reconciliation_id)
                REFERENCES reconciliations (book_id, id),
            ADD CONSTRAINT ck_transactions_reconciled CHECK (reconciliation_id IS NULL OR status = 'reconciled'),
            ADD CONSTRAINT ck_transactions_not_own_refund CHECK (refund_of_id <> id)
        """
    )
    op.execute(
        """
        CREATE INDEX ix_transactions_refund ON transactions (book_id, refund_of_id) WHERE refund_of_id IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE INDEX ix_transactions_reconciliation ON transactions (book_id, reconciliation_id)
            WHERE reconciliation_id IS NOT NULL
        """
    )
    op.execute("CREATE INDEX ix_transactions_pending ON transactions (book_id, date) WHERE status = 'pending'")
    op.execute("DROP INDEX ix_transactions_revision")
    op.execute("CREATE INDEX ix_transactions_revision ON transactions (book_id, revision, id)")


def _names() -> None:
    op.execute(
        """
        ALTER TABLE payees
            ADD COLUMN default_category_id uuid,
            ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
            ADD CONSTRAINT fk_payees_default_category FOREIGN KEY (book_id, default_category_id)
                REFERENCES categories (book_id, id)
        """
    )
    op.execute("ALTER TABLE tags ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()")
    op.execute(
        """
        CREATE INDEX ix_payees_default_category ON payees (book_id, default_category_id)
            WHERE default_category_id IS NOT NULL
        """
    )
    op.execute("CREATE INDEX ix_payees_revision ON payees (book_id, revision, id)")
    op.execute("CREATE INDEX ix_tags_revision ON tags (book_id, revision, id)")
    op.execute(
        """
        CREATE TABLE payee_aliases (
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            payee_id uuid NOT NULL,
            alias text NOT NULL CONSTRAINT ck_payee_aliases_alias_length CHECK (length(alias) BETWEEN 1 AND 200),
            alias_key text NOT NULL GENERATED ALWAYS AS (lower(alias)) STORED,
            CONSTRAINT pk_payee_aliases PRIMARY KEY (book_id, id),
            CONSTRAINT uq_payee_aliases_alias_key UNIQUE (book_id, alias_key),
            CONSTRAINT fk_payee_aliases_payee FOREIGN KEY (book_id, payee_id) REFERENCES payees (book_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_payee_aliases_payee ON payee_aliases (book_id, payee_id)")


def _matching() -> None:
    # Neither follows its transactions: what is deleted and brought back by an undo is still merged or rejected.
    op.execute(
        """
        CREATE TABLE merged_transactions (
            book_id uuid NOT NULL
                CONSTRAINT fk_merged_transactions_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL,
            into_id uuid NOT NULL,
            account_id uuid NOT NULL,
            external_id text,
            import_id uuid,
            date date NOT NULL,
            amount numeric NOT NULL,
            CONSTRAINT pk_merged_transactions PRIMARY KEY (book_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_merged_transactions_into ON merged_transactions (book_id, into_id)")
    op.execute(
        """
        CREATE INDEX ix_merged_transactions_external_id ON merged_transactions (book_id, account_id, external_id)
            WHERE external_id IS NOT NULL
        """
    )
    op.execute("CREATE INDEX ix_merged_transactions_date ON merged_transactions (book_id, account_id, date)")
    op.execute(
        """
        CREATE TABLE transfer_rejections (
            book_id uuid NOT NULL
                CONSTRAINT fk_transfer_rejections_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            outgoing_id uuid NOT NULL,
            incoming_id uuid NOT NULL,
            CONSTRAINT pk_transfer_rejections PRIMARY KEY (book_id, id),
            CONSTRAINT uq_transfer_rejections_pair UNIQUE (book_id, outgoing_id, incoming_id)
        )
        """
    )


def _receipts() -> None:
    op.execute(
        """
        CREATE TABLE files (
            book_id uuid NOT NULL CONSTRAINT fk_files_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            sha256 bytea NOT NULL CONSTRAINT ck_files_sha256 CHECK (length(sha256) = 32),
            size bigint NOT NULL CONSTRAINT ck_files_size CHECK (size > 0),
            media_type text NOT NULL
                CONSTRAINT ck_files_media_type CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
            created_at timestamptz NOT NULL DEFAULT now(),
            orphaned_at timestamptz,
            CONSTRAINT pk_files PRIMARY KEY (book_id, sha256)
        )
        """
    )
    op.execute("CREATE INDEX ix_files_orphaned_at ON files (orphaned_at) WHERE orphaned_at IS NOT NULL")
    op.execute(
        """
        CREATE TABLE attachments (
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            transaction_id uuid NOT NULL,
            sha256 bytea NOT NULL,
            file_name text NOT NULL CONSTRAINT ck_attachments_file_name CHECK (length(file_name) BETWEEN 1 AND 200),
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_attachments PRIMARY KEY (book_id, id),
            CONSTRAINT uq_attachments_file UNIQUE (book_id, transaction_id, sha256),
            CONSTRAINT fk_attachments_transaction FOREIGN KEY (book_id, transaction_id)
                REFERENCES transactions (book_id, id),
            CONSTRAINT fk_attachments_file FOREIGN KEY (book_id, sha256) REFERENCES files (book_id, sha256)
        )
        """
    )
    op.execute("CREATE INDEX ix_attachments_file ON attachments (book_id, sha256)")
    op.execute("CREATE INDEX ix_attachments_revision ON attachments (book_id, revision, id)")


def _log() -> None:
    # Who did something stays in the log, and in its hash, when the person has left.
    op.execute("ALTER TABLE events DROP CONSTRAINT fk_events_actor_id_users")
    op.execute("DROP INDEX ix_events_actor_id")
    op.execute(
        "CREATE INDEX ix_events_deleted ON events (book_id, revision, entity, entity_id) WHERE action = 'deleted'"
    )
    op.execute(
        """
        CREATE TABLE event_chain (
            book_id uuid NOT NULL CONSTRAINT fk_event_chain_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            revision bigint NOT NULL,
            first_position integer NOT NULL,
            last_position integer NOT NULL,
            digest bytea NOT NULL,
            hash bytea NOT NULL,
            CONSTRAINT pk_event_chain PRIMARY KEY (book_id, revision, first_position)
        )
        """
    )
    op.execute("ALTER TABLE event_chain ENABLE ROW LEVEL SECURITY")
    op.execute(
        """
        CREATE POLICY book_of_request ON event_chain
            USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
        """
    )
    op.execute("GRANT SELECT ON event_chain TO finance_app")
    op.execute(EVENT_HASH)
    op.execute(CHAIN_EVENTS)
    op.execute("REVOKE ALL ON FUNCTION chain_events() FROM PUBLIC")
    op.execute(CHAIN_WHAT_IS_THERE)
    op.execute(
        """
        CREATE TRIGGER chain_events AFTER INSERT ON events REFERENCING NEW TABLE AS fresh
            FOR EACH STATEMENT EXECUTE FUNCTION chain_events()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER chain_events ON events")
    op.execute("DROP FUNCTION chain_events()")
    op.execute("DROP FUNCTION event_hash(events)")
    op.execute("DROP TABLE event_chain")
    op.execute("DROP INDEX ix_events_deleted")
    op.execute("UPDATE events SET actor_id = NULL WHERE actor_id NOT IN (SELECT id FROM users)")
    op.execute(
        """
        ALTER TABLE events ADD CONSTRAINT fk_events_actor_id_users
            FOREIGN KEY (actor_id) REFERENCES users (id) ON DELETE SET NULL
        """
    )
    op.execute("CREATE INDEX ix_events_actor_id ON events (actor_id)")

    _downgrade_imports()

    # The older ledger has no word for these; their postings, and so balances and totals, stay as they are. The log
    # keeps what they were, for an upgrade.
    op.execute("UPDATE transactions SET type = 'opening_balance' WHERE type = 'adjustment'")
    op.execute("UPDATE transactions SET type = 'expense' WHERE type = 'journal'")
    op.execute("DROP TABLE attachments, files, transfer_rejections, merged_transactions, payee_aliases")
    op.execute("DROP INDEX ix_payees_revision, ix_tags_revision")
    op.execute("ALTER TABLE tags DROP COLUMN updated_at")
    op.execute("ALTER TABLE payees DROP COLUMN default_category_id, DROP COLUMN updated_at")
    op.execute("DROP INDEX ix_transactions_revision, ix_transactions_pending")
    op.execute("CREATE INDEX ix_transactions_revision ON transactions (book_id, revision)")
    op.execute(
        """
        ALTER TABLE transactions
            DROP COLUMN refund_of_id,
            DROP COLUMN reconciliation_id,
            DROP CONSTRAINT ck_transactions_type,
            ADD CONSTRAINT ck_transactions_type CHECK (type IN ('expense', 'income', 'transfer', 'opening_balance'))
        """
    )
    op.execute("DROP TABLE reconciliations")


def _downgrade_imports() -> None:
    op.execute("DELETE FROM imports WHERE format <> 'csv' AND status = 'previewed'")
    op.execute("ALTER TABLE import_rows DROP COLUMN document")
    op.execute("UPDATE imports SET format = 'csv' WHERE format <> 'csv'")
    op.execute("ALTER TABLE imports DROP CONSTRAINT ck_imports_format")
    op.execute("ALTER TABLE imports ADD CONSTRAINT ck_imports_format CHECK (format IN ('csv'))")
