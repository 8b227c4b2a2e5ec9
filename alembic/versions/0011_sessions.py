"""Families of refresh tokens, the last use of sessions and personal tokens, and uploads with a personal token."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FORMER_SESSION_OF_REFRESH_TOKEN = """
CREATE FUNCTION session_of_refresh_token(p_hash bytea)
RETURNS TABLE (
    session_id uuid, user_id uuid, expires_at timestamptz, revoked_at timestamptz, used_at timestamptz, banned boolean
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT s.id, s.user_id, s.expires_at, s.revoked_at, r.used_at,
           u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true)
    FROM refresh_tokens r
    JOIN sessions s ON s.id = r.session_id
    JOIN users u ON u.id = s.user_id
    WHERE r.token_hash = p_hash
    FOR UPDATE OF r
$$
"""

# All that decides stands in the two rows that are held: after waiting for a twin, those alone are read anew. The
# session is held first: a use of a token also writes on the one before it, and two that cross would end in a deadlock.
SESSION_OF_REFRESH_TOKEN = """
CREATE FUNCTION session_of_refresh_token(p_hash bytea)
RETURNS TABLE (
    session_id uuid, user_id uuid, expires_at timestamptz, revoked_at timestamptz, banned boolean,
    used_seconds_ago double precision, uses smallint, succeeded boolean, parent_hash bytea
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT s.id, s.user_id, s.expires_at, s.revoked_at,
           u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true),
           extract(epoch FROM clock_timestamp() - r.used_at)::double precision, r.uses, r.succeeded, r.parent_hash
    FROM refresh_tokens r
    JOIN sessions s ON s.id = r.session_id
    JOIN users u ON u.id = s.user_id
    WHERE r.token_hash = p_hash
    FOR NO KEY UPDATE OF s FOR UPDATE OF r
$$
"""

FUNCTIONS = {
    # A row that somebody holds is left out: waiting for it, in an order of its own, could end in a deadlock.
    "note_last_uses(uuid[], timestamptz[], text[])": """
CREATE FUNCTION note_last_uses(p_ids uuid[], p_at timestamptz[], p_addresses text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH used AS (
        SELECT u.id, least(u.at, now()) AS at, u.address FROM unnest(p_ids, p_at, p_addresses) AS u(id, at, address)
    ), held_sessions AS (
        SELECT s.id, u.at FROM sessions s JOIN used u ON u.id = s.id
        WHERE s.last_used_at < u.at
        FOR NO KEY UPDATE OF s SKIP LOCKED
    ), sessions_used AS (
        UPDATE sessions s SET last_used_at = h.at FROM held_sessions h WHERE s.id = h.id
    ), held_tokens AS (
        SELECT t.id, u.at, u.address FROM personal_tokens t JOIN used u ON u.id = t.id
        WHERE t.last_used_at IS NULL OR t.last_used_at < u.at
        FOR NO KEY UPDATE OF t SKIP LOCKED
    )
    UPDATE personal_tokens t SET last_used_at = h.at, last_address = h.address FROM held_tokens h WHERE t.id = h.id
$$
""",
    "personal_token_is_good(bytea)": """
CREATE FUNCTION personal_token_is_good(p_hash bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM personal_tokens t JOIN users u ON u.id = t.user_id
        WHERE t.token_hash = p_hash AND t.revoked_at IS NULL AND t.expires_at > now()
          AND (u.banned_at IS NULL OR u.banned_until <= now())
    )
$$
""",
    "forget_ended_personal_tokens(timestamptz)": """
CREATE FUNCTION forget_ended_personal_tokens(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM personal_tokens WHERE least(expires_at, revoked_at) < least(p_before, now()) RETURNING 1
    )
    SELECT count(*) FROM gone
$$
""",
}


def _grant(function: str) -> None:
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO finance_app")


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE refresh_tokens
            ADD COLUMN parent_hash bytea,
            ADD COLUMN uses smallint NOT NULL DEFAULT 0,
            ADD COLUMN succeeded boolean NOT NULL DEFAULT false
        """
    )
    op.execute("UPDATE refresh_tokens SET uses = 1 WHERE used_at IS NOT NULL")
    op.execute(
        "ALTER TABLE refresh_tokens "
        "ADD CONSTRAINT ck_refresh_tokens_uses CHECK (uses >= 0 AND (uses > 0) = (used_at IS NOT NULL))"
    )
    op.execute("DROP FUNCTION session_of_refresh_token(bytea)")
    op.execute(SESSION_OF_REFRESH_TOKEN)
    _grant("session_of_refresh_token(bytea)")
    for function, statement in FUNCTIONS.items():
        op.execute(statement)
        _grant(function)


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP FUNCTION session_of_refresh_token(bytea)")
    op.execute(FORMER_SESSION_OF_REFRESH_TOKEN)
    _grant("session_of_refresh_token(bytea)")
    op.execute(
        "ALTER TABLE refresh_tokens DROP CONSTRAINT ck_refresh_tokens_uses, "
        "DROP COLUMN parent_hash, DROP COLUMN uses, DROP COLUMN succeeded"
    )
