"""Moving all postings of a category or an account to another: the posting engine's set-based move.

Nothing changes in what was moved, so totals are handed over key by key instead of being computed again.
"""

from uuid import UUID

from sqlalchemy import BigInteger, TextClause, Uuid, bindparam, text

from app.access.context import BookWriter
from app.core.errors import ConflictError


class SelfTransferError(ConflictError):
    code = "self_transfer"
    title = "A transfer would have one account twice"


_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("old", type_=Uuid),
    bindparam("new", type_=Uuid),
)

_MOVE_TOTALS = """
    moved_totals AS (
        INSERT INTO monthly_totals AS m (book_id, month, account_id, category_id, role, inflow, outflow,
            base_inflow, base_outflow, unconverted_inflow, unconverted_outflow, count)
        SELECT book_id, month, {account}, {category}, role, sum(inflow), sum(outflow), sum(base_inflow),
               sum(base_outflow), sum(unconverted_inflow), sum(unconverted_outflow), sum(count)
        FROM old_totals GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (book_id, month, account_id, category_id, role) DO UPDATE SET
            inflow = m.inflow + excluded.inflow,
            outflow = m.outflow + excluded.outflow,
            base_inflow = m.base_inflow + excluded.base_inflow,
            base_outflow = m.base_outflow + excluded.base_outflow,
            unconverted_inflow = m.unconverted_inflow + excluded.unconverted_inflow,
            unconverted_outflow = m.unconverted_outflow + excluded.unconverted_outflow,
            count = m.count + excluded.count
    )
"""
_TOUCH = """
    touched AS (
        UPDATE transactions t SET revision = :revision, updated_at = now()
        FROM (SELECT DISTINCT transaction_id FROM moved) m
        WHERE t.book_id = :book AND t.id = m.transaction_id
    )
"""

_CATEGORY = text(
    f"""
    WITH moved AS (
        UPDATE postings SET category_id = :new
        WHERE book_id = :book AND category_id = :old
        RETURNING transaction_id
    ),
    old_totals AS (
        DELETE FROM monthly_totals WHERE book_id = :book AND category_id = :old RETURNING *
    ),
    import_rows_follow AS (
        UPDATE import_rows SET category_id = :new WHERE book_id = :book AND category_id = :old
    ),
    {_MOVE_TOTALS.format(account="account_id", category=":new")},
    {_TOUCH}
    SELECT count(*) FROM moved
    """  # noqa: S608  # both parts are constants of this module
).bindparams(*_PARAMETERS)

_ACCOUNT = text(
    f"""
    WITH moved AS (
        UPDATE postings SET account_id = :new
        WHERE book_id = :book AND account_id = :old
        RETURNING transaction_id, amount
    ),
    old_totals AS (
        DELETE FROM monthly_totals WHERE book_id = :book AND account_id = :old RETURNING *
    ),
    imports_follow AS (
        UPDATE imports SET account_id = :new WHERE book_id = :book AND account_id = :old
    ),
    import_rows_follow AS (
        UPDATE import_rows SET account_id = :new WHERE book_id = :book AND account_id = :old
    ),
    {_MOVE_TOTALS.format(account=":new", category="category_id")},
    touched AS (
        UPDATE transactions t
        SET account_id = CASE WHEN t.account_id = :old THEN :new ELSE t.account_id END,
            revision = :revision, updated_at = now()
        FROM (SELECT DISTINCT transaction_id FROM moved) m
        WHERE t.book_id = :book AND t.id = m.transaction_id
    ),
    balances AS (
        UPDATE accounts a
        SET balance = a.balance + CASE WHEN a.id = :new THEN total.amount ELSE -total.amount END,
            revision = :revision, updated_at = now()
        FROM (SELECT coalesce(sum(amount), 0) AS amount FROM moved) total
        WHERE a.book_id = :book AND a.id IN (:old, :new)
    )
    SELECT count(*) FROM moved
    """  # noqa: S608  # the part is a constant of this module
).bindparams(*_PARAMETERS)

_BETWEEN = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM postings a JOIN postings b ON b.book_id = a.book_id AND b.transaction_id = a.transaction_id
        WHERE a.book_id = :book AND a.account_id = :old AND b.account_id = :new
    )
    """
)


async def category(book: BookWriter, old: UUID, new: UUID) -> int:
    """Hand every posting of one category to another of the same kind; returns how many."""
    return await _move(book, _CATEGORY, old, new)


async def account(book: BookWriter, old: UUID, new: UUID) -> int:
    """Hand every posting of one account to another of the same currency; returns how many.

    Raises `SelfTransferError` when there is a transfer between the two, and the conflict of external ids that both
    accounts have.
    """
    if await book.connection.scalar(_BETWEEN, {"book": book.book_id, "old": old, "new": new}):
        raise SelfTransferError("There are transfers between the two accounts; delete or change those first.")
    return await _move(book, _ACCOUNT, old, new)


async def _move(book: BookWriter, statement: TextClause, old: UUID, new: UUID) -> int:
    parameters = {"book": book.book_id, "revision": book.revision, "old": old, "new": new}
    moved: int = await book.connection.scalar(statement, parameters) or 0
    return moved
