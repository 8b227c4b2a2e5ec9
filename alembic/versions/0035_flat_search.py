"""Searching a long book: an index that knows months, phrases told apart cheaply, and payees by their other names."""

from importlib import util
from pathlib import Path
from types import ModuleType

from alembic import op

revision = "0035"
down_revision = "0034"
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

# As before (see 0006), but for lists by date. There what is neither so frequent that walking the list finds it at once
# nor so rare that all of it is read at once is read by stretches of days, from where the page begins and as long as it
# takes. A word that rows have everywhere leads to none of them: such words are looked for in the rows of the days.
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
    words text[] := '{}';     -- of each term: its words in the transaction's own text, or its amount
    indexed text[] := '{}';   -- the part of that which an index knows; in the payee's name, too
    held text[] := '{}';      -- all that a row fulfils which has the term
    beside text;
    amount text;
    named text;
    payees uuid[];
    seen record;
    leads integer := 0;
    by_date boolean := ltrim(sorted_by, '-') = 'date';
    downwards boolean := sorted_by LIKE '-%';
    sort_key text := CASE ltrim(sorted_by, '-') WHEN 'date' THEN 't.date' WHEN 'amount' THEN 't.amount_key' END;
    direction text := CASE WHEN downwards THEN ' DESC' ELSE '' END;
    statement text;
    found uuid[];
    piece uuid[];
    room integer := greatest(500, 2 * most);
    days integer := 31;
    near date;
    far date;
    full_to date;
    months integer[];
