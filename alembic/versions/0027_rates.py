"""Exchange rates: those of providers for everybody, a book's own, and the one function that says what a rate is."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"

# Name, what it allows, whether a personal token may have it.
PERMISSIONS = (
    ("rates:read", "Read exchange rates.", True),
    ("rates:write", "Set and load the exchange rates of a book.", True),
)
ADMIN_PERMISSIONS = (("currencies:write", "Add currencies of the server's own, change and remove them.", False),)

# The newest of what is known of a pair: the book's own word goes before a provider's of the same day, and a rate as it
# was quoted before its inverse.
LATEST_RATE = """
CREATE FUNCTION latest_rate(p_book uuid, p_from text, p_to text, p_first date, p_last date,
                            OUT rate numeric, OUT rated_on date, OUT source text)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    SELECT found.rate, found.date, found.source
    FROM (
        (SELECT r.rate, r.date, r.source, 1 AS rank FROM book_rates r
         WHERE r.book_id = p_book AND r.base = p_from AND r.quote = p_to AND r.date BETWEEN p_first AND p_last
         ORDER BY r.date DESC LIMIT 1)
        UNION ALL
        (SELECT 1 / r.rate, r.date, r.source, 2 FROM book_rates r
         WHERE r.book_id = p_book AND r.base = p_to AND r.quote = p_from AND r.date BETWEEN p_first AND p_last
         ORDER BY r.date DESC LIMIT 1)
        UNION ALL
        (SELECT r.rate, r.date, r.source, 3 FROM exchange_rates r
         WHERE r.base = p_from AND r.quote = p_to AND r.date BETWEEN p_first AND p_last
         ORDER BY r.date DESC LIMIT 1)
        UNION ALL
        (SELECT 1 / r.rate, r.date, r.source, 4 FROM exchange_rates r
         WHERE r.base = p_to AND r.quote = p_from AND r.date BETWEEN p_first AND p_last
         ORDER BY r.date DESC LIMIT 1)
    ) AS found
    ORDER BY found.date DESC, found.rank
    LIMIT 1
