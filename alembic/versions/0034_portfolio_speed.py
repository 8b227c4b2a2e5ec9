"""Rates of a currency over many days at once, and how often quotes and rates have changed.

`rates_over` says for each day what `rate_found` says, and reads each series once. The versions are what an answer that
is kept is kept by: a quote or a rate that comes makes another of it, in the transaction that brings it.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"

# As `latest_rate`, for each of many days: a day takes the newest rate up to it, and of one day the first in rank. The
# rates and the days are laid in one row; `place` counts the rates up to each.
LATEST_RATES = """
CREATE FUNCTION latest_rates(p_book uuid, p_from text, p_to text, p_days date[], p_window integer)
RETURNS TABLE (day date, rate numeric)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
    WITH span AS (SELECT min(d) - p_window AS first, max(d) AS last FROM unnest(p_days) AS d),
    known AS (
        SELECT DISTINCT ON (r.date) r.date, r.rate
        FROM span s
        CROSS JOIN LATERAL (
            SELECT b.date, b.rate, 1 AS rank FROM book_rates b
            WHERE b.book_id = p_book AND b.base = p_from AND b.quote = p_to AND b.date BETWEEN s.first AND s.last
            UNION ALL
            SELECT b.date, 1 / b.rate, 2 FROM book_rates b
            WHERE b.book_id = p_book AND b.base = p_to AND b.quote = p_from AND b.date BETWEEN s.first AND s.last
            UNION ALL
            SELECT e.date, e.rate, 3 FROM exchange_rates e
            WHERE e.base = p_from AND e.quote = p_to AND e.date BETWEEN s.first AND s.last
            UNION ALL
            SELECT e.date, 1 / e.rate, 4 FROM exchange_rates e
            WHERE e.base = p_to AND e.quote = p_from AND e.date BETWEEN s.first AND s.last
        ) AS r
        ORDER BY r.date, r.rank
    ),
    row_of AS (
        SELECT m.date, m.rate, m.asked, count(m.rate) OVER (ORDER BY m.date, m.asked) AS place
        FROM (
            SELECT k.date, k.rate, false AS asked FROM known k
            UNION ALL
            SELECT DISTINCT d, CAST(NULL AS numeric), true FROM unnest(p_days) AS d
        ) AS m
    ),
    filled AS (
        SELECT f.date, f.asked, first_value(f.rate) OVER own AS rate, first_value(f.date) OVER own AS rated_on
        FROM row_of f
        WINDOW own AS (PARTITION BY f.place ORDER BY f.date, f.asked)
    )
    SELECT f.date, f.rate FROM filled f
    WHERE f.asked AND f.rate IS NOT NULL AND f.date - f.rated_on <= p_window
$$
"""

# As `rate_found`: directly, or through the first currency that both have a rate with that day. A day without is none.
RATES_OVER = f"""
CREATE FUNCTION rates_over(p_from text, p_to text, p_days date[]) RETURNS TABLE (day date, rate numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    own uuid := {BOOK};
    reach integer;
    hub text;
    wanted date[] := p_days;
    days date[];
    rates numeric[];
BEGIN
    IF p_from = p_to THEN
        RETURN QUERY SELECT DISTINCT d, 1::numeric FROM unnest(p_days) AS d;
        RETURN;
    END IF;
    SELECT b.rate_window_days INTO reach FROM books b WHERE b.id = own;
    IF reach IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(l.day), array_agg(l.rate) INTO days, rates FROM latest_rates(own, p_from, p_to, wanted, reach) l;
    RETURN QUERY SELECT * FROM unnest(days, rates);
    wanted := ARRAY(SELECT unnest(wanted) EXCEPT SELECT unnest(days));
    IF wanted = '{{}}' THEN
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
        SELECT array_agg(t.day), array_agg(t.rate * o.rate) INTO days, rates
        FROM latest_rates(own, p_from, hub, wanted, reach) t
        JOIN latest_rates(own, hub, p_to, wanted, reach) o ON o.day = t.day;
        RETURN QUERY SELECT * FROM unnest(days, rates);
        wanted := ARRAY(SELECT unnest(wanted) EXCEPT SELECT unnest(days));
        EXIT WHEN wanted = '{{}}';
    END LOOP;
END
$$
"""  # noqa: S608  # constants of this module alone

TABLES = {
    "quote_versions": """
        CREATE TABLE quote_versions (
            provider text NOT NULL,
            symbol text NOT NULL,
            version bigint NOT NULL,
            CONSTRAINT pk_quote_versions PRIMARY KEY (provider, symbol)
        )
    """,
    "rate_versions": """
        CREATE TABLE rate_versions (
            base text NOT NULL,
            quote text NOT NULL,
            version bigint NOT NULL,
            CONSTRAINT pk_rate_versions PRIMARY KEY (base, quote)
        )
    """,
}
# Counters of one symbol and of one pair, so that who brings quotes of one waits for nobody who brings another's. In a
# sum of them no change can hide behind another that was committed first.
_COUNT = """
CREATE FUNCTION {name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO {table} AS v ({first}, {second}, version)
    SELECT DISTINCT c.{first}, c.{second}, 1 FROM changed c ORDER BY 1, 2
    ON CONFLICT ON CONSTRAINT pk_{table} DO UPDATE SET version = v.version + 1;
    RETURN NULL;
END
$$
"""
COUNTED = {
    "market_quotes": ("count_quote_changes", "quote_versions", "provider", "symbol"),
    "exchange_rates": ("count_rate_changes", "rate_versions", "base", "quote"),
}
OCCASIONS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


def upgrade() -> None:
    op.execute(LATEST_RATES)
    op.execute("REVOKE ALL ON FUNCTION latest_rates(uuid, text, text, date[], integer) FROM PUBLIC")
    op.execute(RATES_OVER)
    op.execute("REVOKE ALL ON FUNCTION rates_over(text, text, date[]) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION rates_over(text, text, date[]) TO finance_app")
    for table, statement in TABLES.items():
        op.execute(statement)
        op.execute(f"GRANT SELECT ON {table} TO finance_app")
    for watched, (name, table, first, second) in COUNTED.items():
        op.execute(_COUNT.format(name=name, table=table, first=first, second=second))
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
        for occasion, rows in OCCASIONS.items():
            op.execute(
                f"CREATE TRIGGER {name}_{occasion.lower()} AFTER {occasion} ON {watched} "
                f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )


def downgrade() -> None:
    for watched, (name, table, _first, _second) in COUNTED.items():
        for occasion in OCCASIONS:
            op.execute(f"DROP TRIGGER {name}_{occasion.lower()} ON {watched}")
        op.execute(f"DROP FUNCTION {name}()")
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION rates_over(text, text, date[])")
    op.execute("DROP FUNCTION latest_rates(uuid, text, text, date[], integer)")
