"""What each table of the database is to row-level security: a table that is not here, and has no book, fails the tests.

A table with a column `book_id` is one of a book, and is looked at in test_row_security.py.
"""

from dataclasses import dataclass

from sqlalchemy import text

from app.core.database import Database

FETCHED = {"exchange_rates", "market_quotes", "quote_sources", "quote_versions", "rate_fetches", "rate_versions"}
"""What comes from others: empty until they are asked."""

GLOBAL = {"alembic_version", "currencies", "permissions"} | FETCHED
"""The same for everybody: the role of requests may read them and nothing else, and they have no policies."""

ROLES = {"role_permissions"}
"""Read by everybody, written with `permissions:manage`."""

WRITTEN_ONLY = {"mails", "address_requests"}
"""Added to by requests, which cannot read, change or delete anything in it."""


INTERNAL = {"deleted_books"}
"""Of functions of the tables' owner alone: the role of requests has no part in it."""

INVITING = {"invitations"}
"""Seen and written with `users:invite`."""


@dataclass(frozen=True)
class Personal:
    """A table whose rows are somebody's."""

    owner: str
    """SQL for the id of the user whose row it is."""
    column: str
    """A column that the role may write, to try an UPDATE with."""
    insert: str
    """An INSERT of a row for the user `:user`, on which the policy must speak before any constraint does."""


PERSONAL = {
    "users": Personal("id", "full_name", "INSERT INTO users (id) VALUES (:user)"),
    "passwords": Personal("user_id", "hash", "INSERT INTO passwords (user_id) VALUES (:user)"),
    "sessions": Personal("user_id", "expires_at", "INSERT INTO sessions (user_id) VALUES (:user)"),
    "refresh_tokens": Personal(
        "(SELECT s.user_id FROM sessions s WHERE s.id = session_id)",
        "used_at",
        "INSERT INTO refresh_tokens (session_id, token_hash) VALUES (:session, 'x')",
    ),
    "personal_tokens": Personal("user_id", "name", "INSERT INTO personal_tokens (user_id) VALUES (:user)"),
    "totp_secrets": Personal("user_id", "sealed", "INSERT INTO totp_secrets (user_id) VALUES (:user)"),
    "recovery_codes": Personal("user_id", "code_hash", "INSERT INTO recovery_codes (user_id) VALUES (:user)"),
    "passkeys": Personal("user_id", "name", "INSERT INTO passkeys (user_id) VALUES (:user)"),
    "wrong_guesses": Personal("user_id", "wrong", "INSERT INTO wrong_guesses (user_id) VALUES (:user)"),
    "identities": Personal("user_id", "email", "INSERT INTO identities (user_id) VALUES (:user)"),
    "notifications": Personal("user_id", "read_at", "INSERT INTO notifications (user_id) VALUES (:user)"),
    "notification_settings": Personal(
        "user_id", "settings", "INSERT INTO notification_settings (user_id) VALUES (:user)"
    ),
    "one_time_tokens": Personal("user_id", "data", "INSERT INTO one_time_tokens (user_id) VALUES (:user)"),
    "idempotency_keys": Personal(
        "CASE WHEN scope LIKE 'user:%' THEN substr(scope, 6)::uuid END",
        "status",
        "INSERT INTO idempotency_keys (scope) VALUES ('user:' || CAST(:user AS text))",
    ),
}
APPENDED = {"audit"}
"""Only added to; read with `audit:read`, or by whom an entry concerns."""

_TABLES = text(
    """
    SELECT c.relname, EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'book_id' AND NOT a.attisdropped
    ) AS of_book
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname
    """
)


async def classified(owner: Database) -> dict[str, str]:
    """Every table, view and foreign table with its class; one that nobody has classified is `unknown`."""
    named = {
        **dict.fromkeys(GLOBAL, "global"),
        **dict.fromkeys(ROLES, "roles"),
        **dict.fromkeys(WRITTEN_ONLY, "written only"),
        **dict.fromkeys(PERSONAL, "personal"),
        **dict.fromkeys(INTERNAL, "internal"),
        **dict.fromkeys(INVITING, "inviting"),
        **dict.fromkeys(APPENDED, "appended"),
        "books": "book",
    }
    async with owner.begin() as connection:
        rows = (await connection.execute(_TABLES)).all()
    return {row.relname: named.get(row.relname, "book" if row.of_book else "unknown") for row in rows}
