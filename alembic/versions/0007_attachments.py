"""Attachments: what the housekeeping, which sees one book at a time, must know of all of them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A transaction takes its attachments along when it is deleted, and brings them back when that is undone; neither says
# so in `files`. The first two statements do. They may be wrong about what is being changed at this moment: who removes
# a file looks again, under its lock.
ORPHANED_FILES = """
CREATE FUNCTION orphaned_files(p_days integer, p_most integer) RETURNS TABLE (book_id uuid, sha256 bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE files f SET orphaned_at = now()
    WHERE f.orphaned_at IS NULL
      AND NOT EXISTS (SELECT FROM attachments a WHERE a.book_id = f.book_id AND a.sha256 = f.sha256);
    UPDATE files f SET orphaned_at = NULL
    WHERE f.orphaned_at IS NOT NULL
      AND EXISTS (SELECT FROM attachments a WHERE a.book_id = f.book_id AND a.sha256 = f.sha256);
    RETURN QUERY
        SELECT f.book_id, f.sha256 FROM files f
        WHERE f.orphaned_at <= now() - make_interval(days => p_days)
        ORDER BY f.orphaned_at LIMIT p_most;
END
$$
"""


def upgrade() -> None:
    op.execute(ORPHANED_FILES)
    op.execute("REVOKE ALL ON FUNCTION orphaned_files(integer, integer) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION orphaned_files(integer, integer) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION orphaned_files(integer, integer)")
