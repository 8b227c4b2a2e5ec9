"""Budgets, their groups, amounts, assignments and reached thresholds, and what they refer to."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
HIDDEN = "nullif(current_setting('app.hidden_accounts', true), '')::uuid[]"
SEES_ALL = "(SELECT nullif(current_setting('app.hidden_accounts', true), '')) IS NULL"

TABLES = """
CREATE TABLE budget_groups (
    book_id uuid NOT NULL CONSTRAINT fk_budget_groups_book_id_books REFERENCES books ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL,
    sort integer NOT NULL DEFAULT 0,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_budget_groups PRIMARY KEY (book_id, id)
);
CREATE TABLE budgets (
    book_id uuid NOT NULL CONSTRAINT fk_budgets_book_id_books REFERENCES books ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL,
    kind text NOT NULL CONSTRAINT ck_budgets_kind CHECK (kind IN ('limit', 'envelope')),
    group_id uuid,
    period text NOT NULL,
    every integer NOT NULL CONSTRAINT ck_budgets_every CHECK (every > 0),
    unit text NOT NULL CONSTRAINT ck_budgets_unit CHECK (unit IN ('day', 'week', 'month', 'year')),
    start_date date NOT NULL,
    end_date date,
    rollover text NOT NULL CONSTRAINT ck_budgets_rollover CHECK (rollover IN ('none', 'surplus', 'deficit', 'both')),
    rollover_since date NOT NULL,
    category_ids uuid[] NOT NULL DEFAULT '{}',
    account_ids uuid[] NOT NULL DEFAULT '{}',
    tag_ids uuid[] NOT NULL DEFAULT '{}',
    thresholds numeric[],
    notes text,
    sort integer NOT NULL DEFAULT 0,
    archived_at timestamptz,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_budgets PRIMARY KEY (book_id, id),
    CONSTRAINT ck_budgets_dates CHECK (end_date >= start_date),
    CONSTRAINT fk_budgets_group FOREIGN KEY (book_id, group_id) REFERENCES budget_groups (book_id, id)
);
CREATE INDEX ix_budgets_group ON budgets (book_id, group_id) WHERE group_id IS NOT NULL;
CREATE TABLE budget_references (
    book_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    category_id uuid,
    account_id uuid,
    tag_id uuid,
    CONSTRAINT uq_budget_references_key
        UNIQUE NULLS NOT DISTINCT (book_id, budget_id, category_id, account_id, tag_id),
    CONSTRAINT fk_budget_references_budget FOREIGN KEY (book_id, budget_id)
        REFERENCES budgets (book_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_budget_references_category FOREIGN KEY (book_id, category_id) REFERENCES categories (book_id, id),
    CONSTRAINT fk_budget_references_account FOREIGN KEY (book_id, account_id) REFERENCES accounts (book_id, id),
    CONSTRAINT fk_budget_references_tag FOREIGN KEY (book_id, tag_id) REFERENCES tags (book_id, id)
);
CREATE INDEX ix_budget_references_category ON budget_references (book_id, category_id);
CREATE INDEX ix_budget_references_account ON budget_references (book_id, account_id);
CREATE INDEX ix_budget_references_tag ON budget_references (book_id, tag_id);
CREATE TABLE budget_amounts (
    book_id uuid NOT NULL CONSTRAINT fk_budget_amounts_book_id_books REFERENCES books ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    budget_id uuid NOT NULL,
    from_date date NOT NULL,
    amount numeric NOT NULL CONSTRAINT ck_budget_amounts_amount CHECK (amount >= 0),
    CONSTRAINT pk_budget_amounts PRIMARY KEY (book_id, id),
    CONSTRAINT uq_budget_amounts_from UNIQUE (book_id, budget_id, from_date),
    CONSTRAINT fk_budget_amounts_budget FOREIGN KEY (book_id, budget_id)
        REFERENCES budgets (book_id, id) ON DELETE CASCADE
);
CREATE TABLE budget_assignments (
    book_id uuid NOT NULL CONSTRAINT fk_budget_assignments_book_id_books REFERENCES books ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    budget_id uuid NOT NULL,
    date date NOT NULL,
    amount numeric NOT NULL,
    move_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_budget_assignments PRIMARY KEY (book_id, id),
    CONSTRAINT fk_budget_assignments_budget FOREIGN KEY (book_id, budget_id)
        REFERENCES budgets (book_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_budget_assignments_budget ON budget_assignments (book_id, budget_id, date, id);
CREATE TABLE budget_alerts (
    book_id uuid NOT NULL CONSTRAINT fk_budget_alerts_book_id_books REFERENCES books ON DELETE CASCADE,
    budget_id uuid NOT NULL,
    period_start date NOT NULL,
    threshold numeric NOT NULL,
    CONSTRAINT pk_budget_alerts PRIMARY KEY (book_id, budget_id, period_start, threshold),
    CONSTRAINT fk_budget_alerts_budget FOREIGN KEY (book_id, budget_id)
        REFERENCES budgets (book_id, id) ON DELETE CASCADE
);
CREATE TABLE budget_carries (
    book_id uuid NOT NULL CONSTRAINT fk_budget_carries_book_id_books REFERENCES books ON DELETE CASCADE,
    budget_id uuid NOT NULL,
    period_start date NOT NULL,
    carried numeric NOT NULL,
    CONSTRAINT pk_budget_carries PRIMARY KEY (book_id, budget_id),
    CONSTRAINT fk_budget_carries_budget FOREIGN KEY (book_id, budget_id)
        REFERENCES budgets (book_id, id) ON DELETE CASCADE
)
"""

# A budget is one row, which undo can bring back as it was; these rows have the database hold to what it names.
KEEP_REFERENCES = """
CREATE FUNCTION keep_budget_references() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    DELETE FROM budget_references r WHERE r.book_id = NEW.book_id AND r.budget_id = NEW.id;
    INSERT INTO budget_references (book_id, budget_id, category_id, account_id, tag_id)
    SELECT NEW.book_id, NEW.id, x, NULL::uuid, NULL::uuid FROM unnest(NEW.category_ids) AS x
    UNION SELECT NEW.book_id, NEW.id, NULL::uuid, x, NULL::uuid FROM unnest(NEW.account_ids) AS x
    UNION SELECT NEW.book_id, NEW.id, NULL::uuid, NULL::uuid, x FROM unnest(NEW.tag_ids) AS x;
    RETURN NULL;
END
$$
"""
TRIGGER = """
CREATE TRIGGER keep_budget_references AFTER INSERT OR UPDATE OF category_ids, account_ids, tag_ids ON budgets
    FOR EACH ROW EXECUTE FUNCTION keep_budget_references()
"""

# What was carried into a period follows from more than transactions: a change of anything else forgets it, also where
# who changes that does not see the budget. A writer who reckons at the same time holds the book, or waits for it.
FORGET_CARRIES = """
CREATE FUNCTION forget_budget_carries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    book uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.book_id ELSE NEW.book_id END;
BEGIN
    PERFORM FROM books b WHERE b.id = book FOR NO KEY UPDATE;
    DELETE FROM budget_carries c WHERE c.book_id = book;
    RETURN NULL;
END
$$
"""
FORGETTING = {
    "categories": "UPDATE OF parent_id, kind",
    "account_viewers": "INSERT OR UPDATE OR DELETE",
    "book_members": "INSERT OR DELETE",
    "budgets": "UPDATE",
    "budget_amounts": "INSERT OR UPDATE OR DELETE",
    "budget_assignments": "INSERT OR UPDATE OR DELETE",
}

# Asked whenever a book is taken, by whoever writes: a budget that they do not see counts what they spend, too.
HAS_BUDGETS = f"""
CREATE FUNCTION book_has_budgets() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM budgets b WHERE b.book_id = {BOOK} AND b.archived_at IS NULL)
$$
"""

# A budget that names accounts, or tags that came with hidden ones, is for those who see all of them.
SEEN_BUDGET = (
    f"{SEES_ALL} OR (NOT coalesce(account_ids && (SELECT {HIDDEN})::uuid[], false) "
    "AND NOT tag_ids && ARRAY(SELECT hidden_tags()))"
)
OF_SEEN_BUDGET = (
    f"{SEES_ALL} OR EXISTS (SELECT FROM budgets b WHERE b.book_id = {{table}}.book_id AND b.id = {{table}}.budget_id)"
)
OF_BUDGETS = ("budget_references", "budget_amounts", "budget_assignments", "budget_alerts", "budget_carries")


def upgrade() -> None:
    for statement in TABLES.split(";"):
        op.execute(statement)
    for table in ("budget_groups", "budgets", *OF_BUDGETS):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY book_of_request ON {table} USING (book_id = {BOOK})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO finance_app")
    op.execute(f"CREATE POLICY seen_by_member ON budgets AS RESTRICTIVE USING ({SEEN_BUDGET})")
    for table in OF_BUDGETS:
        rule = OF_SEEN_BUDGET.format(table=table)
        op.execute(f"CREATE POLICY seen_by_member ON {table} AS RESTRICTIVE USING ({rule})")
    op.execute(KEEP_REFERENCES)
    op.execute("REVOKE ALL ON FUNCTION keep_budget_references() FROM PUBLIC")
    op.execute(TRIGGER)
    op.execute(FORGET_CARRIES)
    op.execute("REVOKE ALL ON FUNCTION forget_budget_carries() FROM PUBLIC")
    for table, event in FORGETTING.items():
        op.execute(
            f"CREATE TRIGGER forget_budget_carries AFTER {event} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION forget_budget_carries()"
        )
    op.execute(HAS_BUDGETS)
    op.execute("REVOKE ALL ON FUNCTION book_has_budgets() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION book_has_budgets() TO finance_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION book_has_budgets()")
    for table in FORGETTING:
        op.execute(f"DROP TRIGGER forget_budget_carries ON {table}")
    op.execute("DROP FUNCTION forget_budget_carries()")
    for table in (*reversed(OF_BUDGETS), "budgets", "budget_groups"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION keep_budget_references()")
