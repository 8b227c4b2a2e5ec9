"""Who may do what: permissions, personal access tokens, one-time tokens, mail, the audit, and policies on all of it."""

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PERMITTED = "current_setting('app.permission', true)"
BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
ME = "nullif(current_setting('app.user_id', true), '')::uuid"

# Name, what it allows, and whether a personal access token may have it as a scope.
PERMISSIONS = (
    ("profile:read", "Read your own profile.", True),
    ("profile:write", "Change your own profile.", True),
    ("identity:manage", "Manage your own sessions, tokens, password, second factors and account.", False),
    ("books:read", "List and read books and their members.", True),
    ("books:write", "Start books, rename them, close periods.", True),
    ("members:manage", "Invite to a book, accept invitations, change roles, remove members.", True),
    ("accounts:read", "Read accounts and balances.", True),
    ("accounts:write", "Change accounts, reconcile them.", True),
    ("categories:read", "Read categories.", True),
    ("categories:write", "Change categories.", True),
    ("transactions:read", "Read and search transactions.", True),
    ("transactions:write", "Change transactions.", True),
    ("payees:read", "Read payees.", True),
    ("payees:write", "Change payees.", True),
    ("tags:read", "Read tags.", True),
    ("tags:write", "Change tags.", True),
    ("attachments:read", "Read attachments.", True),
    ("attachments:write", "Add and delete attachments.", True),
    ("imports:read", "Read imports.", True),
    ("imports:write", "Preview, commit and undo imports.", True),
    ("reports:read", "Read reports.", True),
    ("exports:read", "Export a whole book.", True),
    ("history:read", "Read the history, the change feed and the activity of a book.", True),
    ("history:undo", "Undo revisions of a book.", True),
    ("integrity:read", "Check a book against its postings.", True),
    ("currencies:read", "List currencies.", True),
    ("users:read", "List and search users.", True),
    ("users:ban", "Ban users and lift bans.", True),
    ("users:role", "Change the role of users.", False),
    ("users:delete", "Delete users with everything that is theirs alone.", True),
    ("users:invite", "Invite people to register.", True),
    ("statistics:read", "Read statistics of the server; they hold no amounts.", True),
    ("audit:read", "Read the audit of administrative acts.", True),
    ("permissions:manage", "Decide which permissions a role has.", False),
)
OF_ADMINS_ALONE = {"users:role", "users:delete", "permissions:manage"}
OF_MODERATORS = {"users:read", "users:ban", "users:invite", "statistics:read", "audit:read"}

OPEN_REQUEST = """
CREATE FUNCTION open_request(p_session uuid, p_user uuid, p_token bytea, p_book uuid, p_permission text)
RETURNS TABLE (
    user_id uuid, session_id uuid, token_id uuid, user_role text, time_zone text, confirmed_at timestamptz,
    permitted boolean, book_id uuid, book_role text, base_currency text, base_exponent smallint, revision bigint
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT found.user_id, found.session_id, found.token_id, found.user_role, found.time_zone, found.confirmed_at,
           found.permitted, found.book_id, found.book_role, found.base_currency, found.base_exponent, found.revision
    FROM (
        SELECT asked.*, b.id AS book_id, m.role AS book_role, b.base_currency, c.exponent AS base_exponent, b.revision,
               set_config('app.user_id', asked.user_id::text, true) AS user_setting,
               set_config('app.book_id', coalesce(b.id::text, ''), true) AS book_setting,
               set_config('app.permission', CASE WHEN asked.permitted THEN p_permission ELSE '' END, true)
                   AS permission_setting
        FROM (
            SELECT u.id AS user_id, u.role AS user_role, u.time_zone, u.default_book_id,
                   way.session_id, way.token_id, way.confirmed_at,
                   (way.scopes IS NULL OR p_permission = ANY (way.scopes))
                   AND EXISTS (
                       SELECT FROM role_permissions r
                       WHERE r.role = u.role AND r.permission = p_permission
                   ) AS permitted
            FROM (
                SELECT s.id AS session_id, NULL::uuid AS token_id, s.user_id, s.confirmed_at, NULL::text[] AS scopes
                FROM sessions s
                WHERE s.id = p_session AND s.user_id = p_user AND s.revoked_at IS NULL AND s.expires_at > now()
                UNION ALL
                SELECT NULL, t.id, t.user_id, NULL, t.scopes
                FROM personal_tokens t
                WHERE t.token_hash = p_token AND t.revoked_at IS NULL AND t.expires_at > now()
            ) AS way
            JOIN users u ON u.id = way.user_id
            WHERE u.banned_at IS NULL OR u.banned_until <= now()
        ) AS asked
        LEFT JOIN book_members m ON m.user_id = asked.user_id AND m.book_id = coalesce(p_book, asked.default_book_id)
        LEFT JOIN books b ON b.id = m.book_id
        LEFT JOIN currencies c ON c.code = b.base_currency
        OFFSET 0
    ) AS found
    WHERE found.user_setting IS NOT NULL AND found.book_setting IS NOT NULL AND found.permission_setting IS NOT NULL
$$
"""

