"""Searching a long book: an index that knows months, phrases told apart cheaply, and payees by their other names."""

from importlib import util
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0035"
down_revision = "0030"
branch_labels = None
depends_on = None

SEARCH_TRANSACTIONS = "search_transactions(text[], boolean[], boolean[], numeric[], text, text, uuid, integer)"

# The number of a day's month, as the one element of an array: that is what an inverted index can hold beside words.
# With it a word that thousands of transactions have is read for a few months, not for all.
SEARCH_MONTH = """
CREATE FUNCTION search_month(day date) RETURNS integer[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT ARRAY[(extract(year FROM day) * 12 + extract(month FROM day))::integer]
$$
"""

# Words, folded already, that the rows of a phrase must have in this order, as a pattern for LIKE: "corner cafes" is
# %corner%cafe%. A plural s goes, for the text may have it behind an apostrophe.
SEARCH_PATTERN = """
CREATE FUNCTION search_pattern(written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT '%' || regexp_replace(public.search_text(written), 's?( |$)', '%', 'g')
$$
"""

# Whether folded words stand side by side in a text. The pattern tells most texts without them in a tenth of the time
# that folding one takes. Each parameter but the text stands there once, so that a subquery may be given for it and
# the planner still puts the body in the place of the call.
SEARCH_BESIDE = """
CREATE FUNCTION search_beside(written text, words text, pattern text, whole boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT CASE WHEN octet_length(written) = length(written) AND lower(written COLLATE "C") NOT LIKE pattern
                THEN false
                ELSE coalesce(
                    strpos(' ' || public.search_text(written) || ' ',
                           ' ' || words || CASE WHEN whole THEN ' ' ELSE '' END) > 0, false) END
$$
"""

