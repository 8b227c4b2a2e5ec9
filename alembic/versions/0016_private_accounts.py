"""Private accounts: who sees them, what else is hidden with them, and policies, views and triggers that hold to it."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
# The accounts that the member who asks does not see; NULL for who sees all, and then nothing behind it is computed.
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"
OPEN_ACCOUNT = f"{SEES_ALL} OR {{column}} <> ALL ((SELECT {HIDDEN})::uuid[])"
NOT_AMONG = f"{SEES_ALL} OR {{column}} NOT IN (SELECT {{hidden}})"

REFUSED = "FT409"
"""The error class of what `refuse_private` refuses."""

OPEN_REQUEST = """
CREATE FUNCTION open_request(p_session uuid, p_user uuid, p_token bytea, p_book uuid, p_permission text)
RETURNS TABLE (
    user_id uuid, session_id uuid, token_id uuid, user_role text, time_zone text, confirmed_at timestamptz,
    permitted boolean, book_id uuid, book_role text, base_currency text, base_exponent smallint, revision bigint{column}
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1
AS $$
    SELECT found.user_id, found.session_id, found.token_id, found.user_role, found.time_zone, found.confirmed_at,
           found.permitted, found.book_id, found.book_role, found.base_currency, found.base_exponent,
           found.revision{value}
    FROM (
        SELECT asked.*, b.id AS book_id, m.role AS book_role, b.base_currency, c.exponent AS base_exponent, b.revision,
               set_config('app.user_id', asked.user_id::text, true) AS user_setting,
               set_config('app.book_id', coalesce(b.id::text, ''), true) AS book_setting,
               set_config('app.permission', CASE WHEN asked.permitted THEN p_permission ELSE '' END, true)
                   AS permission_setting{setting}
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
          {checked}
$$
"""
HIDING = {
    "column": ",\n    hides boolean",
    "value": ", found.hidden_setting <> ''",
    "setting": """,
               set_config('app.hidden_accounts', coalesce((
                   SELECT array_agg(DISTINCT v.account_id)::text FROM account_viewers v
                   WHERE v.book_id = b.id
                     AND NOT EXISTS (SELECT FROM account_viewers w
                                     WHERE w.book_id = v.book_id AND w.account_id = v.account_id
                                       AND w.user_id = asked.user_id)
               ), ''), true) AS hidden_setting""",
    "checked": "AND found.hidden_setting IS NOT NULL",
}

# Functions of the tables' owner: they see what they tell to hide. All of them speak of the open book alone.
FUNCTIONS = {
    # Transactions of which every posting is hidden.
    "hidden_transactions()": f"""
CREATE FUNCTION hidden_transactions() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
AS $$
    SELECT p.transaction_id FROM postings p
    WHERE p.book_id = {BOOK} AND p.account_id = ANY ({HIDDEN})
      AND NOT EXISTS (SELECT FROM postings o
                      WHERE o.book_id = p.book_id AND o.transaction_id = p.transaction_id
                        AND o.account_id <> ALL ({HIDDEN}))
$$
""",
    # Those with hidden and visible postings, and refunds of a hidden one: their rows name what is hidden.
    "partial_transactions()": f"""
CREATE FUNCTION partial_transactions() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
AS $$
    SELECT p.transaction_id FROM postings p
    WHERE p.book_id = {BOOK} AND p.account_id = ANY ({HIDDEN})
      AND EXISTS (SELECT FROM postings o
                  WHERE o.book_id = p.book_id AND o.transaction_id = p.transaction_id
                    AND o.account_id <> ALL ({HIDDEN}))
    UNION
    SELECT r.id FROM transactions r
    WHERE r.book_id = {BOOK} AND r.refund_of_id = ANY (ARRAY(SELECT hidden_transactions()))
      AND EXISTS (SELECT FROM postings o
                  WHERE o.book_id = r.book_id AND o.transaction_id = r.id AND o.account_id <> ALL ({HIDDEN}))
$$
""",
    "touched_transactions()": """
CREATE FUNCTION touched_transactions() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
AS $$ SELECT hidden_transactions() UNION ALL SELECT partial_transactions() $$
""",
    # Names that came with what is hidden, until something that is not uses them.
    "hidden_payees()": f"""
CREATE FUNCTION hidden_payees() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT e.entity_id FROM private_entities e
    WHERE e.book_id = {BOOK} AND e.account_id = ANY ({HIDDEN}) AND e.entity = 'payee'
      AND NOT EXISTS (SELECT FROM transactions t
                      JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
                      WHERE t.book_id = e.book_id AND t.payee_id = e.entity_id AND p.account_id <> ALL ({HIDDEN}))
$$
""",
    "hidden_tags()": f"""
CREATE FUNCTION hidden_tags() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT e.entity_id FROM private_entities e
    WHERE e.book_id = {BOOK} AND e.account_id = ANY ({HIDDEN}) AND e.entity = 'tag'
      AND NOT EXISTS (SELECT FROM transaction_tags x
                      WHERE x.book_id = e.book_id AND x.tag_id = e.entity_id
                        AND NOT EXISTS (SELECT FROM postings p
                                        WHERE p.book_id = x.book_id AND p.transaction_id = x.transaction_id
                                          AND p.account_id = ANY ({HIDDEN})))
$$
""",
    # A file with a row for a hidden account is hidden whole.
    "hidden_imports()": f"""
CREATE FUNCTION hidden_imports() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT i.id FROM imports i WHERE i.book_id = {BOOK} AND i.account_id = ANY ({HIDDEN})
    UNION
    SELECT e.entity_id FROM private_entities e
    WHERE e.book_id = {BOOK} AND e.account_id = ANY ({HIDDEN}) AND e.entity IN ('import', 'import_rows')
    UNION
    SELECT i.id FROM imports i
    WHERE i.book_id = {BOOK} AND i.account_id IS NULL AND i.status = 'previewed'
      AND EXISTS (SELECT FROM import_rows r
                  WHERE r.book_id = i.book_id AND r.import_id = i.id
                    AND (r.account_id = ANY ({HIDDEN})
                         OR EXISTS (SELECT FROM unnest({HIDDEN}) AS h(id)
                                    WHERE strpos(r.document::text, h.id::text) > 0)))
$$
""",
    # Whose events are hidden.
    "hidden_entities()": f"""
CREATE FUNCTION hidden_entities() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
AS $$
    SELECT e.entity_id FROM private_entities e
    WHERE e.book_id = {BOOK} AND e.account_id = ANY ({HIDDEN}) AND e.entity NOT IN ('payee', 'tag')
    UNION SELECT unnest({HIDDEN})
    UNION SELECT touched_transactions()
    UNION SELECT hidden_imports()
    UNION SELECT hidden_payees()
    UNION SELECT hidden_tags()
$$
""",
    # Whether an import brought anything that is or was hidden since.
    "is_private_import(uuid)": f"""
CREATE FUNCTION is_private_import(p_import uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM import_rows r
        JOIN private_entities x ON x.book_id = r.book_id AND x.entity = 'transaction' AND x.entity_id = r.transaction_id
        WHERE r.book_id = {BOOK} AND r.import_id = p_import AND x.account_id = ANY ({HIDDEN})
    ) OR EXISTS (
        SELECT FROM transactions t
        WHERE t.book_id = {BOOK} AND t.import_id = p_import AND t.id IN (SELECT touched_transactions())
    )
$$
""",
    # Whether a revision may be undone by who does not see all: not if it touched anything that is or was hidden.
    "is_private_revision(bigint)": f"""
CREATE FUNCTION is_private_revision(p_revision bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM events e WHERE e.book_id = {BOOK} AND e.revision = p_revision
          AND e.entity_id IN (SELECT hidden_entities()
                              UNION ALL
                              SELECT x.entity_id FROM private_entities x
                              WHERE x.book_id = {BOOK} AND x.account_id = ANY ({HIDDEN}))
    ) OR EXISTS (
        SELECT FROM events e
        WHERE e.book_id = {BOOK} AND e.revision = p_revision AND e.entity = 'import' AND is_private_import(e.entity_id)
    )
$$
""",
    # Whether a reconciliation of this account would seal what is partly hidden.
    "has_private_to_seal(uuid, date)": f"""
CREATE FUNCTION has_private_to_seal(p_account uuid, p_until date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM postings p
        JOIN transactions t ON t.book_id = p.book_id AND t.id = p.transaction_id AND t.status <> 'reconciled'
        WHERE p.book_id = {BOOK} AND p.account_id = p_account AND p.date <= p_until
          AND t.id IN (SELECT partial_transactions())
    )
$$
""",
    # Whether a member is the only one who sees some account.
    "holds_alone(uuid, uuid)": """
CREATE FUNCTION holds_alone(p_book uuid, p_user uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM account_viewers v JOIN accounts a ON a.book_id = v.book_id AND a.id = v.account_id
        WHERE v.book_id = p_book AND v.user_id = p_user
          AND NOT EXISTS (SELECT FROM account_viewers w
                          WHERE w.book_id = v.book_id AND w.account_id = v.account_id AND w.user_id <> p_user)
    )
$$
""",
    # Who writes a transaction with the exact name of a hidden payee or tag has it: it is one of the book's then.
    # Another name of a hidden payee would give its own away.
    "adopt_names(text[], text[])": f"""
CREATE FUNCTION adopt_names(p_payees text[], p_tags text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM payee_aliases a
               WHERE a.book_id = {BOOK} AND a.alias_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_payees) AS n))
                 AND a.payee_id IN (SELECT hidden_payees())) THEN
        RAISE EXCEPTION 'the name is taken' USING ERRCODE = '{REFUSED}';
    END IF;
    DELETE FROM private_entities e
    WHERE e.book_id = {BOOK}
      AND ((e.entity = 'payee' AND e.entity_id IN (
                SELECT y.id FROM payees y
                WHERE y.book_id = {BOOK} AND y.name_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_payees) AS n))))
        OR (e.entity = 'tag' AND e.entity_id IN (
                SELECT g.id FROM tags g
                WHERE g.book_id = {BOOK} AND g.name_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_tags) AS n)))));
