"""What went into holdings and came out of them: the one statement about trades that history and returns read."""

from app.performance.cells_sql import PRICE, SPLITS

# A row for each position that a trade moves. What is in kind is worth what the day's price says; what came in kind on
# the day it was bought cost what it cost. What only changes place (a transfer, a merger, a spin-off) is the same amount
# out of the one position and into the other, and `link` tells the two.
_CONVERTED = f"""
    WITH RECURSIVE {SPLITS},
    chosen AS MATERIALIZED (
        SELECT t.id, t.date, t.kind, t.account_id, t.asset_id, t.to_account_id, t.to_asset_id, t.quantity, t.ratio,
               t.amount, t.fees, t.taxes, t.cost, t.kind IN ('transfer', 'merger', 'spin_off') AS moves,
               t.kind = 'withdrawal' OR (t.kind = 'deposit' AND t.acquired_on < t.date) AS old
        FROM trades t
        WHERE t.book_id = :book AND t.date BETWEEN :first_day AND :last_day
    ),
    in_kind AS MATERIALIZED (
        SELECT t.id, f.currency, m.units * f.price * coalesce(met.factor, 1) / coalesce(own.factor, 1) AS amount
        FROM chosen t
        CROSS JOIN LATERAL (
            SELECT CASE WHEN t.kind NOT IN ('merger', 'spin_off') THEN t.quantity ELSE t.ratio * (
                       SELECT d.quantity FROM position_days d
                       WHERE d.book_id = :book AND d.account_id = t.account_id AND d.asset_id = t.asset_id
                         AND d.date < t.date
                       ORDER BY d.date DESC LIMIT 1
                   ) END AS units,
                   coalesce(t.to_asset_id, t.asset_id) AS asset_id
        ) AS m
        JOIN assets s ON s.book_id = :book AND s.id = m.asset_id
        LEFT JOIN {PRICE.format(day="t.date")} AS f ON true
        LEFT JOIN LATERAL (
            SELECT g.factor FROM grown g
            WHERE g.asset_id = m.asset_id AND g.date <= coalesce(f.adjusted_to, f.priced_on)
            ORDER BY g.n DESC LIMIT 1
        ) AS met ON true
        LEFT JOIN LATERAL (
            SELECT g.factor FROM grown g WHERE g.asset_id = m.asset_id AND g.date <= t.date
            ORDER BY g.n DESC LIMIT 1
        ) AS own ON true
        WHERE t.moves OR t.old
    ),
    legs AS MATERIALIZED (
        SELECT t.date AS day, t.account_id, t.asset_id, t.kind, CASE WHEN t.moves THEN t.id END AS link,
               CASE WHEN t.kind = 'buy' THEN t.amount + t.fees + t.taxes
                    WHEN t.kind = 'reinvest' THEN t.amount - t.taxes
                    WHEN t.kind = 'deposit' AND (NOT t.old IS TRUE OR k.amount IS NULL) THEN t.cost
                    ELSE 0 END AS paid,
               CASE WHEN t.kind IN ('sell', 'merger') THEN coalesce(t.amount, 0) - t.fees - t.taxes
                    ELSE 0 END AS received,
               CASE WHEN t.kind IN ('dividend', 'interest', 'return_of_capital') THEN t.amount - t.fees - t.taxes
                    WHEN t.kind = 'reinvest' THEN t.amount - t.taxes
                    WHEN t.kind = 'fee' THEN -(coalesce(t.amount, 0) + t.fees + t.taxes)
                    ELSE 0 END AS income,
               CASE WHEN t.kind IN ('dividend', 'reinvest') THEN t.amount ELSE 0 END AS dividends,
               CASE WHEN t.kind = 'interest' THEN t.amount ELSE 0 END AS interest,
               t.fees + CASE WHEN t.kind = 'fee' THEN coalesce(t.amount, 0) ELSE 0 END AS fees, t.taxes,
               CASE WHEN t.kind = 'deposit' AND t.old THEN k.amount END AS came,
               CASE WHEN t.moves OR t.kind = 'withdrawal' THEN k.amount END AS went,
               k.currency, (t.moves OR t.kind = 'withdrawal') AND k.amount IS NULL AS unpriced
        FROM chosen t
        LEFT JOIN in_kind k ON k.id = t.id
        UNION ALL
        SELECT t.date, coalesce(t.to_account_id, t.account_id), coalesce(t.to_asset_id, t.asset_id), t.kind, t.id,
               0, 0, 0, 0, 0, 0, 0, k.amount, NULL, k.currency, k.amount IS NULL
        FROM chosen t
        LEFT JOIN in_kind k ON k.id = t.id
        WHERE t.moves
    ),
    selected AS MATERIALIZED (
        SELECT l.*, a.currency AS account_currency,
               (l.paid = 0 AND l.received = 0 AND l.income = 0 AND l.fees = 0 AND l.taxes = 0 AND l.dividends = 0
                AND l.interest = 0) IS NOT TRUE AS moved_cash
        FROM legs l
        JOIN accounts a ON a.book_id = :book AND a.id = l.account_id
        WHERE (CAST(:accounts AS uuid[]) IS NULL OR l.account_id = ANY(:accounts))
          AND (CAST(:assets AS uuid[]) IS NULL OR l.asset_id = ANY(:assets))
    ),
    rated AS MATERIALIZED (
        SELECT c.code, r.day, r.rate
        FROM (
            SELECT u.code, array_agg(DISTINCT u.day) AS days FROM (
                SELECT s.account_currency AS code, s.day FROM selected s WHERE s.moved_cash
                UNION ALL
                SELECT s.currency, s.day FROM selected s WHERE coalesce(s.came, s.went) IS NOT NULL
            ) AS u
            GROUP BY u.code
        ) AS c
        CROSS JOIN LATERAL rates_over(c.code, :currency, c.days) AS r
    ),
    converted AS (
        SELECT s.day, s.account_id, s.asset_id, s.link, s.unpriced,
               coalesce(round(s.paid * r.rate, :exponent), 0)
                   + coalesce(round(s.came * k.rate, :exponent), 0) AS inflow,
               coalesce(round(s.received * r.rate, :exponent), 0) AS cash_out,
               coalesce(round(s.went * k.rate, :exponent), 0) AS went,
               coalesce(round(s.income * r.rate, :exponent), 0) AS income,
               coalesce(round(s.dividends * r.rate, :exponent), 0) AS dividends,
               coalesce(round(s.interest * r.rate, :exponent), 0) AS interest,
               coalesce(round(s.fees * r.rate, :exponent), 0) AS fees,
               coalesce(round(s.taxes * r.rate, :exponent), 0) AS taxes,
               CASE WHEN s.moved_cash AND r.rate IS NULL THEN s.account_currency END AS unrated,
               CASE WHEN coalesce(s.came, s.went) IS NOT NULL AND k.rate IS NULL THEN s.currency END AS unrated_kind
        FROM selected s
        LEFT JOIN rated r ON r.code = s.account_currency AND r.day = s.day
        LEFT JOIN rated k ON k.code = s.currency AND k.day = s.day
    )
"""  # noqa: S608  # nosec B608  # constants of this module