# As before (see 0006), with two differences. What is neither so frequent that walking the list finds it at once nor
# so rare that all of it is read at once is read by stretches of days from where the page begins, as long as it takes.
# And where the index leaves most rows to be looked at, the list is walked: a common phrase, words that all rows have.
SEARCH = r"""
CREATE OR REPLACE FUNCTION search_transactions(
    texts text[], whole boolean[], negated boolean[], amounts numeric[],
    sorted_by text, after_key text, after_id uuid, most integer
) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_seqscan = off SET enable_indexscan = on SET enable_indexonlyscan = on
AS $$
DECLARE
    book uuid := nullif(current_setting('app.book_id', true), '')::uuid;
    held text[] := '{}';      -- of each term: what a row that has it fulfils
    indexed text[] := '{}';   -- the part of it that an index knows, NULL for none
    ways text[] := '{}';      -- how an index leads to the rows that have it
    phrase text;
    payees uuid[];
    seen record;
    sort_key text := CASE ltrim(sorted_by, '-') WHEN 'date' THEN 't.date' WHEN 'amount' THEN 't.amount_key' END;
    downwards boolean := sorted_by LIKE '-%';
    direction text := CASE WHEN downwards THEN ' DESC' ELSE '' END;
    behind text := '';
    statement text;
    found uuid[];
    piece uuid[];
    near date;
    far date;
    days integer := 31;
    months integer[];
    room integer := greatest(500, 2 * most);
BEGIN
    IF current_setting('app.hidden_accounts', true) <> '' THEN
        RETURN NULL;
    END IF;
    IF book IS NULL THEN
        RETURN '{}';
    END IF;
    FOR i IN 1 .. cardinality(texts) LOOP
        ways[i] := format('t.search @@ %L::tsquery', search_query(book, texts[i], whole[i]));
        indexed[i] := ways[i];
        IF whole[i] OR strpos(search_text(texts[i]), ' ') > 0 THEN
            phrase := format('(search_beside(t.description, %L, %L, %L) OR search_beside(t.notes, %1$L, %2$L, %3$L))',
                             search_text(texts[i]), search_pattern(texts[i]), whole[i]);
            held[i] := ways[i] || ' AND ' || phrase;
            ways[i] := ways[i] || ' /* months */ AND ' || phrase;
        ELSE
            held[i] := ways[i];
            ways[i] := ways[i] || ' /* months */';
        END IF;
        IF amounts[i] IS NOT NULL THEN
            phrase := format(' OR t.book_id = $1 AND t.amount = %L AND t.amount_key = %L', amounts[i],
                             least(round(amounts[i] * 10000), 9000000000000000000));
            held[i] := held[i] || phrase;
            ways[i] := ways[i] || phrase;
            indexed[i] := indexed[i] || phrase;
        END IF;
        phrase := format(' OR EXISTS (SELECT 1 FROM payees p WHERE p.book_id = $1 AND p.id = t.payee_id
                                      AND p.search @@ %L::tsquery AND search_beside(p.name, %L, %L, %L) OFFSET 0)',
                         search_query(book, texts[i], whole[i]),
                         search_text(texts[i]), search_pattern(texts[i]), whole[i]);
        held[i] := format(CASE WHEN negated[i] THEN 'NOT coalesce(%s, false)' ELSE '(%s)' END, held[i] || phrase);
        indexed[i] := CASE WHEN negated[i] THEN 'true' ELSE format('coalesce(%s, false)', indexed[i] || phrase) END;
    END LOOP;
    -- What is found often enough, all over the years, is found soon by walking the list in its order.
    EXECUTE format(
        'SELECT count(*) FILTER (WHERE %s) AS rows, count(DISTINCT probe.day) FILTER (WHERE %1$s) AS places,
                count(*) FILTER (WHERE %s) AS indexed, count(*) AS looked_at, least(%s) AS rarest,
                min(probe.first) AS first, max(probe.last) AS last
         FROM (SELECT min(x.date) AS first, max(x.date) AS last FROM transactions x WHERE x.book_id = $1) range
         CROSS JOIN LATERAL (
             SELECT DISTINCT range.first + (range.last - range.first) * n / 10 AS day, range.first, range.last
             FROM generate_series(0, 9) n
         ) probe
         CROSS JOIN LATERAL (
             SELECT * FROM transactions y WHERE y.book_id = $1 AND y.date >= probe.day
             ORDER BY y.book_id, y.date, y.id LIMIT 50
         ) t',
        array_to_string(held, ' AND '), array_to_string(indexed, ' AND '),
        (SELECT string_agg(format('count(*) FILTER (WHERE %s)', term), ', ') FROM unnest(indexed) term))
    INTO seen USING book;
    IF seen.rows >= 10 AND seen.places >= 5 OR seen.looked_at >= 300 AND seen.indexed * 5 >= seen.looked_at THEN
        RETURN NULL;
    END IF;
    indexed := '{}';
    FOR i IN 1 .. cardinality(texts) LOOP
        IF NOT negated[i] THEN
            payees := ARRAY(SELECT search_payees(texts[i], whole[i], 1001));
            IF cardinality(payees) <= 1000 THEN
                indexed := indexed || texts[i];
                held[i] := CASE WHEN payees = '{}' THEN format('(%s)', ways[i]) ELSE
                    format('(%s OR t.book_id = $1 AND t.payee_id = ANY(%L::uuid[]) /* days */)', ways[i], payees) END;
            END IF;
        END IF;
    END LOOP;
    IF indexed = '{}' THEN
        RETURN NULL;
    END IF;
    -- Only the words, payees and amounts lead to rows: the book as such must not look like a way to a plan.
    PERFORM set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
    IF after_id IS NOT NULL THEN
        behind := format(' AND ((%s, t.id) %s (%L, %L::uuid)) IS TRUE',
                         sort_key, CASE WHEN downwards THEN '<' ELSE '>' END, after_key, after_id);
    END IF;
    statement := 'SELECT t.id, t.date, t.amount_key FROM transactions t WHERE (t.book_id = $1) IS TRUE /* some */ AND '
        || array_to_string(held, ' AND ') || behind;
    IF sort_key IS DISTINCT FROM 't.date' THEN
        EXECUTE 'SELECT coalesce(array_agg(f.id), ''{}'') FROM (' || statement
            || CASE WHEN sort_key IS NULL THEN '' ELSE format(' ORDER BY %s%s, t.id%2$s', sort_key, direction) END
            || ' LIMIT $2) f'
        INTO found USING book, most + 1;
        RETURN found;
    END IF;
    -- More than there is room for says that these are not all, and so not the first; they are not looked at.
    statement := 'SELECT coalesce(array_agg(t.id ORDER BY t.date' || direction || ', t.id' || direction || '), ''{}'')
        FROM (' || statement || ' LIMIT $2) t';
    IF seen.rarest < 10 THEN
        EXECUTE statement INTO found USING book, room + 1;
        IF cardinality(found) <= room THEN
            RETURN found[1:most + 1];
        END IF;
    END IF;
    -- What was typed stands in the statement as folded words alone: none of it looks like these marks.
    statement := replace(statement, '/* some */', 'AND (t.date BETWEEN $3 AND $4) IS TRUE');
    statement := replace(statement, '/* days */', 'AND t.date BETWEEN $3 AND $4');
    found := '{}';
    near := coalesce(after_key::date, CASE WHEN downwards THEN seen.last ELSE seen.first END);
    LOOP
        far := CASE WHEN downwards THEN greatest(near - days + 1, seen.first)
                    ELSE least(near + days - 1, seen.last) END;
        -- Beyond some years there are so many months that all words are sooner read.
        months := ARRAY(SELECT generate_series((search_month(least(near, far)))[1],
                                               (search_month(greatest(near, far)))[1]));
        EXECUTE replace(statement, '/* months */',
                        CASE WHEN cardinality(months) <= 36 THEN 'AND search_month(t.date) && $5' ELSE '' END)
        INTO piece USING book, room + 1, least(near, far), greatest(near, far), months;
        IF cardinality(piece) > room AND days > 1 THEN
            days := greatest(1, (abs(far - near) + 1) / 8);
            CONTINUE;
        END IF;
        found := found || piece;
        EXIT WHEN cardinality(found) > most OR far = CASE WHEN downwards THEN seen.first ELSE seen.last END;
        near := CASE WHEN downwards THEN far - 1 ELSE far + 1 END;
        IF cardinality(piece) * 8 <= room THEN
            days := least(days * 8, 100000);
        END IF;
    END LOOP;
    RETURN found[1:most + 1];
END
$$
"""


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE payee_aliases
            ADD COLUMN search_name text COLLATE "C" GENERATED ALWAYS AS (search_text(alias)) STORED
        """
    )
    op.execute("CREATE INDEX ix_payee_aliases_search_name ON payee_aliases (book_id, search_name)")
    op.execute("DROP INDEX ix_transactions_search")
    op.execute(SEARCH_MONTH)
    op.execute(
        "CREATE INDEX ix_transactions_search ON transactions USING gin (search, search_month(date)) "
        "WITH (fastupdate = off)"
    )
    op.execute(SEARCH_PATTERN)
    op.execute(SEARCH_BESIDE)
    op.execute(SEARCH)


def downgrade() -> None:
    first, private = _migration("0006_search"), _migration("0016_private_accounts")
    former = first.SEARCH_TRANSACTIONS.replace(*private.SEARCHING[SEARCH_TRANSACTIONS])
    op.execute(former.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION search_beside(text, text, text, boolean)")
    op.execute("DROP FUNCTION search_pattern(text)")
    op.execute("DROP INDEX ix_transactions_search")
    op.execute("CREATE INDEX ix_transactions_search ON transactions USING gin (search) WITH (fastupdate = off)")
    op.execute("DROP FUNCTION search_month(date)")
    op.execute("ALTER TABLE payee_aliases DROP COLUMN search_name")


def _migration(name: str) -> ModuleType:
    """An earlier migration, for the text of the function as it left it."""
    found = util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if found is None or found.loader is None:
        raise LookupError(name)
    module = util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
