"""Households: who may change members, invitations, deleting books and leaving."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
ME = "nullif(current_setting('app.user_id', true), '')::uuid"

# A policy of `book_members` cannot read `book_members` itself; these two look past it, at the open book alone.
OWNS_OPEN_BOOK = f"""
CREATE FUNCTION owns_open_book() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM book_members WHERE book_id = {BOOK} AND user_id = {ME} AND role = 'owner')
$$
"""  # noqa: S608  # constants of this module

OPEN_BOOK_IS_NEW = f"""
CREATE FUNCTION open_book_is_new() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT NOT EXISTS (SELECT FROM book_members WHERE book_id = {BOOK})
$$
"""  # noqa: S608  # constants of this module

# The service refuses it with a better text; this stands behind every way there is.
KEEP_AN_OWNER = """
CREATE FUNCTION keep_an_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM books WHERE id = OLD.book_id)
       AND NOT EXISTS (SELECT FROM book_members WHERE book_id = OLD.book_id AND role = 'owner') THEN
        RAISE EXCEPTION 'a book needs an owner'
            USING ERRCODE = 'check_violation', TABLE = 'book_members', CONSTRAINT = 'ck_book_members_an_owner';
    END IF;
    RETURN NULL;
END
$$
"""

# The default book is in a row that only its person may write, and others take people out of books.
FOLLOW_MEMBERSHIP = """
CREATE FUNCTION follow_membership() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE users SET default_book_id = NEW.book_id WHERE id = NEW.user_id AND default_book_id IS NULL;
        RETURN NULL;
    END IF;
    IF OLD.role = 'owner' AND (TG_OP = 'DELETE' OR NEW.role <> 'owner') THEN
        UPDATE book_invitations SET ended_at = now(), outcome = 'revoked'
        WHERE book_id = OLD.book_id AND inviter_id = OLD.user_id AND ended_at IS NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        UPDATE users u SET default_book_id = (
            SELECT m.book_id FROM book_members m WHERE m.user_id = u.id ORDER BY m.created_at, m.book_id LIMIT 1)
        WHERE u.id = OLD.user_id AND u.default_book_id = OLD.book_id;
    END IF;
    RETURN NULL;
END
$$
"""

INVITATION_OPEN = """
CREATE FUNCTION invitation_open(p_hash bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM book_invitations i
        JOIN book_members m ON m.book_id = i.book_id AND m.user_id = i.inviter_id AND m.role = 'owner'
        JOIN users u ON u.id = i.inviter_id AND (u.banned_at IS NULL OR u.banned_until <= now())
        WHERE i.token_hash = p_hash AND i.ended_at IS NULL AND i.expires_at > now())
