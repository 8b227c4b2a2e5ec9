"""Rates of a book that came with an imported file."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

DROP = "ALTER TABLE book_rates DROP CONSTRAINT ck_book_rates_source"
ADD = "ALTER TABLE book_rates ADD CONSTRAINT ck_book_rates_source CHECK (source IN ({sources}))"


def upgrade() -> None:
    op.execute(DROP)
    op.execute(ADD.format(sources="'manual', 'csv', 'import'"))


def downgrade() -> None:
    """They came from a file: `csv` is the nearest that was known before."""
    op.execute("UPDATE book_rates SET source = 'csv' WHERE source = 'import'")
    op.execute(DROP)
    op.execute(ADD.format(sources="'manual', 'csv'"))
