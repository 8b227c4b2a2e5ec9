"""Each person says how far a price has to move for them to be told."""

# ruff: noqa: S608  # constants of this module alone
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BOOK = "nullif(current_setting('app.book_id', true), '')::uuid"
USUAL = 5
"""Percent, of who has chosen nothing."""

NOTIFY_MEMBERS = f"""
CREATE OR REPLACE FUNCTION notify_members(
    p_kind text, p_key text, p_title text, p_body text, p_data jsonb, p_accounts uuid[]
) RETURNS integer
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH told AS (
        INSERT INTO notifications (user_id, source_book_id, kind, key, title, body, data, accounts)
        SELECT m.user_id, m.book_id, p_kind, p_key, p_title, p_body, p_data, p_accounts
        FROM book_members m
        WHERE m.book_id = {BOOK}
          AND NOT EXISTS (
              SELECT FROM account_viewers v
              WHERE v.book_id = m.book_id AND v.account_id = ANY (p_accounts)
                AND NOT EXISTS (SELECT FROM account_viewers w
                                WHERE w.book_id = v.book_id AND w.account_id = v.account_id
                                  AND w.user_id = m.user_id)){{wanted}}
        ON CONFLICT ON CONSTRAINT uq_notifications_key DO NOTHING
        RETURNING 1
    )
    SELECT count(*)::integer FROM told
$$
"""
FAR_ENOUGH = f"""
          AND CASE WHEN p_kind = 'price_moved' THEN abs((p_data ->> 'percent')::numeric) >= coalesce(
                  (SELECT (s.settings ->> 'price_move_threshold')::numeric FROM notification_settings s
                   WHERE s.user_id = m.user_id), {USUAL})
              ELSE true END"""


def upgrade() -> None:
    op.execute(NOTIFY_MEMBERS.format(wanted=FAR_ENOUGH))


def downgrade() -> None:
    """Settings that were chosen since say the threshold, and what was before takes no field that it does not know."""
    op.execute("UPDATE notification_settings SET settings = settings - 'price_move_threshold'")
    op.execute(NOTIFY_MEMBERS.format(wanted=""))
