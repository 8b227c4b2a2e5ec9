"""Totals by payee in currencies that reports are asked for in, kept once computed for as long as they hold."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"
SPAN = """
            span text NOT NULL CONSTRAINT ck_{table}_span CHECK (span IN ('third', 'month')),
            first_day date NOT NULL CONSTRAINT ck_{table}_first_day CHECK (
                extract(day FROM first_day) = 1 OR (span = 'third' AND extract(day FROM first_day) IN (11, 21))
            )"""
OF_CURRENCY = """
            CONSTRAINT fk_{table}_currency FOREIGN KEY (book_id, currency)
                REFERENCES converted_currencies (book_id, currency) ON DELETE CASCADE"""
# No foreign key to the currencies: what a report was asked for in does not keep a currency from being removed. Sums of
# one that nothing else uses have no rate, whatever its decimals.
TABLES = {
    "converted_currencies": """
        CREATE TABLE converted_currencies (
            book_id uuid NOT NULL CONSTRAINT fk_converted_currencies_book REFERENCES books (id) ON DELETE CASCADE,
            currency text NOT NULL,
            asked_on date NOT NULL,
            first_day date,
            last_day date,
            CONSTRAINT pk_converted_currencies PRIMARY KEY (book_id, currency)
        )
    """,
    "converted_spans": f"""
        CREATE TABLE converted_spans (
            book_id uuid NOT NULL,
            currency text NOT NULL,{SPAN.format(table="converted_spans")},
            CONSTRAINT pk_converted_spans PRIMARY KEY (book_id, currency, span, first_day),{
        OF_CURRENCY.format(table="converted_spans")
    }
        )
    """,
    "converted_payee_totals": f"""
        CREATE TABLE converted_payee_totals (
            book_id uuid NOT NULL,
            currency text NOT NULL,{SPAN.format(table="converted_payee_totals")},
            payee_id uuid,
            account_id uuid NOT NULL,
            side text NOT NULL CONSTRAINT ck_converted_payee_totals_side CHECK (side IN ('income', 'expense')),
            inflow numeric NOT NULL,
            outflow numeric NOT NULL,
            unconverted_inflow numeric NOT NULL,
            unconverted_outflow numeric NOT NULL,
            count bigint NOT NULL,
            counted bigint NOT NULL,
            CONSTRAINT uq_converted_payee_totals_key
                UNIQUE NULLS NOT DISTINCT (book_id, currency, span, first_day, payee_id, account_id, side),
            CONSTRAINT fk_converted_payee_totals_payee FOREIGN KEY (book_id, payee_id)
                REFERENCES payees (book_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_converted_payee_totals_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE CASCADE,{OF_CURRENCY.format(table="converted_payee_totals")}
        )
    """,
}
INDEXES = {
    "ix_converted_payee_totals_payee": "converted_payee_totals (book_id, payee_id)",
    "ix_converted_payee_totals_account": "converted_payee_totals (book_id, account_id)",
}

# A rate of a provider concerns the days up to which it counts, whatever its pair: others are made through it. A rate of
# the book may open a way between two currencies on any day, and so may another window or base currency. Who computes
# sums holds the book, in which nobody sets a rate then, and shares this lock: else what was read before a provider's
# rate came could be kept after it.
TURN = "PERFORM pg_advisory_xact_lock(hashtext('converted_spans'));"
LAST_DAY = """
    CASE WHEN s.span = 'month' OR extract(day FROM s.first_day) = 21
         THEN (date_trunc('month', s.first_day::timestamp) + interval '1 month')::date - 1 ELSE s.first_day + 9 END
"""
FUNCTIONS = {
    "exchange_rates_concern_sums": f"""
        IF EXISTS (SELECT FROM changed) THEN
            {TURN}
            DELETE FROM converted_spans s USING books b, (SELECT min(date) AS first, max(date) AS last FROM changed) c
            WHERE b.id = s.book_id AND {LAST_DAY} >= c.first AND s.first_day <= c.last + b.rate_window_days;
        END IF;
    """,
    "book_rates_concern_sums": """
        DELETE FROM converted_spans s WHERE s.book_id IN (SELECT c.book_id FROM changed c);
    """,
    "books_concern_sums": """
        DELETE FROM converted_spans s WHERE s.book_id = new.id;
    """,
}
OCCASIONS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
TRIGGER = "CREATE TRIGGER {name} AFTER {occasion} ON {table} {each} EXECUTE FUNCTION {table}_concern_sums()"
EACH_BOOK = """
    FOR EACH ROW WHEN (old.rate_window_days <> new.rate_window_days OR old.base_currency <> new.base_currency)
"""
TRIGGERS = {
    (f"sums_{occasion.lower()}", table): TRIGGER.format(
        name=f"sums_{occasion.lower()}",
        occasion=occasion,
        table=table,
        each=f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT",
    )
    for table in ("exchange_rates", "book_rates")
    for occasion, rows in OCCASIONS.items()
} | {
    ("sums_of_book", "books"): TRIGGER.format(
        name="sums_of_book", occasion="UPDATE OF rate_window_days, base_currency", table="books", each=EACH_BOOK
    )
}
# Who may call it may not name a day that makes it forget what somebody just asked for.
FORGET = """
CREATE FUNCTION forget_converted(p_before date) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH gone AS (
        DELETE FROM converted_currencies c WHERE c.asked_on < least(p_before, current_date - 30) RETURNING 1
    )
    SELECT count(*) FROM gone
$$
"""


def upgrade() -> None:
    for table, statement in TABLES.items():
        op.execute(statement)
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    op.execute(
        "CREATE POLICY seen_by_member ON converted_payee_totals AS RESTRICTIVE "
        f"USING ({SEES_ALL} OR account_id <> ALL ((SELECT {HIDDEN})::uuid[]))"
    )
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")
    for name, body in FUNCTIONS.items():
        op.execute(
            f"""
            CREATE FUNCTION {name}() RETURNS trigger
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
            AS $$ BEGIN {body} RETURN NULL; END $$
            """
        )
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
    for statement in TRIGGERS.values():
        op.execute(statement)
    op.execute(FORGET)
    op.execute("REVOKE ALL ON FUNCTION forget_converted(date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_converted(date) TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_converted(date)")
    for name, table in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