FORMER_OPEN_REQUEST = """
CREATE FUNCTION open_request(p_session uuid, p_user uuid, p_book uuid)
RETURNS TABLE (
    user_id uuid, user_role text, time_zone text,
    book_id uuid, book_role text, base_currency text, base_exponent smallint, revision bigint
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT found.user_id, found.user_role, found.time_zone,
           found.book_id, found.book_role, found.base_currency, found.base_exponent, found.revision
    FROM (
        SELECT u.id AS user_id, u.role AS user_role, u.time_zone,
               b.id AS book_id, m.role AS book_role, b.base_currency, c.exponent AS base_exponent, b.revision,
               set_config('app.user_id', u.id::text, true) AS user_setting,
               set_config('app.book_id', coalesce(b.id::text, ''), true) AS book_setting
        FROM sessions s
        JOIN users u ON u.id = s.user_id
        LEFT JOIN book_members m ON m.user_id = u.id AND m.book_id = coalesce(p_book, u.default_book_id)
        LEFT JOIN books b ON b.id = m.book_id
        LEFT JOIN currencies c ON c.code = b.base_currency
        WHERE s.id = p_session AND s.user_id = p_user AND s.revoked_at IS NULL AND s.expires_at > now()
        OFFSET 0
    ) AS found
    WHERE found.user_setting IS NOT NULL AND found.book_setting IS NOT NULL
$$
"""

# What must be known before it is known who asks; each tells about one row that the caller can already name.
BEFORE_ANYBODY = {
    "user_for_login(text)": """
CREATE FUNCTION user_for_login(p_email text)
RETURNS TABLE (user_id uuid, email text, password_hash text, email_verified_at timestamptz, banned boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT u.id, u.email, p.hash, u.email_verified_at,
           u.banned_at IS NOT NULL AND coalesce(u.banned_until > now(), true)
    FROM users u LEFT JOIN passwords p ON p.user_id = u.id
    WHERE lower(u.email) = lower(p_email)
$$
""",
    # The token's row stays locked, so two uses of it come one after the other.
    "session_of_refresh_token(bytea)": """
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
""",
    "redeem_one_time_token(bytea, text)": """
CREATE FUNCTION redeem_one_time_token(p_hash bytea, p_purpose text)
RETURNS TABLE (user_id uuid, data jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    DELETE FROM one_time_tokens t
    WHERE t.token_hash = p_hash AND t.purpose = p_purpose AND t.expires_at > now()
    RETURNING t.user_id, t.data
$$
""",
    # Two who register at once on an empty server come one after the other.
    "is_first_user()": """
CREATE FUNCTION is_first_user() RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM users) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('finance.first_user', 0));
    RETURN NOT EXISTS (SELECT FROM users);
END
$$
""",
    # Whatever date these two are given, nothing goes that lives: no open session, no answer that somebody may ask for.
    "forget_ended_sessions(timestamptz)": """
CREATE FUNCTION forget_ended_sessions(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (DELETE FROM sessions WHERE least(expires_at, revoked_at) < least(p_before, now()) RETURNING 1),
         spent AS (DELETE FROM one_time_tokens WHERE expires_at < now() RETURNING 1)
    SELECT count(*) FROM gone
$$
""",
    "forget_old_answers(timestamptz)": """
CREATE FUNCTION forget_old_answers(p_before timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM idempotency_keys WHERE created_at < least(p_before, now() - interval '48 hours') RETURNING 1
    )
    SELECT count(*) FROM gone
$$
""",
}

