"""Reports that people put together and keep, and an index for balances inside a month."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# Name, what it allows, whether a personal token may have it.
PERMISSION = ("reports:write", "Keep reports of one's own making.", True)

# What a report names may be hidden from a member: then the report is, for its name may tell of it.
SEEN = (
    f"{SEES_ALL} OR (NOT coalesce(account_ids && (SELECT {HIDDEN})::uuid[], false) "
    "AND NOT tag_ids && ARRAY(SELECT hidden_tags()) AND NOT payee_ids && ARRAY(SELECT hidden_payees()))"
)


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE saved_reports (
            book_id uuid NOT NULL CONSTRAINT fk_saved_reports_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            name text NOT NULL,
            measures text[] NOT NULL CONSTRAINT ck_saved_reports_measures CHECK (cardinality(measures) > 0),
            dimensions text[] NOT NULL CONSTRAINT ck_saved_reports_dimensions CHECK (cardinality(dimensions) <= 3),
            account_ids uuid[] NOT NULL,
            category_ids uuid[] NOT NULL,
            tag_ids uuid[] NOT NULL,
            payee_ids uuid[] NOT NULL,
            period text NOT NULL,
            min_amount numeric,
            max_amount numeric,
            currency text CONSTRAINT fk_saved_reports_currency_currencies REFERENCES currencies,
            sort text,
            most integer NOT NULL CONSTRAINT ck_saved_reports_most CHECK (most > 0),
            notes text,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_saved_reports PRIMARY KEY (book_id, id)
        )
        """
    )
    # Days have totals of what has a category or could; with this the few postings that are neither make a balance.
    op.execute(
        "CREATE INDEX ix_postings_moved ON postings (book_id, account_id, date) INCLUDE (amount) WHERE role <> 'flow'"
    )
    op.execute("ALTER TABLE saved_reports ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY book_of_request ON saved_reports USING (book_id = {BOOK})")
    op.execute(f"CREATE POLICY seen_by_member ON saved_reports AS RESTRICTIVE USING ({SEEN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON saved_reports TO finance_app")
    name, description, grantable = PERMISSION
    text = description.replace("'", "''")
    op.execute(f"INSERT INTO permissions (name, description, grantable) VALUES ('{name}', '{text}', {grantable})")
    for role in ("user", "moderator", "admin"):
        op.execute(f"INSERT INTO role_permissions (role, permission) VALUES ('{role}', '{name}')")


def downgrade() -> None:
    name = PERMISSION[0]
    op.execute(f"DELETE FROM permissions WHERE name = '{name}'")
    op.execute(f"DELETE FROM personal_tokens WHERE scopes = ARRAY['{name}']")  # a token needs one
    op.execute(f"UPDATE personal_tokens SET scopes = array_remove(scopes, '{name}')")
    op.execute("DROP INDEX ix_postings_moved")
    op.execute("DROP TABLE saved_reports")
