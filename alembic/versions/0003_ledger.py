"""The ledger: accounts, categories, payees, tags, transactions, their postings and the monthly totals."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "accounts",
    "categories",
    "payees",
    "tags",
    "transactions",
    "transaction_tags",
    "postings",
    "monthly_totals",
)


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE accounts (
            book_id uuid NOT NULL CONSTRAINT fk_accounts_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            name text NOT NULL CONSTRAINT ck_accounts_name_length CHECK (length(name) BETWEEN 1 AND 200),
            type text NOT NULL CONSTRAINT ck_accounts_type CHECK (type IN (
                'checking', 'savings', 'cash', 'credit_card', 'loan', 'mortgage', 'investment', 'property',
                'other_asset', 'other_liability')),
            currency text NOT NULL CONSTRAINT fk_accounts_currency_currencies REFERENCES currencies (code),
            institution text,
            notes text,
            balance numeric NOT NULL DEFAULT 0,
            sort integer NOT NULL DEFAULT 0,
            archived_at timestamptz,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_accounts PRIMARY KEY (book_id, id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE categories (
            book_id uuid NOT NULL CONSTRAINT fk_categories_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            parent_id uuid,
            name text NOT NULL CONSTRAINT ck_categories_name_length CHECK (length(name) BETWEEN 1 AND 100),
            kind text NOT NULL CONSTRAINT ck_categories_kind CHECK (kind IN ('income', 'expense')),
            color text,
            icon text,
            sort integer NOT NULL DEFAULT 0,
            archived_at timestamptz,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_categories PRIMARY KEY (book_id, id),
            CONSTRAINT uq_categories_kind UNIQUE (book_id, id, kind),
            CONSTRAINT ck_categories_not_own_parent CHECK (parent_id <> id),
            -- The parent is of the same book and the same kind.
            CONSTRAINT fk_categories_parent FOREIGN KEY (book_id, parent_id, kind)
                REFERENCES categories (book_id, id, kind)
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX uq_categories_sibling_name
            ON categories (book_id, kind, parent_id, lower(name)) NULLS NOT DISTINCT
        """
    )
    op.execute("CREATE INDEX ix_categories_parent ON categories (book_id, parent_id)")
    for table, limit in (("payees", 200), ("tags", 100)):
        op.execute(
            f"""
            CREATE TABLE {table} (
                book_id uuid NOT NULL CONSTRAINT fk_{table}_book_id_books REFERENCES books (id) ON DELETE CASCADE,
                id uuid NOT NULL DEFAULT uuidv7(),
                name text NOT NULL CONSTRAINT ck_{table}_name_length CHECK (length(name) BETWEEN 1 AND {limit}),
                -- A column of its own: row-level security lets no index serve a comparison of lower(name).
                name_key text NOT NULL GENERATED ALWAYS AS (lower(name)) STORED,
                revision bigint NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                CONSTRAINT pk_{table} PRIMARY KEY (book_id, id),
                CONSTRAINT uq_{table}_name_key UNIQUE (book_id, name_key)
            )
            """
        )
    op.execute(
        """
        CREATE TABLE transactions (
            -- The account, which every transaction has, holds the book; a second check would cost each row.
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            type text NOT NULL
                CONSTRAINT ck_transactions_type CHECK (type IN ('expense', 'income', 'transfer', 'opening_balance')),
            date date NOT NULL,
            account_id uuid NOT NULL,
            amount numeric NOT NULL CONSTRAINT ck_transactions_amount CHECK (amount >= 0),
            -- Sorting by amount needs an operator that row-level security lets an index use; numeric's is not one.
            amount_key bigint NOT NULL
                GENERATED ALWAYS AS (least(round(amount * 10000), 9000000000000000000)::bigint) STORED,
            payee_id uuid,
            description text,
            notes text,
            status text NOT NULL DEFAULT 'cleared'
                CONSTRAINT ck_transactions_status CHECK (status IN ('pending', 'cleared', 'reconciled')),
            external_id text,
            original_amount numeric,
            original_currency text
                CONSTRAINT fk_transactions_original_currency_currencies REFERENCES currencies (code),
            import_id uuid,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_transactions PRIMARY KEY (book_id, id),
            CONSTRAINT fk_transactions_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_transactions_payee FOREIGN KEY (book_id, payee_id) REFERENCES payees (book_id, id),
            CONSTRAINT ck_transactions_original_pair
                CHECK ((original_amount IS NULL) = (original_currency IS NULL))
        )
        """
    )
    op.execute("CREATE INDEX ix_transactions_date ON transactions (book_id, date, id)")
    op.execute("CREATE INDEX ix_transactions_amount ON transactions (book_id, amount_key, id)")
    op.execute("CREATE INDEX ix_transactions_account ON transactions (book_id, account_id)")
    op.execute(
        """
        CREATE INDEX ix_transactions_opening ON transactions (book_id, account_id)
            WHERE type = 'opening_balance'
        """
    )
    op.execute("CREATE INDEX ix_transactions_revision ON transactions (book_id, revision)")
    op.execute(
        "CREATE INDEX ix_transactions_payee ON transactions (book_id, payee_id, date, id) WHERE payee_id IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_transactions_import ON transactions (book_id, import_id) WHERE import_id IS NOT NULL")
    op.execute(
        """
        CREATE UNIQUE INDEX uq_transactions_external_id ON transactions (book_id, account_id, external_id)
            WHERE external_id IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE TABLE transaction_tags (
            book_id uuid NOT NULL,
            transaction_id uuid NOT NULL,
            tag_id uuid NOT NULL,
            CONSTRAINT pk_transaction_tags PRIMARY KEY (book_id, transaction_id, tag_id),
            CONSTRAINT fk_transaction_tags_transaction FOREIGN KEY (book_id, transaction_id)
                REFERENCES transactions (book_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_transaction_tags_tag FOREIGN KEY (book_id, tag_id) REFERENCES tags (book_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_transaction_tags_tag ON transaction_tags (book_id, tag_id, transaction_id)")
    op.execute(
        """
        CREATE TABLE postings (
            book_id uuid NOT NULL,
            transaction_id uuid NOT NULL,
            line integer NOT NULL,
            account_id uuid NOT NULL,
            category_id uuid,
            role text NOT NULL CONSTRAINT ck_postings_role CHECK (role IN ('flow', 'transfer', 'equity')),
            amount numeric NOT NULL CONSTRAINT ck_postings_amount CHECK (amount <> 0),
            base_amount numeric,
            memo text,
            -- The transaction's own date again, so that an account's history is one index.
            date date NOT NULL,
            CONSTRAINT pk_postings PRIMARY KEY (book_id, transaction_id, line),
            CONSTRAINT fk_postings_transaction FOREIGN KEY (book_id, transaction_id)
                REFERENCES transactions (book_id, id),
            CONSTRAINT fk_postings_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_postings_category FOREIGN KEY (book_id, category_id) REFERENCES categories (book_id, id),
            CONSTRAINT ck_postings_category_of_flow CHECK (category_id IS NULL OR role = 'flow')
        )
        """
    )
    op.execute("CREATE INDEX ix_postings_account ON postings (book_id, account_id, date, transaction_id)")
    op.execute("CREATE INDEX ix_postings_category ON postings (book_id, category_id, date, transaction_id)")
    op.execute(
        """
        CREATE TABLE monthly_totals (
            book_id uuid NOT NULL,
            month date NOT NULL CONSTRAINT ck_monthly_totals_month CHECK (extract(day FROM month) = 1),
            account_id uuid NOT NULL,
            category_id uuid,
            role text NOT NULL CONSTRAINT ck_monthly_totals_role CHECK (role IN ('flow', 'transfer', 'equity')),
            inflow numeric NOT NULL,
            outflow numeric NOT NULL,
            base_inflow numeric NOT NULL,
            base_outflow numeric NOT NULL,
            unconverted_inflow numeric NOT NULL,
            unconverted_outflow numeric NOT NULL,
            count bigint NOT NULL,
            CONSTRAINT uq_monthly_totals_key UNIQUE NULLS NOT DISTINCT (book_id, month, account_id, category_id, role),
            CONSTRAINT fk_monthly_totals_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_monthly_totals_category FOREIGN KEY (book_id, category_id)
                REFERENCES categories (book_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_monthly_totals_account ON monthly_totals (book_id, account_id, month)")
    op.execute("CREATE INDEX ix_monthly_totals_category ON monthly_totals (book_id, category_id, month)")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"""
            CREATE POLICY book_of_request ON {table}
                USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
            """
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
