"""The rules of the ledger, each as one set-based statement that returns the rows which break it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import AnyRow
from app.integrity.converted import CONVERTED
from app.integrity.held import HELD
from app.integrity.named import NAMED

OFFENDERS = 5

CHECKS: dict[str, str] = {
    "balances_equal_postings": """
        SELECT a.id AS account_id, a.balance AS stored, coalesce(p.amount, 0) AS computed
        FROM accounts a
        LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM postings WHERE book_id = :book GROUP BY 1) p
            ON p.account_id = a.id
        WHERE a.book_id = :book AND a.balance <> coalesce(p.amount, 0)
    """,
    "totals_equal_postings": """
        SELECT coalesce(m.month, p.month) AS month, coalesce(m.account_id, p.account_id) AS account_id,
               coalesce(m.category_id, p.category_id) AS category_id, coalesce(m.role, p.role) AS role,
               m.inflow AS stored_inflow, p.inflow AS computed_inflow,
               m.outflow AS stored_outflow, p.outflow AS computed_outflow,
               m.count AS stored_count, p.count AS computed_count
        FROM (SELECT * FROM monthly_totals WHERE book_id = :book) m
        FULL JOIN (
            SELECT date_trunc('month', date::timestamp)::date AS month, account_id, category_id, role,
                   sum(greatest(amount, 0)) AS inflow, sum(greatest(-amount, 0)) AS outflow,
                   coalesce(sum(greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_inflow,
                   coalesce(sum(greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_outflow,
                   coalesce(sum(greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
                   coalesce(sum(greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
                   count(*) AS count
            FROM postings WHERE book_id = :book GROUP BY 1, 2, 3, 4
        ) p ON p.month = m.month AND p.account_id = m.account_id AND p.role = m.role
            AND coalesce(p.category_id::text, '') = coalesce(m.category_id::text, '')
        WHERE (coalesce(m.inflow, 0), coalesce(m.outflow, 0), coalesce(m.base_inflow, 0), coalesce(m.base_outflow, 0),
               coalesce(m.unconverted_inflow, 0), coalesce(m.unconverted_outflow, 0), coalesce(m.count, 0))
           <> (coalesce(p.inflow, 0), coalesce(p.outflow, 0), coalesce(p.base_inflow, 0), coalesce(p.base_outflow, 0),
               coalesce(p.unconverted_inflow, 0), coalesce(p.unconverted_outflow, 0), coalesce(p.count, 0))
    """,
    "daily_totals_equal_postings": """
        SELECT coalesce(m.day, p.day) AS day, coalesce(m.account_id, p.account_id) AS account_id,
               coalesce(m.category_id, p.category_id) AS category_id,
               m.inflow AS stored_inflow, p.inflow AS computed_inflow,
               m.outflow AS stored_outflow, p.outflow AS computed_outflow,
               m.count AS stored_count, p.count AS computed_count
        FROM (SELECT * FROM daily_totals WHERE book_id = :book) m
        FULL JOIN (
            SELECT date AS day, account_id, category_id,
                   sum(greatest(amount, 0)) AS inflow, sum(greatest(-amount, 0)) AS outflow,
                   coalesce(sum(greatest(base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_inflow,
                   coalesce(sum(greatest(-base_amount, 0)) FILTER (WHERE base_amount IS NOT NULL), 0) AS base_outflow,
                   coalesce(sum(greatest(amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_inflow,
                   coalesce(sum(greatest(-amount, 0)) FILTER (WHERE base_amount IS NULL), 0) AS unconverted_outflow,
                   count(*) AS count
            FROM postings WHERE book_id = :book AND role = 'flow' GROUP BY 1, 2, 3
        ) p ON p.day = m.day AND p.account_id = m.account_id
            AND coalesce(p.category_id::text, '') = coalesce(m.category_id::text, '')
        WHERE (coalesce(m.inflow, 0), coalesce(m.outflow, 0), coalesce(m.base_inflow, 0), coalesce(m.base_outflow, 0),
               coalesce(m.unconverted_inflow, 0), coalesce(m.unconverted_outflow, 0), coalesce(m.count, 0))
           <> (coalesce(p.inflow, 0), coalesce(p.outflow, 0), coalesce(p.base_inflow, 0), coalesce(p.base_outflow, 0),
               coalesce(p.unconverted_inflow, 0), coalesce(p.unconverted_outflow, 0), coalesce(p.count, 0))
    """,
    "transactions_have_postings": """
        SELECT t.id AS transaction_id FROM transactions t
        WHERE t.book_id = :book
          AND NOT EXISTS (SELECT 1 FROM postings p WHERE p.book_id = :book AND p.transaction_id = t.id)
    """,
    "postings_have_their_transactions_date": """
        SELECT p.transaction_id, p.line, p.date, t.date AS transaction_date
        FROM postings p JOIN transactions t ON t.book_id = p.book_id AND t.id = p.transaction_id
        WHERE p.book_id = :book AND p.date <> t.date
    """,
    "lines_are_numbered_from_zero": """
        SELECT transaction_id, count(*) AS lines, max(line) AS last FROM postings WHERE book_id = :book
        GROUP BY transaction_id HAVING min(line) <> 0 OR max(line) <> count(*) - 1
    """,
    "first_line_is_on_the_transactions_account": """
        SELECT t.id AS transaction_id FROM transactions t
        JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id AND p.line = 0
        WHERE t.book_id = :book AND p.account_id <> t.account_id
    """,
    "amount_equals_its_postings": """
        SELECT t.id AS transaction_id, t.type, t.amount, p.flow, p.first
        FROM transactions t
        JOIN (SELECT x.transaction_id, coalesce(sum(x.amount) FILTER (WHERE x.role = 'flow'), 0) AS flow,
                     sum(x.amount) FILTER (WHERE x.line = 0) AS first,
                     sum(x.amount) FILTER (WHERE x.account_id = h.account_id) AS own
              FROM postings x JOIN transactions h ON h.book_id = x.book_id AND h.id = x.transaction_id
              WHERE x.book_id = :book GROUP BY 1) p ON p.transaction_id = t.id
        WHERE t.book_id = :book
          AND t.amount <> CASE t.type WHEN 'expense' THEN -p.flow WHEN 'income' THEN p.flow
                               WHEN 'transfer' THEN -p.first WHEN 'journal' THEN abs(p.own)
                               WHEN 'trade' THEN abs(p.own) ELSE abs(p.first) END
    """,
    "transfers_balance_in_each_currency": """
        SELECT x.transaction_id, count(*) AS currencies, min(x.currency) AS currency, min(x.amount) AS left_over
        FROM (SELECT p.transaction_id, a.currency, sum(p.amount) AS amount, count(*) AS lines
              FROM postings p JOIN accounts a ON a.book_id = p.book_id AND a.id = p.account_id
              WHERE p.book_id = :book AND p.role = 'transfer' GROUP BY 1, 2) x
        GROUP BY x.transaction_id
        HAVING (count(*) = 1 AND min(x.amount) <> 0) OR count(*) > 2
            OR (count(*) = 2 AND sign(min(x.amount)) * sign(max(x.amount)) <> -1)
    """,
    "roles_fit_the_type": """
        SELECT t.id AS transaction_id, t.type, p.line, p.role
        FROM transactions t JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
        WHERE t.book_id = :book
          AND NOT CASE t.type WHEN 'opening_balance' THEN p.role = 'equity' WHEN 'adjustment' THEN p.role = 'equity'
                              WHEN 'journal' THEN true
                              WHEN 'trade' THEN p.role IN ('flow', 'equity')
                              WHEN 'transfer' THEN p.role = CASE WHEN p.line < 2 THEN 'transfer' ELSE 'flow' END
                              ELSE p.role = 'flow' END
    """,
    "types_have_their_lines": """
        SELECT t.id AS transaction_id, t.type, p.lines, p.accounts
        FROM transactions t
        JOIN (SELECT transaction_id, count(*) AS lines, count(DISTINCT account_id) AS accounts
              FROM postings WHERE book_id = :book GROUP BY 1) p ON p.transaction_id = t.id
        WHERE t.book_id = :book
          AND ((t.type IN ('opening_balance', 'adjustment') AND p.lines <> 1)
               OR (t.type = 'transfer' AND (p.accounts <> 2 OR p.lines NOT BETWEEN 2 AND 3)))
    """,
    "amounts_have_their_currencys_decimals": """
        SELECT p.transaction_id, p.line, p.amount, c.code AS currency
        FROM postings p
        JOIN accounts a ON a.book_id = p.book_id AND a.id = p.account_id
        JOIN currencies c ON c.code = a.currency
        WHERE p.book_id = :book AND scale(p.amount) <> c.exponent
    """,
    # The function of rates speaks of the open book: here it is the one that is checked, whoever checks. Closed periods
    # keep what they had, and days that are noted to be valued anew are about to get it.
    "base_amounts_are_the_amounts_at_their_days_rates": """
        WITH opened AS MATERIALIZED (
            SELECT set_config('app.book_id', CAST(b.id AS text), true) AS book FROM books b WHERE b.id = :book
        ),
        lines AS MATERIALIZED (
            SELECT p.transaction_id, p.line, p.date, a.currency, b.base_currency, c.exponent, p.amount, p.base_amount,
                   a.currency <> b.base_currency AS is_foreign,
                   p.date <= b.locked_until OR p.date BETWEEN r.first_day AND r.last_day AS is_left
            FROM opened o
            JOIN books b ON b.id = CAST(o.book AS uuid)
            JOIN currencies c ON c.code = b.base_currency
            JOIN postings p ON p.book_id = b.id
            JOIN accounts a ON a.book_id = b.id AND a.id = p.account_id
            LEFT JOIN revaluations r ON r.book_id = b.id
            WHERE b.id = :book AND (a.currency <> b.base_currency OR p.base_amount IS DISTINCT FROM p.amount)
        ),
        rates AS MATERIALIZED (
            SELECT d.currency, d.date, rate_at(d.currency, d.base_currency, d.date) AS rate
            FROM (SELECT DISTINCT currency, base_currency, date FROM lines
                  WHERE is_foreign AND is_left IS NOT TRUE) AS d
        )
        SELECT l.transaction_id, l.line, l.amount, l.base_amount, round(l.amount * r.rate, l.exponent) AS computed
        FROM lines l LEFT JOIN rates r ON r.currency = l.currency AND r.date = l.date
        WHERE NOT l.is_foreign
           OR l.is_left IS NOT TRUE AND l.base_amount IS DISTINCT FROM round(l.amount * r.rate, l.exponent)
    """,
    "expenses_are_not_on_income_categories": """
        SELECT t.id AS transaction_id, p.line, p.category_id
        FROM transactions t
        JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
        JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
        WHERE t.book_id = :book AND t.type NOT IN ('income', 'journal', 'trade') AND c.kind = 'income'
    """,
    "simple_transactions_stay_on_one_account": """
        SELECT t.id AS transaction_id, p.line, p.account_id
        FROM transactions t JOIN postings p ON p.book_id = t.book_id AND p.transaction_id = t.id
        WHERE t.book_id = :book AND p.account_id <> t.account_id AND t.type <> 'journal'
          AND NOT (t.type = 'transfer' AND p.line = 1)
    """,
    "categories_form_trees": """
        WITH RECURSIVE reached AS (
            SELECT id FROM categories WHERE book_id = :book AND parent_id IS NULL
            UNION ALL
            SELECT c.id FROM categories c JOIN reached r ON c.parent_id = r.id WHERE c.book_id = :book
        )
        SELECT c.id AS category_id, c.parent_id FROM categories c
        WHERE c.book_id = :book AND c.id NOT IN (SELECT id FROM reached)
    """,
    "an_alias_is_no_payees_name": """
        SELECT a.id AS alias_id, a.payee_id, a.alias, p.id AS named_payee_id
        FROM payee_aliases a JOIN payees p ON p.book_id = a.book_id AND p.name_key = a.alias_key
        WHERE a.book_id = :book
    """,
    **HELD,
    **NAMED,
    **CONVERTED,
    "nothing_is_newer_than_the_book": """
        SELECT x.entity, x.id, x.revision, b.revision AS book_revision
        FROM (
            SELECT 'transaction' AS entity, id, revision FROM transactions WHERE book_id = :book
            UNION ALL SELECT 'account', id, revision FROM accounts WHERE book_id = :book
            UNION ALL SELECT 'category', id, revision FROM categories WHERE book_id = :book
            UNION ALL SELECT 'payee', id, revision FROM payees WHERE book_id = :book
            UNION ALL SELECT 'tag', id, revision FROM tags WHERE book_id = :book
            UNION ALL SELECT 'import', id, revision FROM imports WHERE book_id = :book
            UNION ALL SELECT 'reconciliation', id, revision FROM reconciliations WHERE book_id = :book
            UNION ALL SELECT 'attachment', id, revision FROM attachments WHERE book_id = :book
            UNION ALL SELECT 'book_rate', id, revision FROM book_rates WHERE book_id = :book
            UNION ALL SELECT 'trade', id, revision FROM trades WHERE book_id = :book
        ) x JOIN books b ON b.id = :book
        WHERE x.revision > b.revision
    """,
    "refunds_are_income_from_a_purchase": """
        SELECT t.id AS transaction_id, t.type, p.id AS purchase_id, p.type AS purchase_type
        FROM transactions t JOIN transactions p ON p.book_id = t.book_id AND p.id = t.refund_of_id
        WHERE t.book_id = :book AND (t.type <> 'income' OR p.type NOT IN ('expense', 'journal'))
    """,
    "sealed_transactions_are_on_their_statement": """
        SELECT t.id AS transaction_id, t.status, t.date, r.id AS reconciliation_id, r.statement_date
        FROM transactions t JOIN reconciliations r ON r.book_id = t.book_id AND r.id = t.reconciliation_id
        WHERE t.book_id = :book
          AND (t.status <> 'reconciled' OR t.date > r.statement_date
               OR NOT EXISTS (SELECT 1 FROM postings p WHERE p.book_id = :book AND p.transaction_id = t.id
                              AND p.account_id = r.account_id))
    """,
    "transactions_revisions_are_in_the_log": """
        SELECT t.id AS transaction_id, t.revision FROM transactions t
        WHERE t.book_id = :book
          AND t.revision NOT IN (SELECT revision FROM events WHERE book_id = :book)
    """,
    "events_are_as_they_were_written": """
        SELECT c.revision, c.first_position AS position, encode(c.digest, 'hex') AS stored,
               encode(e.digest, 'hex') AS computed
        FROM event_chain c
        LEFT JOIN LATERAL (
            SELECT sha256(string_agg(event_hash(e), ''::bytea ORDER BY e.position)) AS digest
            FROM events e
            WHERE e.book_id = :book AND e.revision = c.revision
              AND e.position BETWEEN c.first_position AND c.last_position
        ) e ON true
        WHERE c.book_id = :book AND e.digest IS DISTINCT FROM c.digest
    """,
    "events_are_all_in_the_chain": """
        SELECT e.revision, e.position, e.entity, e.action FROM events e
        WHERE e.book_id = :book
          AND NOT EXISTS (SELECT 1 FROM event_chain c
                          WHERE c.book_id = :book AND c.revision = e.revision
                            AND e.position BETWEEN c.first_position AND c.last_position)
    """,
    "links_of_the_log_hold_together": """
        SELECT revision, first_position AS position, encode(hash, 'hex') AS stored, encode(computed, 'hex') AS computed
        FROM (
            SELECT revision, first_position, hash, sha256(coalesce(
                lag(hash) OVER (ORDER BY revision, first_position), ''::bytea) || digest) AS computed
            FROM event_chain WHERE book_id = :book
        ) AS links
        WHERE hash <> computed
    """,
}


async def offenders(connection: AsyncConnection, book_id: UUID, name: str) -> Sequence[AnyRow]:
    """The first few rows that break this rule."""
    statement = text(f"SELECT * FROM ({CHECKS[name]}) AS broken LIMIT {OFFENDERS}")  # noqa: S608  # nosec B608  # constants above
    return (await connection.execute(statement, {"book": book_id})).all()


async def every_book(connection: AsyncConnection) -> Sequence[UUID]:
    """All books of the database; for the owner's role, which row-level security does not narrow."""
    return (await connection.execute(text("SELECT id FROM books ORDER BY id"))).scalars().all()


async def ids_of_books(connection: AsyncConnection) -> Sequence[UUID]:
    """The same for a request's role, by a function that tells it no more than the ids."""
    return (await connection.execute(text("SELECT every_book()"))).scalars().all()


async def open_book(connection: AsyncConnection, book_id: UUID) -> None:
    """Let this transaction see one book's rows."""
    await connection.execute(text("SELECT set_config('app.book_id', :book, true)"), {"book": str(book_id)})


_VISIBLE = text(
    " UNION ALL ".join(
        f"SELECT id FROM public.{table} WHERE book_id = :book AND id = ANY (:ids)"  # noqa: S608  # nosec B608  # constants here
        for table in (
            "accounts",
            "attachments",
            "categories",
            "imports",
            "payee_aliases",
            "payees",
            "reconciliations",
            "tags",
            "trades",
            "transactions",
        )
    )
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))


async def visible(connection: AsyncConnection, book_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these ids whose rows the reader sees whole."""
    return set((await connection.execute(_VISIBLE, {"book": book_id, "ids": ids})).scalars())