END
$$
""",
    "are_names_taken(text[], text[])": f"""
CREATE FUNCTION are_names_taken(p_payees text[], p_tags text[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM payees y
                   WHERE y.book_id = {BOOK} AND y.name_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_payees) AS n))
                     AND y.id IN (SELECT hidden_payees()))
        OR EXISTS (SELECT FROM payee_aliases a
                   WHERE a.book_id = {BOOK} AND a.alias_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_payees) AS n))
                     AND a.payee_id IN (SELECT hidden_payees()))
        OR EXISTS (SELECT FROM tags g
                   WHERE g.book_id = {BOOK} AND g.name_key = ANY (ARRAY(SELECT lower(n) FROM unnest(p_tags) AS n))
                     AND g.id IN (SELECT hidden_tags()))
$$
""",
    # What belongs to an account, for its time as a private one: its rows, what the log says of it, and its names.
    "note_private_account(uuid)": f"""
CREATE FUNCTION note_private_account(p_account uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF p_account = ANY ({HIDDEN}) THEN
        RAISE EXCEPTION 'no such account' USING ERRCODE = '{REFUSED}';
    END IF;
    INSERT INTO private_entities (book_id, account_id, entity, entity_id)
    SELECT {BOOK}, p_account, 'account', p_account
    UNION SELECT {BOOK}, p_account, 'transaction', p.transaction_id FROM postings p
        WHERE p.book_id = {BOOK} AND p.account_id = p_account
    UNION SELECT {BOOK}, p_account, 'reconciliation', r.id FROM reconciliations r
        WHERE r.book_id = {BOOK} AND r.account_id = p_account
    UNION SELECT {BOOK}, p_account, 'import', i.id FROM imports i
        WHERE i.book_id = {BOOK} AND (i.account_id = p_account OR EXISTS (
            SELECT FROM import_rows r WHERE r.book_id = i.book_id AND r.import_id = i.id
              AND (r.account_id = p_account OR strpos(r.document::text, p_account::text) > 0)))
    UNION SELECT {BOOK}, p_account, e.entity, e.entity_id FROM events e
        WHERE e.book_id = {BOOK} AND e.entity NOT IN ('book', 'payee', 'tag', 'category')
          AND strpos(concat(e.before, e.after), p_account::text) > 0
    ON CONFLICT DO NOTHING;
    INSERT INTO private_entities (book_id, account_id, entity, entity_id)
    SELECT DISTINCT {BOOK}, p_account, e.entity, e.entity_id
    FROM events e
    CROSS JOIN LATERAL unnest(ARRAY['transaction_id', 'into_id', 'outgoing_id', 'incoming_id', 'refund_of_id']) AS k
    JOIN private_entities x ON x.book_id = e.book_id AND x.account_id = p_account AND x.entity = 'transaction'
        AND x.entity_id = (coalesce(e.after, e.before) ->> k)::uuid
    WHERE e.book_id = {BOOK} AND e.entity NOT IN ('book', 'payee', 'tag', 'category')
    ON CONFLICT DO NOTHING;
    DELETE FROM import_mappings m WHERE m.book_id = {BOOK} AND strpos(m.mapping::text, p_account::text) > 0;
    PERFORM note_private_names({BOOK}, p_account, ARRAY(
        SELECT p.transaction_id FROM postings p WHERE p.book_id = {BOOK} AND p.account_id = p_account));
END
$$
""",
    # Payees and tags that nothing but this account uses.
    "note_private_names(uuid, uuid, uuid[])": """
CREATE FUNCTION note_private_names(p_book uuid, p_account uuid, p_transactions uuid[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO private_entities (book_id, account_id, entity, entity_id)
    SELECT p_book, p_account, 'payee', named.id
    FROM (SELECT DISTINCT t.payee_id AS id FROM transactions t
          WHERE t.book_id = p_book AND t.id = ANY (p_transactions) AND t.payee_id IS NOT NULL) AS named
    WHERE NOT EXISTS (SELECT FROM private_entities e
                      WHERE e.book_id = p_book AND e.account_id = p_account AND e.entity = 'payee'
                        AND e.entity_id = named.id)
      AND NOT EXISTS (SELECT FROM transactions t JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
                      WHERE t.book_id = p_book AND t.payee_id = named.id AND p.account_id <> p_account)
    UNION ALL
    SELECT p_book, p_account, 'tag', named.id
    FROM (SELECT DISTINCT x.tag_id AS id FROM transaction_tags x
          WHERE x.book_id = p_book AND x.transaction_id = ANY (p_transactions)) AS named
    WHERE NOT EXISTS (SELECT FROM private_entities e
                      WHERE e.book_id = p_book AND e.account_id = p_account AND e.entity = 'tag'
                        AND e.entity_id = named.id)
      AND NOT EXISTS (SELECT FROM transaction_tags x
                      WHERE x.book_id = p_book AND x.tag_id = named.id
                        AND NOT EXISTS (SELECT FROM postings p
                                        WHERE p.book_id = p_book AND p.transaction_id = x.transaction_id
                                          AND p.account_id = p_account))
    ON CONFLICT DO NOTHING
$$
""",
    # An image of a transaction with its visible postings alone; NULL where it has none.
    "visible_image(jsonb)": f"""
CREATE FUNCTION visible_image(p_image jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = public, pg_temp
AS $$
    SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(
        'date', p_image -> 'date', 'other_side_private', true,
        'postings', jsonb_agg(jsonb_set(o.posting, '{{line}}', to_jsonb(o.n - 1)) ORDER BY o.n)) END
    FROM (SELECT p.posting, row_number() OVER (ORDER BY p.n) AS n
          FROM jsonb_array_elements(CASE jsonb_typeof(p_image -> 'postings') WHEN 'array' THEN p_image -> 'postings'
                                    ELSE '[]' END) WITH ORDINALITY AS p(posting, n)
          WHERE p.posting ? 'amount' AND (p.posting ->> 'account_id')::uuid <> ALL ({HIDDEN})) AS o
$$
""",
}
# `note_private_names` is for the functions and triggers above it alone.
FOR_REQUESTS = tuple(name for name in FUNCTIONS if not name.startswith("note_private_names"))

TRIGGERS = {
    # What an event tells of a private account hides the event's entity from those who do not see the account.
    "note_private_events()": """
CREATE FUNCTION note_private_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    private record;
BEGIN
    FOR private IN
        SELECT DISTINCT v.book_id, v.account_id FROM account_viewers v
        WHERE v.book_id = ANY (ARRAY(SELECT DISTINCT n.book_id FROM fresh n))
    LOOP
        INSERT INTO private_entities (book_id, account_id, entity, entity_id)
        SELECT DISTINCT private.book_id, private.account_id, n.entity, n.entity_id
        FROM fresh n
        WHERE n.book_id = private.book_id AND n.entity NOT IN ('book', 'payee', 'tag', 'category')
          AND (strpos(concat(n.before, n.after), private.account_id::text) > 0
               OR EXISTS (SELECT FROM postings p
                          WHERE p.book_id = n.book_id AND p.transaction_id = n.entity_id
                            AND p.account_id = private.account_id)
               OR (n.entity IN ('import', 'import_rows') AND EXISTS (
                       SELECT FROM import_rows r
                       WHERE r.book_id = n.book_id AND r.import_id = n.entity_id
                         AND (r.account_id = private.account_id
                              OR strpos(r.document::text, private.account_id::text) > 0)))
               OR EXISTS (
                       SELECT FROM unnest(ARRAY['transaction_id', 'into_id', 'outgoing_id', 'incoming_id',
                                                'refund_of_id']) AS k
                       JOIN private_entities x ON x.book_id = n.book_id AND x.account_id = private.account_id
                           AND x.entity = 'transaction'
                           AND x.entity_id = (coalesce(n.after, n.before) ->> k)::uuid))
        ON CONFLICT DO NOTHING;
        -- A mapping that is offered again for the same header would offer the account.
        DELETE FROM import_mappings m
        WHERE m.book_id = private.book_id AND strpos(m.mapping::text, private.account_id::text) > 0
          AND EXISTS (SELECT FROM fresh n WHERE n.book_id = m.book_id AND n.entity = 'import');
        PERFORM note_private_names(private.book_id, private.account_id, ARRAY(
            SELECT x.entity_id FROM fresh n
            JOIN private_entities x ON x.book_id = n.book_id AND x.account_id = private.account_id
                AND x.entity = 'transaction' AND x.entity_id = n.entity_id
            WHERE n.book_id = private.book_id
            UNION
            SELECT t.id FROM fresh n
            JOIN private_entities x ON x.book_id = n.book_id AND x.account_id = private.account_id
                AND x.entity = 'import' AND x.entity_id = n.entity_id
            JOIN transactions t ON t.book_id = n.book_id AND t.import_id = n.entity_id
            WHERE n.book_id = private.book_id));
    END LOOP;
    RETURN NULL;
END
$$
""",
    # A row of a transaction that is partly hidden stays as it is: nothing is half changed.
    "refuse_private()": f"""
CREATE FUNCTION refuse_private() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    wanted uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.transaction_id ELSE OLD.transaction_id END;
BEGIN
    IF EXISTS (SELECT FROM postings p
               WHERE p.book_id = {BOOK} AND p.transaction_id = wanted AND p.account_id = ANY ({HIDDEN}))
       OR EXISTS (SELECT FROM transactions t JOIN postings p ON p.book_id = t.book_id
                      AND p.transaction_id = t.refund_of_id
                  WHERE t.book_id = {BOOK} AND t.id = wanted
                  GROUP BY t.id HAVING bool_and(p.account_id = ANY ({HIDDEN}))) THEN
        RAISE EXCEPTION 'a part of it is private' USING ERRCODE = '{REFUSED}';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$
""",
    # The id of a private account that was deleted is still one of its members'.
    "refuse_hidden_id()": f"""
CREATE FUNCTION refuse_hidden_id() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    IF NEW.id = ANY ({HIDDEN}) THEN
        RAISE EXCEPTION 'the id is taken' USING ERRCODE = 'unique_violation', CONSTRAINT = 'pk_accounts';
    END IF;
    RETURN NEW;
END
$$
""",
    # No account is left that nobody sees. Who leaves or is removed shares or deletes theirs first; only when a person
    # is deleted does what they alone saw go to the owners.
    "hand_over_private()": """
CREATE FUNCTION hand_over_private() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM books b WHERE b.id = OLD.book_id) THEN
        IF current_setting('app.deleted_person', true) IS DISTINCT FROM OLD.user_id::text
           AND holds_alone(OLD.book_id, OLD.user_id) THEN
            RAISE EXCEPTION 'nobody else sees an account'
                USING ERRCODE = 'check_violation', TABLE = 'book_members',
                      CONSTRAINT = 'ck_book_members_private_accounts';
        END IF;
        INSERT INTO account_viewers (book_id, account_id, user_id)
        SELECT v.book_id, v.account_id, m.user_id
        FROM account_viewers v
        JOIN book_members m ON m.book_id = v.book_id AND m.role = 'owner' AND m.user_id <> OLD.user_id
        WHERE v.book_id = OLD.book_id AND v.user_id = OLD.user_id
          AND NOT EXISTS (SELECT FROM account_viewers w
                          WHERE w.book_id = v.book_id AND w.account_id = v.account_id AND w.user_id <> OLD.user_id)
        ON CONFLICT DO NOTHING;
        DELETE FROM account_viewers v WHERE v.book_id = OLD.book_id AND v.user_id = OLD.user_id;
    END IF;
    RETURN NULL;
END
$$
""",
}
NOTE = """
    CREATE TRIGGER note_private_events AFTER INSERT ON events REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION note_private_events()
"""
HIDES = "current_setting('app.hidden_accounts', true) <> ''"
REFUSING = {
    "postings": "UPDATE OR DELETE",
    "transaction_tags": "INSERT OR UPDATE OR DELETE",
    "attachments": "INSERT OR UPDATE OR DELETE",
}

# The policies stand beside those of the book: a row must pass both.
POLICIES = {
    "accounts": OPEN_ACCOUNT.format(column="id"),
    "account_viewers": OPEN_ACCOUNT.format(column="account_id"),
    "private_entities": OPEN_ACCOUNT.format(column="account_id"),
    "postings": OPEN_ACCOUNT.format(column="account_id"),
    "monthly_totals": OPEN_ACCOUNT.format(column="account_id"),
    "reconciliations": OPEN_ACCOUNT.format(column="account_id"),
    "merged_transactions": f"{SEES_ALL} OR (account_id <> ALL ((SELECT {HIDDEN})::uuid[]) "
    "AND into_id NOT IN (SELECT hidden_transactions()))",
    "transactions": NOT_AMONG.format(column="id", hidden="touched_transactions()"),
    "transaction_tags": NOT_AMONG.format(column="transaction_id", hidden="touched_transactions()"),
    "attachments": NOT_AMONG.format(column="transaction_id", hidden="touched_transactions()"),
    "transfer_rejections": f"{SEES_ALL} OR (outgoing_id NOT IN (SELECT touched_transactions()) "
    "AND incoming_id NOT IN (SELECT touched_transactions()))",
    "payees": NOT_AMONG.format(column="id", hidden="hidden_payees()"),
    "payee_aliases": NOT_AMONG.format(column="payee_id", hidden="hidden_payees()"),
    "tags": NOT_AMONG.format(column="id", hidden="hidden_tags()"),
    "imports": NOT_AMONG.format(column="id", hidden="hidden_imports()"),
    "import_rows": NOT_AMONG.format(column="import_id", hidden="hidden_imports()"),
}
EVENT_POLICY = (
    f"{SEES_ALL} OR (entity_id NOT IN (SELECT hidden_entities()) AND (entity <> 'payee_alias' "
    "OR (coalesce(after, before) ->> 'payee_id')::uuid NOT IN (SELECT hidden_payees())))"
)

# Who does not see all has this schema before `public` in the path: the tables of these names, as they may be read.
# A transaction that is partly hidden, or a refund of a hidden one, shows its visible side and nothing else.
PARTLY_TRANSACTIONS = f"""
CREATE VIEW partly.transactions WITH (security_barrier) AS
SELECT t.book_id, t.id, t.type, t.date, t.account_id, t.amount, t.amount_key, t.payee_id, t.description, t.notes,
       t.status, t.external_id, t.original_amount, t.original_currency, t.import_id, t.revision, t.created_at,
       t.updated_at, t.refund_of_id, t.reconciliation_id, t.search
FROM public.transactions t
WHERE t.book_id = {BOOK} AND t.id NOT IN (SELECT touched_transactions())
UNION ALL
SELECT t.book_id, t.id, t.type, t.date, v.account_id, v.amount,
       least(round(v.amount * 10000), 9000000000000000000)::bigint,
       t.payee_id, NULL, NULL,
       CASE WHEN s.id IS NOT NULL THEN 'cleared' ELSE t.status END,
       CASE WHEN v.account_id = t.account_id THEN t.external_id END, NULL, NULL, NULL, t.revision, t.created_at,
       t.updated_at, NULL, CASE WHEN s.id IS NULL THEN t.reconciliation_id END, NULL
FROM (SELECT partial_transactions() AS id) AS x
JOIN public.transactions t ON t.book_id = {BOOK} AND t.id = x.id
LEFT JOIN public.reconciliations s
    ON s.book_id = t.book_id AND s.id = t.reconciliation_id AND s.account_id = ANY ({HIDDEN})
CROSS JOIN LATERAL (
    SELECT o.account_id,
           (SELECT abs(coalesce(sum(p.amount), 0)) FROM public.postings p
            WHERE p.book_id = t.book_id AND p.transaction_id = t.id AND p.account_id = o.account_id
              AND (t.type <> 'transfer' OR p.role = 'transfer')) AS amount
    FROM public.postings o
    WHERE o.book_id = t.book_id AND o.transaction_id = t.id AND o.account_id <> ALL ({HIDDEN})
    ORDER BY o.account_id = t.account_id DESC, o.line LIMIT 1
) AS v
"""
# What happened to such a transaction is told by its visible postings. A transaction, or an account, that came into
# sight or went out of it was made or deleted, as far as this member is concerned.
PARTLY_EVENTS = f"""
CREATE VIEW partly.events WITH (security_barrier) AS
SELECT e.book_id, e.revision, e.position, e.entity, e.entity_id, e.action, e.actor_id, e.before, e.after, e.at
FROM public.events e
WHERE e.book_id = {BOOK} AND ({EVENT_POLICY})
UNION ALL
SELECT e.book_id, e.revision, e.position, e.entity, e.entity_id,
       CASE WHEN b.image IS NULL THEN 'created' WHEN a.image IS NULL THEN 'deleted' ELSE e.action END,
       e.actor_id, b.image, a.image, e.at
FROM (SELECT DISTINCT x.entity_id AS id FROM public.private_entities x
      WHERE x.book_id = {BOOK} AND x.account_id = ANY ({HIDDEN}) AND x.entity = 'transaction') AS known
JOIN public.events e ON e.book_id = {BOOK} AND e.entity = 'transaction' AND e.entity_id = known.id
CROSS JOIN LATERAL visible_image(e.before) AS b(image)
CROSS JOIN LATERAL visible_image(e.after) AS a(image)
WHERE b.image IS NOT NULL OR a.image IS NOT NULL
UNION ALL
SELECT e.book_id, e.revision, e.position, e.entity, e.entity_id, 'deleted', e.actor_id, NULL, NULL, e.at
FROM unnest({HIDDEN}) AS h(id)
JOIN public.events e ON e.book_id = {BOOK} AND e.entity = 'account' AND e.entity_id = h.id
WHERE e.action = 'updated' AND jsonb_typeof(e.after -> 'visible_to') = 'array'
  AND NOT e.after -> 'visible_to' ? current_setting('app.user_id', true)
  AND (jsonb_typeof(e.before -> 'visible_to') IS DISTINCT FROM 'array'
       OR e.before -> 'visible_to' ? current_setting('app.user_id', true))
"""
VIEWS = (PARTLY_TRANSACTIONS, PARTLY_EVENTS)

# Each in the former function, and what stands there now. Texts are in the index whoever wrote them, so who does not
# see all has each row looked at instead.
SEARCHING = {
    "search_payees(text, boolean, integer)": (
        "AND search_adjacent(p.name, wanted, whole)",
        f"AND search_adjacent(p.name, wanted, whole) AND ({SEES_ALL} OR p.id NOT IN (SELECT hidden_payees()))",
    ),
    "search_transactions(text[], boolean[], boolean[], numeric[], text, text, uuid, integer)": (
        "    IF book IS NULL THEN",
        f"    IF {HIDES} THEN\n        RETURN NULL;\n    END IF;\n    IF book IS NULL THEN",
    ),
}


def upgrade() -> None:
    _tables()
    for function in (*FUNCTIONS.values(), *TRIGGERS.values()):
        op.execute(function)
    for name in (*FUNCTIONS, *TRIGGERS):
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    for name in FOR_REQUESTS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO finance_app")
    op.execute(NOTE)
    op.execute(
        "CREATE TRIGGER hand_over_private AFTER DELETE ON book_members "
        "FOR EACH ROW EXECUTE FUNCTION hand_over_private()"
    )
    op.execute(
        f"CREATE TRIGGER refuse_hidden_id BEFORE INSERT ON accounts FOR EACH ROW WHEN ({HIDES}) "
        "EXECUTE FUNCTION refuse_hidden_id()"
    )
    for table, acts in REFUSING.items():
        op.execute(
            f"CREATE TRIGGER refuse_private BEFORE {acts} ON {table} FOR EACH ROW WHEN ({HIDES}) "
            "EXECUTE FUNCTION refuse_private()"
        )
    for table, rule in POLICIES.items():
        op.execute(f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE USING ({rule})")
    op.execute(f"CREATE POLICY seen_by_member ON events AS RESTRICTIVE FOR SELECT USING ({EVENT_POLICY})")
    op.execute("CREATE SCHEMA partly")
    op.execute("GRANT USAGE ON SCHEMA partly TO finance_app")
    for view in VIEWS:
        op.execute(view)
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA partly TO finance_app")
    for name, (former, present) in SEARCHING.items():
        _rewrite(name, former, present)
    _open_request(OPEN_REQUEST.format(**HIDING))


def _tables() -> None:
    # Neither follows its accounts: what is deleted stays hidden in the log, and is private again when it is back.
    op.execute(
        """
        CREATE TABLE account_viewers (
            book_id uuid NOT NULL
                CONSTRAINT fk_account_viewers_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            account_id uuid NOT NULL,
            user_id uuid NOT NULL,
            CONSTRAINT pk_account_viewers PRIMARY KEY (book_id, account_id, user_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE private_entities (
            book_id uuid NOT NULL
                CONSTRAINT fk_private_entities_book_id_books REFERENCES books (id) ON DELETE CASCADE,
            account_id uuid NOT NULL,
            entity text NOT NULL,
            entity_id uuid NOT NULL,
            CONSTRAINT pk_private_entities PRIMARY KEY (book_id, account_id, entity, entity_id)
        )
        """
    )
    for table in ("account_viewers", "private_entities"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON account_viewers TO finance_app")
    op.execute("GRANT SELECT ON private_entities TO finance_app")


def _open_request(statement: str) -> None:
    name = "open_request(uuid, uuid, bytea, uuid, text)"
    op.execute(f"DROP FUNCTION {name}")
    op.execute(statement)
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO finance_app")


def _rewrite(name: str, former: str, present: str) -> None:
    """Put one text in the place of another in a function, and keep the rest of it."""
    definition = op.get_bind().exec_driver_sql(f"SELECT pg_get_functiondef('{name}'::regprocedure)").scalar_one()
    if definition.count(former) != 1:
        raise LookupError(f"{name} is not as this migration knows it")
    op.get_bind().exec_driver_sql(definition.replace(former, present))


def downgrade() -> None:
    _open_request(OPEN_REQUEST.format(column="", value="", setting="", checked=""))
    for name, (former, present) in SEARCHING.items():
        _rewrite(name, present, former)
    op.execute("DROP SCHEMA partly CASCADE")
    for table in (*POLICIES, "events"):
        op.execute(f"DROP POLICY seen_by_member ON {table}")
    for table in REFUSING:
        op.execute(f"DROP TRIGGER refuse_private ON {table}")
    op.execute("DROP TRIGGER refuse_hidden_id ON accounts")
    op.execute("DROP TRIGGER hand_over_private ON book_members")
    op.execute("DROP TRIGGER note_private_events ON events")
    for name in (*TRIGGERS, *FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    # Without the table nothing says whose they were: what was private is everybody's.
    op.execute("DROP TABLE private_entities")
    op.execute("DROP TABLE account_viewers")
