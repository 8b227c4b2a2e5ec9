"""What `walking` needs of a long time, as a row a position, an asset or a currency: series are texts of numbers.

A text of two thousand numbers costs the event loop what one number does; they are read in a thread. Days are counted as
`date.toordinal` counts them.
"""

_CHOSEN = (
    "(CAST(:accounts AS uuid[]) IS NULL OR p.account_id = ANY(:accounts)) "
    "AND (CAST(:assets AS uuid[]) IS NULL OR p.asset_id = ANY(:assets))"
)


def _ordinal(day: str) -> str:
    return f"CAST({day} - CAST('0001-01-01' AS date) + 1 AS text)"


# Of each position the states from the last before the time on; `costs` in the book's currency where that is asked for,
# else in the account's, and `-` where it is not known.
STEPS = f"""
    SELECT p.account_id, p.asset_id, k.currency AS account_currency, s.days, s.quantities, s.costs
    FROM positions p
    JOIN accounts k ON k.book_id = :book AND k.id = p.account_id
    CROSS JOIN LATERAL (
        SELECT string_agg({_ordinal("d.date")}, ' ') AS days, string_agg(CAST(d.quantity AS text), ' ') AS quantities,
               string_agg(coalesce(CAST(
                   CASE WHEN k.currency = :currency OR CAST(:currency AS text) <> CAST(:base AS text) THEN d.cost
                        ELSE d.base_cost END AS text), '-'), ' ') AS costs
        FROM (
            SELECT x.date, x.quantity, x.cost, x.base_cost FROM position_days x
            WHERE x.book_id = :book AND x.account_id = p.account_id AND x.asset_id = p.asset_id AND x.date <= :last_day
              AND x.date >= coalesce((SELECT max(o.date) FROM position_days o
                                      WHERE o.book_id = :book AND o.account_id = p.account_id
                                        AND o.asset_id = p.asset_id AND o.date <= :first_day), :first_day)
            ORDER BY x.date
        ) AS d
    ) AS s
    WHERE p.book_id = :book AND {_CHOSEN} AND s.days IS NOT NULL
    ORDER BY p.account_id, p.asset_id
"""  # noqa: S608  # nosec B608  # constants of this module

# A quote in another currency than the asset's, or adjusted for splits that the asset had, says so behind its price.
_QUOTES = f"""
    SELECT string_agg({_ordinal("q.date")}, ' ') AS days,
           string_agg(CASE WHEN q.currency = a.currency AND (q.adjusted_to IS NULL OR s.splits IS NULL)
                           THEN CAST(q.price AS text)
                           ELSE concat_ws('/', q.price, q.currency, {_ordinal("q.adjusted_to")}) END, ' ') AS prices
"""
_OWN = f"""
    SELECT string_agg({_ordinal("q.date")}, ' ') AS days, string_agg(CAST(q.price AS text), ' ') AS prices
"""
_QUOTES_OF = "FROM market_quotes m WHERE m.provider = a.provider AND m.symbol = a.provider_symbol"
_OWN_OF = "FROM asset_prices m WHERE m.book_id = :book AND m.asset_id = a.id"


def _walked(select: str, columns: str, source: str) -> str:
    """All prices from the last before the time on."""
    return f"""{select} FROM (
        SELECT {columns} {source} AND m.date <= :last_day
          AND m.date >= coalesce((SELECT max(m.date) {source} AND m.date <= :first_day), :first_day)
        ORDER BY m.date
    ) AS q"""  # nosec B608  # constants of this module


def _looked_up(select: str, columns: str, source: str) -> str:
    """The newest price up to each day: for days far from each other."""
    return f"""{select} FROM unnest(:days) WITH ORDINALITY AS w(day, n) CROSS JOIN LATERAL (
        SELECT {columns} {source} AND m.date <= w.day ORDER BY m.date DESC LIMIT 1
    ) AS q"""  # nosec B608  # constants of this module


def prices(*, dense: bool) -> str:
    """A row for each of `:ids`: its splits, its own prices and its quotes, up to each of the days."""
    read = _walked if dense else _looked_up
    return f"""
        WITH split AS (
            SELECT k.asset_id,
                   string_agg({_ordinal("k.date")} || ' ' || k.ratio, ',' ORDER BY k.date, k.ratio) AS splits
            FROM known_splits() AS k
            WHERE k.asset_id = ANY(:ids)
            GROUP BY k.asset_id
        )
        SELECT a.id, a.currency, s.splits, own.days AS own_days, own.prices AS own_prices,
               quoted.days AS quoted_days, quoted.prices AS quoted_prices
        FROM assets a
        LEFT JOIN split s ON s.asset_id = a.id
        CROSS JOIN LATERAL ({read(_OWN, "m.date, m.price", _OWN_OF)}) AS own
        CROSS JOIN LATERAL ({read(_QUOTES, "m.date, m.price, m.currency, m.adjusted_to", _QUOTES_OF)}) AS quoted
        WHERE a.book_id = :book AND a.id = ANY(:ids)
    """  # noqa: S608  # nosec B608  # constants of this module


RATES = f"""
    SELECT c.code, string_agg({_ordinal("r.day")}, ' ') AS days, string_agg(CAST(r.rate AS text), ' ') AS rates
    FROM unnest(:codes) AS c(code) CROSS JOIN LATERAL rates_over(c.code, :currency, :days) AS r
    GROUP BY c.code
"""  # noqa: S608  # nosec B608  # constants of this module
