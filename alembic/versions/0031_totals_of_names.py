"""Totals by payee and by tag, and indexes for the largest of each day."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

AMOUNTS = "base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count, counted"
SUMMED = ", ".join(f"sum({name})" for name in AMOUNTS.split(", "))
COLUMNS = """
            base_inflow numeric NOT NULL,
            base_outflow numeric NOT NULL,
            unconverted_inflow numeric NOT NULL,
            unconverted_outflow numeric NOT NULL,
            count bigint NOT NULL,
            counted bigint NOT NULL"""
SIDE = "side text NOT NULL CONSTRAINT ck_{table}_side CHECK (side IN ('income', 'expense'))"
REFERENCES = """
            CONSTRAINT fk_{table}_{what} FOREIGN KEY (book_id, {what}_id)
                REFERENCES {others} (book_id, id) ON DELETE CASCADE"""
OTHERS = {"account": "accounts", "category": "categories", "payee": "payees", "tag": "tags"}
SUMS_OF_POSTINGS = """
    coalesce(sum(greatest(p.base_amount, 0)), 0) AS base_inflow,
    coalesce(sum(greatest(-p.base_amount, 0)), 0) AS base_outflow,
    coalesce(sum(greatest(p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0) AS unconverted_inflow,
    coalesce(sum(greatest(-p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0) AS unconverted_outflow,
    count(*) AS count, count(*) FILTER (WHERE p.base_amount <> 0) AS counted
"""
SIDE_OF_POSTING = "coalesce(c.kind, CASE WHEN p.amount > 0 THEN 'income' ELSE 'expense' END)"
MONTH = "date_trunc('month', p.date::timestamp)::date"

TABLES = {
    "payee_totals": (
        "month date NOT NULL CONSTRAINT ck_payee_totals_month CHECK (extract(day FROM month) = 1)",
        ("payee", "account"),
        "month, payee_id, account_id, side",
    ),
    "payee_category_totals": (
        """span text NOT NULL CONSTRAINT ck_payee_category_totals_span CHECK (span IN ('month', 'year')),
            first_day date NOT NULL CONSTRAINT ck_payee_category_totals_first_day
                CHECK (extract(day FROM first_day) = 1 AND (span = 'month' OR extract(month FROM first_day) = 1))""",
        ("payee", "account", "category"),
        "span, first_day, category_id, payee_id, account_id, side",
    ),
    "tag_totals": (
        "month date NOT NULL CONSTRAINT ck_tag_totals_month CHECK (extract(day FROM month) = 1)",
        ("tag", "account", "category"),
        "month, tag_id, category_id, account_id, side",
    ),
}
FILLING = (
    f"""
    INSERT INTO payee_category_totals (book_id, span, first_day, category_id, payee_id, account_id, side, {AMOUNTS})
    SELECT p.book_id, 'month', {MONTH}, p.category_id, t.payee_id, p.account_id, {SIDE_OF_POSTING}, {SUMS_OF_POSTINGS}
    FROM postings p
    JOIN transactions t ON t.book_id = p.book_id AND t.id = p.transaction_id
    LEFT JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
    WHERE p.role = 'flow' GROUP BY 1, 3, 4, 5, 6, 7
    """,
    f"""
    INSERT INTO payee_category_totals (book_id, span, first_day, category_id, payee_id, account_id, side, {AMOUNTS})
    SELECT book_id, 'year', date_trunc('year', first_day::timestamp)::date, category_id, payee_id, account_id, side,
           {SUMMED}
    FROM payee_category_totals GROUP BY 1, 3, 4, 5, 6, 7
    """,
    f"""
    INSERT INTO payee_totals (book_id, month, payee_id, account_id, side, {AMOUNTS})
    SELECT book_id, first_day, payee_id, account_id, side, {SUMMED}
    FROM payee_category_totals WHERE span = 'month' GROUP BY 1, 2, 3, 4, 5
    """,
    f"""
    INSERT INTO tag_totals (book_id, month, tag_id, category_id, account_id, side, {AMOUNTS})
    SELECT p.book_id, {MONTH}, x.tag_id, p.category_id, p.account_id, {SIDE_OF_POSTING}, {SUMS_OF_POSTINGS}
    FROM postings p
    LEFT JOIN transaction_tags x ON x.book_id = p.book_id AND x.transaction_id = p.transaction_id
    LEFT JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
    WHERE p.role = 'flow' GROUP BY 1, 2, 3, 4, 5, 6
    """,
)


def upgrade() -> None:
    for table, (first, others, key) in TABLES.items():
        optional = {"account": " NOT NULL"}
        ids = ",\n            ".join(f"{what}_id uuid{optional.get(what, '')}" for what in others)
        references = ",".join(REFERENCES.format(table=table, what=what, others=OTHERS[what]) for what in others)
        op.execute(
            f"""
        CREATE TABLE {table} (
            book_id uuid NOT NULL,
            {first},
            {ids},
            {SIDE.format(table=table)},{COLUMNS},
            CONSTRAINT uq_{table}_key UNIQUE NULLS NOT DISTINCT (book_id, {key}),{references}
        )
            """
        )
    for statement in FILLING:
        op.execute(statement)
    # What one payee got, and the payees' foreign key.
    op.execute(
        "CREATE INDEX ix_payee_category_totals_payee ON payee_category_totals (book_id, payee_id, span, first_day)"
    )
    # Not by hidden tags, too: a policy holds for writing as well, and an undo may bring back a tag that nothing visible
    # has by then. To who does not see all, tags are told by postings (`Question.source`).
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(
            f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE "
            f"USING ({SEES_ALL} OR account_id <> ALL ((SELECT {HIDDEN})::uuid[]))"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    # The largest of each day from either end; and the transactions of which the largest posting does not tell all.
    op.execute(
        "CREATE INDEX ix_postings_largest ON postings (book_id, date, base_amount, transaction_id) "
        "INCLUDE (account_id, category_id) WHERE role = 'flow' AND base_amount IS NOT NULL"
    )
    op.execute(
        "CREATE INDEX ix_postings_parts ON postings (book_id, date, transaction_id) WHERE role = 'flow' AND line > 0"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_postings_parts")
    op.execute("DROP INDEX ix_postings_largest")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
