"""Totals by payee of thirds of months and of years, and by tag of days, in the account's currency as well."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

AMOUNTS = "base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count, counted"
SUMMED = ", ".join(f"sum({name})" for name in AMOUNTS.split(", "))
SUMS_OF_POSTINGS = """
    coalesce(sum(greatest(p.base_amount, 0)), 0), coalesce(sum(greatest(-p.base_amount, 0)), 0),
    coalesce(sum(greatest(p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0),
    coalesce(sum(greatest(-p.amount, 0)) FILTER (WHERE p.base_amount IS NULL), 0),
    count(*), count(*) FILTER (WHERE p.base_amount <> 0)
"""
SIDE = "coalesce(c.kind, CASE WHEN p.amount > 0 THEN 'income' ELSE 'expense' END)"
THIRD = """
    date_trunc('month', p.date::timestamp)::date
        + CASE WHEN extract(day FROM p.date) > 20 THEN 20 WHEN extract(day FROM p.date) > 10 THEN 10 ELSE 0 END
"""
MONTH = "date_trunc('month', p.date::timestamp)::date"
BEGINS = {
    "payee_totals": """
        (extract(day FROM first_day) = 1 AND (span <> 'year' OR extract(month FROM first_day) = 1))
        OR (span = 'third' AND extract(day FROM first_day) IN (11, 21))
    """,
    "tag_totals": "span = 'day' OR extract(day FROM first_day) = 1",
}
SPANS = {"payee_totals": "'third', 'month', 'year'", "tag_totals": "'day', 'month'"}
KEYS = {"payee_totals": "payee_id, account_id, side", "tag_totals": "tag_id, category_id, account_id, side"}
OF_POSTINGS = """
    FROM postings p
    JOIN transactions t ON t.book_id = p.book_id AND t.id = p.transaction_id
    LEFT JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
    WHERE p.role = 'flow' GROUP BY 1, 3, 4, 5, 6
"""
OF_TAGS = """
    FROM postings p
    LEFT JOIN transaction_tags x ON x.book_id = p.book_id AND x.transaction_id = p.transaction_id
    LEFT JOIN categories c ON c.book_id = p.book_id AND c.id = p.category_id
    WHERE p.role = 'flow' GROUP BY 1, 3, 4, 5, 6, 7
"""
OWN = "sum(greatest(p.amount, 0)), sum(greatest(-p.amount, 0))"
FILLING = (
    f"""
    INSERT INTO payee_totals (book_id, span, first_day, payee_id, account_id, side, {AMOUNTS})
    SELECT p.book_id, 'third', {THIRD}, t.payee_id, p.account_id, {SIDE}, {SUMS_OF_POSTINGS} {OF_POSTINGS}
    """,
    f"""
    INSERT INTO payee_totals (book_id, span, first_day, payee_id, account_id, side, {AMOUNTS})
    SELECT book_id, 'year', date_trunc('year', first_day::timestamp)::date, payee_id, account_id, side, {SUMMED}
    FROM payee_totals WHERE span = 'month' GROUP BY 1, 3, 4, 5, 6
    """,
    *(
        f"""
    INSERT INTO tag_totals (book_id, span, first_day, tag_id, category_id, account_id, side, inflow, outflow, {AMOUNTS})
    SELECT p.book_id, '{span}', {first_day}, x.tag_id, p.category_id, p.account_id, {SIDE}, {OWN}, {SUMS_OF_POSTINGS}
    {OF_TAGS}
        """
        for span, first_day in (("day", "p.date"), ("month", MONTH))
    ),
)


def upgrade() -> None:
    op.execute("TRUNCATE tag_totals")  # filled anew
    for table, spans in SPANS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_month, DROP CONSTRAINT uq_{table}_key")
        op.execute(f"ALTER TABLE {table} RENAME COLUMN month TO first_day")
        op.execute(f"ALTER TABLE {table} ADD COLUMN span text NOT NULL DEFAULT 'month'")
        op.execute(
            f"""
            ALTER TABLE {table}
                ALTER COLUMN span DROP DEFAULT,
                ADD CONSTRAINT ck_{table}_span CHECK (span IN ({spans})),
                ADD CONSTRAINT ck_{table}_first_day CHECK ({BEGINS[table]}),
                ADD CONSTRAINT uq_{table}_key UNIQUE NULLS NOT DISTINCT (book_id, span, first_day, {KEYS[table]})
            """
        )
    op.execute("ALTER TABLE tag_totals ADD COLUMN inflow numeric NOT NULL, ADD COLUMN outflow numeric NOT NULL")
    for statement in FILLING:
        op.execute(statement)
    # For their foreign keys: who deletes an account or a category would read all of the book's.
    for name in ("account", "category"):
        op.execute(f"CREATE INDEX ix_tag_totals_{name} ON tag_totals (book_id, {name}_id)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_tag_totals_account, ix_tag_totals_category")
    op.execute("ALTER TABLE tag_totals DROP COLUMN inflow, DROP COLUMN outflow")
    for table, key in KEYS.items():
        op.execute(f"DELETE FROM {table} WHERE span <> 'month'")
        op.execute(
            f"""
            ALTER TABLE {table}
                DROP CONSTRAINT uq_{table}_key, DROP CONSTRAINT ck_{table}_first_day, DROP CONSTRAINT ck_{table}_span,
                DROP COLUMN span
            """
        )
        op.execute(f"ALTER TABLE {table} RENAME COLUMN first_day TO month")
        op.execute(
            f"""
            ALTER TABLE {table}
                ADD CONSTRAINT ck_{table}_month CHECK (extract(day FROM month) = 1),
                ADD CONSTRAINT uq_{table}_key UNIQUE NULLS NOT DISTINCT (book_id, month, {key})
            """
        )
