"""The text of the posting engine's statements.

Both find postings that leave and postings that come, and hand what that means to totals and balances in the same
words, `_SUMS`.
"""

from sqlalchemy import Boolean, Integer, Text, TextClause, bindparam, text

from app.access.repository import EVENT_PARAMETERS
from app.transactions.rating_sql import BASE_AMOUNT_OF_LINE, RATES_OF_LINES

HEAD = """
    id uuid, type text, date date, account_id uuid, amount numeric, payee_id uuid, description text, notes text,
    status text, external_id text, original_amount numeric, original_currency text, import_id uuid, refund_of_id uuid,
    reconciliation_id uuid, created_at timestamptz, replaces boolean
"""
LINE = """
    transaction_id uuid, line integer, account_id uuid, category_id uuid, role text, amount numeric,
    base_amount numeric, memo text, date date
"""


# From {movement} (postings that come with sign 1, that leave with -1) to what is kept of them.
_KEPT = (
    "inflow",
    "outflow",
    "base_inflow",
    "base_outflow",
    "unconverted_inflow",
    "unconverted_outflow",
    "count",
)
_ADDED = ", ".join(f"{column} = m.{column} + excluded.{column}" for column in _KEPT)
_CHANGES_A_MONTH = " OR ".join(f"sum({column}) <> 0" for column in _KEPT)
_CHANGES_A_DAY = """
        sum(sign) <> 0
        OR sum(sign * amount) <> 0 OR sum(sign * abs(amount)) <> 0
        OR coalesce(sum(sign * base_amount), 0) <> 0 OR coalesce(sum(sign * abs(base_amount)), 0) <> 0
        OR sum(sign) FILTER (WHERE base_amount IS NULL) <> 0
"""
_SUMS = """
each_day AS MATERIALIZED (
    SELECT date AS day, account_id, category_id, role,
           sum(sign * greatest(amount, 0)) AS inflow,
           sum(sign * greatest(-amount, 0)) AS outflow,
           coalesce(sum(sign * greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_inflow,
           coalesce(sum(sign * greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_outflow,
           coalesce(sum(sign * greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
           coalesce(sum(sign * greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
           sum(sign) AS count
    FROM ({movement}) AS movement
    GROUP BY 1, 2, 3, 4
    HAVING {changes_each_day}
),
delta AS MATERIALIZED (
    SELECT date_trunc('month', day::timestamp)::date AS month, account_id, category_id, role,
           sum(inflow) AS inflow, sum(outflow) AS outflow,
           sum(base_inflow) AS base_inflow, sum(base_outflow) AS base_outflow,
           sum(unconverted_inflow) AS unconverted_inflow, sum(unconverted_outflow) AS unconverted_outflow,
           sum(count) AS count
    FROM each_day
    GROUP BY 1, 2, 3, 4
    HAVING {changes_a_month}
),
totals AS (
    INSERT INTO monthly_totals AS m (book_id, month, account_id, category_id, role, inflow, outflow,
        base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
    SELECT :book, d.month, d.account_id, d.category_id, d.role, d.inflow, d.outflow,
           d.base_inflow, d.base_outflow, d.unconverted_inflow, d.unconverted_outflow, d.count
    FROM delta d
    ON CONFLICT (book_id, month, account_id, category_id, role) DO UPDATE SET {added}
),
daily AS (
    INSERT INTO daily_totals AS m (book_id, day, account_id, category_id, inflow, outflow,
        base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
    SELECT :book, d.day, d.account_id, d.category_id, d.inflow, d.outflow,
           d.base_inflow, d.base_outflow, d.unconverted_inflow, d.unconverted_outflow, d.count
    FROM each_day d WHERE d.role = 'flow'
    ON CONFLICT (book_id, category_id, day, account_id) DO UPDATE SET {added}
),
balances AS (
    UPDATE accounts a
    SET balance = a.balance + d.amount, revision = :revision, updated_at = now()
    FROM (SELECT account_id, sum(inflow - outflow) AS amount FROM delta GROUP BY account_id
          -- An account shows its opening balance: it changes with that even where nothing moves in all.
          HAVING sum(inflow - outflow) <> 0 OR bool_or(role = 'equity')) d
    WHERE a.book_id = :book AND a.id = d.account_id
),
"""

