"""Schedules, recurring transactions, and what became of their occurrences."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# The books that have something to do now, and for whom; nothing else of them. A person's today is their own.
DUE_SCHEDULES = """
CREATE FUNCTION due_schedules(p_at timestamptz) RETURNS TABLE (book_id uuid, user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT DISTINCT s.book_id, s.created_by
    FROM schedules s
    LEFT JOIN users u ON u.id = s.created_by
    WHERE s.next_on <= (p_at AT TIME ZONE 'Pacific/Kiritimati')::date
      AND s.next_on <= (p_at AT TIME ZONE coalesce(u.time_zone, 'Pacific/Kiritimati'))::date
    ORDER BY 1, 2
$$
"""


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE schedules (
            book_id uuid NOT NULL CONSTRAINT fk_schedules_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            name text NOT NULL,
            kind text NOT NULL CONSTRAINT ck_schedules_kind CHECK (kind IN ('transaction', 'bill')),
            template jsonb NOT NULL,
            account_ids uuid[] NOT NULL,
            account_id uuid NOT NULL,
            to_account_id uuid,
            category_id uuid,
            payee text,
            rrule text NOT NULL,
            starts_on date NOT NULL,
            month_end text NOT NULL CONSTRAINT ck_schedules_month_end CHECK (month_end IN ('clamp', 'skip')),
            weekend text NOT NULL CONSTRAINT ck_schedules_weekend CHECK (weekend IN ('keep', 'before', 'after')),
            amount_kind text NOT NULL
                CONSTRAINT ck_schedules_amount_kind CHECK (amount_kind IN ('fixed', 'range', 'average')),
            amount numeric,
            amount_min numeric,
            amount_max numeric,
            average_of integer,
            mode text NOT NULL CONSTRAINT ck_schedules_mode CHECK (mode IN ('post', 'confirm')),
            lead_days integer NOT NULL DEFAULT 0,
            tolerance numeric,
            window_days integer,
            remind_days integer,
            active_from date NOT NULL,
            ends_before date,
            follows_id uuid,
            created_by uuid CONSTRAINT fk_schedules_created_by_users REFERENCES users ON DELETE SET NULL,
            next_on date,
            paused_at timestamptz,
            archived_at timestamptz,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_schedules PRIMARY KEY (book_id, id),
            CONSTRAINT fk_schedules_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_schedules_to_account FOREIGN KEY (book_id, to_account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_schedules_category FOREIGN KEY (book_id, category_id) REFERENCES categories (book_id, id),
            CONSTRAINT fk_schedules_follows FOREIGN KEY (book_id, follows_id) REFERENCES schedules (book_id, id)
                ON DELETE SET NULL (follows_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_schedules_account ON schedules (book_id, account_id)")
    op.execute(
        "CREATE INDEX ix_schedules_to_account ON schedules (book_id, to_account_id) WHERE to_account_id IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_schedules_category ON schedules (book_id, category_id) WHERE category_id IS NOT NULL")
    op.execute("CREATE INDEX ix_schedules_follows ON schedules (book_id, follows_id) WHERE follows_id IS NOT NULL")
    op.execute("CREATE INDEX ix_schedules_next ON schedules (next_on) WHERE next_on IS NOT NULL")
    op.execute("CREATE INDEX ix_schedules_created_by ON schedules (created_by) WHERE created_by IS NOT NULL")
    op.execute(
        """
        CREATE TABLE schedule_occurrences (
            book_id uuid NOT NULL CONSTRAINT fk_schedule_occurrences_book_id_books REFERENCES books ON DELETE CASCADE,
            schedule_id uuid NOT NULL,
            due_on date NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            date date NOT NULL,
            status text NOT NULL CONSTRAINT ck_schedule_occurrences_status
                CHECK (status IN ('planned', 'due', 'posted', 'skipped', 'matched', 'failed')),
            amount numeric,
            transaction_id uuid,
            reason text,
            reason_code text,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_schedule_occurrences PRIMARY KEY (book_id, schedule_id, due_on),
            CONSTRAINT uq_schedule_occurrences_id UNIQUE (book_id, id),
            CONSTRAINT fk_schedule_occurrences_schedule FOREIGN KEY (book_id, schedule_id)
                REFERENCES schedules (book_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_schedule_occurrences_transaction
                CHECK ((status IN ('posted', 'matched')) = (transaction_id IS NOT NULL))
        )
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_schedule_occurrences_transaction "
        "ON schedule_occurrences (book_id, transaction_id) WHERE transaction_id IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_schedule_occurrences_open ON schedule_occurrences (book_id, date) "
        "WHERE status IN ('planned', 'due', 'failed')"
    )
    for table in ("schedules", "schedule_occurrences"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    # One that names a hidden account on any side is hidden whole, and what became of it too.
    op.execute(
        f"CREATE POLICY seen_by_member ON schedules AS RESTRICTIVE "
        f"USING ({SEES_ALL} OR NOT account_ids && (SELECT {HIDDEN})::uuid[])"
    )
    op.execute(
        f"CREATE POLICY seen_by_member ON schedule_occurrences AS RESTRICTIVE "
        f"USING ({SEES_ALL} OR EXISTS (SELECT FROM schedules s WHERE s.book_id = schedule_occurrences.book_id "
        "AND s.id = schedule_occurrences.schedule_id))"
    )
    op.execute(DUE_SCHEDULES)
    op.execute("REVOKE ALL ON FUNCTION due_schedules(timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION due_schedules(timestamptz) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION due_schedules(timestamptz)")
    op.execute("DROP TABLE schedule_occurrences")
    op.execute("DROP TABLE schedules")
