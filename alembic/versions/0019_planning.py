"""Daily totals, notifications, and the permissions of budgets, schedules, rules, goals, forecast and jobs."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
ME = "nullif(current_setting('app.user_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# Name, what it allows, whether a personal token may have it.
PERMISSIONS = (
    ("budgets:read", "Read budgets, their status and history.", True),
    ("budgets:write", "Change budgets, assign and move money.", True),
    ("schedules:read", "Read schedules, bills and what is due.", True),
    ("schedules:write", "Change schedules, confirm and skip what is due.", True),
    ("rules:read", "Read rules and what they did.", True),
    ("rules:write", "Change and run rules.", True),
    ("goals:read", "Read goals, loans and debt plans.", True),
    ("goals:write", "Change goals, loans and debt plans.", True),
    ("forecast:read", "Read the forecast.", True),
    ("notifications:read", "Read your own notifications and how you are told.", True),
    ("notifications:write", "Mark and dismiss your own notifications, choose how you are told.", True),
    ("reports:send", "Have a report sent to yourself by mail.", True),
)
ADMIN_PERMISSIONS = (
    ("jobs:read", "Read the jobs of the server.", True),
    ("jobs:manage", "Run failed jobs again, or drop them.", False),
)

# Whoever sees all of these accounts; the rest is not told even that there is something to tell.
NOTIFY_MEMBERS = f"""
CREATE FUNCTION notify_members(
    p_kind text, p_key text, p_title text, p_body text, p_data jsonb, p_accounts uuid[]
) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH told AS (
        INSERT INTO notifications (user_id, source_book_id, kind, key, title, body, data)
        SELECT m.user_id, m.book_id, p_kind, p_key, p_title, p_body, p_data
        FROM book_members m
        WHERE m.book_id = {BOOK}
          AND NOT EXISTS (
              SELECT FROM account_viewers v
              WHERE v.book_id = m.book_id AND v.account_id = ANY (p_accounts)
                AND NOT EXISTS (SELECT FROM account_viewers w
                                WHERE w.book_id = v.book_id AND w.account_id = v.account_id
                                  AND w.user_id = m.user_id))
        ON CONFLICT ON CONSTRAINT uq_notifications_key DO NOTHING
        RETURNING 1
    )
    SELECT count(*)::integer FROM told
$$
"""

# What it told of is no more: of the open book alone.
WITHDRAW_NOTIFICATIONS = f"""
CREATE FUNCTION withdraw_notifications(p_keys text[]) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM notifications n WHERE n.source_book_id = {BOOK} AND n.key = ANY (p_keys) RETURNING 1
    )
    SELECT count(*)::integer FROM gone
$$
"""
FUNCTIONS = {
    "notify_members(text, text, text, text, jsonb, uuid[])": NOTIFY_MEMBERS,
    "withdraw_notifications(text[])": WITHDRAW_NOTIFICATIONS,
}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE daily_totals (
            book_id uuid NOT NULL,
            day date NOT NULL,
            account_id uuid NOT NULL,
            category_id uuid,
            inflow numeric NOT NULL,
            outflow numeric NOT NULL,
            base_inflow numeric NOT NULL,
            base_outflow numeric NOT NULL,
            unconverted_inflow numeric NOT NULL,
            unconverted_outflow numeric NOT NULL,
            count bigint NOT NULL,
            CONSTRAINT uq_daily_totals_key UNIQUE NULLS NOT DISTINCT (book_id, category_id, day, account_id),
            CONSTRAINT fk_daily_totals_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_daily_totals_category FOREIGN KEY (book_id, category_id)
                REFERENCES categories (book_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        """
        INSERT INTO daily_totals (book_id, day, account_id, category_id, inflow, outflow, base_inflow, base_outflow,
                                  unconverted_inflow, unconverted_outflow, count)
        SELECT book_id, date, account_id, category_id,
               sum(greatest(amount, 0)), sum(greatest(-amount, 0)),
               coalesce(sum(greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0),
               coalesce(sum(greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0),
               coalesce(sum(greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0),
               coalesce(sum(greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0),
               count(*)
        FROM postings WHERE role = 'flow' GROUP BY 1, 2, 3, 4
        """
    )
    op.execute("CREATE INDEX ix_daily_totals_account ON daily_totals (book_id, account_id, day)")
    op.execute("ALTER TABLE daily_totals ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY book_of_request ON daily_totals USING (book_id = {BOOK})")
    op.execute(
        f"CREATE POLICY seen_by_member ON daily_totals AS RESTRICTIVE "
        f"USING ({SEES_ALL} OR account_id <> ALL ((SELECT {HIDDEN})::uuid[]))"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON daily_totals TO finance_app")

    op.execute(
        """
        CREATE TABLE notifications (
            id uuid CONSTRAINT pk_notifications PRIMARY KEY DEFAULT uuidv7(),
            user_id uuid NOT NULL CONSTRAINT fk_notifications_user_id_users REFERENCES users ON DELETE CASCADE,
            source_book_id uuid
                CONSTRAINT fk_notifications_source_book_id_books REFERENCES books ON DELETE CASCADE,
            kind text NOT NULL,
            key text NOT NULL,
            title text NOT NULL,
            body text NOT NULL,
            data jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            read_at timestamptz,
            CONSTRAINT uq_notifications_key UNIQUE NULLS NOT DISTINCT (user_id, source_book_id, key)
        )
        """
    )
    op.execute("CREATE INDEX ix_notifications_newest ON notifications (user_id, id)")
    op.execute("CREATE INDEX ix_notifications_book ON notifications (source_book_id, key)")
    op.execute("ALTER TABLE notifications ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY notifications_of_person ON notifications USING (user_id = {ME})")
    op.execute("GRANT SELECT, INSERT, DELETE ON notifications TO finance_app")
    op.execute("GRANT UPDATE (read_at) ON notifications TO finance_app")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")

    for permissions, roles in (
        (PERMISSIONS, ("user", "moderator", "admin")),
        (ADMIN_PERMISSIONS, ("admin",)),
    ):
        for name, description, grantable in permissions:
            op.execute(
                "INSERT INTO permissions (name, description, grantable) "
                f"VALUES ('{name}', '{description.replace(chr(39), chr(39) * 2)}', {grantable})"
            )
            for role in roles:
                op.execute(f"INSERT INTO role_permissions (role, permission) VALUES ('{role}', '{name}')")


def downgrade() -> None:
    for name, *_ in (*PERMISSIONS, *ADMIN_PERMISSIONS):
        op.execute(f"DELETE FROM permissions WHERE name = '{name}'")
        op.execute(f"DELETE FROM personal_tokens WHERE scopes = ARRAY['{name}']")  # a token needs one
        op.execute(f"UPDATE personal_tokens SET scopes = array_remove(scopes, '{name}')")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP TABLE notifications")
    op.execute("DROP TABLE daily_totals")