# Ids reach the big tables as arrays, so that each is found by its key whatever the planner believes of a young table.
# A posting leaves with sign -1 and comes with +1; what both sum to is the change of every total and balance.
# `come` waits for `gone` (and `tagged` for `untagged`): a replaced transaction brings the same keys back.
_APPLY = """
WITH head AS MATERIALIZED ({head}),
line AS MATERIALIZED ({line}),
gone_id AS MATERIALIZED ({gone}),
leaving AS MATERIALIZED (
    SELECT id FROM gone_id UNION ALL SELECT id FROM head WHERE replaces
),
{names}
gone AS (
    DELETE FROM postings p
    WHERE p.book_id = :book AND p.transaction_id = ANY(ARRAY(SELECT id FROM leaving))
    RETURNING p.transaction_id, p.account_id, p.category_id, p.role, p.amount, p.base_amount, p.date
),
detached AS (
    DELETE FROM attachments a
    WHERE a.book_id = :book AND a.transaction_id = ANY(ARRAY(SELECT id FROM gone_id))
    RETURNING a.id, a.transaction_id, a.sha256, a.file_name, a.created_at
),
untagged AS (
    DELETE FROM transaction_tags x
    WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT id FROM leaving))
    RETURNING x.tag_id
),
tagged AS (
    INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
    SELECT :book, t.transaction_id, t.tag_id FROM ({tagged}) AS t
    WHERE (SELECT count(*) FROM untagged) >= 0
),
sealed AS MATERIALIZED (
    SELECT t.id FROM transactions t
    WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM leaving)) AND t.status = 'reconciled'
),
deleted AS (
    DELETE FROM public.transactions t WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM gone_id))
    RETURNING t.id
),
inserted AS (
    INSERT INTO public.transactions (book_id, id, type, date, account_id, amount, payee_id, description, notes, status,
                              external_id, original_amount, original_currency, import_id, refund_of_id,
                              reconciliation_id, revision, created_at)
    SELECT :book, h.id, h.type, h.date, h.account_id, h.amount, h.payee_id, h.description, h.notes, h.status,
           h.external_id, h.original_amount, h.original_currency, h.import_id, h.refund_of_id, h.reconciliation_id,
           :revision, coalesce(h.created_at, now())
    FROM head h WHERE NOT h.replaces
    RETURNING id
),
replaced AS (
    UPDATE public.transactions t
    SET type = h.type, date = h.date, account_id = h.account_id, amount = h.amount, payee_id = h.payee_id,
        description = h.description, notes = h.notes, status = h.status, external_id = h.external_id,
        original_amount = h.original_amount, original_currency = h.original_currency,
        refund_of_id = h.refund_of_id, reconciliation_id = h.reconciliation_id,
        revision = :revision, updated_at = now()
    FROM head h
    WHERE h.replaces AND t.id = h.id
      AND t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM head WHERE replaces))
    RETURNING t.id
),
{rates}
come AS (
    INSERT INTO postings (book_id, transaction_id, line, account_id, category_id, role, amount, base_amount, memo, date)
    SELECT :book, l.transaction_id, l.line, l.account_id, l.category_id, l.role, l.amount, {base_amount}, l.memo, l.date
    FROM line l WHERE (SELECT count(*) FROM gone) >= 0
    RETURNING transaction_id, account_id, category_id, role, amount, base_amount, date
),
{sums}
broken AS (
    SELECT s.id FROM sealed s
    WHERE NOT :unseal AND (
        s.id IN (SELECT id FROM gone_id)
        OR s.id IN (SELECT id FROM head WHERE status <> 'reconciled')
        OR EXISTS (SELECT 1 FROM ({movement}) AS m WHERE m.transaction_id = s.id
                   GROUP BY m.account_id, m.date HAVING sum(m.sign * m.amount) <> 0)
    )
),
found AS MATERIALIZED (
    SELECT 'attachment' AS entity, d.id AS entity_id, 'deleted' AS action,
           jsonb_build_object('transaction_id', d.transaction_id, 'sha256', encode(d.sha256, 'hex'),
                              'file_name', d.file_name, 'created_at', d.created_at) AS before,
           NULL::jsonb AS after
    FROM detached d
    UNION ALL
    SELECT * FROM ({log}) AS logged_here
),
told AS (
    INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
    SELECT :book, :revision, e.position, e.entity, e.entity_id, e.action, :actor, e.before, e.after
    FROM jsonb_to_recordset(CAST(:events AS jsonb))
        AS e(position integer, entity text, entity_id uuid, action text, before jsonb, after jsonb)
    UNION ALL
    SELECT :book, :revision, :position + row_number() OVER () - 1, f.entity, f.entity_id, f.action, :actor,
           f.before, f.after
    FROM found f
)
SELECT now() AS at, (SELECT count(*) FROM found) AS logged, (SELECT id FROM broken LIMIT 1) AS broken,
       least((SELECT min(date) FROM come), (SELECT min(date) FROM gone)) AS earliest,
       greatest((SELECT max(date) FROM come), (SELECT max(date) FROM gone)) AS latest
"""

_CAME_AND_WENT = """
    SELECT transaction_id, account_id, category_id, role, amount, base_amount, date, 1 AS sign FROM come
    UNION ALL
    SELECT transaction_id, account_id, category_id, role, amount, base_amount, date, -1 FROM gone
"""

_NAMES = """
new_payees AS (
    INSERT INTO payees (book_id, id, name, revision)
    SELECT :book, n.id, n.name, :revision FROM jsonb_to_recordset(CAST(:payees AS jsonb)) AS n(id uuid, name text)
),
new_tags AS (
    INSERT INTO tags (book_id, id, name, revision)
    SELECT :book, n.id, n.name, :revision FROM jsonb_to_recordset(CAST(:tags AS jsonb)) AS n(id uuid, name text)
),
"""

