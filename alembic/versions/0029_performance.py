"""Targets of the allocation, and what looking at portfolios by the day needs."""

# constants of this module alone
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# For the daily look: ids, and none of them opens a book.
BOOKS_WITH_HOLDINGS = """
CREATE FUNCTION books_with_holdings() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT p.book_id FROM positions p WHERE p.quantity <> 0 $$
"""


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE allocation_targets (
            book_id uuid NOT NULL CONSTRAINT fk_allocation_targets_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            dimension text NOT NULL CONSTRAINT ck_allocation_targets_dimension
                CHECK (dimension IN ('type', 'currency', 'sector', 'account')),
            key text,
            account_id uuid,
            target_percent numeric NOT NULL CONSTRAINT ck_allocation_targets_percent
                CHECK (target_percent > 0 AND target_percent <= 100),
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_allocation_targets PRIMARY KEY (book_id, id),
            CONSTRAINT uq_allocation_targets_key UNIQUE NULLS NOT DISTINCT (book_id, dimension, key, account_id),
            CONSTRAINT ck_allocation_targets_key
                CHECK ((dimension = 'account') = (account_id IS NOT NULL) AND num_nonnulls(key, account_id) = 1),
            CONSTRAINT fk_allocation_targets_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_allocation_targets_account ON allocation_targets (book_id, account_id)")
    op.execute("ALTER TABLE allocation_targets ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY book_of_request ON allocation_targets USING (book_id = {BOOK})")
    op.execute(
        f"CREATE POLICY seen_by_member ON allocation_targets AS RESTRICTIVE USING "
        f"({SEES_ALL} OR account_id IS NULL OR account_id <> ALL ((SELECT {HIDDEN})::uuid[]))"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON allocation_targets TO finance_app")
    op.execute("CREATE INDEX ix_trades_splits ON trades (book_id, asset_id, date) WHERE kind = 'split'")
    op.execute(BOOKS_WITH_HOLDINGS)
    op.execute("REVOKE ALL ON FUNCTION books_with_holdings() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION books_with_holdings() TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION books_with_holdings()")
    op.execute("DROP INDEX ix_trades_splits")
    op.execute("DROP TABLE allocation_targets")
