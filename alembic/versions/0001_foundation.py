"""The role that requests work under, currencies, and kept answers."""

import csv
from pathlib import Path

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CURRENCIES = Path(__file__).parents[1] / "data" / "currencies.csv"


def upgrade() -> None:
    # Roles belong to the whole server: another database of it may have made this one, even at this very moment.
    op.execute(
        """
        DO $$
        BEGIN
            BEGIN
                CREATE ROLE finance_app NOLOGIN NOINHERIT NOBYPASSRLS;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
            IF NOT pg_has_role(current_user, 'finance_app', 'SET') THEN
                EXECUTE format('GRANT finance_app TO %I WITH SET TRUE', current_user);
            END IF;
        END $$
        """
    )
    op.execute("GRANT USAGE ON SCHEMA public TO finance_app")
    op.execute("GRANT SELECT ON alembic_version TO finance_app")

    op.execute(
        """
        CREATE TABLE currencies (
            code text CONSTRAINT pk_currencies PRIMARY KEY,
            name text NOT NULL,
            exponent smallint NOT NULL CONSTRAINT ck_currencies_exponent CHECK (exponent BETWEEN 0 AND 18),
            kind text NOT NULL CONSTRAINT ck_currencies_kind CHECK (kind IN ('fiat', 'metal', 'crypto', 'custom'))
        )
        """
    )
    op.execute("GRANT SELECT ON currencies TO finance_app")
    with CURRENCIES.open(encoding="utf-8", newline="") as file:
        rows = [{**row, "exponent": int(row["exponent"])} for row in csv.DictReader(file)]
    table = sa.table(
        "currencies", sa.column("code"), sa.column("name"), sa.column("exponent", sa.SmallInteger), sa.column("kind")
    )
    op.bulk_insert(table, rows)

    op.execute(
        """
        CREATE TABLE idempotency_keys (
            scope text NOT NULL,
            key text NOT NULL,
            fingerprint bytea NOT NULL,
            status smallint NOT NULL,
            headers jsonb NOT NULL,
            body bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (scope, key)
        )
        """
    )
    op.execute("CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO finance_app")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
    op.execute("DROP TABLE currencies")
    op.execute("REVOKE SELECT ON alembic_version FROM finance_app")
    op.execute("REVOKE USAGE ON SCHEMA public FROM finance_app")
    op.execute(
        """
        DO $$
        BEGIN
            DROP ROLE finance_app;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'finance_app serves another database of this server and stays';
        END $$
        """
    )
