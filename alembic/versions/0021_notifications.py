"""The inbox and its mail: settings of each person, when mail is due, and mails with pictures and headers."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
ME = "nullif(current_setting('app.user_id', true), '')::uuid"

NOTIFY_MEMBERS = f"""
CREATE OR REPLACE FUNCTION notify_members(
    p_kind text, p_key text, p_title text, p_body text, p_data jsonb, p_accounts uuid[]
) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH told AS (
        INSERT INTO notifications (user_id, source_book_id, kind, key, title, body, data{{column}})
        SELECT m.user_id, m.book_id, p_kind, p_key, p_title, p_body, p_data{{value}}
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

TAKE_MAILS = """
CREATE FUNCTION take_mails(p_limit integer, p_lease interval)
RETURNS TABLE (
    id uuid, recipient text, subject text, body text, created_at timestamptz, attempts integer{columns}
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE mails m SET attempts = m.attempts + 1, not_before = now() + p_lease
    WHERE m.id IN (
        SELECT due.id FROM mails due
        WHERE due.not_before <= now() AND due.failed_at IS NULL
        ORDER BY due.not_before, due.id LIMIT p_limit FOR UPDATE SKIP LOCKED
    )
    RETURNING m.id, m.recipient, m.subject, m.body, m.created_at, m.attempts{values}
$$
"""
# What it said may open a door, and is not kept: nor is what it says in another form.
MAIL_FAILED = """
CREATE OR REPLACE FUNCTION mail_failed(p_id uuid, p_error text, p_pause interval) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE mails SET
        last_error = p_error,
        not_before = coalesce(now() + p_pause, not_before),
        failed_at = CASE WHEN p_pause IS NULL THEN now() END,
        body = CASE WHEN p_pause IS NULL THEN '' ELSE body END{others}
    WHERE id = p_id
$$
"""
EMPTIED = """,
        html = CASE WHEN p_pause IS NULL THEN NULL ELSE html END,
        headers = CASE WHEN p_pause IS NULL THEN '{}' ELSE headers END,
        pictures = CASE WHEN p_pause IS NULL THEN '[]' ELSE pictures END"""

FUNCTIONS = {
    # Whose notifications the mail has to look at: ids, and the transaction acts as one of them after the other.
    "people_to_mail(timestamptz, integer)": """
CREATE FUNCTION people_to_mail(p_at timestamptz, p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT DISTINCT n.user_id FROM notifications n
    WHERE n.settled_at IS NULL AND (n.mail_due_at IS NULL OR n.mail_due_at <= p_at)
    LIMIT p_limit
$$
""",
    # Whose weekly report is due, or was never planned.
    "people_to_report_to(timestamptz, integer)": """
CREATE FUNCTION people_to_report_to(p_at timestamptz, p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT u.id FROM users u
    LEFT JOIN notification_settings s ON s.user_id = u.id
    WHERE u.email_verified_at IS NOT NULL AND (u.banned_at IS NULL OR u.banned_until <= now())
      AND (s.report_due_at IS NULL OR s.report_due_at <= p_at)
    LIMIT p_limit
$$
""",
    "forget_notifications(timestamptz)": """
CREATE FUNCTION forget_notifications(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (DELETE FROM notifications WHERE created_at < least(p_before, now()) RETURNING 1)
    SELECT count(*) FROM gone
$$
""",
}
TRIGGERS = {
    # Who is no member any more keeps nothing of what the book told them.
    "forget_what_book_told()": """
CREATE FUNCTION forget_what_book_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM notifications n USING gone g WHERE n.source_book_id = g.book_id AND n.user_id = g.user_id;
    RETURN NULL;
END
$$
""",
    # Who does not see an account any more keeps nothing of what was told of it.
    "forget_what_account_told()": """
CREATE FUNCTION forget_what_account_told() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM notifications n USING (SELECT DISTINCT c.book_id, c.account_id FROM changed c) AS c
    WHERE n.source_book_id = c.book_id AND c.account_id = ANY (n.accounts)
      AND EXISTS (SELECT FROM account_viewers v WHERE v.book_id = c.book_id AND v.account_id = c.account_id)
      AND NOT EXISTS (SELECT FROM account_viewers v
                      WHERE v.book_id = c.book_id AND v.account_id = c.account_id AND v.user_id = n.user_id);
    RETURN NULL;
END
$$
""",
}


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE notifications
            ADD COLUMN accounts uuid[] NOT NULL DEFAULT '{}',
            ADD COLUMN dismissed_at timestamptz,
            ADD COLUMN mail_due_at timestamptz,
            ADD COLUMN mailed_at timestamptz,
            ADD COLUMN settled_at timestamptz
        """
    )
    op.execute("UPDATE notifications SET settled_at = now()")
    op.execute("CREATE INDEX ix_notifications_mail ON notifications (mail_due_at) WHERE settled_at IS NULL")
    op.execute("GRANT UPDATE (dismissed_at, mail_due_at, mailed_at, settled_at) ON notifications TO finance_app")
    # A person puts away what they were told and does not delete it: its key keeps it from being told again.
    op.execute("REVOKE DELETE ON notifications FROM finance_app")
    op.execute(NOTIFY_MEMBERS.format(column=", accounts", value=", p_accounts"))

    op.execute(
        """
        CREATE TABLE notification_settings (
            user_id uuid CONSTRAINT pk_notification_settings PRIMARY KEY
                CONSTRAINT fk_notification_settings_user_id_users REFERENCES users ON DELETE CASCADE,
            settings jsonb NOT NULL DEFAULT '{}',
            revision bigint NOT NULL DEFAULT 0,
            report_due_at timestamptz,
            reported_week date,
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ix_notification_settings_report_due_at ON notification_settings (report_due_at)")
    op.execute("ALTER TABLE notification_settings ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY settings_of_person ON notification_settings USING (user_id = {ME})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON notification_settings TO finance_app")

    op.execute(
        """
        ALTER TABLE mails
            ADD COLUMN html text,
            ADD COLUMN headers jsonb NOT NULL DEFAULT '{}',
            ADD COLUMN pictures jsonb NOT NULL DEFAULT '[]'
        """
    )
    _take_mails(columns=",\n    html text, headers jsonb, pictures jsonb", values=", m.html, m.headers, m.pictures")
    op.execute(MAIL_FAILED.replace("{others}", EMPTIED))

    for function, statement in {**FUNCTIONS, **TRIGGERS}.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FUNCTIONS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO finance_app")
    op.execute(
        """
        CREATE TRIGGER forget_what_book_told AFTER DELETE ON book_members REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION forget_what_book_told()
        """
    )
    for event, table in (("insert", "NEW"), ("delete", "OLD")):
        op.execute(
            f"CREATE TRIGGER forget_what_account_told_{event} AFTER {event} ON account_viewers "
            f"REFERENCING {table} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_what_account_told()"
        )


def downgrade() -> None:
    for event in ("insert", "delete"):
        op.execute(f"DROP TRIGGER forget_what_account_told_{event} ON account_viewers")
    op.execute("DROP TRIGGER forget_what_book_told ON book_members")
    for function in {**FUNCTIONS, **TRIGGERS}:
        op.execute(f"DROP FUNCTION {function}")
    # What is left of a mail says it in plain text too.
    op.execute(MAIL_FAILED.replace("{others}", ""))
    op.execute("DROP FUNCTION take_mails(integer, interval)")
    op.execute("ALTER TABLE mails DROP COLUMN html, DROP COLUMN headers, DROP COLUMN pictures")
    _take_mails(columns="", values="", drop=False)
    op.execute("DROP TABLE notification_settings")
    op.execute(NOTIFY_MEMBERS.format(column="", value=""))
    op.execute("GRANT DELETE ON notifications TO finance_app")
    op.execute("DELETE FROM notifications WHERE dismissed_at IS NOT NULL")
    op.execute(
        """
        ALTER TABLE notifications
            DROP COLUMN accounts, DROP COLUMN dismissed_at, DROP COLUMN mail_due_at, DROP COLUMN mailed_at,
            DROP COLUMN settled_at
        """
    )


def _take_mails(*, columns: str, values: str, drop: bool = True) -> None:
    name = "take_mails(integer, interval)"
    if drop:
        op.execute(f"DROP FUNCTION {name}")
    op.execute(TAKE_MAILS.format(columns=columns, values=values))
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO finance_app")