$$
"""

# Directly, or through the first currency that both have a rate with; nothing where there is none in the book's window.
RATE_FOUND = f"""
CREATE FUNCTION rate_found(p_from text, p_to text, p_day date,
                           OUT rate numeric, OUT rated_on date, OUT source text, OUT via text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    own uuid := {BOOK};
    earliest date;
    hub text;
    there record;
    onward record;
BEGIN
    IF p_from = p_to THEN
        rate := 1;
        rated_on := p_day;
        source := 'same';
        RETURN;
    END IF;
    SELECT p_day - b.rate_window_days INTO earliest FROM books b WHERE b.id = own;
    IF earliest IS NULL THEN
        RETURN;
    END IF;
    SELECT l.rate, l.rated_on, l.source INTO there FROM latest_rate(own, p_from, p_to, earliest, p_day) l;
    IF there.rate IS NOT NULL THEN
        rate := there.rate;
        rated_on := there.rated_on;
        source := there.source;
        RETURN;
    END IF;
    FOR hub IN
        SELECT h.code FROM (
            SELECT 'EUR' AS code, 1 AS place
            UNION ALL SELECT 'USD', 2
            UNION ALL SELECT b.base_currency, 3 FROM books b WHERE b.id = own
            UNION ALL SELECT r.quote, 4 FROM book_rates r WHERE r.book_id = own AND r.base = p_from
            UNION ALL SELECT r.quote, 4 FROM book_rates r WHERE r.book_id = own AND r.base = p_to
        ) AS h
        WHERE h.code NOT IN (p_from, p_to)
        GROUP BY h.code ORDER BY min(h.place), h.code
    LOOP
        SELECT l.rate, l.rated_on, l.source INTO there FROM latest_rate(own, p_from, hub, earliest, p_day) l;
        CONTINUE WHEN there.rate IS NULL;
        SELECT l.rate, l.rated_on, l.source INTO onward FROM latest_rate(own, hub, p_to, earliest, p_day) l;
        CONTINUE WHEN onward.rate IS NULL;
        rate := there.rate * onward.rate;
        rated_on := least(there.rated_on, onward.rated_on);
        source := CASE WHEN there.source = onward.source THEN there.source
                       ELSE there.source || ', ' || onward.source END;
        via := hub;
        RETURN;
    END LOOP;
END
$$
"""

RATE_AT = """
CREATE FUNCTION rate_at(p_from text, p_to text, p_day date) RETURNS numeric
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT r.rate FROM rate_found(p_from, p_to, p_day) r $$
"""

# What a provider says is everybody's; a request cannot write the table, and says through this which days changed.
STORE_RATES = """
CREATE FUNCTION store_exchange_rates(p_source text, p_rates jsonb)
RETURNS TABLE (base text, quote text, first_day date, last_day date, stored bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH changed AS (
        INSERT INTO exchange_rates AS e (base, quote, date, rate, source)
        SELECT DISTINCT ON (r.base, r.quote, r.date) r.base, r.quote, r.date, r.rate, p_source
        FROM jsonb_to_recordset(p_rates) AS r(base text, quote text, date date, rate numeric)
        JOIN currencies b ON b.code = r.base
        JOIN currencies q ON q.code = r.quote
        ORDER BY r.base, r.quote, r.date
        ON CONFLICT ON CONSTRAINT pk_exchange_rates
        DO UPDATE SET rate = excluded.rate, source = excluded.source, stored_at = now()
        WHERE e.rate <> excluded.rate
        RETURNING e.base, e.quote, e.date
    )
    SELECT c.base, c.quote, min(c.date), max(c.date), count(*) FROM changed c GROUP BY c.base, c.quote
$$
"""
FUNCTIONS = {
    "rate_found(text, text, date)": RATE_FOUND,
    "rate_at(text, text, date)": RATE_AT,
    "store_exchange_rates(text, jsonb)": STORE_RATES,
}


def upgrade() -> None:
    op.execute(
        "ALTER TABLE books ADD COLUMN rate_window_days integer NOT NULL DEFAULT 7 "
        "CONSTRAINT ck_books_rate_window_days CHECK (rate_window_days BETWEEN 0 AND 366)"
    )
    op.execute(
        """
        CREATE TABLE exchange_rates (
            base text NOT NULL CONSTRAINT fk_exchange_rates_base_currencies REFERENCES currencies,
            quote text NOT NULL CONSTRAINT fk_exchange_rates_quote_currencies REFERENCES currencies,
            date date NOT NULL,
            rate numeric NOT NULL CONSTRAINT ck_exchange_rates_rate CHECK (rate > 0),
            source text NOT NULL,
            stored_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_exchange_rates PRIMARY KEY (base, quote, date),
            CONSTRAINT ck_exchange_rates_pair CHECK (base <> quote)
        )
        """
    )
    op.execute("GRANT SELECT ON exchange_rates TO finance_app")
    op.execute(
        """
        CREATE TABLE book_rates (
            book_id uuid NOT NULL CONSTRAINT fk_book_rates_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            base text NOT NULL CONSTRAINT fk_book_rates_base_currencies REFERENCES currencies,
            quote text NOT NULL CONSTRAINT fk_book_rates_quote_currencies REFERENCES currencies,
            date date NOT NULL,
            rate numeric NOT NULL CONSTRAINT ck_book_rates_rate CHECK (rate > 0),
            source text NOT NULL CONSTRAINT ck_book_rates_source CHECK (source IN ('manual', 'csv')),
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_book_rates PRIMARY KEY (book_id, id),
            CONSTRAINT uq_book_rates_day UNIQUE (book_id, base, quote, date),
            CONSTRAINT ck_book_rates_pair CHECK (base <> quote)
        )
        """
    )
    op.execute("ALTER TABLE book_rates ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY book_of_request ON book_rates USING (book_id = {BOOK})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON book_rates TO finance_app")
    op.execute(LATEST_RATE)
    op.execute("REVOKE ALL ON FUNCTION latest_rate(uuid, text, text, date, date) FROM PUBLIC")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")
    for permissions, roles in (
        (PERMISSIONS, ("user", "moderator", "admin")),
        (ADMIN_PERMISSIONS, ("admin",)),
    ):
        for name, description, grantable in permissions:
            text = description.replace("'", "''")
            op.execute(
                f"INSERT INTO permissions (name, description, grantable) VALUES ('{name}', '{text}', {grantable})"
            )
            for role in roles:
                op.execute(f"INSERT INTO role_permissions (role, permission) VALUES ('{role}', '{name}')")


def downgrade() -> None:
    for name, *_ in (*PERMISSIONS, *ADMIN_PERMISSIONS):
        op.execute(f"DELETE FROM permissions WHERE name = '{name}'")
        op.execute(f"DELETE FROM personal_tokens WHERE scopes = ARRAY['{name}']")  # a token needs one
        op.execute(f"UPDATE personal_tokens SET scopes = array_remove(scopes, '{name}')")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP FUNCTION latest_rate(uuid, text, text, date, date)")
    op.execute("DROP TABLE book_rates")
    op.execute("DROP TABLE exchange_rates")
    op.execute("ALTER TABLE books DROP COLUMN rate_window_days")
