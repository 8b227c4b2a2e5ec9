"""What each holding was worth on given days: the one statement that all of valuation, history and returns read.

A cell is a position with what was held of it at the end of one day (`unit_day`), at the price and the rate of another
(`day`); mostly both are the same. Its value is

    quantity x price x splits(met) / splits(unit_day) x rate, rounded half away from zero

where `splits(d)` is the product of the ratios of the asset's splits up to the day d, and `met` the day up to which the
price counts them: `adjusted_to`, or the day of the price itself where it is one as it was traded. So units from before
a split meet a price that already counts it, and units from after it meet an older price that does not.

Few days are looked up one by one, as `price_found` does; over many, prices and positions are walked once, and each is
laid over the days for which it holds.
"""

FEW = 32
"""Up to so many days each is looked up by itself."""
DENSE = 5
"""Prices are walked where there are days for one in so many or more, and looked up where most would be passed over."""

_WANTED = "wanted AS MATERIALIZED (SELECT * FROM unnest(:units, :days) WITH ORDINALITY AS w(unit_day, day, n))"
_CHOSEN = (
    "(CAST(:accounts AS uuid[]) IS NULL OR p.account_id = ANY(:accounts)) "
    "AND (CAST(:assets AS uuid[]) IS NULL OR p.asset_id = ANY(:assets))"
)

_HELD_BY_LOOKING_UP = f"""
    held AS MATERIALIZED (
        SELECT w.n, w.unit_day, w.day, p.id, p.account_id, p.asset_id, s.quantity, s.cost, s.base_cost
        FROM positions p
        CROSS JOIN wanted w
        CROSS JOIN LATERAL (
            SELECT d.quantity, d.cost, d.base_cost FROM position_days d
            WHERE d.book_id = :book AND d.account_id = p.account_id AND d.asset_id = p.asset_id
              AND d.date <= w.unit_day
            ORDER BY d.date DESC LIMIT 1
        ) AS s
        WHERE p.book_id = :book AND s.quantity <> 0 AND {_CHOSEN}
    )
"""  # noqa: S608  # nosec B608  # constants of this module
_LOOKED_UP = "LEFT JOIN LATERAL price_found(h.asset_id, h.day) AS p ON p.price IS NOT NULL"

# A quote lasts until the next price; one of a day that has a price of the book's own is over before it began.
# `unit_grid` and `day_grid` are the distinct days, ascending; `width_bucket` says how many of them are up to a day.
_HELD_BY_WALKING = f"""
    steps AS MATERIALIZED (
        SELECT p.id, p.account_id, p.asset_id, d.quantity, d.cost, d.base_cost,
               width_bucket(d.date - 1, :unit_grid) + 1 AS first,
               coalesce(width_bucket(lead(d.date) OVER own - 1, :unit_grid), cardinality(:unit_grid)) AS last
        FROM positions p
        JOIN position_days d ON d.book_id = :book AND d.account_id = p.account_id AND d.asset_id = p.asset_id
        WHERE p.book_id = :book AND {_CHOSEN}
        WINDOW own AS (PARTITION BY d.account_id, d.asset_id ORDER BY d.date)
    ),
    held AS MATERIALIZED (
        SELECT w.n, w.unit_day, w.day, s.id, s.account_id, s.asset_id, s.quantity, s.cost, s.base_cost
        FROM steps s
        CROSS JOIN LATERAL generate_series(s.first, s.last) AS place
        JOIN wanted w ON w.unit_day = (:unit_grid)[place]
        WHERE s.quantity <> 0
    )
"""  # noqa: S608  # nosec B608  # constants of this module
_PRICED_BY_WALKING = """
    lasting AS MATERIALIZED (
        SELECT q.*, width_bucket(q.date - 1, :day_grid) + 1 AS first,
               coalesce(width_bucket(lead(q.date) OVER own - 1, :day_grid), cardinality(:day_grid)) AS last
        FROM (SELECT DISTINCT h.asset_id FROM held h) AS one
        JOIN assets a ON a.book_id = :book AND a.id = one.asset_id
        CROSS JOIN LATERAL (
            SELECT a.id AS asset_id, p.date, p.price, a.currency, p.source, CAST(NULL AS date) AS adjusted_to, 1 AS rank
            FROM asset_prices p
            WHERE p.book_id = :book AND p.asset_id = a.id AND p.date <= :last_day
              AND p.date >= coalesce((SELECT max(o.date) FROM asset_prices o WHERE o.book_id = :book
                                      AND o.asset_id = a.id AND o.date <= :first_day), :first_day)
            UNION ALL
            SELECT a.id, m.date, m.price, m.currency, m.provider, m.adjusted_to, 2
            FROM market_quotes m
            WHERE m.provider = a.provider AND m.symbol = a.provider_symbol AND m.date <= :last_day
              AND m.date >= coalesce((SELECT max(o.date) FROM market_quotes o WHERE o.provider = a.provider
                                      AND o.symbol = a.provider_symbol AND o.date <= :first_day), :first_day)
        ) AS q
        WINDOW own AS (PARTITION BY q.asset_id ORDER BY q.date, q.rank DESC)
    ),
    priced AS MATERIALIZED (
        SELECT l.asset_id, (:day_grid)[place] AS day, l.price, l.currency, l.date AS priced_on, l.source,
               l.adjusted_to
        FROM lasting l
        CROSS JOIN LATERAL generate_series(l.first, l.last) AS place
    ),
"""
_WALKED = "LEFT JOIN priced p ON p.asset_id = h.asset_id AND p.day = h.day"

