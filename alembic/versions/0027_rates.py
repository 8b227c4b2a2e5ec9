"""Exchange rates: those of providers for everybody, a book's own, and the one function that says what a rate is.

With them come currencies of the server's own, what is to be valued again where a rate changed, and the change of a
book's base currency.
"""

# ruff: noqa: S608  # constants of this module alone
import csv
from pathlib import Path

import sqlalchemy as sa

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OF_BOOK = ("book_rates", "revaluations", "base_currency_changes")
BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"

# Name, what it allows, whether a personal token may have it.
PERMISSIONS = (
    ("rates:read", "Read exchange rates.", True),
    ("rates:write", "Set and load the exchange rates of a book.", True),
)
ADMIN_PERMISSIONS = (("currencies:write", "Add currencies of the server's own, change and remove them.", False),)

# Beside those of ISO 4217, which are there: with the decimals that each one's smallest unit has, 18 at most.
CRYPTO = Path(__file__).resolve().parents[1] / "data" / "crypto_currencies.csv"

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
            UNION ALL SELECT r.base, 4 FROM book_rates r WHERE r.book_id = own AND r.quote = p_from
            UNION ALL SELECT r.base, 4 FROM book_rates r WHERE r.book_id = own AND r.quote = p_to
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

# The currencies are everybody's, and the role of requests cannot write them: these do it for who may.
_MAY_WRITE = "current_setting('app.permission', true) IS DISTINCT FROM 'currencies:write'"
ADD_CURRENCY = f"""
CREATE FUNCTION add_currency(p_code text, p_name text, p_exponent smallint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF {_MAY_WRITE} THEN
        RETURN false;
    END IF;
    INSERT INTO currencies (code, name, exponent, kind) VALUES (p_code, p_name, p_exponent, 'custom')
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$
"""
# What refers to a currency keeps it: the foreign keys know of every use, so removing it is how to ask.
CHANGE_CURRENCY = f"""
CREATE FUNCTION change_currency(p_code text, p_name text, p_exponent smallint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    former smallint;
BEGIN
    IF {_MAY_WRITE} THEN
        RETURN 'refused';
    END IF;
    SELECT c.exponent INTO former FROM currencies c WHERE c.code = p_code AND c.kind = 'custom' FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'missing';
    END IF;
    IF former <> p_exponent THEN
        BEGIN
            DELETE FROM currencies WHERE code = p_code;
            RAISE EXCEPTION USING ERRCODE = 'FT001';
        EXCEPTION
            WHEN foreign_key_violation THEN
                RETURN 'in_use';
            WHEN SQLSTATE 'FT001' THEN  -- nothing refers to it; it is there again
                NULL;
        END;
    END IF;
    UPDATE currencies SET name = p_name, exponent = p_exponent WHERE code = p_code;
    RETURN 'done';
END
$$
"""
REMOVE_CURRENCY = f"""
CREATE FUNCTION remove_currency(p_code text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF {_MAY_WRITE} THEN
        RETURN 'refused';
    END IF;
    DELETE FROM currencies WHERE code = p_code AND kind = 'custom';
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'missing' END;
EXCEPTION WHEN foreign_key_violation THEN
    RETURN 'in_use';
END
$$
"""

# Which currencies providers are asked for, and from which day on: those of books with more than one currency.
CURRENCIES_IN_USE = """
CREATE FUNCTION currencies_in_use() RETURNS TABLE (code text, since date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH held AS (
        SELECT a.book_id, a.currency, b.base_currency, least(
                   (SELECT min(m.month) FROM monthly_totals m WHERE m.book_id = a.book_id AND m.account_id = a.id),
                   (SELECT min(least(t.date, t.acquired_on)) FROM trades t
                    WHERE t.book_id = a.book_id AND (t.account_id = a.id OR t.to_account_id = a.id))
               ) AS since
        FROM accounts a JOIN books b ON b.id = a.book_id
        WHERE a.currency <> b.base_currency
        UNION ALL
        SELECT s.book_id, s.currency, b.base_currency,
               (SELECT min(least(t.date, t.acquired_on)) FROM trades t
                WHERE t.book_id = s.book_id AND (t.asset_id = s.id OR t.to_asset_id = s.id))
        FROM assets s JOIN books b ON b.id = s.book_id
        WHERE s.currency <> b.base_currency
    )
    SELECT x.code, min(x.since)
    FROM (SELECT h.currency AS code, h.since FROM held h UNION ALL SELECT h.base_currency, h.since FROM held h) AS x
    GROUP BY x.code;
END
$$
"""

