"""Imports: an uploaded file's rows, what became of each, and mappings offered again."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("imports", "import_rows", "import_mappings")


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE imports (
            book_id uuid NOT NULL CONSTRAINT fk_imports_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid,
            status text NOT NULL
                CONSTRAINT ck_imports_status CHECK (status IN ('previewed', 'committed', 'undone')),
            format text NOT NULL CONSTRAINT ck_imports_format CHECK (format IN ('csv')),
            file_name text,
            content_hash bytea NOT NULL,
            rows_hash bytea NOT NULL,
            header_hash bytea,
            mapping jsonb NOT NULL,
            -- What of it is offered again for the same header.
            lasting_mapping jsonb NOT NULL,
            mapping_source text NOT NULL
                CONSTRAINT ck_imports_mapping_source CHECK (mapping_source IN ('detected', 'given', 'saved')),
            confidence jsonb NOT NULL,
            warnings jsonb NOT NULL,
            rows_new integer NOT NULL,
            rows_duplicate integer NOT NULL,
            rows_suspect integer NOT NULL,
            rows_error integer NOT NULL,
            created_count integer,
            skipped_count integer,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            committed_at timestamptz,
            undone_at timestamptz,
            CONSTRAINT pk_imports PRIMARY KEY (book_id, id),
            CONSTRAINT fk_imports_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE SET NULL (account_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_imports_content ON imports (book_id, content_hash)")
    op.execute("CREATE INDEX ix_imports_rows ON imports (book_id, rows_hash)")
    op.execute("CREATE INDEX ix_imports_account ON imports (book_id, account_id)")
    op.execute(
        """
        CREATE TABLE import_rows (
            book_id uuid NOT NULL,
            import_id uuid NOT NULL,
            position integer NOT NULL,
            line integer NOT NULL,
            outcome text NOT NULL
                CONSTRAINT ck_import_rows_outcome CHECK (outcome IN ('new', 'duplicate', 'suspect', 'error')),
            error_column text,
            reason text,
            account_id uuid,
            date date,
            amount numeric,
            payee text,
            description text,
            notes text,
            external_id text,
            category_id uuid,
            match_id uuid,
            -- Decided at the upload, used if the commit creates it.
            transaction_id uuid NOT NULL,
            skipped boolean NOT NULL DEFAULT false,
            CONSTRAINT pk_import_rows PRIMARY KEY (book_id, import_id, position),
            CONSTRAINT fk_import_rows_import FOREIGN KEY (book_id, import_id)
                REFERENCES imports (book_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_import_rows_outcome ON import_rows (book_id, import_id, outcome, position)")
    op.execute(
        """
        CREATE TABLE import_mappings (
            book_id uuid NOT NULL CONSTRAINT fk_import_mappings_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            header_hash bytea NOT NULL,
            mapping jsonb NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_import_mappings PRIMARY KEY (book_id, header_hash)
        )
        """
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""
            CREATE POLICY book_of_request ON {table}
                USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
            """
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    op.execute(
        """
        ALTER TABLE transactions ADD CONSTRAINT fk_transactions_import
            FOREIGN KEY (book_id, import_id) REFERENCES imports (book_id, id) ON DELETE SET NULL (import_id)
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE transactions DROP CONSTRAINT fk_transactions_import")
    # Without imports a transaction keeps no trace of which file it came from.
    op.execute("UPDATE transactions SET import_id = NULL WHERE import_id IS NOT NULL")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