POLICIES = {
    "users": (
        ("user_of_request", f"FOR ALL USING (id = {ME})"),
        # The names of those who share the open book.
        (
            "users_of_book",
            f"FOR SELECT USING (id IN (SELECT m.user_id FROM book_members m WHERE m.book_id = {BOOK}))",  # noqa: S608
        ),
        (
            "users_of_administration",
            f"FOR SELECT USING ({PERMITTED} LIKE 'users:%' OR {PERMITTED} = 'statistics:read')",
        ),
        (
            "users_changed_by_administration",
            f"FOR UPDATE USING ({PERMITTED} IN ('users:ban', 'users:role'))",
        ),
        (
            "users_deleted_by_administration",
            f"FOR DELETE USING ({PERMITTED} = 'users:delete')",
        ),
    ),
    "passwords": (("user_of_request", f"FOR ALL USING (user_id = {ME})"),),
    "sessions": (("user_of_request", f"FOR ALL USING (user_id = {ME})"),),
    "refresh_tokens": (
        ("user_of_request", "FOR ALL USING (session_id IN (SELECT s.id FROM sessions s))"),  # those of the user
    ),
    "personal_tokens": (("user_of_request", f"FOR ALL USING (user_id = {ME})"),),
    # One for nobody yet is made before anybody is known, and only its holder can name it again.
    "one_time_tokens": (
        ("user_of_request", f"FOR ALL USING (user_id = {ME}) WITH CHECK (user_id IS NULL OR user_id = {ME})"),
    ),
    "idempotency_keys": (
        (
            "user_of_request",
            "FOR ALL USING (scope IN ('anonymous', 'user:' || nullif(current_setting('app.user_id', true), '')))",
        ),
    ),
    "audit": (
        ("audit_told", "FOR INSERT WITH CHECK (true)"),
        ("audit_read", f"FOR SELECT USING ({PERMITTED} = 'audit:read')"),
    ),
}


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE permissions (
            name text CONSTRAINT pk_permissions PRIMARY KEY,
            description text NOT NULL,
            grantable boolean NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE role_permissions (
            role text NOT NULL
                CONSTRAINT ck_role_permissions_role CHECK (role IN ('user', 'moderator', 'admin')),
            permission text NOT NULL
                CONSTRAINT fk_role_permissions_permission_permissions REFERENCES permissions (name) ON DELETE CASCADE,
            CONSTRAINT pk_role_permissions PRIMARY KEY (role, permission)
        )
        """
    )
    permissions = sa.table("permissions", sa.column("name"), sa.column("description"), sa.column("grantable"))
    op.bulk_insert(
        permissions, [dict(zip(("name", "description", "grantable"), row, strict=True)) for row in PERMISSIONS]
    )
    of_roles = sa.table("role_permissions", sa.column("role"), sa.column("permission"))
    rows = []
    for name, _, _ in PERMISSIONS:
        rows.append({"role": "admin", "permission": name})
        if name not in OF_ADMINS_ALONE:
            rows.append({"role": "moderator", "permission": name})
        if name not in OF_ADMINS_ALONE | OF_MODERATORS:
            rows.append({"role": "user", "permission": name})
    op.bulk_insert(of_roles, rows)
    op.execute("GRANT SELECT ON permissions, role_permissions TO finance_app")

    op.execute(
        """
        CREATE TABLE passwords (
            user_id uuid CONSTRAINT pk_passwords PRIMARY KEY
                CONSTRAINT fk_passwords_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            hash text NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("INSERT INTO passwords (user_id, hash, changed_at) SELECT id, password_hash, created_at FROM users")
    op.execute("ALTER TABLE users DROP COLUMN password_hash")
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN email_verified_at timestamptz,
            ADD COLUMN banned_at timestamptz,
            ADD COLUMN banned_until timestamptz,
            ADD COLUMN ban_reason text,
            ADD CONSTRAINT ck_users_ban CHECK (banned_at IS NOT NULL OR (banned_until IS NULL AND ban_reason IS NULL))
        """
    )
    op.execute("CREATE INDEX ix_users_created_at ON users (created_at, id)")
    op.execute(
        """
        ALTER TABLE sessions
            ADD COLUMN method text NOT NULL DEFAULT 'password'
                CONSTRAINT ck_sessions_method CHECK (method IN ('password', 'passkey', 'oidc')),
            ADD COLUMN last_used_at timestamptz,
            ADD COLUMN confirmed_at timestamptz,
            ADD COLUMN revoked_because text
        """
    )
    op.execute("UPDATE sessions SET last_used_at = created_at")
    op.execute("ALTER TABLE sessions ALTER last_used_at SET DEFAULT now(), ALTER last_used_at SET NOT NULL")
    op.execute(
        """
        CREATE TABLE personal_tokens (
            id uuid CONSTRAINT pk_personal_tokens PRIMARY KEY DEFAULT uuidv7(),
            user_id uuid NOT NULL
                CONSTRAINT fk_personal_tokens_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            name text NOT NULL CONSTRAINT ck_personal_tokens_name_length CHECK (length(name) BETWEEN 1 AND 100),
            prefix text NOT NULL,
            token_hash bytea NOT NULL CONSTRAINT uq_personal_tokens_token_hash UNIQUE,
            scopes text[] NOT NULL CONSTRAINT ck_personal_tokens_scopes CHECK (cardinality(scopes) > 0),
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            last_used_at timestamptz,
            last_address text,
            revoked_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_personal_tokens_user_id ON personal_tokens (user_id)")
    op.execute(
        """
        CREATE TABLE one_time_tokens (
            token_hash bytea CONSTRAINT pk_one_time_tokens PRIMARY KEY,
            purpose text NOT NULL,
            user_id uuid CONSTRAINT fk_one_time_tokens_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            data jsonb NOT NULL DEFAULT '{}',
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX ix_one_time_tokens_user_id ON one_time_tokens (user_id)")
    op.execute("CREATE INDEX ix_one_time_tokens_expires_at ON one_time_tokens (expires_at)")
    op.execute(
        """
        CREATE TABLE audit (
            id uuid CONSTRAINT pk_audit PRIMARY KEY DEFAULT uuidv7(),
            at timestamptz NOT NULL DEFAULT now(),
            action text NOT NULL,
            actor_id uuid,
            subject_id uuid,
            address text,
            details jsonb NOT NULL DEFAULT '{}'
        )
        """
    )
    op.execute("CREATE INDEX ix_audit_subject_id ON audit (subject_id, id)")
    op.execute("CREATE INDEX ix_audit_actor_id ON audit (actor_id, id)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON passwords, personal_tokens, one_time_tokens TO finance_app")
    op.execute("GRANT SELECT, INSERT ON audit TO finance_app")

    for table, policies in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for name, rule in policies:
            op.execute(f"CREATE POLICY {name} ON {table} {rule}")

    op.execute("DROP FUNCTION open_request(uuid, uuid, uuid)")
    op.execute(OPEN_REQUEST)
    for statement in BEFORE_ANYBODY.values():
        op.execute(statement)
    for function in ("open_request(uuid, uuid, bytea, uuid, text)", *BEFORE_ANYBODY):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO finance_app")


def downgrade() -> None:
    for function in ("open_request(uuid, uuid, bytea, uuid, text)", *BEFORE_ANYBODY):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(FORMER_OPEN_REQUEST)
    op.execute("REVOKE ALL ON FUNCTION open_request(uuid, uuid, uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION open_request(uuid, uuid, uuid) TO finance_app")
    for table, policies in POLICIES.items():
        for name, _ in policies:
            op.execute(f"DROP POLICY {name} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in ("audit", "one_time_tokens", "personal_tokens"):
        op.execute(f"DROP TABLE {table}")
    op.execute(
        "ALTER TABLE sessions DROP COLUMN method, DROP COLUMN last_used_at, DROP COLUMN confirmed_at, "
        "DROP COLUMN revoked_because"
    )
    op.execute("DROP INDEX ix_users_created_at")
    # Who has no password gets one that nothing matches.
    op.execute("ALTER TABLE users ADD COLUMN password_hash text NOT NULL DEFAULT '!'")
    op.execute("UPDATE users u SET password_hash = p.hash FROM passwords p WHERE p.user_id = u.id")
    op.execute("ALTER TABLE users ALTER password_hash DROP DEFAULT")
    op.execute(
        "ALTER TABLE users DROP CONSTRAINT ck_users_ban, DROP COLUMN email_verified_at, DROP COLUMN banned_at, "
        "DROP COLUMN banned_until, DROP COLUMN ban_reason"
    )
    op.execute("DROP TABLE passwords")
    op.execute("DROP TABLE role_permissions")
    op.execute("DROP TABLE permissions")
