"""The part of the posting engine's statement that says what lines are in the base currency."""

# What a line is in the base currency, where it does not say so itself. Rates are asked for once for each currency and
# day, and found again in a document: that is no join, which the planner might do by comparing each line with each rate.
# A book of one currency has no such line, and nothing of this is computed.
RATES_OF_LINES = """
foreign_account AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(a.id, a.currency), '{}') AS currencies
    FROM accounts a WHERE a.book_id = :book AND a.currency <> CAST(:base AS text)
),
foreign_day AS MATERIALIZED (
    SELECT DISTINCT (SELECT currencies FROM foreign_account) ->> CAST(l.account_id AS text) AS currency, l.date
    FROM line l WHERE l.base_amount IS NULL
),
rates AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(d.currency || d.date, rate_at(d.currency, CAST(:base AS text), d.date)), '{}')
           AS known
    FROM foreign_day d WHERE d.currency IS NOT NULL
),
"""
BASE_AMOUNT_OF_LINE = """
CASE WHEN l.base_amount IS NOT NULL THEN l.base_amount
     ELSE round(l.amount * CAST(
         (SELECT known FROM rates) ->> (
             ((SELECT currencies FROM foreign_account) ->> CAST(l.account_id AS text)) || l.date
         ) AS numeric), (SELECT c.exponent FROM currencies c WHERE c.code = CAST(:base AS text)))
END
"""