$$
"""

# For a registration that makes nobody: it ends as if somebody had accepted it, for its sender can look.
SPEND_INVITATION = """
CREATE FUNCTION spend_invitation(p_hash bytea) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH spent AS (
        UPDATE book_invitations SET ended_at = now(), outcome = 'accepted'
        WHERE token_hash = p_hash AND ended_at IS NULL AND expires_at > now()
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM spent)
$$
"""

INVITATIONS_TO_ME = f"""
CREATE FUNCTION invitations_to_me() RETURNS TABLE (
    id uuid, book_id uuid, book_name text, role text, invited_by text, created_at timestamptz, expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT i.id, i.book_id, b.name, i.role, coalesce(inviter.full_name, inviter.email), i.created_at, i.expires_at
    FROM users me
    JOIN book_invitations i ON lower(i.email) = lower(me.email)
    JOIN books b ON b.id = i.book_id
    JOIN users inviter ON inviter.id = i.inviter_id
        AND (inviter.banned_at IS NULL OR inviter.banned_until <= now())
    JOIN book_members m ON m.book_id = i.book_id AND m.user_id = i.inviter_id AND m.role = 'owner'
    WHERE me.id = {ME} AND me.email_verified_at IS NOT NULL AND i.ended_at IS NULL AND i.expires_at > now()
    ORDER BY i.created_at, i.id
$$
"""  # noqa: S608  # constants of this module

# The invitee is no member yet, so no policy lets them see the book. Who proves that the invitation is theirs gets the
# book opened for the rest of the transaction, to write the events of what is done here.
CLAIM_INVITATION = f"""
CREATE FUNCTION claim_invitation(p_hash bytea, p_id uuid, p_accept boolean) RETURNS TABLE (
    done boolean, reason text, book_id uuid, invitation_id uuid, role text, expires_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    me uuid := {ME};
    invitation book_invitations;
BEGIN
    SELECT i.* INTO invitation FROM book_invitations i
    WHERE i.token_hash = p_hash
       OR (i.id = p_id AND lower(i.email) = (SELECT lower(u.email) FROM users u
                                             WHERE u.id = me AND u.email_verified_at IS NOT NULL));
    -- Who changes members holds the book: what is read from here on stays so.
    PERFORM 1 FROM books b WHERE b.id = invitation.book_id FOR UPDATE;
    SELECT i.* INTO invitation FROM book_invitations i
    WHERE i.book_id = invitation.book_id AND i.id = invitation.id;
    IF invitation.id IS NULL OR me IS NULL THEN
        RETURN QUERY SELECT false, 'unknown', NULL::uuid, NULL::uuid, NULL::text, NULL::timestamptz;
        RETURN;
    END IF;
    done := false;
    book_id := invitation.book_id;
    invitation_id := invitation.id;
    role := invitation.role;
    expires_at := invitation.expires_at;
    IF invitation.ended_at IS NOT NULL THEN
        reason := invitation.outcome;
    ELSIF invitation.expires_at <= now() THEN
        reason := 'expired';
    ELSIF NOT EXISTS (SELECT FROM book_members m JOIN users u ON u.id = m.user_id
                      WHERE m.book_id = invitation.book_id AND m.user_id = invitation.inviter_id
                        AND m.role = 'owner' AND (u.banned_at IS NULL OR u.banned_until <= now())) THEN
        reason := 'revoked';
    ELSIF p_accept AND EXISTS (SELECT FROM book_members m
                               WHERE m.book_id = invitation.book_id AND m.user_id = me) THEN
        reason := 'member';
    ELSE
        done := true;
        reason := CASE WHEN p_accept THEN 'accepted' ELSE 'declined' END;
        IF p_accept THEN
            INSERT INTO book_members (book_id, user_id, role) VALUES (invitation.book_id, me, invitation.role);
        END IF;
        UPDATE book_invitations i SET ended_at = now(), outcome = reason
        WHERE i.book_id = invitation.book_id AND i.id = invitation.id;
        PERFORM set_config('app.book_id', invitation.book_id::text, true);
    END IF;
    RETURN NEXT;
END
$$
"""  # noqa: S608  # constants of this module

# Every table with a column book_id, those first that no other refers to: a table that comes later goes along.
FORGET_BOOK = """
CREATE FUNCTION forget_book(p_book uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    remaining oid[];
    leaf oid;
BEGIN
    UPDATE users u SET default_book_id = (
        SELECT m.book_id FROM book_members m
        WHERE m.user_id = u.id AND m.book_id <> p_book ORDER BY m.created_at, m.book_id LIMIT 1)
    WHERE u.default_book_id = p_book AND u.id IN (SELECT m.user_id FROM book_members m WHERE m.book_id = p_book);
    SELECT array_agg(c.oid) INTO remaining
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'book_id' AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'book_members';
    WHILE cardinality(remaining) > 0 LOOP
        SELECT min(r) INTO leaf FROM unnest(remaining) AS r
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint k
            WHERE k.contype = 'f' AND k.confrelid = r AND k.conrelid <> r AND k.conrelid = ANY (remaining));
        IF leaf IS NULL THEN
            RAISE EXCEPTION 'the tables of a book refer to each other in a circle';
        END IF;
        EXECUTE format('DELETE FROM %s WHERE book_id = $1', leaf::regclass) USING p_book;
        remaining := array_remove(remaining, leaf);
    END LOOP;
    INSERT INTO deleted_books (id) VALUES (p_book);
    -- With its members: their last owner goes only together with the book.
    DELETE FROM books WHERE id = p_book;
END
$$
"""

DELETE_BOOK = f"""
CREATE FUNCTION delete_book() RETURNS TABLE (outcome text, digests bytea[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    book uuid := {BOOK};
BEGIN
    PERFORM 1 FROM books b WHERE b.id = book FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'gone';
    ELSIF NOT owns_open_book() THEN
        outcome := 'forbidden';
    ELSE
        outcome := 'deleted';
        -- What is hidden from this owner goes too; no policy or trigger is to keep it.
        PERFORM set_config('app.hidden_accounts', '', true);
        digests := ARRAY(SELECT f.sha256 FROM files f WHERE f.book_id = book);
        PERFORM forget_book(book);
    END IF;
    RETURN NEXT;
END
$$
"""  # noqa: S608  # constants of this module

# Books before people, and books in the order of their ids, as everybody locks them: a book, then a person in it.
DELETE_PERSON = f"""
CREATE FUNCTION delete_person(p_user uuid) RETURNS TABLE (
    outcome text, email text, deleted_books uuid[], passed_on jsonb, file_books uuid[], file_digests bytea[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    me uuid := {ME};
    person users;
    membership book_members;
    heir book_members;
    made bigint;
    place integer;
BEGIN
    IF me IS NULL OR (me <> p_user AND current_setting('app.permission', true) IS DISTINCT FROM 'users:delete') THEN
        outcome := 'forbidden';
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM 1 FROM books b WHERE b.id IN (SELECT m.book_id FROM book_members m WHERE m.user_id = p_user)
    ORDER BY b.id FOR UPDATE;
    SELECT u.* INTO person FROM users u WHERE u.id = p_user FOR UPDATE;
    IF NOT FOUND THEN
        outcome := 'gone';
        RETURN NEXT;
        RETURN;
    END IF;
    -- Books that were joined while this waited; no more can be from here on.
    PERFORM 1 FROM books b WHERE b.id IN (SELECT m.book_id FROM book_members m WHERE m.user_id = p_user)
    ORDER BY b.id FOR UPDATE;
    IF person.role = 'admin' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('finance.last_admin', 0));
        IF NOT EXISTS (SELECT FROM users u WHERE u.role = 'admin' AND u.id <> p_user)
           AND EXISTS (SELECT FROM users u WHERE u.id <> p_user) THEN
            outcome := 'last_admin';
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    outcome := 'deleted';
    -- What is hidden from this person in a book that nobody else has goes too.
    PERFORM set_config('app.hidden_accounts', '', true);
    PERFORM set_config('app.deleted_person', p_user::text, true);
    email := person.email;
    deleted_books := '{{}}';
    passed_on := '[]';
    file_books := '{{}}';
    file_digests := '{{}}';
    FOR membership IN SELECT m.* FROM book_members m WHERE m.user_id = p_user ORDER BY m.book_id LOOP
        IF NOT EXISTS (SELECT FROM book_members m WHERE m.book_id = membership.book_id AND m.user_id <> p_user) THEN
            file_books := file_books || ARRAY(SELECT f.book_id FROM files f
                                              WHERE f.book_id = membership.book_id ORDER BY f.sha256);
            file_digests := file_digests || ARRAY(SELECT f.sha256 FROM files f
                                                  WHERE f.book_id = membership.book_id ORDER BY f.sha256);
            deleted_books := deleted_books || membership.book_id;
            PERFORM forget_book(membership.book_id);
            CONTINUE;
        END IF;
        UPDATE books b SET revision = b.revision + 1, updated_at = now()
        WHERE b.id = membership.book_id RETURNING b.revision INTO made;
        place := 0;
        IF membership.role = 'owner' AND NOT EXISTS (
            SELECT FROM book_members m
            WHERE m.book_id = membership.book_id AND m.user_id <> p_user AND m.role = 'owner') THEN
            SELECT m.* INTO heir FROM book_members m
            WHERE m.book_id = membership.book_id AND m.user_id <> p_user
            ORDER BY m.role = 'editor' DESC, m.created_at, m.user_id LIMIT 1;
            UPDATE book_members m SET role = 'owner' WHERE m.book_id = heir.book_id AND m.user_id = heir.user_id;
            INSERT INTO events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
            VALUES (heir.book_id, made, place, 'member', heir.user_id, 'updated', me,
                    jsonb_build_object('role', heir.role, 'joined_at', heir.created_at),
                    jsonb_build_object('role', 'owner', 'joined_at', heir.created_at));
            place := 1;
            passed_on := passed_on || (
                SELECT jsonb_build_object('book_id', b.id, 'name', b.name, 'email', u.email)
                FROM books b, users u WHERE b.id = heir.book_id AND u.id = heir.user_id);
        END IF;
        DELETE FROM book_members m WHERE m.book_id = membership.book_id AND m.user_id = p_user;
        INSERT INTO events (book_id, revision, position, entity, entity_id, action, actor_id, before)
        VALUES (membership.book_id, made, place, 'member', p_user, 'deleted', me,
                jsonb_build_object('role', membership.role, 'joined_at', membership.created_at));
    END LOOP;
    DELETE FROM idempotency_keys k WHERE k.scope = 'user:' || p_user::text;
    DELETE FROM users u WHERE u.id = p_user;
    RETURN NEXT;
END
$$
"""  # noqa: S608  # constants of this module

WAS_DELETED = """
CREATE FUNCTION book_was_deleted(p_book uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM deleted_books WHERE id = p_book) $$
"""

# By the signature, and whether requests may call it; the others serve triggers and these functions.
FUNCTIONS = (
    ("owns_open_book()", OWNS_OPEN_BOOK, True),
    ("open_book_is_new()", OPEN_BOOK_IS_NEW, True),
    ("keep_an_owner()", KEEP_AN_OWNER, False),
    ("follow_membership()", FOLLOW_MEMBERSHIP, False),
    ("invitation_open(bytea)", INVITATION_OPEN, True),
    ("spend_invitation(bytea)", SPEND_INVITATION, True),
    ("invitations_to_me()", INVITATIONS_TO_ME, True),
    ("claim_invitation(bytea, uuid, boolean)", CLAIM_INVITATION, True),
    ("forget_book(uuid)", FORGET_BOOK, False),
    ("delete_book()", DELETE_BOOK, True),
    ("delete_person(uuid)", DELETE_PERSON, True),
    ("book_was_deleted(uuid)", WAS_DELETED, True),
)

MEMBER_POLICIES = (
    ("members_of_book", f"FOR SELECT USING (book_id = {BOOK})"),
    ("members_changed_by_owner", f"FOR ALL USING (book_id = {BOOK} AND owns_open_book())"),
    (
        "first_owner",
        f"FOR INSERT WITH CHECK (book_id = {BOOK} AND user_id = {ME} AND role = 'owner' AND open_book_is_new())",
    ),
    ("member_leaves", f"FOR DELETE USING (book_id = {BOOK} AND user_id = {ME})"),
)


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE book_invitations (
            book_id uuid NOT NULL
                CONSTRAINT fk_book_invitations_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            inviter_id uuid NOT NULL
                CONSTRAINT fk_book_invitations_inviter_id_users REFERENCES users (id) ON DELETE CASCADE,
            role text NOT NULL CONSTRAINT ck_book_invitations_role CHECK (role IN ('owner', 'editor', 'viewer')),
            email text CONSTRAINT ck_book_invitations_email_length CHECK (length(email) BETWEEN 3 AND 320),
            token_hash bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            ended_at timestamptz,
            outcome text
                CONSTRAINT ck_book_invitations_outcome CHECK (outcome IN ('accepted', 'declined', 'revoked')),
            CONSTRAINT ck_book_invitations_ended CHECK ((ended_at IS NULL) = (outcome IS NULL)),
            CONSTRAINT pk_book_invitations PRIMARY KEY (book_id, id)
        )
        """
    )
    op.execute("CREATE UNIQUE INDEX uq_book_invitations_token_hash ON book_invitations (token_hash)")
    op.execute("CREATE INDEX ix_book_invitations_id ON book_invitations (id)")
    op.execute("CREATE INDEX ix_book_invitations_inviter_id ON book_invitations (inviter_id)")
    op.execute("CREATE INDEX ix_book_invitations_email ON book_invitations (lower(email)) WHERE ended_at IS NULL")
    # Which books there were, for the store of attachments: what of them it still has is nobody's.
    op.execute(
        """
        CREATE TABLE deleted_books (
            id uuid CONSTRAINT pk_deleted_books PRIMARY KEY,
            deleted_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    for _, statement, _ in FUNCTIONS:
        op.execute(statement)
    for signature, _, granted in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        if granted:
            op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")

    for table in ("book_invitations", "deleted_books"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY invitations_of_owner ON book_invitations FOR ALL USING (book_id = {BOOK} AND owns_open_book())"
    )
    op.execute("GRANT INSERT, UPDATE, DELETE ON book_invitations TO finance_app")
    op.execute(
        "GRANT SELECT (book_id, id, inviter_id, role, email, created_at, expires_at, ended_at, outcome) "
        "ON book_invitations TO finance_app"
    )

    op.execute("DROP POLICY book_of_request ON book_members")
    for name, rule in MEMBER_POLICIES:
        op.execute(f"CREATE POLICY {name} ON book_members {rule}")
    op.execute(
        """
        CREATE TRIGGER keep_an_owner AFTER UPDATE OF role OR DELETE ON book_members
            FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_an_owner()
        """
    )
    op.execute(
        """
        CREATE TRIGGER follow_membership AFTER INSERT OR UPDATE OF role OR DELETE ON book_members
            FOR EACH ROW EXECUTE FUNCTION follow_membership()
        """
    )
    # What somebody is told about themselves when they take everything along.
    op.execute(f"CREATE POLICY audit_of_oneself ON audit FOR SELECT USING (subject_id = {ME} OR actor_id = {ME})")
    # A person goes through delete_person alone, which looks after the books that they leave.
    op.execute("REVOKE DELETE ON users FROM finance_app")


def downgrade() -> None:
    op.execute("GRANT DELETE ON users TO finance_app")
    op.execute("DROP POLICY audit_of_oneself ON audit")
    op.execute("DROP TRIGGER follow_membership ON book_members")
    op.execute("DROP TRIGGER keep_an_owner ON book_members")
    for name, _ in MEMBER_POLICIES:
        op.execute(f"DROP POLICY {name} ON book_members")
    op.execute(f"CREATE POLICY book_of_request ON book_members USING (book_id = {BOOK})")
    for signature in (
        "delete_person(uuid)", "delete_book()", "forget_book(uuid)", "claim_invitation(bytea, uuid, boolean)",
        "invitations_to_me()", "invitation_open(bytea)", "spend_invitation(bytea)", "follow_membership()",
        "keep_an_owner()", "open_book_is_new()", "book_was_deleted(uuid)",
    ):  # fmt: skip
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP TABLE deleted_books")
    op.execute("DROP TABLE book_invitations")
    op.execute("DROP FUNCTION owns_open_book()")
