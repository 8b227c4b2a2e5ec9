"""The outbox of mail: requests add to it and cannot read it."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE mails (
            id uuid CONSTRAINT pk_mails PRIMARY KEY DEFAULT uuidv7(),
            recipient text NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            attempts integer NOT NULL,
            not_before timestamptz NOT NULL DEFAULT now(),
            failed_at timestamptz,
            last_error text
        )
        """
    )
    op.execute("CREATE INDEX ix_mails_not_before ON mails (not_before)")
    op.execute("ALTER TABLE mails ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY mail_posted ON mails FOR INSERT WITH CHECK (true)")
    op.execute("GRANT INSERT ON mails TO finance_app")


def downgrade() -> None:
    op.execute("DROP TABLE mails")