SPLITS = """
    split AS (
        SELECT s.asset_id, s.date, s.ratio, row_number() OVER (PARTITION BY s.asset_id ORDER BY s.date, s.ratio) AS n
        FROM (SELECT DISTINCT t.asset_id, t.date, t.ratio FROM trades t
              WHERE t.book_id = :book AND t.kind = 'split' AND t.ratio IS NOT NULL) AS s
    ),
    grown AS (
        SELECT s.asset_id, s.date, s.n, s.ratio AS factor FROM split s WHERE s.n = 1
        UNION ALL
        SELECT s.asset_id, s.date, s.n, g.factor * s.ratio
        FROM grown g JOIN split s ON s.asset_id = g.asset_id AND s.n = g.n + 1
    )
"""

# A cost is known in the account's currency and, by the rates of the days of purchase, in the book's; in any other it
# is that of the account at the rate of the day.
_CELLS = """
    {priced}
    worth AS MATERIALIZED (
        SELECT h.*, a.currency AS account_currency, p.price, p.currency AS price_currency, p.priced_on,
               p.source AS price_source,
               h.quantity * p.price * coalesce(met.factor, 1) / coalesce(own.factor, 1) AS amount
        FROM held h
        JOIN accounts a ON a.book_id = :book AND a.id = h.account_id
        {prices}
        LEFT JOIN LATERAL (
            SELECT g.factor FROM grown g
            WHERE g.asset_id = h.asset_id AND g.date <= coalesce(p.adjusted_to, p.priced_on)
            ORDER BY g.n DESC LIMIT 1
        ) AS met ON true
        LEFT JOIN LATERAL (
            SELECT g.factor FROM grown g WHERE g.asset_id = h.asset_id AND g.date <= h.unit_day
            ORDER BY g.n DESC LIMIT 1
        ) AS own ON true
    ),
    rated AS MATERIALIZED (
        SELECT c.code, c.day, rate_at(c.code, :currency, c.day) AS rate
        FROM (
            SELECT w.price_currency AS code, w.day FROM worth w WHERE w.price_currency IS NOT NULL
            UNION
            SELECT w.account_currency, w.day FROM worth w WHERE CAST(:currency AS text) <> CAST(:base AS text)
        ) AS c
    ),
    cells AS (
        SELECT w.*, r.rate, round(w.amount * r.rate, :exponent) AS value,
               CASE WHEN w.account_currency = :currency THEN w.cost
                    WHEN CAST(:currency AS text) = CAST(:base AS text) THEN w.base_cost
                    ELSE round(w.cost * o.rate, :exponent) END AS cost_there
        FROM worth w
        LEFT JOIN rated r ON r.code = w.price_currency AND r.day = w.day
        LEFT JOIN rated o ON o.code = w.account_currency AND o.day = w.day
    )
"""


def over_cells(select: str, *, many: bool, dense: bool) -> str:
    """A statement that selects from `cells`, prepared for few days or `many`, near to each other or not; all find the
    same.
    """
    held = _HELD_BY_WALKING if many else _HELD_BY_LOOKING_UP
    cells = _CELLS.format(priced=_PRICED_BY_WALKING if dense else "", prices=_WALKED if dense else _LOOKED_UP)
    return f"WITH RECURSIVE {_WANTED}, {held}, {SPLITS}, {cells} {select}"


EACH = """
    SELECT c.n, c.unit_day, c.day, c.id, c.account_id, c.asset_id, c.quantity, c.cost, c.account_currency, c.price,
           c.price_currency, c.priced_on, c.price_source, c.amount, c.rate, c.value, c.cost_there,
           a.symbol, a.name, a.type, a.currency AS asset_currency, a.sector, a.target_percent, k.name AS account_name
    FROM cells c
    JOIN assets a ON a.book_id = :book AND a.id = c.asset_id
    JOIN accounts k ON k.book_id = :book AND k.id = c.account_id
    ORDER BY a.symbol_key, c.asset_id, c.account_id, c.n
"""
"""Every cell, with what there is to say of its asset."""

BY_DAY = """
    SELECT c.n,
           coalesce(sum(c.value) FILTER (WHERE c.cost_there IS NOT NULL), 0) AS value,
           coalesce(sum(c.cost_there) FILTER (WHERE c.value IS NOT NULL), 0) AS cost,
           count(*) AS holdings,
           coalesce(sum(c.value), 0) AS worth,
           array_agg(DISTINCT c.asset_id) FILTER (WHERE c.price IS NULL) AS unpriced,
           array_agg(DISTINCT c.asset_id)
               FILTER (WHERE c.price IS NOT NULL AND (c.value IS NULL OR c.cost_there IS NULL)) AS unconverted,
           array_agg(DISTINCT c.price_currency) FILTER (WHERE c.amount IS NOT NULL AND c.value IS NULL) AS unrated,
           count(*) FILTER (WHERE c.value IS NULL) AS unvalued
    FROM cells c
    GROUP BY c.n
    ORDER BY c.n
"""
"""A row for each pair of days on which anything was held. `worth` is of all that has a value, its cost known or not."""

BY_ACCOUNT = """
    SELECT c.day, c.account_id, sum(c.value) AS value,
           jsonb_agg(jsonb_build_object('asset_id', c.asset_id, 'currency', c.price_currency,
                                        'amount', CAST(c.amount AS text)) ORDER BY c.asset_id)
               FILTER (WHERE c.value IS NULL) AS unvalued
    FROM cells c
    GROUP BY c.day, c.account_id
    ORDER BY c.day, c.account_id
"""
"""A row for each account and day on which anything was held."""
