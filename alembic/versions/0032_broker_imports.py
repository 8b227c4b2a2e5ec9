"""Imports of a broker's trades: the assets that a file names, and trades by the import that brought them."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"

# As in 0016, with trades: one that came with the import may have been moved to an account that is hidden.
IS_PRIVATE_IMPORT = """
CREATE OR REPLACE FUNCTION is_private_import(p_import uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM import_rows r
        JOIN private_entities x ON x.book_id = r.book_id AND x.entity = 'transaction' AND x.entity_id = r.transaction_id
        WHERE r.book_id = {book} AND r.import_id = p_import AND x.account_id = ANY ({hidden})
    ) OR EXISTS (
        SELECT FROM transactions t
        WHERE t.book_id = {book} AND t.import_id = p_import AND t.id IN (SELECT touched_transactions())
    ){trades}
$$
"""
OF_TRADES = f"""
    OR EXISTS (
        SELECT FROM trades t
        WHERE t.book_id = {BOOK} AND t.import_id = p_import
          AND (t.account_id = ANY ({HIDDEN}) OR t.to_account_id = ANY ({HIDDEN}))
    )"""
HAS_TRADES = (
    "EXISTS (SELECT FROM import_rows r WHERE r.book_id = i.book_id AND r.import_id = i.id AND r.document ? 'trade')"
)
AGAIN = f"UPDATE imports i SET format = 'broker_csv' WHERE i.format = 'csv' AND {HAS_TRADES}"  # noqa: S608  # nosec B608
UNFINISHED = (
    "DELETE FROM imports i "  # noqa: S608  # nosec B608
    f"WHERE i.status = 'previewed' AND (i.format = 'broker_csv' OR {HAS_TRADES})"
)
FORMATS = "ALTER TABLE imports DROP CONSTRAINT ck_imports_format"


def upgrade() -> None:
    op.execute(FORMATS)
    op.execute(
        "ALTER TABLE imports ADD CONSTRAINT ck_imports_format "
        "CHECK (format IN ('csv', 'hledger', 'beancount', 'broker_csv'))"
    )
    # Those that were there before a way down.
    op.execute(AGAIN)
    # What a file calls which asset: [{"id", "symbol", "name", "type", "currency", "isin", "new"}].
    op.execute("ALTER TABLE imports ADD COLUMN assets jsonb NOT NULL DEFAULT '[]'")
    op.execute("CREATE INDEX ix_trades_import ON trades (book_id, import_id) WHERE import_id IS NOT NULL")
    op.execute(IS_PRIVATE_IMPORT.format(book=BOOK, hidden=HIDDEN, trades=OF_TRADES))


def downgrade() -> None:
    """Committed imports stay as a record of where trades came from; what was not committed goes."""
    op.execute(IS_PRIVATE_IMPORT.format(book=BOOK, hidden=HIDDEN, trades=""))
    op.execute("DROP INDEX ix_trades_import")
    op.execute(UNFINISHED)
    op.execute("ALTER TABLE imports DROP COLUMN assets")
    op.execute("UPDATE imports SET format = 'csv' WHERE format = 'broker_csv'")
    op.execute(FORMATS)
    op.execute("ALTER TABLE imports ADD CONSTRAINT ck_imports_format CHECK (format IN ('csv', 'hledger', 'beancount'))")
