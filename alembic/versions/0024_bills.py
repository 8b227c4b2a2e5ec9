"""Pairs of a bill and a transaction that do not belong together, and series that are no subscription."""

# constants of this module alone
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# The books that have bills, or anything at all to look for subscriptions in, and for whom a job acts there.
BOOKS_WITH_BILLS = """
CREATE FUNCTION books_with_bills() RETURNS TABLE (book_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT DISTINCT s.book_id FROM schedules s WHERE s.kind = 'bill' AND s.archived_at IS NULL ORDER BY 1
$$
"""
POLICIES = {
    "bill_rejections": "EXISTS (SELECT FROM schedules s WHERE s.book_id = bill_rejections.book_id "
    "AND s.id = bill_rejections.schedule_id)",
    "subscription_dismissals": f"account_id <> ALL ((SELECT {HIDDEN})::uuid[])",
}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE bill_rejections (
            book_id uuid NOT NULL CONSTRAINT fk_bill_rejections_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            schedule_id uuid NOT NULL,
            due_on date NOT NULL,
            transaction_id uuid NOT NULL,
            CONSTRAINT pk_bill_rejections PRIMARY KEY (book_id, id),
            CONSTRAINT fk_bill_rejections_schedule FOREIGN KEY (book_id, schedule_id)
                REFERENCES schedules (book_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_bill_rejections_pair ON bill_rejections (book_id, schedule_id, due_on, transaction_id)")
    op.execute(
        """
        CREATE TABLE subscription_dismissals (
            book_id uuid NOT NULL
                CONSTRAINT fk_subscription_dismissals_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid NOT NULL,
            direction text NOT NULL,
            name text NOT NULL,
            unit text NOT NULL,
            every integer NOT NULL,
            amount numeric NOT NULL,
            transaction_id uuid NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_subscription_dismissals PRIMARY KEY (book_id, id),
            CONSTRAINT fk_subscription_dismissals_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute("CREATE INDEX ix_subscription_dismissals_account ON subscription_dismissals (book_id, account_id)")
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE USING ({SEES_ALL} OR {rule})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    op.execute(BOOKS_WITH_BILLS)
    op.execute("REVOKE ALL ON FUNCTION books_with_bills() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION books_with_bills() TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION books_with_bills()")
    op.execute("DROP TABLE subscription_dismissals")
    op.execute("DROP TABLE bill_rejections")
