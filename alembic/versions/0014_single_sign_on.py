"""Identities at an OpenID Connect provider, and finding whose one is before anybody is known."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ME = "nullif(current_setting('app.user_id', true), '')::uuid"

# The lock has two log-ins of one identity, which nobody had until now, come one after the other.
USER_OF_IDENTITY = """
CREATE FUNCTION user_of_identity(p_issuer text, p_subject text)
RETURNS TABLE (identity_id uuid, user_id uuid, banned boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('finance.identity ' || p_issuer || ' ' || p_subject, 0));
    RETURN QUERY
        SELECT i.id, i.user_id, u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true)
        FROM identities i JOIN users u ON u.id = i.user_id
        WHERE i.issuer = p_issuer AND i.subject = p_subject;
END
$$
"""


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE identities (
            id uuid CONSTRAINT pk_identities PRIMARY KEY DEFAULT uuidv7(),
            user_id uuid NOT NULL CONSTRAINT fk_identities_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            issuer text NOT NULL,
            subject text NOT NULL CONSTRAINT ck_identities_subject_length CHECK (length(subject) BETWEEN 1 AND 255),
            email text,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz,
            CONSTRAINT uq_identities_issuer_subject UNIQUE (issuer, subject),
            CONSTRAINT uq_identities_user_id_issuer UNIQUE (user_id, issuer)
        )
        """
    )
    op.execute("ALTER TABLE identities ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY user_of_request ON identities FOR ALL USING (user_id = {ME})")
    op.execute("GRANT SELECT, INSERT, DELETE, UPDATE (email, last_used_at) ON identities TO finance_app")
    op.execute(USER_OF_IDENTITY)
    op.execute("REVOKE ALL ON FUNCTION user_of_identity(text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION user_of_identity(text, text) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION user_of_identity(text, text)")
    op.execute("DROP TABLE identities")
