"""What each holding was worth on given days: the one statement that all of valuation, history and returns read.

A cell is a position with what was held of it at the end of one day (`unit_day`), at the price and the rate of another
(`day`); mostly both are the same. Its value is

    quantity x price x splits(met) / splits(unit_day) x rate, rounded half away from zero

where `splits(d)` is the product of the ratios of the asset's splits up to the day d, and `met` the day up to which the
price counts them: `adjusted_to`, or the day of the price itself where it is one as it was traded. So units from before
a split meet a price that already counts it, and units from after it meet an older price that does not.

The days are looked up one by one; of many days `walking` says the same.
"""

_WANTED = "wanted AS MATERIALIZED (SELECT * FROM unnest(:units, :days) WITH ORDINALITY AS w(unit_day, day, n))"
_CHOSEN = (
    "(CAST(:accounts AS uuid[]) IS NULL OR p.account_id = ANY(:accounts)) "
    "AND (CAST(:assets AS uuid[]) IS NULL OR p.asset_id = ANY(:assets))"
)

_HELD = f"""
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
# As `price_found` does, in the statement itself.
PRICE = """
    LATERAL (
        (SELECT o.price, s.currency, o.date AS priced_on, o.source, CAST(NULL AS date) AS adjusted_to, 1 AS rank
         FROM asset_prices o WHERE o.book_id = :book AND o.asset_id = s.id AND o.date <= {day}
         ORDER BY o.date DESC LIMIT 1)
        UNION ALL
        (SELECT m.price, m.currency, m.date, m.provider, m.adjusted_to, 2
         FROM market_quotes m WHERE m.provider = s.provider AND m.symbol = s.provider_symbol AND m.date <= {day}
         ORDER BY m.date DESC LIMIT 1)
        ORDER BY 3 DESC, 6
        LIMIT 1
    )
"""
"""The newest price of the asset `s` up to a day."""

SPLITS = """
    split AS (
        SELECT s.asset_id, s.date, s.ratio, row_number() OVER (PARTITION BY s.asset_id ORDER BY s.date, s.ratio) AS n
        FROM known_splits() AS s
    ),
    grown AS (
        SELECT s.asset_id, s.date, s.n, s.ratio AS factor FROM split s WHERE s.n = 1
        UNION ALL
        SELECT s.asset_id, s.date, s.n, g.factor * s.ratio
        FROM grown g JOIN split s ON s.asset_id = g.asset_id AND s.n = g.n + 1
    )
"""

# The division comes last, so that what ends in a half is rounded as one. A cost is known in the account's currency and,
# by the rates of the days of purchase, in the book's; in any other it is that of the account at the rate of the day.
_CELLS = f"""
    worth AS MATERIALIZED (
        SELECT h.*, a.currency AS account_currency, p.price, p.currency AS price_currency, p.priced_on,
               p.source AS price_source,
               h.quantity * p.price * coalesce(met.factor, 1) AS grown, coalesce(own.factor, 1) AS own,
               h.quantity * p.price * coalesce(met.factor, 1) / coalesce(own.factor, 1) AS amount
        FROM held h
        JOIN accounts a ON a.book_id = :book AND a.id = h.account_id
        JOIN assets s ON s.book_id = :book AND s.id = h.asset_id
        LEFT JOIN {PRICE.format(day="h.day")} AS p ON true
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
        SELECT c.code, r.day, r.rate
        FROM (
            SELECT u.code, array_agg(DISTINCT u.day) AS days FROM (
                SELECT w.price_currency AS code, w.day FROM worth w WHERE w.price_currency IS NOT NULL
                UNION ALL
                SELECT w.account_currency, w.day FROM worth w WHERE CAST(:currency AS text) <> CAST(:base AS text)
            ) AS u
            GROUP BY u.code
        ) AS c
        CROSS JOIN LATERAL rates_over(c.code, :currency, c.days) AS r
    ),
    cells AS (
        SELECT w.*, r.rate, round(w.grown * r.rate / w.own, :exponent) AS value,
               CASE WHEN w.account_currency = :currency THEN w.cost
                    WHEN CAST(:currency AS text) = CAST(:base AS text) THEN w.base_cost
                    ELSE round(w.cost * o.rate, :exponent) END AS cost_there
        FROM worth w
        LEFT JOIN rated r ON r.code = w.price_currency AND r.day = w.day
        LEFT JOIN rated o ON o.code = w.account_currency AND o.day = w.day
    )
"""  # noqa: S608  # nosec B608  # constants of this module


def over_cells(select: str) -> str:
    """A statement that selects from `cells`."""
    return f"WITH RECURSIVE {_WANTED}, {_HELD}, {SPLITS}, {_CELLS} {select}"


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
    SELECT c.unit_day AS day, c.account_id, sum(c.value) AS value,
           jsonb_agg(jsonb_build_object('asset_id', c.asset_id, 'currency', c.price_currency,
                                        'amount', CAST(c.amount AS text)) ORDER BY c.asset_id)
               FILTER (WHERE c.value IS NULL) AS unvalued
    FROM cells c
    GROUP BY c.unit_day, c.account_id
    ORDER BY c.unit_day, c.account_id
"""
"""A row for each account and day on which anything was held, each of which is in one pair alone."""
