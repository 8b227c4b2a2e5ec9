"""Second factors: the secrets of authenticator apps, recovery codes, passkeys, and a count of wrong guesses."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ME = "nullif(current_setting('app.user_id', true), '')::uuid"

# What requests may do with each table; a row of somebody else's does not exist for them.
GRANTS = {
    "totp_secrets": "SELECT, INSERT, UPDATE, DELETE",
    "recovery_codes": "SELECT, INSERT, DELETE",
    "passkeys": "SELECT, INSERT, UPDATE (name, sign_count, backed_up, last_used_at), DELETE",
    "wrong_guesses": "SELECT, INSERT, UPDATE (wrong, last_at, paused_until)",
}

# The passkey's row stays locked: of two log-ins by one passkey the second compares with the counter of the first.
PASSKEY_FOR_LOGIN = """
CREATE FUNCTION passkey_for_login(p_credential_id bytea)
RETURNS TABLE (
    id uuid, user_id uuid, public_key bytea, sign_count bigint, email_verified_at timestamptz, banned boolean
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT k.id, k.user_id, k.public_key, k.sign_count, u.email_verified_at,
           u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true)
    FROM passkeys k JOIN users u ON u.id = k.user_id
    WHERE k.credential_id = p_credential_id
    FOR UPDATE OF k
$$
"""


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE totp_secrets (
            user_id uuid CONSTRAINT pk_totp_secrets PRIMARY KEY
                CONSTRAINT fk_totp_secrets_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            sealed bytea NOT NULL,
            started_at timestamptz NOT NULL DEFAULT now(),
            active_since timestamptz,
            last_step bigint NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE recovery_codes (
            user_id uuid NOT NULL
                CONSTRAINT fk_recovery_codes_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            code_hash bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, code_hash)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE passkeys (
            id uuid CONSTRAINT pk_passkeys PRIMARY KEY DEFAULT uuidv7(),
            user_id uuid NOT NULL
                CONSTRAINT fk_passkeys_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            name text NOT NULL CONSTRAINT ck_passkeys_name_length CHECK (length(name) BETWEEN 1 AND 100),
            credential_id bytea NOT NULL
                CONSTRAINT uq_passkeys_credential_id UNIQUE
                CONSTRAINT ck_passkeys_credential_id_length CHECK (length(credential_id) BETWEEN 1 AND 1023),
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL CONSTRAINT ck_passkeys_sign_count CHECK (sign_count >= 0),
            transports text[] NOT NULL,
            backed_up boolean NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_used_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_passkeys_user_id ON passkeys (user_id)")
    op.execute(
        """
        CREATE TABLE wrong_guesses (
            user_id uuid NOT NULL
                CONSTRAINT fk_wrong_guesses_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            kind text NOT NULL CONSTRAINT ck_wrong_guesses_kind CHECK (kind IN ('otp', 'password')),
            wrong integer NOT NULL,
            last_at timestamptz NOT NULL DEFAULT now(),
            paused_until timestamptz,
            CONSTRAINT pk_wrong_guesses PRIMARY KEY (user_id, kind)
        )
        """
    )
    for table, grants in GRANTS.items():
        op.execute(f"GRANT {grants} ON {table} TO finance_app")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY user_of_request ON {table} FOR ALL USING (user_id = {ME})")
    op.execute(PASSKEY_FOR_LOGIN)
    op.execute("REVOKE ALL ON FUNCTION passkey_for_login(bytea) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION passkey_for_login(bytea) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION passkey_for_login(bytea)")
    for table in reversed(GRANTS):
        op.execute(f"DROP TABLE {table}")
