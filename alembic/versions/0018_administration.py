"""Administration: who may change roles and bans, the last admin, permissions of roles, the audit, statistics."""

from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

PERMITTED = "current_setting('app.permission', true)"
ME = "nullif(current_setting('app.user_id', true), '')::uuid"
KEPT_BY_ADMINS = "role = 'admin' AND permission IN ('permissions:manage', 'users:role')"

# What people say of themselves. The role and the ban are not among it: they change through set_role and set_ban.
OWN_COLUMNS = "email, full_name, time_zone, default_book_id, email_verified_at, updated_at"

# Why the actor of this request may not act on a person; NULL where they may. Everything that changes a role or a ban,
# or deletes somebody, comes through here and one after the other, so what is found here holds until the commit: of two
# admins who demote each other at once, the second finds that the first is the last one left. `p_role` is the actor's
# role when the request was opened; it chooses between refusals and permits nothing.
ADMINISTRATION_REFUSAL = f"""
CREATE FUNCTION administration_refusal(p_subject uuid, p_role text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    actor users;
    subject users;
BEGIN
    IF coalesce({PERMITTED}, '') NOT IN ('users:role', 'users:ban', 'users:delete') THEN
        RETURN 'missing_permission';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('finance.administration', 0));
    SELECT * INTO actor FROM users WHERE id = {ME};
    SELECT * INTO subject FROM users WHERE id = p_subject FOR UPDATE;
    IF subject.id IS NULL THEN
        RETURN 'not_found';
    ELSIF p_role <> 'admin' AND subject.role <> 'user' AND subject.id <> actor.id THEN
        RETURN 'outranked';
    ELSIF is_last_admin(subject.id) AND p_role = 'admin' THEN
        RETURN 'last_admin';
    ELSIF subject.id = actor.id THEN
        RETURN 'own_account';
    ELSIF actor.id IS NULL OR actor.banned_at IS NOT NULL AND coalesce(actor.banned_until > now(), true)
        OR actor.role <> 'admin' AND subject.role <> 'user'
        OR NOT EXISTS (SELECT FROM role_permissions r WHERE r.role = actor.role AND r.permission = {PERMITTED})
    THEN
        RETURN 'missing_permission';
    END IF;
    RETURN NULL;
END
$$
"""  # noqa: S608

IS_LAST_ADMIN = """
CREATE FUNCTION is_last_admin(p_user uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM users u WHERE u.id = p_user AND u.role = 'admin')
       AND NOT EXISTS (SELECT FROM users u
                       WHERE u.id <> p_user AND u.role = 'admin'
                         AND (u.banned_at IS NULL OR u.banned_until <= now()))
$$
"""

SET_ROLE = f"""
CREATE FUNCTION set_role(p_user uuid, p_new_role text, p_role text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    refusal text;
BEGIN
    IF coalesce({PERMITTED}, '') <> 'users:role' THEN
        RETURN 'missing_permission';
    END IF;
    refusal := administration_refusal(p_user, p_role);
    IF refusal IS NULL AND p_new_role <> 'user'
        AND NOT EXISTS (SELECT FROM users u WHERE u.id = {ME} AND u.role = 'admin')
    THEN
        refusal := 'outranked';
    END IF;
    IF refusal IS NULL THEN
        UPDATE users SET role = p_new_role, updated_at = now() WHERE id = p_user;
    END IF;
    RETURN refusal;
END
$$
"""  # noqa: S608

# Without `p_banned` the ban is lifted.
SET_BAN = f"""
CREATE FUNCTION set_ban(p_user uuid, p_banned boolean, p_reason text, p_until timestamptz, p_role text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    refusal text;
BEGIN
    IF coalesce({PERMITTED}, '') <> 'users:ban' THEN
        RETURN 'missing_permission';
    END IF;
    refusal := administration_refusal(p_user, p_role);
    IF refusal IS NULL THEN
        UPDATE users
        SET banned_at = CASE WHEN p_banned THEN now() END, banned_until = CASE WHEN p_banned THEN p_until END,
            ban_reason = CASE WHEN p_banned THEN p_reason END, updated_at = now()
        WHERE id = p_user;
    END IF;
    RETURN refusal;
END
$$
"""  # noqa: S608