# Postings that change hands: {wanted} yields transaction_id, line, account_id and category_id as they shall be.
# A journal's amount is what moves on its first account: an account that comes together with it counts from then on.
_MOVE = """
WITH wanted AS MATERIALIZED ({wanted}),
moved AS (
    UPDATE postings p SET account_id = w.account_id, category_id = w.category_id
    FROM wanted w
    WHERE p.book_id = :book AND p.transaction_id = ANY(ARRAY(SELECT transaction_id FROM wanted))
      AND p.transaction_id = w.transaction_id AND p.line = w.line
      AND (p.account_id <> w.account_id OR p.category_id IS DISTINCT FROM w.category_id)
    RETURNING p.transaction_id, p.line, p.role, p.amount, p.base_amount, p.date,
              old.account_id AS old_account, old.category_id AS old_category,
              new.account_id AS new_account, new.category_id AS new_category
),
{sums}
each AS MATERIALIZED (
    SELECT transaction_id, min(date) AS date,
           (array_agg(new_account) FILTER (WHERE line = 0))[1] AS account_id,
           bool_or(old_account <> new_account) AS other_account,
           jsonb_agg(jsonb_build_object(
               'line', line, 'account_id', old_account, 'category_id', old_category) ORDER BY line) AS old_postings,
           jsonb_agg(jsonb_build_object(
               'line', line, 'account_id', new_account, 'category_id', new_category) ORDER BY line) AS new_postings
    FROM moved GROUP BY transaction_id
),
touched AS (
    UPDATE public.transactions t
    SET account_id = coalesce(e.account_id, t.account_id), revision = :revision, updated_at = now(),
        amount = CASE WHEN t.type = 'journal' AND e.other_account THEN (
            SELECT abs(coalesce(sum(p.amount), 0)) FROM postings p
            WHERE p.book_id = :book AND p.transaction_id = t.id
              AND coalesce((SELECT CAST(n ->> 'account_id' AS uuid) FROM jsonb_array_elements(e.new_postings) AS n
                            WHERE CAST(n ->> 'line' AS integer) = p.line), p.account_id)
                = coalesce(e.account_id, t.account_id)
        ) ELSE t.amount END
    FROM each e
    WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT transaction_id FROM each)) AND t.id = e.transaction_id
    RETURNING t.id, e.other_account AND t.status = 'reconciled' AS broken
),
told AS (
    INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
    SELECT :book, :revision, :position + row_number() OVER (ORDER BY transaction_id) - 1, 'transaction',
           transaction_id, 'reassigned', :actor,
           jsonb_build_object('postings', old_postings), jsonb_build_object('postings', new_postings)
    FROM each WHERE :log
)
SELECT (SELECT count(*) FROM each) AS touched, (SELECT min(date) FROM each) AS earliest,
       (SELECT max(date) FROM each) AS latest, (SELECT id FROM touched WHERE broken LIMIT 1) AS broken
"""

_FROM_HAND_TO_HAND = """
    SELECT new_account AS account_id, new_category AS category_id, role, amount, base_amount, date, 1 AS sign FROM moved
    UNION ALL
    SELECT old_account, old_category, role, amount, base_amount, date, -1 FROM moved
"""

PARAMETERS = (*EVENT_PARAMETERS, bindparam("position", type_=Integer))
_BASE = bindparam("base", type_=Text)

NO_LOG = """
    SELECT NULL::text AS entity, NULL::uuid AS entity_id, NULL::text AS action, NULL::jsonb AS before,
           NULL::jsonb AS after WHERE false
"""


def sums_of(movement: str) -> str:
    return _SUMS.format(
        movement=movement, added=_ADDED, changes_each_day=_CHANGES_A_DAY, changes_a_month=_CHANGES_A_MONTH
    )


def applying(*, head: str, line: str, gone: str, tagged: str, log: str = NO_LOG, names: bool = False) -> TextClause:
    """The statement that applies changes, over these SELECTs for what comes and goes."""
    sums = sums_of(_CAME_AND_WENT)
    statement = _APPLY.format(
        head=head,
        line=line,
        gone=gone,
        tagged=tagged,
        log=log,
        names=_NAMES if names else "",
        rates=RATES_OF_LINES,
        base_amount=BASE_AMOUNT_OF_LINE,
        sums=sums,
        movement=_CAME_AND_WENT,
    )
    return text(statement).bindparams(*PARAMETERS, _BASE, bindparam("unseal", type_=Boolean))


def moving(wanted: str) -> TextClause:
    """The statement that hands postings to other accounts and categories."""
    statement = _MOVE.format(wanted=wanted, sums=sums_of(_FROM_HAND_TO_HAND))
    return text(statement).bindparams(*PARAMETERS, bindparam("log", type_=Boolean))
