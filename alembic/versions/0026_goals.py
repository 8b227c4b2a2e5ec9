"""Goals with the accounts their money lies on, and the terms of loans."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

TABLES = (
    """
    CREATE TABLE goals (
        book_id uuid NOT NULL CONSTRAINT fk_goals_book_id_books REFERENCES books ON DELETE CASCADE,
        id uuid NOT NULL DEFAULT uuidv7(),
        name text NOT NULL,
        kind text NOT NULL CONSTRAINT ck_goals_kind CHECK (kind IN ('save_up', 'pay_down')),
        currency text NOT NULL CONSTRAINT fk_goals_currency_currencies REFERENCES currencies,
        target_amount numeric NOT NULL CONSTRAINT ck_goals_target CHECK (target_amount >= 0),
        target_date date,
        start_amount numeric NOT NULL,
        start_date date NOT NULL,
        notes text,
        archived_at timestamptz,
        reached_at timestamptz,
        revision bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_goals PRIMARY KEY (book_id, id)
    )
    """,
    """
    CREATE TABLE goal_sources (
        book_id uuid NOT NULL,
        id uuid NOT NULL DEFAULT uuidv7(),
        goal_id uuid NOT NULL,
        line integer NOT NULL,
        account_id uuid,
        budget_id uuid,
        share numeric CONSTRAINT ck_goal_sources_share CHECK (share > 0 AND share <= 100),
        earmark numeric CONSTRAINT ck_goal_sources_earmark CHECK (earmark > 0),
        CONSTRAINT pk_goal_sources PRIMARY KEY (book_id, id),
        CONSTRAINT uq_goal_sources_account UNIQUE (book_id, goal_id, account_id),
        CONSTRAINT uq_goal_sources_budget UNIQUE (book_id, goal_id, budget_id),
        CONSTRAINT ck_goal_sources_place CHECK (num_nonnulls(account_id, budget_id) = 1),
        CONSTRAINT ck_goal_sources_claim CHECK (share IS NULL OR earmark IS NULL),
        CONSTRAINT fk_goal_sources_goal FOREIGN KEY (book_id, goal_id) REFERENCES goals (book_id, id),
        CONSTRAINT fk_goal_sources_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
        CONSTRAINT fk_goal_sources_budget FOREIGN KEY (book_id, budget_id) REFERENCES budgets (book_id, id)
    )
    """,
    "CREATE INDEX ix_goal_sources_budget ON goal_sources (book_id, budget_id)",
    "CREATE INDEX ix_goal_sources_account ON goal_sources (book_id, account_id)",
    """
    CREATE TABLE loans (
        book_id uuid NOT NULL CONSTRAINT fk_loans_book_id_books REFERENCES books ON DELETE CASCADE,
        id uuid NOT NULL DEFAULT uuidv7(),
        account_id uuid NOT NULL,
        principal numeric,
        annual_rate numeric NOT NULL CONSTRAINT ck_loans_annual_rate CHECK (annual_rate >= 0),
        periods_per_year integer NOT NULL,
        payment numeric,
        term integer,
        first_payment_date date NOT NULL,
        start_date date,
        day_count text NOT NULL,
        compounding_per_year integer,
        rounding text NOT NULL,
        fee numeric NOT NULL,
        interest_only integer NOT NULL,
        balloon numeric NOT NULL,
        rate_changes jsonb NOT NULL DEFAULT '[]',
        extra_payments jsonb NOT NULL DEFAULT '[]',
        notes text,
        revision bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT pk_loans PRIMARY KEY (book_id, id),
        CONSTRAINT uq_loans_account UNIQUE (book_id, account_id),
        CONSTRAINT ck_loans_ends CHECK (payment IS NOT NULL OR term IS NOT NULL),
        CONSTRAINT fk_loans_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id)
    )
    """,
)

FUNCTIONS = {
    # Goals with money on an account, or in an envelope, that the member who asks does not see: all of it is hidden.
    "hidden_goals()": f"""
CREATE FUNCTION hidden_goals() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp ROWS 10
AS $$
    SELECT s.goal_id FROM goal_sources s WHERE s.book_id = {BOOK} AND s.account_id = ANY ({HIDDEN})
    UNION
    SELECT s.goal_id FROM goal_sources s
    JOIN budgets b ON b.book_id = s.book_id AND b.id = s.budget_id
    WHERE s.book_id = {BOOK} AND (b.account_ids && {HIDDEN} OR b.tag_ids && ARRAY(SELECT hidden_tags()))
$$
""",
    # Asked whenever a book is taken, by whoever writes: their change may reach a goal that they do not see.
    "book_has_goals()": f"""
CREATE FUNCTION book_has_goals() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT EXISTS (SELECT FROM goals g WHERE g.book_id = {BOOK} AND g.archived_at IS NULL) $$
""",
    # For the daily look: ids, and none of them opens a book.
    "books_with_goals()": """
CREATE FUNCTION books_with_goals() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT DISTINCT g.book_id FROM goals g WHERE g.archived_at IS NULL $$
""",
}

POLICIES = {
    "goals": f"{SEES_ALL} OR id NOT IN (SELECT hidden_goals())",
    "goal_sources": f"{SEES_ALL} OR goal_id NOT IN (SELECT hidden_goals())",
    "loans": f"{SEES_ALL} OR account_id <> ALL ((SELECT {HIDDEN})::uuid[])",
}


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO finance_app")
    for table, seen in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE USING ({seen})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")


def downgrade() -> None:
    for table in reversed(POLICIES):
        op.execute(f"DROP TABLE {table} CASCADE")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