# What leaves one position for another stays inside: of the whole it is no flow, only the cash that comes with it (of a
# merger) is.
FLOWS = f"""{_CONVERTED},
    inside AS (SELECT s.link FROM selected s WHERE s.link IS NOT NULL GROUP BY s.link HAVING count(*) > 1)
    SELECT c.day, c.account_id, c.asset_id, sum(c.inflow) AS inflow, sum(c.cash_out + c.went) AS outflow,
           sum(c.income) AS income, sum(CASE WHEN i.link IS NULL THEN c.inflow ELSE 0 END) AS put_in,
           sum(c.cash_out + CASE WHEN i.link IS NULL THEN c.went ELSE 0 END) AS taken_out,
           sum(c.dividends) AS dividends, sum(c.interest) AS interest, sum(c.fees) AS fees, sum(c.taxes) AS taxes,
           array_agg(DISTINCT c.unrated) FILTER (WHERE c.unrated IS NOT NULL) AS unrated,
           array_agg(DISTINCT c.unrated_kind) FILTER (WHERE c.unrated_kind IS NOT NULL) AS unrated_kind,
           array_agg(DISTINCT c.asset_id) FILTER (WHERE c.unpriced) AS unpriced
    FROM converted c LEFT JOIN inside i ON i.link = c.link
    GROUP BY GROUPING SETS ((c.day), (c.account_id, c.asset_id))
    ORDER BY c.day, c.account_id, c.asset_id
"""  # noqa: S608  # nosec B608  # constants of this module
"""A row for each day, and then one for each position, without a day. `put_in` and `taken_out` are of the whole."""