# A rate that comes, changes or goes, another window, a period that is opened again: the days of the book that it may
# concern are noted, and a job is put into the queue that values them anew, in the transaction of the cause.
WANT_REVALUATION = """
CREATE FUNCTION want_revaluation(p_book uuid, p_first date, p_last date) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO revaluations AS r (book_id, first_day, last_day) VALUES (p_book, p_first, p_last)
    ON CONFLICT ON CONSTRAINT pk_revaluations
    DO UPDATE SET first_day = least(r.first_day, p_first), last_day = greatest(r.last_day, p_last);
    PERFORM defer_job('rates.revalue', jsonb_build_object('book_id', p_book), 'rates.revalue:' || p_book, NULL);
END
$$
"""
BOOK_RATES_CHANGED = """
CREATE FUNCTION book_rates_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM want_revaluation(c.book_id, min(c.date), max(c.date) + b.rate_window_days)
    FROM changed c JOIN books b ON b.id = c.book_id
    WHERE EXISTS (SELECT FROM accounts a WHERE a.book_id = b.id AND a.currency <> b.base_currency)
    GROUP BY c.book_id, b.rate_window_days;
    RETURN NULL;
END
$$
"""
EXCHANGE_RATES_CHANGED = """
CREATE FUNCTION exchange_rates_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM want_revaluation(f.id, f.first, f.last)
    FROM (
        SELECT DISTINCT b.id, c.first, c.last + b.rate_window_days AS last
        FROM (
            SELECT min(r.date) AS first, max(r.date) AS last, array_agg(DISTINCT r.base) || array_agg(DISTINCT r.quote)
                   AS codes
            FROM changed r
        ) AS c
        JOIN accounts a ON true
        JOIN books b ON b.id = a.book_id
        WHERE a.currency <> b.base_currency AND (a.currency = ANY (c.codes) OR b.base_currency = ANY (c.codes))
        ORDER BY b.id
    ) AS f;
    RETURN NULL;
END
$$
"""
BOOKS_CHANGED = """
CREATE FUNCTION rates_of_book_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM accounts a WHERE a.book_id = new.id AND a.currency <> new.base_currency) THEN
        RETURN NULL;
    END IF;
    IF old.rate_window_days <> new.rate_window_days THEN
        PERFORM want_revaluation(new.id, date '0001-01-01', date '9999-12-31');
    ELSIF old.locked_until > coalesce(new.locked_until, date '0001-01-01') THEN
        PERFORM want_revaluation(new.id, coalesce(new.locked_until + 1, date '0001-01-01'), old.locked_until);
    END IF;
    RETURN NULL;
END
$$
"""
INTERNAL = {
    "want_revaluation(uuid, date, date)": WANT_REVALUATION,
    "book_rates_changed()": BOOK_RATES_CHANGED,
    "exchange_rates_changed()": EXCHANGE_RATES_CHANGED,
    "rates_of_book_changed()": BOOKS_CHANGED,
}
_EXECUTE = "EXECUTE FUNCTION"
_CHANGED = f"REFERENCING {{which}} TABLE AS changed FOR EACH STATEMENT {_EXECUTE}"
_NEW, _OLD = _CHANGED.format(which="NEW"), _CHANGED.format(which="OLD")
_OF_BOOK = f"AFTER UPDATE OF rate_window_days, locked_until ON books FOR EACH ROW {_EXECUTE} rates_of_book_changed()"
TRIGGERS = (
    f"CREATE TRIGGER rates_inserted AFTER INSERT ON book_rates {_NEW} book_rates_changed()",
    f"CREATE TRIGGER rates_before AFTER UPDATE ON book_rates {_OLD} book_rates_changed()",
    f"CREATE TRIGGER rates_after AFTER UPDATE ON book_rates {_NEW} book_rates_changed()",
    f"CREATE TRIGGER rates_deleted AFTER DELETE ON book_rates {_OLD} book_rates_changed()",
    f"CREATE TRIGGER rates_inserted AFTER INSERT ON exchange_rates {_NEW} exchange_rates_changed()",
    f"CREATE TRIGGER rates_after AFTER UPDATE ON exchange_rates {_NEW} exchange_rates_changed()",
    f"CREATE TRIGGER rates_of_book {_OF_BOOK}",
)

# How asking a provider went the last time, for those who look after the server.
NOTE_FETCH = """
CREATE FUNCTION note_rate_fetch(p_provider text, p_at timestamptz, p_status text, p_detail text, p_stored bigint,
                                p_kept_out jsonb, p_history_of text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO rate_fetches AS f (provider, fetched_at, status, detail, stored, kept_out, history_of)
    VALUES (p_provider, p_at, p_status, p_detail, p_stored, p_kept_out, p_history_of)
    ON CONFLICT ON CONSTRAINT pk_rate_fetches
    DO UPDATE SET fetched_at = p_at, status = p_status, detail = p_detail, stored = p_stored, kept_out = p_kept_out,
                  history_of = ARRAY(SELECT DISTINCT unnest(f.history_of || p_history_of) ORDER BY 1)
$$
"""

