"""Splits that a member's prices are to count whatever accounts they are entered on, and rates by their days."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# A split changes what a price of its asset says, and a price is the same for every account. So one that is entered on
# an account that a member does not see counts for them too, where they see the asset: each day and ratio once, and
# nothing of the account.
KNOWN_SPLITS = f"""
CREATE FUNCTION known_splits() RETURNS TABLE (asset_id uuid, date date, ratio numeric)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT DISTINCT t.asset_id, t.date, t.ratio FROM trades t
    WHERE t.book_id = {BOOK} AND t.kind = 'split' AND t.ratio IS NOT NULL
      AND ({SEES_ALL} OR t.asset_id NOT IN (SELECT hidden_assets()))
$$
"""

# In the order of their list: the newest day first.
INDEXES = {
    "ix_book_rates_newest": "book_rates (book_id, date DESC, base, quote)",
    "ix_exchange_rates_newest": "exchange_rates (date DESC, base, quote)",
}


def upgrade() -> None:
    op.execute(KNOWN_SPLITS)
    op.execute("REVOKE ALL ON FUNCTION known_splits() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION known_splits() TO finance_app")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("DROP FUNCTION known_splits()")