NET_BY_DAY = f"""{_CONVERTED}
    SELECT c.day, sum(c.inflow - c.cash_out - c.went - c.income) AS net,
           bool_and(c.unrated IS NULL AND c.unrated_kind IS NULL AND c.unpriced IS NOT TRUE) AS known
    FROM converted c
    GROUP BY c.day
    ORDER BY c.day
"""  # noqa: S608  # nosec B608  # constants of this module
"""What was put in on each day, less what came out."""

# In the account's currency and in the book's a sale's gain is known; elsewhere it is the account's at the day's rate.
REALISED = """
    WITH sold AS MATERIALIZED (
        SELECT d.account_id, d.asset_id, d.disposed_on AS day, a.currency,
               CASE WHEN a.currency = :currency THEN d.proceeds - d.cost
                    WHEN CAST(:currency AS text) = CAST(:base AS text) THEN d.base_proceeds - d.base_cost
               END AS known,
               d.proceeds - d.cost AS gain
        FROM disposals d
        JOIN accounts a ON a.book_id = :book AND a.id = d.account_id
        WHERE d.book_id = :book AND d.disposed_on BETWEEN :first_day AND :last_day
          AND (CAST(:accounts AS uuid[]) IS NULL OR d.account_id = ANY(:accounts))
          AND (CAST(:assets AS uuid[]) IS NULL OR d.asset_id = ANY(:assets))
    ),
    rated AS MATERIALIZED (
        SELECT c.currency, r.day, r.rate
        FROM (SELECT s.currency, array_agg(DISTINCT s.day) AS days FROM sold s
              WHERE s.currency <> :currency AND CAST(:currency AS text) <> CAST(:base AS text)
              GROUP BY s.currency) AS c
        CROSS JOIN LATERAL rates_over(c.currency, :currency, c.days) AS r
    )
    SELECT s.account_id, s.asset_id, sum(coalesce(s.known, round(s.gain * r.rate, :exponent))) AS gain,
           array_agg(DISTINCT s.currency)
               FILTER (WHERE coalesce(s.known, s.gain * r.rate) IS NULL) AS unrated
    FROM sold s
    LEFT JOIN rated r ON r.currency = s.currency AND r.day = s.day
    GROUP BY s.account_id, s.asset_id
"""

BENCHMARK = f"""
    WITH RECURSIVE {SPLITS},
    priced AS MATERIALIZED (
        SELECT w.day, f.price, f.currency, f.priced_on,
               f.price * coalesce((SELECT g.factor FROM grown g WHERE g.asset_id = :asset
                                   AND g.date <= coalesce(f.adjusted_to, f.priced_on) ORDER BY g.n DESC LIMIT 1), 1)
                   AS level
        FROM unnest(:days) AS w(day)
        JOIN assets s ON s.book_id = :book AND s.id = :asset
        LEFT JOIN {PRICE.format(day="w.day")} AS f ON true
    ),
    rated AS MATERIALIZED (
        SELECT c.currency, r.day, r.rate
        FROM (SELECT p.currency, array_agg(p.day) AS days FROM priced p WHERE p.price IS NOT NULL
              GROUP BY p.currency) AS c
        CROSS JOIN LATERAL rates_over(c.currency, :currency, c.days) AS r
    )
    SELECT p.day, p.price, p.currency, p.priced_on, p.level, p.level * r.rate AS there
    FROM priced p LEFT JOIN rated r ON r.currency = p.currency AND r.day = p.day
    ORDER BY p.day
"""  # noqa: S608  # nosec B608  # constants of this module
"""A course of the asset in the currency: its price times its splits up to then, so that splits leave no step in it."""
