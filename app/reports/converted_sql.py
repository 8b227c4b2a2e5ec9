"""Totals by payee in another currency: where a report reads them, and how they are computed."""

from app.reports.converting_sql import KNOWN_DAY, SIDE, SUMS, rates_of

# A month that is not kept is its thirds; of these what is not kept is read posting by posting, with the days at the
# edges: in stretches as long as can be, for each meets the transactions of its days once (days that follow each other
# are as far from the count of days up to them). Outside of the months of postings there is nothing. `settled` is the
# last day that is past in every time zone.
_LAST_OF_THIRD = """
    CASE WHEN extract(day FROM {day}) = 21 THEN (date_trunc('month', {day}::timestamp) + interval '1 month')::date - 1
         ELSE {day} + 9 END
"""
_IS_KEPT = """
    EXISTS (SELECT FROM converted_spans s
            WHERE s.book_id = :book AND s.currency = :currency AND s.span = {span} AND s.first_day = {day})
"""
UNITS = f"""
told AS MATERIALIZED (SELECT min(m.month) AS first, max(m.month) AS last FROM monthly_totals m WHERE m.book_id = :book),
whole_month AS MATERIALIZED (
    SELECT p.bucket, p.sign, d.day::date AS first_day, {_IS_KEPT.format(span="'month'", day="d.day::date")} AS kept
    FROM part p CROSS JOIN told CROSS JOIN LATERAL generate_series(
        greatest(p.first, told.first)::timestamp, least(p.last, told.last)::timestamp, interval '1 month'
    ) AS d(day)
    WHERE p.unit = 'month' AND told.first IS NOT NULL
),
third AS MATERIALIZED (
    SELECT n.*, {_LAST_OF_THIRD.format(day="n.first_day")} AS last_day,
           {_IS_KEPT.format(span="'third'", day="n.first_day")} AS kept
    FROM (
        SELECT p.bucket, p.sign, p.first AS first_day FROM part p CROSS JOIN told
        WHERE p.unit = 'third' AND date_trunc('month', p.first::timestamp)::date BETWEEN told.first AND told.last
        UNION ALL
        SELECT m.bucket, m.sign, m.first_day + x.days FROM whole_month m CROSS JOIN (VALUES (0), (10), (20)) AS x(days)
        WHERE NOT m.kept
    ) AS n
),
read_live AS (
    SELECT p.bucket, p.sign, p.first, p.last FROM part p WHERE p.unit = 'day'
    UNION ALL
    SELECT t.bucket, t.sign, t.first_day, t.last_day FROM third t WHERE NOT t.kept
),
live AS MATERIALIZED (
    SELECT s.bucket, s.sign, min(s.first) AS first, max(s.last) AS last FROM (
        SELECT r.*, r.last - sum(r.last - r.first + 1) OVER (PARTITION BY r.bucket, r.sign ORDER BY r.first)::integer
                   AS stretch
        FROM read_live r
    ) AS s
    GROUP BY s.bucket, s.sign, s.stretch
),
"""  # noqa: S608  # nosec B608  # constants of this module
BEHIND = """
    (SELECT to_json(b) FROM (
        SELECT EXISTS (SELECT FROM third t WHERE NOT t.kept AND t.last_day <= :settled) OR EXISTS (
                   SELECT FROM whole_month m
                   WHERE NOT m.kept AND (m.first_day + interval '1 month')::date - 1 <= :settled) AS behind,
               EXISTS (SELECT FROM third t WHERE t.kept) OR EXISTS (SELECT FROM whole_month m WHERE m.kept) AS read,
               current_setting('transaction_read_only') = 'off' AS may_write,
               (SELECT c.asked_on FROM converted_currencies c WHERE c.book_id = :book AND c.currency = :currency)
                   AS asked_on
    ) AS b)
"""
LIVE_RATES = rates_of("SELECT l.first, l.last FROM live l", KNOWN_DAY)
KEPT_ROWS = """
    SELECT u.bucket, u.sign, f.* FROM (
        SELECT bucket, sign, 'month' AS span, first_day FROM whole_month WHERE kept
        UNION ALL SELECT bucket, sign, 'third', first_day FROM third WHERE kept
    ) AS u CROSS JOIN LATERAL (
        SELECT m.account_id, NULL::uuid AS category_id, {payee} AS payee_id, NULL::uuid AS tag_id, m.side, m.inflow,
               m.outflow, m.unconverted_inflow, m.unconverted_outflow, m.count, m.counted
        FROM converted_payee_totals m
        WHERE m.book_id = :book AND m.currency = :currency AND m.span = u.span AND m.first_day = u.first_day {filters}
        OFFSET 0
    ) AS f
"""
# Of each stretch of days the postings of all accounts meet their transactions once (OFFSET 0 is a fence).
_POSTINGS = """
    SELECT n.*, t.payee_id FROM (
        SELECT p.* FROM account a CROSS JOIN LATERAL (
            SELECT m.account_id, a.currency, m.category_id, m.date AS day, m.transaction_id, m.amount FROM postings m
            WHERE m.book_id = :book AND m.account_id = a.id AND m.date BETWEEN {first} AND {last} AND m.role = 'flow'
            OFFSET 0
        ) AS p
    ) AS n JOIN transactions t ON t.book_id = :book AND t.id = n.transaction_id AND t.date BETWEEN {first} AND {last}
    OFFSET 0
"""
LIVE_ROWS = f"""
    SELECT v.bucket, v.sign, v.account_id, NULL::uuid, {{payee}}, NULL::uuid, {SIDE}, {SUMS}
    FROM (
        SELECT f.*, round(f.amount * r.rate, :exponent) AS value
        FROM (SELECT l.bucket, l.sign, f.* FROM live l
              CROSS JOIN LATERAL ({_POSTINGS.format(first="l.first", last="l.last")}) AS f OFFSET 0) AS f
        LEFT JOIN rate r ON r.currency = f.currency AND r.day = least(f.day, :today)
        OFFSET 0
    ) AS v LEFT JOIN category c ON c.id = v.category_id
    GROUP BY 1, 2, 3, 5, 7
"""  # noqa: S608  # nosec B608  # constants of this module
MISSING = f"""
    SELECT d.day::date AS month
    FROM generate_series(
        greatest(date_trunc('month', CAST(:first AS timestamp)),
                 (SELECT min(m.month) FROM monthly_totals m WHERE m.book_id = :book)::timestamp),
        least(:last, :settled)::timestamp, interval '1 month'
    ) AS d(day)
    WHERE EXISTS (
        SELECT FROM (VALUES ('third', 0, d.day::date + 9), ('third', 10, d.day::date + 19),
                            ('third', 20, (d.day + interval '1 month')::date - 1),
                            ('month', 0, (d.day + interval '1 month')::date - 1)) AS u(span, days, last_day)
        WHERE u.last_day <= :settled AND NOT {_IS_KEPT.format(span="u.span", day="d.day::date + u.days")}
    )
    ORDER BY d.day DESC LIMIT :most
"""  # noqa: S608  # nosec B608  # constants of this module
_SPANS = f"""
span AS MATERIALIZED (
    SELECT u.* FROM unnest(:months) AS x(month) CROSS JOIN LATERAL (
        SELECT 'third' AS span, x.month + d.days AS first_day,
               {_LAST_OF_THIRD.format(day="(x.month + d.days)")} AS last_day
        FROM (VALUES (0), (10), (20)) AS d(days)
        UNION ALL
        SELECT 'month', x.month, (x.month + interval '1 month')::date - 1
    ) AS u WHERE u.last_day <= :settled
),
"""  # noqa: S608  # nosec B608  # constants of this module
FORGET_SUMS = """
    DELETE FROM converted_payee_totals m
    WHERE m.book_id = :book AND m.currency = :currency AND m.span = ANY (ARRAY['third', 'month'])
      AND m.first_day = ANY (ARRAY(SELECT x.month + d.days FROM unnest(:months) AS x(month)
                                   CROSS JOIN (VALUES (0), (10), (20)) AS d(days)))
"""
_COLUMNS = """
    book_id, currency, span, first_day, payee_id, account_id, side, inflow, outflow, unconverted_inflow,
    unconverted_outflow, count, counted
"""
THIRDS = f"""
WITH {_SPANS}
account AS MATERIALIZED (SELECT a.id, a.currency FROM accounts a WHERE a.book_id = :book),
{rates_of("SELECT x.first_day AS first, x.last_day AS last FROM span x WHERE x.span = 'third'", "m.day")}
valued AS (
    SELECT f.*, round(f.amount * r.rate, :exponent) AS value
    FROM (SELECT s.first_day, f.* FROM span s
          CROSS JOIN LATERAL ({_POSTINGS.format(first="s.first_day", last="s.last_day")}) AS f
          WHERE s.span = 'third' OFFSET 0) AS f
    LEFT JOIN rate r ON r.currency = f.currency AND r.day = f.day
    OFFSET 0
)
INSERT INTO converted_payee_totals ({_COLUMNS})
SELECT :book, :currency, 'third', v.first_day, v.payee_id, v.account_id, {SIDE}, {SUMS}
FROM valued v LEFT JOIN categories c ON c.book_id = :book AND c.id = v.category_id
GROUP BY 4, 5, 6, 7
"""  # noqa: S608  # nosec B608  # constants of this module
MONTHS = f"""
WITH {_SPANS.rstrip().removesuffix(",")}
INSERT INTO converted_payee_totals ({_COLUMNS})
SELECT :book, :currency, 'month', s.first_day, m.payee_id, m.account_id, m.side, sum(m.inflow), sum(m.outflow),
       sum(m.unconverted_inflow), sum(m.unconverted_outflow), sum(m.count), sum(m.counted)
FROM span s JOIN converted_payee_totals m ON m.book_id = :book AND m.currency = :currency AND m.span = 'third'
    AND m.first_day BETWEEN s.first_day AND s.last_day
WHERE s.span = 'month' GROUP BY 4, 5, 6, 7
"""  # noqa: S608  # nosec B608  # constants of this module
NOTE = f"""
WITH {_SPANS.rstrip().removesuffix(",")}
INSERT INTO converted_spans (book_id, currency, span, first_day)
SELECT :book, :currency, s.span, s.first_day FROM span s
ON CONFLICT ON CONSTRAINT pk_converted_spans DO NOTHING
"""  # noqa: S608  # nosec B608  # constants of this module