BEGIN
    IF current_setting('app.hidden_accounts', true) <> '' THEN
        RETURN NULL;
    END IF;
    IF book IS NULL THEN
        RETURN '{}';
    END IF;
    -- What was typed comes into statements as folded words alone: none of it looks like the marks in comments.
    FOR i IN 1 .. cardinality(texts) LOOP
        beside := format('search_beside(t.description, %L, %L, %L) OR search_beside(t.notes, %1$L, %2$L, %3$L)',
                         search_text(texts[i]), search_pattern(texts[i]), whole[i]);
        amount := coalesce(format(' OR t.book_id = $1 AND t.amount = %L AND t.amount_key = %L', amounts[i],
                                  least(round(amounts[i] * 10000), 9000000000000000000)), '');
        named := format(' OR EXISTS (SELECT 1 FROM payees p WHERE p.book_id = $1 AND p.id = t.payee_id
                                     AND p.search @@ %L::tsquery AND search_beside(p.name, %L, %L, %L) OFFSET 0)',
                        search_query(book, texts[i], whole[i]),
                        search_text(texts[i]), search_pattern(texts[i]), whole[i]);
        indexed[i] := format('t.search @@ %L::tsquery', search_query(book, texts[i], whole[i]));
        words[i] := indexed[i] || ' /* months */'
            || CASE WHEN whole[i] OR strpos(search_text(texts[i]), ' ') > 0 THEN format(' AND (%s)', beside) ELSE '' END
            || amount;
        held[i] := format(CASE WHEN negated[i] THEN 'NOT coalesce(%s, false)' ELSE '(%s) IS TRUE' END,
                          words[i] || named);
        indexed[i] := CASE WHEN negated[i] THEN 'true'
                      ELSE format('coalesce(%s, false)', indexed[i] || amount || named) END;
    END LOOP;
    EXECUTE format(
        'SELECT count(*) FILTER (WHERE r.fits) AS rows, count(DISTINCT r.day) FILTER (WHERE r.fits) AS places,
                count(*) FILTER (WHERE r.fits AND CASE WHEN $2 THEN coalesce($3, r.last) - r.day
                                                  ELSE r.day - coalesce($3, r.first) END
                                                  BETWEEN 0 AND (r.last - r.first) * 3 / 10) AS soon,
                min(CASE WHEN $2 THEN coalesce($3, r.last) - r.day ELSE r.day - coalesce($3, r.first) END)
                    FILTER (WHERE true = ALL(r.has) AND CASE WHEN $2 THEN r.day <= coalesce($3, r.last)
                                                             ELSE r.day >= coalesce($3, r.first) END) AS away,
                ARRAY[%s] AS counts, ARRAY[%s] AS spreads, count(*) AS looked_at,
                min(r.first) AS first, max(r.last) AS last
         FROM (
             SELECT probe.*, %s AS fits, ARRAY[%s] AS has
             FROM (SELECT min(x.date) AS first, max(x.date) AS last FROM transactions x WHERE x.book_id = $1) range
             CROSS JOIN LATERAL (
                 SELECT DISTINCT range.first + (range.last - range.first) * n / 10 AS day, range.first, range.last
                 FROM generate_series(0, 9) n
             ) probe
             CROSS JOIN LATERAL (
                 SELECT * FROM transactions y WHERE y.book_id = $1 AND y.date >= probe.day
                 ORDER BY y.book_id, y.date, y.id LIMIT 50
             ) t
         ) r',
        (SELECT string_agg(format('count(*) FILTER (WHERE r.has[%s])', i), ', ' ORDER BY i)
         FROM generate_series(1, cardinality(texts)) i),
        (SELECT string_agg(format('count(DISTINCT r.day) FILTER (WHERE r.has[%s])', i), ', ' ORDER BY i)
         FROM generate_series(1, cardinality(texts)) i),
        array_to_string(held, ' AND '), array_to_string(indexed, ', '))
    INTO seen USING book, downwards, CASE WHEN by_date THEN after_key::date END;
    -- Of a book without transactions there are no days to walk over.
    IF seen.first IS NULL THEN
        RETURN '{}';
    END IF;
    -- What is found often enough, all over the years, is found soon by walking the list in its order.
    IF seen.rows >= 10 AND seen.places >= 5 AND (seen.soon >= 3 OR NOT by_date) THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. cardinality(texts) LOOP
        IF NOT negated[i] THEN
            payees := ARRAY(SELECT search_payees(texts[i], whole[i], 1001));
            CONTINUE WHEN cardinality(payees) > 1000;
            held[i] := format('(%s OR t.book_id = $1 AND t.payee_id = ANY(%L::uuid[]) /* days */)', words[i], payees);
            IF payees = '{}' THEN
                held[i] := format('(%s)', words[i]);
            END IF;
            IF sort_key IS NOT NULL AND seen.counts[i] * 50 >= seen.looked_at AND seen.spreads[i] >= 5 THEN
                held[i] := held[i] || ' IS TRUE';
            ELSE
                leads := leads + 1;
            END IF;
        END IF;
    END LOOP;
    IF leads = 0 AND NOT by_date THEN
        RETURN NULL;
    END IF;
    statement := 'SELECT t.id, t.date, t.amount_key FROM transactions t WHERE (t.book_id = $1) IS TRUE /* some */ AND '
        || array_to_string(held, ' AND ');
    IF after_id IS NOT NULL THEN
        statement := statement || format(' AND ((%s, t.id) %s (%L, %L::uuid)) IS TRUE',
                                         sort_key, CASE WHEN downwards THEN '<' ELSE '>' END, after_key, after_id);
    END IF;
    near := coalesce(CASE WHEN by_date THEN after_key::date END,
                     CASE WHEN downwards THEN seen.last ELSE seen.first END);
    IF leads = 0 THEN
        -- No word leads to rows, so the days do: at first as many as some thousand transactions are of.
        statement := replace(statement, '(t.book_id = $1) IS TRUE', 't.book_id = $1 AND t.date BETWEEN $3 AND $4');
        EXECUTE format('SELECT y.date FROM transactions y WHERE y.book_id = $1 AND y.date %s $2
                        ORDER BY y.book_id%s, y.date%2$s, y.id%2$s OFFSET 5000 LIMIT 1',
                       CASE WHEN downwards THEN '<=' ELSE '>=' END, direction)
        INTO far USING book, near;
        days := coalesce(abs(far - near) + 1, 100000);
    END IF;
    -- The book as such must not look like a way to a plan.
    PERFORM set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
    IF NOT by_date THEN
        EXECUTE 'SELECT coalesce(array_agg(f.id), ''{}'') FROM (' || statement
            || CASE WHEN sort_key IS NULL THEN '' ELSE format(' ORDER BY %s%s, t.id%2$s', sort_key, direction) END
            || ' LIMIT $2) f'
        INTO found USING book, most + 1;
        RETURN found;
    END IF;
    -- More than there is room for says that these are not all of the days, and so not the first.
    statement := 'SELECT coalesce(array_agg(t.id ORDER BY t.date' || direction || ', t.id' || direction || '), ''{}'')
        FROM (' || statement || ' LIMIT $2) t';
    IF leads > 0 THEN
        EXECUTE statement INTO found USING book, room + 1;
        IF cardinality(found) <= room THEN
            RETURN found[1:most + 1];
        END IF;
        full_to := CASE WHEN downwards THEN seen.first ELSE seen.last END;
    END IF;
    statement := replace(statement, '/* some */', 'AND (t.date BETWEEN $3 AND $4) IS TRUE');
    statement := replace(statement, '/* days */', 'AND t.date BETWEEN $3 AND $4');
    found := '{}';
    IF leads > 0 AND seen.away IS NOT NULL THEN
        -- Up to where it was seen first there is little of it.
        days := greatest(days, seen.away - (seen.last - seen.first) / 10);
    END IF;
    LOOP
        far := CASE WHEN downwards THEN greatest(near - days + 1, seen.first)
                    ELSE least(near + days - 1, seen.last) END;
        -- Of many months all words are sooner read than each month's.
        months := ARRAY(SELECT generate_series((search_month(least(near, far)))[1],
                                               (search_month(greatest(near, far)))[1]));
        EXECUTE replace(statement, '/* months */', CASE WHEN leads > 0 AND cardinality(months) <= 36
                                                        THEN 'AND search_month(t.date) && $5' ELSE '' END)
        INTO piece
        USING book, CASE WHEN days > 1 THEN room + 1 END, least(near, far), greatest(near, far), months;
        IF cardinality(piece) > room AND days > 1 THEN
            full_to := far;
            days := greatest(1, (abs(far - near) + 1) / 4);
            CONTINUE;
        END IF;
        found := found || piece;
        EXIT WHEN cardinality(found) > most OR far = CASE WHEN downwards THEN seen.first ELSE seen.last END;
        near := CASE WHEN downwards THEN far - 1 ELSE far + 1 END;
        -- As many days as should bring what is missing and a little more; half of those at most that were too many.
        days := least(days * 8, 100000, greatest(
            1, days / 4, days * 1.25 * (most + 1 - cardinality(found)) / greatest(cardinality(piece), 1)))::integer;
        IF (CASE WHEN downwards THEN full_to <= near ELSE full_to >= near END) THEN
            days := least(days, (abs(full_to - near) + 2) / 2);
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
