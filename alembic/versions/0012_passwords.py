"""Delivering mail, asking for a mail by address, and invitations to register."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PERMITTED = "current_setting('app.permission', true)"

FUNCTIONS = {
    # Who asks whether an address is free keeps it so until the end of the transaction: of two at once, one waits.
    "hold_address(text)": """
CREATE FUNCTION hold_address(p_email text) RETURNS TABLE (user_id uuid, email text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(lower(p_email), 12));
    RETURN QUERY SELECT u.id, u.email FROM users u WHERE lower(u.email) = lower(p_email);
END
$$
""",
    # The lease gives a mail back to the others when its taker died on the way.
    "take_mails(integer, interval)": """
CREATE FUNCTION take_mails(p_limit integer, p_lease interval)
RETURNS TABLE (id uuid, recipient text, subject text, body text, created_at timestamptz, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE mails m SET attempts = m.attempts + 1, not_before = now() + p_lease
    WHERE m.id IN (
        SELECT due.id FROM mails due
        WHERE due.not_before <= now() AND due.failed_at IS NULL
        ORDER BY due.not_before, due.id LIMIT p_limit FOR UPDATE SKIP LOCKED
    )
    RETURNING m.id, m.recipient, m.subject, m.body, m.created_at, m.attempts
$$
""",
    "mail_handed_over(uuid)": """
CREATE FUNCTION mail_handed_over(p_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ DELETE FROM mails WHERE id = p_id $$
""",
    # Without a pause it is given up: what it said may open a door and is not kept.
    "mail_failed(uuid, text, interval)": """
CREATE FUNCTION mail_failed(p_id uuid, p_error text, p_pause interval) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    UPDATE mails SET
        last_error = p_error,
        not_before = coalesce(now() + p_pause, not_before),
        failed_at = CASE WHEN p_pause IS NULL THEN now() END,
        body = CASE WHEN p_pause IS NULL THEN '' ELSE body END
    WHERE id = p_id
$$
""",
    "forget_failed_mails(timestamptz)": """
CREATE FUNCTION forget_failed_mails(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (DELETE FROM mails WHERE failed_at < least(p_before, now()) RETURNING 1)
    SELECT count(*) FROM gone
$$
""",
    # Gone when the taker's transaction commits, and there again when it does not.
    "take_address_request(interval)": """
CREATE FUNCTION take_address_request(p_patience interval) RETURNS TABLE (purpose text, email text, late boolean)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    DELETE FROM address_requests r
    WHERE r.id = (SELECT next.id FROM address_requests next ORDER BY next.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING r.purpose, r.email, r.created_at < now() - p_patience
$$
""",
    # It is worth what its sender may do now, not what they might when they made it.
    "redeem_invitation(bytea, text)": """
CREATE FUNCTION redeem_invitation(p_hash bytea, p_email text)
RETURNS TABLE (id uuid, email text, invited_by uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    DELETE FROM invitations i USING users u
    WHERE i.token_hash = p_hash AND i.expires_at > now() AND (i.email IS NULL OR lower(i.email) = lower(p_email))
      AND u.id = i.invited_by AND (u.banned_at IS NULL OR u.banned_until <= now())
      AND EXISTS (SELECT FROM role_permissions r WHERE r.role = u.role AND r.permission = 'users:invite')
    RETURNING i.id, i.email, i.invited_by
$$
""",
}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE address_requests (
            id uuid CONSTRAINT pk_address_requests PRIMARY KEY DEFAULT uuidv7(),
            purpose text NOT NULL
                CONSTRAINT ck_address_requests_purpose CHECK (purpose IN ('reset_password', 'verify_email')),
            email text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("ALTER TABLE address_requests ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY address_request_posted ON address_requests FOR INSERT WITH CHECK (true)")
    op.execute("GRANT INSERT ON address_requests TO finance_app")
    op.execute(
        """
        CREATE TABLE invitations (
            id uuid CONSTRAINT pk_invitations PRIMARY KEY DEFAULT uuidv7(),
            token_hash bytea NOT NULL CONSTRAINT uq_invitations_token_hash UNIQUE,
            email text,
            invited_by uuid NOT NULL
                CONSTRAINT fk_invitations_invited_by_users REFERENCES users (id) ON DELETE CASCADE,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_invitations_invited_by ON invitations (invited_by)")
    op.execute("ALTER TABLE invitations ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY invitations_of_administration ON invitations USING ({PERMITTED} = 'users:invite')")
    op.execute("GRANT SELECT, INSERT, DELETE ON invitations TO finance_app")
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO finance_app")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP TABLE invitations")
    op.execute("DROP TABLE address_requests")
