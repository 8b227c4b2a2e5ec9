"""The text of the posting engine's statements.

Both find postings that leave and postings that come, and hand what that means to totals and balances in the same
words, those of `sums_sql`.
"""

from sqlalchemy import Boolean, Integer, Text, TextClause, bindparam, text

from app.access.repository import EVENT_PARAMETERS
from app.transactions.rating_sql import BASE_AMOUNT_OF_LINE, RATES_OF_LINES
from app.transactions.sums_sql import sums_of

HEAD = """
    id uuid, type text, date date, account_id uuid, amount numeric, payee_id uuid, description text, notes text,
    status text, external_id text, original_amount numeric, original_currency text, import_id uuid, refund_of_id uuid,
    reconciliation_id uuid, created_at timestamptz, replaces boolean
"""
LINE = """
    transaction_id uuid, line integer, account_id uuid, category_id uuid, role text, amount numeric,
    base_amount numeric, memo text, date date
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
    RETURNING x.transaction_id, x.tag_id
),
tagged AS (
    INSERT INTO transaction_tags (book_id, transaction_id, tag_id)
    SELECT :book, t.transaction_id, t.tag_id FROM ({tagged}) AS t
    WHERE (SELECT count(*) FROM untagged) >= 0
    RETURNING transaction_id, tag_id
),
sealed AS MATERIALIZED (
    SELECT t.id FROM transactions t
    WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM leaving)) AND t.status = 'reconciled'
),
deleted AS (
    DELETE FROM public.transactions t WHERE t.book_id = :book AND t.id = ANY(ARRAY(SELECT id FROM gone_id))
    RETURNING t.id, t.payee_id
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
    RETURNING t.id, old.payee_id
),
former AS (
    SELECT id, payee_id FROM deleted UNION ALL SELECT id, payee_id FROM replaced
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

_PAYEES_CAME_AND_WENT = """
    SELECT h.payee_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, 1 AS sign
    FROM come p JOIN head h ON h.id = p.transaction_id WHERE p.role = 'flow'
    UNION ALL
    SELECT h.payee_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, -1
    FROM gone p JOIN former h ON h.id = p.transaction_id WHERE p.role = 'flow'
"""
_TAGS_CAME_AND_WENT = """
    SELECT x.tag_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, 1 AS sign
    FROM come p LEFT JOIN tagged x ON x.transaction_id = p.transaction_id WHERE p.role = 'flow'
    UNION ALL
    SELECT x.tag_id, p.account_id, p.category_id, p.amount, p.base_amount, p.date, -1
    FROM gone p LEFT JOIN untagged x ON x.transaction_id = p.transaction_id WHERE p.role = 'flow'
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
    RETURNING t.id, t.payee_id, e.other_account AND t.status = 'reconciled' AS broken
),
tagged AS MATERIALIZED (
    SELECT x.transaction_id, x.tag_id FROM transaction_tags x
    WHERE x.book_id = :book AND x.transaction_id = ANY(ARRAY(SELECT transaction_id FROM each))
),
{sums}
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
_OF_BOTH_HANDS = """
    SELECT {name}, s.account_id, s.category_id, p.amount, p.base_amount, p.date, s.sign
    FROM moved p {join}
    CROSS JOIN LATERAL (VALUES (p.new_account, p.new_category, 1), (p.old_account, p.old_category, -1))
        AS s(account_id, category_id, sign)
    WHERE p.role = 'flow'
"""
_PAYEES_OF_BOTH_HANDS = _OF_BOTH_HANDS.format(name="t.payee_id", join="JOIN touched t ON t.id = p.transaction_id")
_TAGS_OF_BOTH_HANDS = _OF_BOTH_HANDS.format(
    name="x.tag_id", join="LEFT JOIN tagged x ON x.transaction_id = p.transaction_id"
)

PARAMETERS = (*EVENT_PARAMETERS, bindparam("position", type_=Integer))
_BASE = bindparam("base", type_=Text)

NO_LOG = """
    SELECT NULL::text AS entity, NULL::uuid AS entity_id, NULL::text AS action, NULL::jsonb AS before,
           NULL::jsonb AS after WHERE false
"""


def applying(*, head: str, line: str, gone: str, tagged: str, log: str = NO_LOG, names: bool = False) -> TextClause:
    """The statement that applies changes, over these SELECTs for what comes and goes."""
    sums = sums_of(_CAME_AND_WENT, payees=_PAYEES_CAME_AND_WENT, tags=_TAGS_CAME_AND_WENT)
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
    sums = sums_of(_FROM_HAND_TO_HAND, payees=_PAYEES_OF_BOTH_HANDS, tags=_TAGS_OF_BOTH_HANDS)
    statement = _MOVE.format(wanted=wanted, sums=sums)
    return text(statement).bindparams(*PARAMETERS, bindparam("log", type_=Boolean))
