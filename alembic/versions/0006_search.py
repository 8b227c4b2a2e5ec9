"""Search: folded words of transactions and payees, their indexes, and the functions that may use them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Words without case, accents and punctuation, one space between them. Han characters and kana are words each: they
# are written without spaces. Immutable and the same under every locale of the database: the collations are named.
SEARCH_TEXT = r"""
CREATE FUNCTION search_text(written text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(written) = length(written) THEN
        folded := lower(written COLLATE "C");
        IF strpos(folded, '''s') > 0 THEN
            folded := regexp_replace(folded, '''s\M', 's', 'g');
        END IF;
        folded := regexp_replace(folded, '[^a-z0-9]+', ' ', 'g');
    ELSE
        folded := casefold(normalize(written, NFKD) COLLATE pg_unicode_fast);
        -- Accents, and the points of Hebrew and Arabic.
        folded := regexp_replace(folded, '[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0640\u064b-\u065f\u0670]', '', 'g');
        folded := translate(folded, 'øłđðħıŧŋ', 'olddhitn');
        folded := replace(replace(replace(folded, 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
        -- Put syllables and kana together again. Nobody's text is longer; one made to harm may be.
        folded := left(normalize(folded, NFKC), 20000) COLLATE pg_unicode_fast;
        folded := regexp_replace(folded, '[''\u2019]s\M', 's', 'g');
        -- The ranges are scripts whose vowel signs are no letters.
        folded := regexp_replace(folded, '[^[:alnum:]\u0900-\u0963\u0966-\u109f\u1780-\u17ff]+', ' ', 'g');
        folded := regexp_replace(folded, '([\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff])', ' \1 ', 'g');
        folded := regexp_replace(folded, ' {2,}', ' ', 'g');
    END IF;
    IF length(folded) > 100 THEN
        folded := regexp_replace(folded, '([^ ]{100})[^ ]+', '\1', 'g');
    END IF;
    RETURN btrim(folded, ' ');
END
$$
"""

# Each word of a book carries the end of the book's id: what a book searches for lies together in the index, and no
# other book's words are read on the way. Two books with the same end would only read more: rows are checked by book.
SEARCH_VECTOR = """
CREATE FUNCTION search_vector(book uuid, written text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    words text := public.search_text(written);
BEGIN
    IF words = '' THEN
        RETURN NULL;
    END IF;
    RETURN replace(' ' || words, ' ', ' ' || right(book::text, 12))::tsvector;
END
$$
"""

# All words of the text, the last of them as the beginning of a word unless `whole`; NULL where it has no word.
SEARCH_QUERY = """
CREATE FUNCTION search_query(book uuid, written text, whole boolean) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT (
        replace('''' || right(book::text, 12) || f.words, ' ', ''' & ''' || right(book::text, 12))
        || CASE WHEN whole THEN '''' ELSE ''':*' END
    )::tsquery
    FROM (SELECT nullif(public.search_text(written), '') AS words) f
$$
"""

# Whether the words stand side by side in a text. The index has said that they are in the row.
SEARCH_ADJACENT = """
CREATE FUNCTION search_adjacent(written text, wanted text, whole boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(
        strpos(' ' || public.search_text(written) || ' ',
               ' ' || public.search_text(wanted) || CASE WHEN whole THEN ' ' ELSE '' END) > 0, false)
$$
"""

# Row-level security lets no index serve `@@`. These functions pass it, as the tables' owner, and so must ask for
# nothing but the open book, which they take from where the policies take it.
SEARCH_PAYEES = """
CREATE FUNCTION search_payees(wanted text, whole boolean, most integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT p.id FROM payees p
    WHERE p.book_id = nullif(current_setting('app.book_id', true), '')::uuid
      AND p.search @@ search_query(nullif(current_setting('app.book_id', true), '')::uuid, wanted, whole)
      AND search_adjacent(p.name, wanted, whole)
    LIMIT most
$$
"""

# The ids of what matches every term: up to `most` and one more, which says that there are more. With `sorted_by` they
# are the first behind (after_key, after_id) in that order. NULL where walking the list in its order is sooner done.
# A term matches with its words, one after the other, in the description, the notes or the payee's name, or with its
# amount.
SEARCH_TRANSACTIONS = r"""
CREATE FUNCTION search_transactions(
    texts text[], whole boolean[], negated boolean[], amounts numeric[],
    sorted_by text, after_key text, after_id uuid, most integer
) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    SET enable_seqscan = off SET enable_indexscan = on SET enable_indexonlyscan = on
AS $$
DECLARE
    book uuid := nullif(current_setting('app.book_id', true), '')::uuid;
    written text[] := '{}';
    terms text[] := '{}';
    indexed boolean := false;
    payees uuid[];
    seen record;
    sort_key text := CASE ltrim(sorted_by, '-') WHEN 'date' THEN 't.date' WHEN 'amount' THEN 't.amount_key' END;
    downwards boolean := sorted_by LIKE '-%';
    found uuid[];
BEGIN
    IF book IS NULL THEN
        RETURN '{}';
    END IF;
    FOR i IN 1 .. cardinality(texts) LOOP
        written[i] := format('t.search @@ %L::tsquery', search_query(book, texts[i], whole[i]));
        IF whole[i] OR strpos(search_text(texts[i]), ' ') > 0 THEN
            written[i] := format(
                '%s AND (search_adjacent(t.description, %L, %L) OR search_adjacent(t.notes, %2$L, %3$L))',
                written[i], texts[i], whole[i]);
        END IF;
        IF amounts[i] IS NOT NULL THEN
            written[i] := format('%s OR t.book_id = $1 AND t.amount = %L AND t.amount_key = %L', written[i], amounts[i],
                                 least(round(amounts[i] * 10000), 9000000000000000000));
        END IF;
        terms[i] := format(
            CASE WHEN negated[i] THEN 'NOT coalesce(%s, false)' ELSE '(%s)' END,
            format('%s OR EXISTS (SELECT 1 FROM payees p WHERE p.book_id = $1 AND p.id = t.payee_id
                                  AND p.search @@ %L::tsquery AND search_adjacent(p.name, %L, %L) OFFSET 0)',
                   written[i], search_query(book, texts[i], whole[i]), texts[i], whole[i]));
    END LOOP;
    -- What is found often enough, all over the years, is found soon by walking the list in its order.
    EXECUTE
        'SELECT count(*) AS rows, count(DISTINCT probe.day) AS places
         FROM (SELECT min(x.date) AS first, max(x.date) AS last FROM transactions x WHERE x.book_id = $1) range
         CROSS JOIN LATERAL (
             SELECT DISTINCT range.first + (range.last - range.first) * n / 10 AS day FROM generate_series(0, 9) n
         ) probe
         CROSS JOIN LATERAL (
             SELECT * FROM transactions y WHERE y.book_id = $1 AND y.date >= probe.day
             ORDER BY y.book_id, y.date, y.id LIMIT 50
         ) t
         WHERE ' || array_to_string(terms, ' AND ')
    INTO seen USING book;
    IF seen.rows >= 10 AND seen.places >= 5 THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. cardinality(texts) LOOP
        IF NOT negated[i] THEN
            payees := ARRAY(SELECT search_payees(texts[i], whole[i], 1001));
            IF cardinality(payees) <= 1000 THEN
                indexed := true;
                terms[i] := CASE WHEN payees = '{}' THEN format('(%s)', written[i])
                    ELSE format('(%s OR t.book_id = $1 AND t.payee_id = ANY(%L::uuid[]))', written[i], payees) END;
            END IF;
        END IF;
    END LOOP;
    IF NOT indexed THEN
        RETURN NULL;
    END IF;
    -- Only the words, payees and amounts lead to rows: the book as such must not look like a way to a plan.
    PERFORM set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
    EXECUTE
        'SELECT coalesce(array_agg(f.id), ''{}'') FROM (
             SELECT t.id FROM transactions t WHERE (t.book_id = $1) IS TRUE AND ' || array_to_string(terms, ' AND ')
        || CASE WHEN after_id IS NOT NULL THEN
               format(' AND ((%s, t.id) %s (%L, %L::uuid)) IS TRUE',
                      sort_key, CASE WHEN downwards THEN '<' ELSE '>' END, after_key, after_id)
           ELSE '' END
        || CASE WHEN sort_key IS NOT NULL THEN
               format(CASE WHEN downwards THEN ' ORDER BY %s DESC, t.id DESC' ELSE ' ORDER BY %s, t.id' END, sort_key)
           ELSE '' END
        || ' LIMIT $2
         ) f'
    INTO found USING book, most + 1;
    RETURN found;
END
$$
"""

FUNCTIONS = (SEARCH_TEXT, SEARCH_VECTOR, SEARCH_QUERY, SEARCH_ADJACENT)
FOR_REQUESTS = (
    (SEARCH_PAYEES, "search_payees(text, boolean, integer)"),
    (SEARCH_TRANSACTIONS, "search_transactions(text[], boolean[], boolean[], numeric[], text, text, uuid, integer)"),
)


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    op.execute(
        """
        ALTER TABLE transactions ADD COLUMN search tsvector
            GENERATED ALWAYS AS (
                search_vector(book_id, coalesce(description || ' ' || notes, description, notes))
            ) STORED
        """
    )
    op.execute(
        """
        ALTER TABLE payees
            ADD COLUMN search_name text COLLATE "C" GENERATED ALWAYS AS (search_text(name)) STORED,
            ADD COLUMN search tsvector GENERATED ALWAYS AS (search_vector(book_id, name)) STORED
        """
    )
    # A list of pending entries would be read through by every search of every book, and saves nothing measurable.
    op.execute("CREATE INDEX ix_transactions_search ON transactions USING gin (search) WITH (fastupdate = off)")
    op.execute("CREATE INDEX ix_payees_search_name ON payees (book_id, search_name)")
    op.execute("CREATE INDEX ix_payees_search ON payees USING gin (search) WITH (fastupdate = off)")
    for function, name in FOR_REQUESTS:
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO finance_app")


def downgrade() -> None:
    for _, name in reversed(FOR_REQUESTS):
        op.execute(f"DROP FUNCTION {name}")
    op.execute("ALTER TABLE payees DROP COLUMN search, DROP COLUMN search_name")
    op.execute("ALTER TABLE transactions DROP COLUMN search")
    op.execute("DROP FUNCTION search_adjacent(text, text, boolean)")
    op.execute("DROP FUNCTION search_query(uuid, text, boolean)")
    op.execute("DROP FUNCTION search_vector(uuid, text)")
    op.execute("DROP FUNCTION search_text(text)")