# Whoever deletes, a person themselves too. Only who is alone on a server may leave it without an admin: the next one
# who registers is its first.
KEEP_AN_ADMIN = """
CREATE FUNCTION keep_an_admin() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('finance.administration', 0));
    IF is_last_admin(OLD.id) AND EXISTS (SELECT FROM users u WHERE u.id <> OLD.id) THEN
        RAISE EXCEPTION 'the last admin stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_users_last_admin';
    END IF;
    RETURN OLD;
END
$$
"""

LAST_USED = f"""
CREATE FUNCTION last_used(p_users uuid[]) RETURNS TABLE (user_id uuid, last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT used.user_id, max(used.at)
    FROM (
        SELECT s.user_id, s.last_used_at AS at FROM sessions s WHERE s.user_id = ANY (p_users)
        UNION ALL
        SELECT t.user_id, t.last_used_at FROM personal_tokens t WHERE t.user_id = ANY (p_users)
    ) AS used
    WHERE {PERMITTED} LIKE 'users:%'
    GROUP BY used.user_id
$$
"""  # noqa: S608

# Counts of the whole server and nothing else. Transactions are counted one by one up to a hundred thousand; beyond
# that the planner's own estimate serves, which a million rows do not slow down.
SERVER_STATISTICS = f"""
CREATE FUNCTION server_statistics() RETURNS TABLE (
    users bigint, users_active bigint, users_banned bigint, users_verified bigint, books bigint, members bigint,
    transactions bigint, transactions_exact boolean, attachments bigint, attachment_bytes bigint, imports bigint,
    sessions_day bigint, sessions_week bigint, sessions_month bigint
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT u.known, u.known - u.banned, u.banned, u.verified, b.known, m.known,
           CASE WHEN t.seen <= 100000 THEN t.seen ELSE greatest(t.estimate, t.seen) END, t.seen <= 100000,
           a.known, f.bytes, i.known, s.day, s.week, s.month
    FROM (SELECT count(*) AS known,
                 count(*) FILTER (WHERE x.banned_at IS NOT NULL AND coalesce(x.banned_until > now(), true)) AS banned,
                 count(x.email_verified_at) AS verified
          FROM users x) AS u,
         (SELECT count(*) AS known FROM books) AS b,
         (SELECT count(*) AS known FROM book_members) AS m,
         (SELECT e.estimate,
                 CASE WHEN e.estimate > 100000 THEN 100001
                      ELSE (SELECT count(*) FROM (SELECT FROM transactions LIMIT 100001) AS probe) END AS seen
          FROM (SELECT c.reltuples::bigint AS estimate
                FROM pg_class c WHERE c.oid = 'transactions'::regclass) AS e) AS t,
         (SELECT count(*) AS known FROM attachments) AS a,
         (SELECT coalesce(sum(size), 0)::bigint AS bytes FROM files) AS f,
         (SELECT count(*) AS known FROM imports) AS i,
         (SELECT count(*) FILTER (WHERE x.last_used_at > now() - interval '1 day') AS day,
                 count(*) FILTER (WHERE x.last_used_at > now() - interval '7 days') AS week,
                 count(*) FILTER (WHERE x.last_used_at > now() - interval '30 days') AS month
          FROM sessions x) AS s
    WHERE {PERMITTED} = 'statistics:read'
$$
"""  # noqa: S608

FOR_REQUESTS = {
    "administration_refusal(uuid, text)": ADMINISTRATION_REFUSAL,
    "set_role(uuid, text, text)": SET_ROLE,
    "set_ban(uuid, boolean, text, timestamptz, text)": SET_BAN,
    "last_used(uuid[])": LAST_USED,
    "server_statistics()": SERVER_STATISTICS,
}
FOR_THE_DATABASE = {"is_last_admin(uuid)": IS_LAST_ADMIN, "keep_an_admin()": KEEP_AN_ADMIN}

