"""A way for a scheduled check to know which books there are; and a request cannot delete a book, its log with it."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

EVERY_BOOK = """
CREATE FUNCTION every_book() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT id FROM books ORDER BY id $$
"""


def upgrade() -> None:
    op.execute(EVERY_BOOK)
    op.execute("REVOKE ALL ON FUNCTION every_book() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION every_book() TO finance_app")
    # The log goes with its book, so who may delete and insert books could write another past, chain and all.
    op.execute("REVOKE DELETE ON books FROM finance_app")


def downgrade() -> None:
    op.execute("GRANT DELETE ON books TO finance_app")
    op.execute("DROP FUNCTION every_book()")
