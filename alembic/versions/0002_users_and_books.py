"""Users and their sessions; books, their members and their event log; how a request is opened."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPEN_REQUEST = """
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


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE users (
            id uuid CONSTRAINT pk_users PRIMARY KEY DEFAULT uuidv7(),
            email text NOT NULL CONSTRAINT ck_users_email_length CHECK (length(email) BETWEEN 3 AND 320),
            full_name text,
            password_hash text NOT NULL,
            role text NOT NULL DEFAULT 'user'
                CONSTRAINT ck_users_role CHECK (role IN ('user', 'moderator', 'admin')),
            time_zone text NOT NULL DEFAULT 'UTC',
            default_book_id uuid,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX uq_users_email ON users (lower(email))")
    op.execute(
        """
        CREATE TABLE sessions (
            id uuid CONSTRAINT pk_sessions PRIMARY KEY DEFAULT uuidv7(),
            user_id uuid NOT NULL
                CONSTRAINT fk_sessions_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            user_agent text,
            address text,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_sessions_user_id ON sessions (user_id)")
    op.execute("CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)")
    op.execute(
        """
        CREATE TABLE refresh_tokens (
            token_hash bytea CONSTRAINT pk_refresh_tokens PRIMARY KEY,
            session_id uuid NOT NULL
                CONSTRAINT fk_refresh_tokens_session_id_sessions REFERENCES sessions (id) ON DELETE CASCADE,
            created_at timestamptz NOT NULL DEFAULT now(),
            used_at timestamptz
        )
        """
    )
    op.execute("CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, refresh_tokens TO finance_app")

    op.execute(
        """
        CREATE TABLE books (
            id uuid CONSTRAINT pk_books PRIMARY KEY DEFAULT uuidv7(),
            name text NOT NULL CONSTRAINT ck_books_name_length CHECK (length(name) BETWEEN 1 AND 100),
            base_currency text NOT NULL
                CONSTRAINT fk_books_base_currency_currencies REFERENCES currencies (code),
            base_currency_chosen boolean NOT NULL DEFAULT false,
            revision bigint NOT NULL DEFAULT 0,
            locked_until date,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE book_members (
            book_id uuid NOT NULL
                CONSTRAINT fk_book_members_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            user_id uuid NOT NULL
                CONSTRAINT fk_book_members_user_id_users REFERENCES users (id) ON DELETE CASCADE,
            role text NOT NULL CONSTRAINT ck_book_members_role CHECK (role IN ('owner', 'editor', 'viewer')),
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_book_members PRIMARY KEY (book_id, user_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_book_members_user_id ON book_members (user_id)")
    op.execute(
        """
        ALTER TABLE users ADD CONSTRAINT fk_users_default_book_id_books
            FOREIGN KEY (default_book_id) REFERENCES books (id) ON DELETE SET NULL
        """
    )
    op.execute(
        """
        CREATE TABLE events (
            book_id uuid NOT NULL CONSTRAINT fk_events_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            revision bigint NOT NULL,
            position integer NOT NULL,
            entity text NOT NULL,
            entity_id uuid NOT NULL,
            action text NOT NULL,
            actor_id uuid CONSTRAINT fk_events_actor_id_users REFERENCES users (id) ON DELETE SET NULL,
            before jsonb,
            after jsonb,
            at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_events PRIMARY KEY (book_id, revision, position)
        )
        """
    )
    op.execute("CREATE INDEX ix_events_book_id_entity_entity_id ON events (book_id, entity, entity_id, revision)")
    op.execute("CREATE INDEX ix_events_actor_id ON events (actor_id)")

    for table in ("books", "book_members", "events"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        """
        CREATE POLICY book_of_request ON books
            USING (id = nullif(current_setting('app.book_id', true), '')::uuid)
        """
    )
    # A person may list the books they are a member of; only the open one can be changed.
    op.execute(
        """
        CREATE POLICY books_of_user ON books FOR SELECT
            USING (id IN (SELECT m.book_id FROM book_members m
                          WHERE m.user_id = nullif(current_setting('app.user_id', true), '')::uuid))
        """
    )
    op.execute(
        """
        CREATE POLICY book_of_request ON book_members
            USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
        """
    )
    op.execute(
        """
        CREATE POLICY memberships_of_user ON book_members FOR SELECT
            USING (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
        """
    )
    op.execute(
        """
        CREATE POLICY book_of_request ON events
            USING (book_id = nullif(current_setting('app.book_id', true), '')::uuid)
        """
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON books, book_members TO finance_app")
    # The log only grows.
    op.execute("GRANT SELECT, INSERT ON events TO finance_app")

    op.execute(OPEN_REQUEST)
    op.execute("REVOKE ALL ON FUNCTION open_request(uuid, uuid, uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION open_request(uuid, uuid, uuid) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION open_request(uuid, uuid, uuid)")
    op.execute("DROP TABLE events")
    op.execute("ALTER TABLE users DROP CONSTRAINT fk_users_default_book_id_books")
    op.execute("DROP POLICY books_of_user ON books")
    op.execute("DROP TABLE book_members")
    op.execute("DROP TABLE books")
    op.execute("DROP TABLE refresh_tokens")
    op.execute("DROP TABLE sessions")
    op.execute("DROP TABLE users")