POLICIES = {
    "users": (
        ("user_seen_by_themselves", f"FOR SELECT USING (id = {ME})"),
        ("user_changed_by_themselves", f"FOR UPDATE USING (id = {ME})"),
        ("user_deleted_by_themselves", f"FOR DELETE USING (id = {ME})"),
        # Only the first one of a server may make themselves more than a user.
        (
            "user_added_by_themselves",
            f"FOR INSERT WITH CHECK (id = {ME} AND CASE WHEN role = 'user' THEN true ELSE is_first_user() END)",
        ),
        (
            "users_of_administration",
            f"FOR SELECT USING ({PERMITTED} LIKE 'users:%' OR {PERMITTED} = 'audit:read')",
        ),
    ),
    "role_permissions": (
        ("role_permissions_read", "FOR SELECT USING (true)"),
        ("role_permissions_given", f"FOR INSERT WITH CHECK ({PERMITTED} = 'permissions:manage')"),
        # Without these two nobody could give any permission back.
        (
            "role_permissions_taken",
            f"FOR DELETE USING ({PERMITTED} = 'permissions:manage' AND NOT ({KEPT_BY_ADMINS}))",
        ),
    ),
    "audit": (("audit_read_by_subject", f"FOR SELECT USING (subject_id = {ME})"),),
}
FORMER_POLICIES = (
    ("user_of_request", f"FOR ALL USING (id = {ME})"),
    ("users_of_administration", f"FOR SELECT USING ({PERMITTED} LIKE 'users:%' OR {PERMITTED} = 'statistics:read')"),
    ("users_changed_by_administration", f"FOR UPDATE USING ({PERMITTED} IN ('users:ban', 'users:role'))"),
)


def upgrade() -> None:
    for name, _ in FORMER_POLICIES:
        op.execute(f"DROP POLICY {name} ON users")
    op.execute("ALTER TABLE role_permissions ENABLE ROW LEVEL SECURITY")
    for table, policies in POLICIES.items():
        for name, rule in policies:
            op.execute(f"CREATE POLICY {name} ON {table} {rule}")
    op.execute("REVOKE INSERT, UPDATE ON users FROM finance_app")
    op.execute(f"GRANT UPDATE ({OWN_COLUMNS}) ON users TO finance_app")
    op.execute(f"GRANT INSERT (id, role, created_at, {OWN_COLUMNS}) ON users TO finance_app")
    op.execute("GRANT INSERT, DELETE ON role_permissions TO finance_app")
    # Who can give permissions can have all of them.
    op.execute(
        "ALTER TABLE role_permissions ADD CONSTRAINT ck_role_permissions_admins_alone "
        "CHECK (role = 'admin' OR permission <> 'permissions:manage')"
    )
    # When it was is the database's to say.
    op.execute("REVOKE INSERT ON audit FROM finance_app")
    op.execute("GRANT INSERT (id, action, actor_id, subject_id, address, details) ON audit TO finance_app")
    op.execute("CREATE INDEX ix_audit_action ON audit (action, id)")

    for statement in (*FOR_THE_DATABASE.values(), *FOR_REQUESTS.values()):
        op.execute(statement)
    for function in (*FOR_THE_DATABASE, *FOR_REQUESTS):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for function in FOR_REQUESTS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO finance_app")
    op.execute(
        """
        CREATE TRIGGER keep_an_admin BEFORE DELETE ON users
            FOR EACH ROW WHEN (OLD.role = 'admin') EXECUTE FUNCTION keep_an_admin()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_an_admin ON users")
    for function in (*FOR_REQUESTS, *reversed(FOR_THE_DATABASE)):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP INDEX ix_audit_action")
    op.execute("REVOKE INSERT (id, action, actor_id, subject_id, address, details) ON audit FROM finance_app")
    op.execute("GRANT INSERT ON audit TO finance_app")
    op.execute("ALTER TABLE role_permissions DROP CONSTRAINT ck_role_permissions_admins_alone")
    op.execute("REVOKE INSERT, DELETE ON role_permissions FROM finance_app")
    op.execute(f"REVOKE INSERT (id, role, created_at, {OWN_COLUMNS}) ON users FROM finance_app")
    op.execute(f"REVOKE UPDATE ({OWN_COLUMNS}) ON users FROM finance_app")
    op.execute("GRANT INSERT, UPDATE ON users TO finance_app")
    for table, policies in POLICIES.items():
        for name, _ in policies:
            op.execute(f"DROP POLICY {name} ON {table}")
    op.execute("ALTER TABLE role_permissions DISABLE ROW LEVEL SECURITY")
    for name, rule in FORMER_POLICIES:
        op.execute(f"CREATE POLICY {name} ON users {rule}")
