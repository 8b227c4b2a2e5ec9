"""Assets with their prices, trades, and what follows from trades: positions, lots and disposals."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

# Name, what it allows, whether a personal token may have it.
PERMISSIONS = (
    ("portfolio:read", "Read assets, prices, trades, holdings and their performance.", True),
    ("portfolio:write", "Change assets, prices and trades.", True),
)
TYPES = ("expense", "income", "transfer", "journal", "adjustment", "opening_balance")

TABLES = {
    "assets": """
        CREATE TABLE assets (
            book_id uuid NOT NULL CONSTRAINT fk_assets_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            symbol text NOT NULL,
            symbol_key text NOT NULL GENERATED ALWAYS AS (upper(symbol)) STORED,
            name text NOT NULL,
            type text NOT NULL CONSTRAINT ck_assets_type CHECK (type IN
                ('stock', 'etf', 'fund', 'bond', 'crypto', 'metal', 'property', 'vehicle', 'other')),
            currency text NOT NULL CONSTRAINT fk_assets_currency_currencies REFERENCES currencies,
            isin text,
            sector text,
            target_percent numeric CONSTRAINT ck_assets_target CHECK (target_percent BETWEEN 0 AND 100),
            provider text,
            provider_symbol text,
            notes text,
            archived_at timestamptz,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_assets PRIMARY KEY (book_id, id),
            CONSTRAINT uq_assets_symbol UNIQUE (book_id, symbol_key),
            CONSTRAINT ck_assets_provider CHECK ((provider IS NULL) = (provider_symbol IS NULL))
        )
    """,
    "asset_prices": """
        CREATE TABLE asset_prices (
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            asset_id uuid NOT NULL,
            date date NOT NULL,
            price numeric NOT NULL CONSTRAINT ck_asset_prices_price CHECK (price >= 0),
            source text NOT NULL CONSTRAINT ck_asset_prices_source CHECK (source IN ('manual', 'csv', 'import')),
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_asset_prices PRIMARY KEY (book_id, id),
            CONSTRAINT uq_asset_prices_day UNIQUE (book_id, asset_id, date),
            CONSTRAINT fk_asset_prices_asset FOREIGN KEY (book_id, asset_id) REFERENCES assets (book_id, id)
        )
    """,
    "trades": """
        CREATE TABLE trades (
            book_id uuid NOT NULL CONSTRAINT fk_trades_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            kind text NOT NULL CONSTRAINT ck_trades_kind CHECK (kind IN
                ('buy', 'sell', 'dividend', 'reinvest', 'interest', 'fee', 'deposit', 'withdrawal', 'transfer',
                 'split', 'merger', 'spin_off', 'return_of_capital')),
            date date NOT NULL,
            quantity numeric CONSTRAINT ck_trades_quantity CHECK (quantity > 0),
            -- Of one unit, in `currency`; `rate` is how much of the account's currency one unit of that is (of a
            -- transfer: how much of the receiving account's currency one unit of the giving one's is).
            price numeric CONSTRAINT ck_trades_price CHECK (price >= 0),
            currency text CONSTRAINT fk_trades_currency_currencies REFERENCES currencies,
            rate numeric CONSTRAINT ck_trades_rate CHECK (rate > 0),
            -- In the account's currency, before fees and taxes, without a sign.
            amount numeric CONSTRAINT ck_trades_amount CHECK (amount >= 0),
            fees numeric NOT NULL DEFAULT 0 CONSTRAINT ck_trades_fees CHECK (fees >= 0),
            taxes numeric NOT NULL DEFAULT 0 CONSTRAINT ck_trades_taxes CHECK (taxes >= 0),
            -- Of what comes in kind: what it cost, in the account's currency, and since when it is held.
            cost numeric CONSTRAINT ck_trades_cost CHECK (cost >= 0),
            acquired_on date,
            to_account_id uuid,
            to_asset_id uuid,
            -- Of a split, merger or spin-off: new units for one old one; of a spin-off, the part of the cost that goes.
            ratio numeric CONSTRAINT ck_trades_ratio CHECK (ratio > 0),
            cost_percent numeric CONSTRAINT ck_trades_cost_percent CHECK (cost_percent BETWEEN 0 AND 100),
            -- Of a sale by specific identification: [{"trade_id", "quantity"}].
            lots jsonb,
            category_id uuid,
            tax_category_id uuid,
            fee_category_id uuid,
            notes text,
            external_id text,
            import_id uuid,
            transaction_id uuid,
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_trades PRIMARY KEY (book_id, id),
            CONSTRAINT uq_trades_external_id UNIQUE (book_id, account_id, external_id),
            CONSTRAINT uq_trades_transaction UNIQUE (book_id, transaction_id),
            CONSTRAINT fk_trades_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_trades_to_account FOREIGN KEY (book_id, to_account_id) REFERENCES accounts (book_id, id),
            CONSTRAINT fk_trades_asset FOREIGN KEY (book_id, asset_id) REFERENCES assets (book_id, id),
            CONSTRAINT fk_trades_to_asset FOREIGN KEY (book_id, to_asset_id) REFERENCES assets (book_id, id),
            CONSTRAINT fk_trades_category FOREIGN KEY (book_id, category_id) REFERENCES categories (book_id, id),
            CONSTRAINT fk_trades_tax_category FOREIGN KEY (book_id, tax_category_id)
                REFERENCES categories (book_id, id),
            CONSTRAINT fk_trades_fee_category FOREIGN KEY (book_id, fee_category_id)
                REFERENCES categories (book_id, id),
            CONSTRAINT fk_trades_transaction FOREIGN KEY (book_id, transaction_id)
                REFERENCES transactions (book_id, id)
        )
    """,
    "cost_methods": """
        CREATE TABLE cost_methods (
            book_id uuid NOT NULL CONSTRAINT fk_cost_methods_book_id_books REFERENCES books ON DELETE CASCADE,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid NOT NULL,
            method text NOT NULL CONSTRAINT ck_cost_methods_method
                CHECK (method IN ('fifo', 'lifo', 'hifo', 'average', 'specific')),
            long_term_months integer NOT NULL DEFAULT 12
                CONSTRAINT ck_cost_methods_long_term CHECK (long_term_months BETWEEN 0 AND 1200),
            revision bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_cost_methods PRIMARY KEY (book_id, id),
            CONSTRAINT uq_cost_methods_account UNIQUE (book_id, account_id),
            CONSTRAINT fk_cost_methods_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id)
        )
    """,
    # What follows from trades: kept beside them, made anew by one function, told by no event.
    "positions": """
        CREATE TABLE positions (
            book_id uuid NOT NULL,
            id uuid NOT NULL DEFAULT uuidv7(),
            account_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            quantity numeric NOT NULL DEFAULT 0,
            -- In the account's currency; base_cost in the book's, by the rates of the days of purchase, or unknown.
            cost numeric NOT NULL DEFAULT 0,
            base_cost numeric,
            stale boolean NOT NULL DEFAULT true,
            CONSTRAINT pk_positions PRIMARY KEY (book_id, account_id, asset_id),
            CONSTRAINT uq_positions_id UNIQUE (book_id, id),
            CONSTRAINT fk_positions_account FOREIGN KEY (book_id, account_id)
                REFERENCES accounts (book_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_positions_asset FOREIGN KEY (book_id, asset_id)
                REFERENCES assets (book_id, id) ON DELETE CASCADE
        )
    """,
    "position_days": """
        CREATE TABLE position_days (
            book_id uuid NOT NULL,
            account_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            date date NOT NULL,
            quantity numeric NOT NULL,
            cost numeric NOT NULL,
            base_cost numeric,
            CONSTRAINT pk_position_days PRIMARY KEY (book_id, account_id, asset_id, date),
            CONSTRAINT fk_position_days_position FOREIGN KEY (book_id, account_id, asset_id)
                REFERENCES positions (book_id, account_id, asset_id) ON DELETE CASCADE
        )
    """,
    "lots": """
        CREATE TABLE lots (
            book_id uuid NOT NULL,
            account_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            line integer NOT NULL,
            trade_id uuid NOT NULL,
            acquired_on date NOT NULL,
            quantity numeric NOT NULL,
            cost numeric NOT NULL,
            base_cost numeric,
            CONSTRAINT pk_lots PRIMARY KEY (book_id, account_id, asset_id, line),
            CONSTRAINT fk_lots_position FOREIGN KEY (book_id, account_id, asset_id)
                REFERENCES positions (book_id, account_id, asset_id) ON DELETE CASCADE
        )
    """,
    "disposals": """
        CREATE TABLE disposals (
            book_id uuid NOT NULL,
            account_id uuid NOT NULL,
            asset_id uuid NOT NULL,
            line integer NOT NULL,
            trade_id uuid NOT NULL,
            lot_trade_id uuid NOT NULL,
            acquired_on date NOT NULL,
            disposed_on date NOT NULL,
            quantity numeric NOT NULL,
            cost numeric NOT NULL,
            proceeds numeric NOT NULL,
            base_cost numeric,
            base_proceeds numeric,
            long_term boolean NOT NULL,
            CONSTRAINT pk_disposals PRIMARY KEY (book_id, account_id, asset_id, line),
            CONSTRAINT fk_disposals_position FOREIGN KEY (book_id, account_id, asset_id)
                REFERENCES positions (book_id, account_id, asset_id) ON DELETE CASCADE
        )
    """,
}
INDEXES = (
    "CREATE INDEX ix_trades_position ON trades (book_id, account_id, asset_id, date, id)",
    "CREATE INDEX ix_trades_asset ON trades (book_id, asset_id, date, id)",
    "CREATE INDEX ix_trades_date ON trades (book_id, date, id)",
    "CREATE INDEX ix_trades_revision ON trades (book_id, revision, id)",
    "CREATE INDEX ix_trades_to_account ON trades (book_id, to_account_id) WHERE to_account_id IS NOT NULL",
    "CREATE INDEX ix_trades_to_asset ON trades (book_id, to_asset_id) WHERE to_asset_id IS NOT NULL",
    "CREATE INDEX ix_trades_category ON trades (book_id, category_id) WHERE category_id IS NOT NULL",
    "CREATE INDEX ix_trades_tax_category ON trades (book_id, tax_category_id) WHERE tax_category_id IS NOT NULL",
    "CREATE INDEX ix_trades_fee_category ON trades (book_id, fee_category_id) WHERE fee_category_id IS NOT NULL",
    "CREATE INDEX ix_positions_stale ON positions (book_id) WHERE stale",
    "CREATE INDEX ix_positions_asset ON positions (book_id, asset_id)",
    "CREATE INDEX ix_disposals_day ON disposals (book_id, disposed_on)",
    "CREATE INDEX ix_assets_revision ON assets (book_id, revision, id)",
    "CREATE INDEX ix_asset_prices_revision ON asset_prices (book_id, revision, id)",
)

# Quotes are everybody's: fetched once for all books that follow a symbol, written by the functions below alone.
# `adjusted_to` is the day up to which splits are already counted in the price; NULL is a price as it was traded.
MARKET = (
    """
    CREATE TABLE market_quotes (
        provider text NOT NULL,
        symbol text NOT NULL,
        date date NOT NULL,
        price numeric NOT NULL CONSTRAINT ck_market_quotes_price CHECK (price >= 0),
        currency text NOT NULL CONSTRAINT fk_market_quotes_currency_currencies REFERENCES currencies,
        adjusted_to date,
        fetched_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_market_quotes PRIMARY KEY (provider, symbol, date)
    )
    """,
    "GRANT SELECT ON market_quotes TO finance_app",
    # How asking for each symbol went, and when it is due again; `history_from` is since when it was asked for.
    """
    CREATE TABLE quote_sources (
        provider text NOT NULL,
        symbol text NOT NULL,
        last_tried_at timestamptz,
        last_ok_at timestamptz,
        failures integer NOT NULL DEFAULT 0,
        problem text,
        detail text,
        next_at timestamptz NOT NULL,
        history_from date,
        history_on date,
        CONSTRAINT pk_quote_sources PRIMARY KEY (provider, symbol)
    )
    """,
    "GRANT SELECT ON quote_sources TO finance_app",
)
STORE_QUOTES = """
CREATE FUNCTION store_market_quotes(p_provider text, p_symbol text, p_quotes jsonb, p_at timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH stored AS (
        INSERT INTO market_quotes (provider, symbol, date, price, currency, adjusted_to, fetched_at)
        SELECT DISTINCT ON (q.date) p_provider, p_symbol, q.date, q.price, q.currency, q.adjusted_to, p_at
        FROM jsonb_to_recordset(p_quotes) AS q(date date, price numeric, currency text, adjusted_to date)
        JOIN currencies c ON c.code = q.currency
        ORDER BY q.date
        ON CONFLICT ON CONSTRAINT pk_market_quotes
        DO UPDATE SET price = excluded.price, currency = excluded.currency, adjusted_to = excluded.adjusted_to,
                      fetched_at = excluded.fetched_at
        RETURNING 1
    )
    SELECT count(*) FROM stored
$$
"""
# The newest price of an asset of the open book up to a day: the book's own goes before a quote of the same day.
PRICE_FOUND = f"""
CREATE FUNCTION price_found(p_asset uuid, p_day date, OUT price numeric, OUT currency text, OUT priced_on date,
                            OUT source text, OUT adjusted_to date, OUT fetched_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT f.price, f.currency, f.date, f.source, f.adjusted_to, f.fetched_at
    FROM assets a
    CROSS JOIN LATERAL (
        (SELECT p.price, a.currency, p.date, p.source, NULL::date AS adjusted_to, p.updated_at AS fetched_at, 1 AS rank
         FROM asset_prices p WHERE p.book_id = a.book_id AND p.asset_id = a.id AND p.date <= p_day
         ORDER BY p.date DESC LIMIT 1)
        UNION ALL
        (SELECT q.price, q.currency, q.date, q.provider, q.adjusted_to, q.fetched_at, 2
         FROM market_quotes q WHERE q.provider = a.provider AND q.symbol = a.provider_symbol AND q.date <= p_day
         ORDER BY q.date DESC LIMIT 1)
    ) AS f
    WHERE a.book_id = {BOOK} AND a.id = p_asset
    ORDER BY f.date DESC, f.rank
    LIMIT 1
$$
"""
# The same for many at once, of assets that who asks may see.
PRICES_FOUND = f"""
CREATE FUNCTION prices_found(p_assets uuid[], p_days date[])
RETURNS TABLE (asset_id uuid, day date, price numeric, currency text, priced_on date, source text, adjusted_to date,
               fetched_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
AS $$
    SELECT w.asset, w.day, f.price, f.currency, f.date, f.source, f.adjusted_to, f.fetched_at
    FROM unnest(p_assets, p_days) AS w(asset, day)
    JOIN assets a ON a.book_id = {BOOK} AND a.id = w.asset
    CROSS JOIN LATERAL (
        (SELECT p.price, a.currency, p.date, p.source, NULL::date AS adjusted_to, p.updated_at AS fetched_at, 1 AS rank
         FROM asset_prices p WHERE p.book_id = a.book_id AND p.asset_id = a.id AND p.date <= w.day
         ORDER BY p.date DESC LIMIT 1)
        UNION ALL
        (SELECT q.price, q.currency, q.date, q.provider, q.adjusted_to, q.fetched_at, 2
         FROM market_quotes q WHERE q.provider = a.provider AND q.symbol = a.provider_symbol AND q.date <= w.day
         ORDER BY q.date DESC LIMIT 1)
        ORDER BY 3 DESC, 7
        LIMIT 1
    ) AS f
    WHERE {SEES_ALL} OR a.id NOT IN (SELECT hidden_assets())
$$
"""
# Which symbols are to be asked for: each once, whoever follows it. A split, or a trade before what is known, asks for
# all of the history again, a day after the split at the earliest: providers take a night for it.
QUOTES_DUE = """
CREATE FUNCTION quotes_due(p_provider text, p_at timestamptz, p_limit integer)
RETURNS TABLE (provider text, symbol text, first_needed date, whole boolean, failures integer, newest date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT u.provider, u.symbol, u.first_needed, u.whole, u.failures,
           (SELECT max(q.date) FROM market_quotes q WHERE q.provider = u.provider AND q.symbol = u.symbol)
    FROM (
        SELECT a.provider, a.provider_symbol AS symbol, min(t.first_on) AS first_needed,
               coalesce(s.failures, 0) AS failures, s.next_at,
               s.history_on IS NULL OR coalesce(min(t.first_on) < s.history_from, false)
                   OR coalesce(max(t.split_on) >= s.history_on, false) AS whole
        FROM assets a
        CROSS JOIN LATERAL (
            SELECT min(t.date) AS first_on,
                   max(t.date) FILTER (WHERE t.kind = 'split' AND t.date < p_at::date) AS split_on
            FROM trades t WHERE t.book_id = a.book_id AND t.asset_id = a.id
        ) AS t
        LEFT JOIN quote_sources s ON s.provider = a.provider AND s.symbol = a.provider_symbol
        WHERE a.provider = p_provider AND a.archived_at IS NULL
        GROUP BY a.provider, a.provider_symbol, s.failures, s.next_at, s.history_from, s.history_on
    ) AS u
    WHERE u.next_at IS NULL OR u.next_at <= p_at OR (u.whole AND u.failures = 0)
    ORDER BY coalesce(u.next_at, p_at), u.symbol
    LIMIT p_limit
$$
"""
QUOTE_PROVIDERS = """
CREATE FUNCTION quote_providers() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT a.provider FROM assets a WHERE a.provider IS NOT NULL AND a.archived_at IS NULL $$
"""
# By hand, of a symbol that an asset of the open book follows; not again within a quarter of an hour.
REQUEST_QUOTES = f"""
CREATE FUNCTION request_quotes(p_provider text, p_symbol text, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO quote_sources AS s (provider, symbol, next_at)
    SELECT p_provider, p_symbol, p_at
    WHERE EXISTS (SELECT FROM assets a
                  WHERE a.book_id = {BOOK} AND a.provider = p_provider AND a.provider_symbol = p_symbol)
    ON CONFLICT ON CONSTRAINT pk_quote_sources
    DO UPDATE SET next_at = least(s.next_at, greatest(p_at, s.last_tried_at + interval '15 minutes'))
    RETURNING next_at
$$
"""
NOTE_QUOTES = """
CREATE FUNCTION note_quotes(p_provider text, p_symbol text, p_at timestamptz, p_next timestamptz, p_problem text,
                            p_detail text, p_history_from date) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    INSERT INTO quote_sources AS s (provider, symbol, last_tried_at, last_ok_at, failures, problem, detail, next_at,
                                    history_from, history_on)
    VALUES (p_provider, p_symbol, p_at, CASE WHEN p_problem IS NULL THEN p_at END,
            CASE WHEN p_problem IS NULL THEN 0 ELSE 1 END, p_problem, p_detail, p_next,
            p_history_from, CASE WHEN p_history_from IS NOT NULL THEN p_at::date END)
    ON CONFLICT ON CONSTRAINT pk_quote_sources
    DO UPDATE SET last_tried_at = excluded.last_tried_at,
                  last_ok_at = coalesce(excluded.last_ok_at, s.last_ok_at),
                  failures = CASE WHEN p_problem IS NULL THEN 0 ELSE s.failures + 1 END,
                  problem = excluded.problem, detail = excluded.detail, next_at = excluded.next_at,
                  history_from = coalesce(excluded.history_from, s.history_from),
                  history_on = coalesce(excluded.history_on, s.history_on)
$$
"""
FUNCTIONS = {
    "store_market_quotes(text, text, jsonb, timestamptz)": STORE_QUOTES,
    "quotes_due(text, timestamptz, integer)": QUOTES_DUE,
    "quote_providers()": QUOTE_PROVIDERS,
    "request_quotes(text, text, timestamptz)": REQUEST_QUOTES,
    "note_quotes(text, text, timestamptz, timestamptz, text, text, date)": NOTE_QUOTES,
    "price_found(uuid, date)": PRICE_FOUND,
    # Asked whenever a book is taken, by whoever writes: their change may concern a trade that they do not see.
    "book_has_trades()": f"""
CREATE FUNCTION book_has_trades() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM positions p WHERE p.book_id = {BOOK}) $$
""",
}

# Whatever writes trades, an undo too, leaves a mark on the positions that are to be made anew before the commit. The id
# of a position follows from its account and asset: one that comes back is the one that was there.
MARK = """
CREATE FUNCTION mark_positions_stale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO positions (book_id, account_id, asset_id, id)
    SELECT DISTINCT p.book_id, p.account_id, p.asset_id,
           substring(encode(sha256(uuid_send(p.account_id) || uuid_send(p.asset_id)), 'hex') FOR 32)::uuid
    FROM changed t
    CROSS JOIN LATERAL (VALUES
        (t.book_id, t.account_id, t.asset_id),
        (t.book_id, t.to_account_id, t.asset_id),
        (t.book_id, t.account_id, t.to_asset_id)
    ) AS p(book_id, account_id, asset_id)
    WHERE p.account_id IS NOT NULL AND p.asset_id IS NOT NULL
    ORDER BY 1, 2, 3
    ON CONFLICT ON CONSTRAINT pk_positions DO UPDATE SET stale = true WHERE NOT positions.stale;
    RETURN NULL;
END
$$
"""
# Another method, or another term, makes something else of every position of its account.
MARK_ACCOUNTS = """
CREATE FUNCTION mark_accounts_stale() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    UPDATE positions p SET stale = true
    FROM changed c
    WHERE p.book_id = c.book_id AND p.account_id = c.account_id AND NOT p.stale;
    RETURN NULL;
END
$$
"""
METHOD_TRIGGERS = {
    "mark_inserted": "AFTER INSERT ON cost_methods REFERENCING NEW TABLE AS changed",
    "mark_deleted": "AFTER DELETE ON cost_methods REFERENCING OLD TABLE AS changed",
    "mark_changed": "AFTER UPDATE ON cost_methods REFERENCING NEW TABLE AS changed",
}
TRIGGERS = {
    "mark_inserted": "AFTER INSERT ON trades REFERENCING NEW TABLE AS changed",
    "mark_deleted": "AFTER DELETE ON trades REFERENCING OLD TABLE AS changed",
    "mark_before": "AFTER UPDATE ON trades REFERENCING OLD TABLE AS changed",
    "mark_after": "AFTER UPDATE ON trades REFERENCING NEW TABLE AS changed",
}

ON_ACCOUNT = f"account_id <> ALL ((SELECT {HIDDEN})::uuid[])"
# An asset is hidden from a member who sees none of its trades, unless it has none at all.
POLICIES = {
    "assets": "id NOT IN (SELECT hidden_assets())",
    "asset_prices": "asset_id NOT IN (SELECT hidden_assets())",
    "trades": f"({ON_ACCOUNT} AND (to_account_id IS NULL OR to_account_id <> ALL ((SELECT {HIDDEN})::uuid[])))",
    "cost_methods": ON_ACCOUNT,
    "positions": ON_ACCOUNT,
    "position_days": ON_ACCOUNT,
    "lots": ON_ACCOUNT,
    "disposals": ON_ACCOUNT,
}
HIDDEN_ASSETS = f"""
CREATE FUNCTION hidden_assets() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
AS $$
    SELECT p.asset_id FROM positions p WHERE p.book_id = {BOOK}
    GROUP BY p.asset_id HAVING bool_and(p.account_id = ANY ({HIDDEN}))
$$
"""
# Assets whose events are hidden: those that are, and those that are gone and were held on an account that is.
PRIVATE_ASSETS = f"""
CREATE FUNCTION private_assets() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
AS $$
    SELECT hidden_assets()
    UNION
    SELECT x.entity_id FROM private_entities x
    WHERE x.book_id = {BOOK} AND x.entity = 'asset' AND x.account_id = ANY ({HIDDEN})
      AND NOT EXISTS (SELECT FROM assets a WHERE a.book_id = x.book_id AND a.id = x.entity_id)
$$
"""
# As in 0016, with assets and their prices.
HIDDEN_ENTITIES = """
CREATE OR REPLACE FUNCTION hidden_entities() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1000
AS $$
    SELECT e.entity_id FROM private_entities e
    WHERE e.book_id = {book} AND e.account_id = ANY ({hidden}) AND e.entity NOT IN ('payee', 'tag'{more})
    UNION SELECT unnest({hidden})
    UNION SELECT touched_transactions()
    UNION SELECT hidden_imports()
    UNION SELECT hidden_payees()
    UNION SELECT hidden_tags()
    {assets}
$$
"""
OF_ASSETS = f"""
    UNION SELECT private_assets()
    UNION SELECT p.id FROM asset_prices p WHERE p.book_id = {BOOK} AND p.asset_id IN (SELECT private_assets())
    UNION SELECT e.entity_id FROM events e
        WHERE e.book_id = {BOOK} AND e.entity = 'asset_price' AND e.action = 'deleted'
          AND (e.before ->> 'asset_id')::uuid IN (SELECT private_assets())
    UNION SELECT e.entity_id FROM events e
        WHERE e.book_id = {BOOK} AND e.entity = 'saved_report'
          AND EXISTS (SELECT FROM (SELECT hidden_tags() UNION ALL SELECT hidden_payees()) AS h(id)
                      WHERE strpos(concat(e.before, e.after), h.id::text) > 0)
"""
# What was once held on a private account is remembered, for when neither the trades nor the asset are there.
NOTE_PRIVATE_ASSETS = """
CREATE FUNCTION note_private_assets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    INSERT INTO private_entities (book_id, account_id, entity, entity_id)
    SELECT DISTINCT p.book_id, p.account_id, 'asset', p.asset_id
    FROM fresh f
    JOIN positions p ON p.book_id = f.book_id AND p.account_id = f.account_id
    WHERE EXISTS (SELECT FROM account_viewers v WHERE v.book_id = p.book_id AND v.account_id = p.account_id)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""
NOTED_ON = ("positions", "account_viewers")


def _hidden_entities(*, with_assets: bool) -> str:
    return HIDDEN_ENTITIES.format(
        book=BOOK, hidden=HIDDEN, more=", 'asset'" if with_assets else "", assets=OF_ASSETS if with_assets else ""
    )


def _transaction_types(types: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{name}'" for name in types)
    return (
        "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_type, "
        f"ADD CONSTRAINT ck_transactions_type CHECK (type IN ({listed}))"
    )


def upgrade() -> None:
    op.execute(_transaction_types((*TYPES, "trade")))
    for statement in (*TABLES.values(), *INDEXES, *MARKET, MARK, MARK_ACCOUNTS):
        op.execute(statement)
    for marking, triggers in {"mark_positions_stale": TRIGGERS, "mark_accounts_stale": METHOD_TRIGGERS}.items():
        op.execute(f"REVOKE ALL ON FUNCTION {marking}() FROM PUBLIC")
        for name, occasion in triggers.items():
            op.execute(f"CREATE TRIGGER {name} {occasion} FOR EACH STATEMENT EXECUTE FUNCTION {marking}()")
    later = {
        "hidden_assets()": HIDDEN_ASSETS,
        "private_assets()": PRIVATE_ASSETS,
        "prices_found(uuid[], date[])": PRICES_FOUND,
    }
    for signature, statement in {**FUNCTIONS, **later}.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")
    op.execute(_hidden_entities(with_assets=True))
    op.execute(NOTE_PRIVATE_ASSETS)
    op.execute("REVOKE ALL ON FUNCTION note_private_assets() FROM PUBLIC")
    for table in NOTED_ON:
        op.execute(
            f"CREATE TRIGGER note_private_assets AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_private_assets()"
        )
    for table, seen in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE USING ({SEES_ALL} OR {seen})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    for name, description, grantable in PERMISSIONS:
        op.execute(
            f"INSERT INTO permissions (name, description, grantable) VALUES ('{name}', '{description}', {grantable})"
        )
        for role in ("user", "moderator", "admin"):
            op.execute(f"INSERT INTO role_permissions (role, permission) VALUES ('{role}', '{name}')")


def downgrade() -> None:
    for name, *_ in PERMISSIONS:
        op.execute(f"DELETE FROM permissions WHERE name = '{name}'")
        op.execute(f"DELETE FROM personal_tokens WHERE scopes = ARRAY['{name}']")  # a token needs one
        op.execute(f"UPDATE personal_tokens SET scopes = array_remove(scopes, '{name}')")
    op.execute(_hidden_entities(with_assets=False))
    for table in NOTED_ON:
        op.execute(f"DROP TRIGGER note_private_assets ON {table}")
    op.execute("DELETE FROM private_entities WHERE entity IN ('asset', 'asset_price')")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    helpers = ("prices_found(uuid[], date[])", "private_assets()", "hidden_assets()")
    triggered = ("mark_positions_stale()", "mark_accounts_stale()", "note_private_assets()")
    for signature in (*FUNCTIONS, *helpers, *triggered):
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP TABLE market_quotes, quote_sources")
    # What moved through a trade moved all the same: its transactions stay, as what the user can write by hand.
    op.execute("UPDATE transactions SET type = 'journal' WHERE type = 'trade'")
    op.execute(_transaction_types(TYPES))