FUNCTIONS = {
    "note_rate_fetch(text, timestamptz, text, text, bigint, jsonb, text[])": NOTE_FETCH,
    "add_currency(text, text, smallint)": ADD_CURRENCY,
    "change_currency(text, text, smallint)": CHANGE_CURRENCY,
    "remove_currency(text)": REMOVE_CURRENCY,
    "currencies_in_use()": CURRENCIES_IN_USE,
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
    op.execute("CREATE INDEX ix_book_rates_revision ON book_rates (book_id, revision, id)")
    # `history_of`: the currencies whose whole history was asked for, with the day from which on it was needed.
    op.execute(
        """
        CREATE TABLE rate_fetches (
            provider text NOT NULL CONSTRAINT pk_rate_fetches PRIMARY KEY,
            fetched_at timestamptz NOT NULL,
            status text NOT NULL CONSTRAINT ck_rate_fetches_status CHECK (status IN ('succeeded', 'failed')),
            detail text,
            stored bigint NOT NULL DEFAULT 0,
            kept_out jsonb NOT NULL DEFAULT '[]',
            history_of text[] NOT NULL DEFAULT '{}'
        )
        """
    )
    op.execute("GRANT SELECT ON rate_fetches TO finance_app")
    # The days of a book whose amounts in the base currency may not be those of the rates that are known.
    op.execute(
        """
        CREATE TABLE revaluations (
            book_id uuid NOT NULL CONSTRAINT fk_revaluations_book_id_books REFERENCES books ON DELETE CASCADE,
            first_day date NOT NULL,
            last_day date NOT NULL,
            CONSTRAINT pk_revaluations PRIMARY KEY (book_id)
        )
        """
    )
    # `done` of `total` months: how many postings there are would tell of private accounts.
    op.execute(
        """
        CREATE TABLE base_currency_changes (
            book_id uuid NOT NULL CONSTRAINT fk_base_currency_changes_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            from_currency text NOT NULL CONSTRAINT fk_base_currency_changes_from REFERENCES currencies,
            to_currency text NOT NULL CONSTRAINT fk_base_currency_changes_to REFERENCES currencies,
            convert_budgets boolean NOT NULL DEFAULT false,
            status text NOT NULL DEFAULT 'queued' CONSTRAINT ck_base_currency_changes_status
                CHECK (status IN ('queued', 'running', 'done', 'failed')),
            done bigint NOT NULL DEFAULT 0,
            total bigint NOT NULL DEFAULT 0,
            reason text,
            requested_by uuid,
            created_at timestamptz NOT NULL DEFAULT now(),
            finished_at timestamptz,
            CONSTRAINT pk_base_currency_changes PRIMARY KEY (book_id, id)
        )
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_base_currency_changes_open ON base_currency_changes (book_id) "
        "WHERE status IN ('queued', 'running')"
    )
    for table in OF_BOOK:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    with CRYPTO.open(encoding="utf-8", newline="") as file:
        rows = [{**row, "exponent": int(row["exponent"])} for row in csv.DictReader(file)]
    # One that was in use stayed when this was taken back before.
    add = sa.text(
        "INSERT INTO currencies (code, name, exponent, kind) VALUES (:code, :name, :exponent, :kind) "
        "ON CONFLICT (code) DO UPDATE SET kind = excluded.kind"
    )
    op.get_bind().execute(add, rows)
    op.execute(LATEST_RATE)
    op.execute("REVOKE ALL ON FUNCTION latest_rate(uuid, text, text, date, date) FROM PUBLIC")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")
    for signature, statement in INTERNAL.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    for trigger in TRIGGERS:
        op.execute(trigger)
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
    op.execute("DROP TRIGGER rates_of_book ON books")
    for table in (*OF_BOOK, "exchange_rates", "rate_fetches"):
        op.execute(f"DROP TABLE {table}")
    for signature in (*FUNCTIONS, *INTERNAL):
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP FUNCTION latest_rate(uuid, text, text, date, date)")
    # A currency that somebody uses stays, as one of the server's own.
    op.execute(
        """
        DO $$
        DECLARE
            wanted text;
        BEGIN
            FOR wanted IN SELECT code FROM currencies WHERE kind = 'crypto' AND code NOT IN ('BTC', 'ETH') LOOP
                BEGIN
                    DELETE FROM currencies WHERE code = wanted;
                EXCEPTION WHEN foreign_key_violation THEN
                    UPDATE currencies SET kind = 'custom' WHERE code = wanted;
                END;
            END LOOP;
        END $$
        """
    )
    op.execute("ALTER TABLE books DROP COLUMN rate_window_days")
