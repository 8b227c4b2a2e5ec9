"""Moving all postings of a category or an account to another: the posting engine's set-based move."""

from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, bindparam, text

from app.access.context import BookWriter
from app.access.opening import moving, run_telling
from app.core.errors import ConflictError
from app.transactions import posting


class SelfTransferError(ConflictError):
    code = "self_transfer"
    title = "A transfer would have one account twice"


_PARAMETERS = (
    bindparam("book", type_=Uuid),
    bindparam("revision", type_=BigInteger),
    bindparam("position", type_=Integer),
    bindparam("old", type_=Uuid),
    bindparam("new", type_=Uuid),
    bindparam("actor", type_=Uuid),
)
_OF_CATEGORY = """
    SELECT transaction_id, line, account_id, CAST(:new AS uuid) AS category_id
    FROM postings WHERE book_id = :book AND category_id = CAST(:old AS uuid)
"""
_OF_ACCOUNT = """
    SELECT transaction_id, line, CAST(:new AS uuid) AS account_id, category_id
    FROM postings WHERE book_id = :book AND account_id = CAST(:old AS uuid)
"""
_BETWEEN = text(
    """
    SELECT EXISTS (
        SELECT 1 FROM postings a
        JOIN postings b ON b.book_id = a.book_id AND b.transaction_id = a.transaction_id
        JOIN transactions t ON t.book_id = a.book_id AND t.id = a.transaction_id AND t.type = 'transfer'
        WHERE a.book_id = :book AND a.account_id = :old AND b.account_id = :new
    )
    """
)

# What imported rows remember follows, so that the same file is still recognised, and a preview can be committed.
# The log tells by their positions which rows did: an import's rows are many, and mostly one beside the other.
_ROWS = """
    WITH moved AS (
        UPDATE import_rows SET {column} = :new WHERE book_id = :book AND {column} = :old
        RETURNING import_id, position
    ),
    each AS MATERIALIZED (
        SELECT import_id, range_agg(int4range(position, position, '[]'))::text AS positions FROM moved GROUP BY 1
    ),
    told AS (
        INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
        SELECT :book, :revision, :position + row_number() OVER (ORDER BY import_id) - 1, 'import_rows', import_id,
               'moved', :actor, jsonb_build_object('{column}', :old, 'positions', positions),
               jsonb_build_object('{column}', :new, 'positions', positions)
        FROM each
    )
    SELECT count(*) FROM each
"""
# The bank sends a merged row again to the account that has its transfer now.
_MERGED_OF_ACCOUNT = moving(
    "UPDATE merged_transactions SET account_id = :new WHERE book_id = :book AND account_id = :old",
    "merged_transaction",
    "account_id",
)
_IMPORTS_OF_ACCOUNT = moving(
    "UPDATE imports SET account_id = :new, revision = :revision WHERE book_id = :book AND account_id = :old",
    "import",
    "account_id",
)
_ROWS_OF_CATEGORY = text(_ROWS.format(column="category_id")).bindparams(*_PARAMETERS)
_ROWS_OF_ACCOUNT = text(_ROWS.format(column="account_id")).bindparams(*_PARAMETERS)


async def category(book: BookWriter, old: UUID, new: UUID) -> int:
    """Hand every posting of one category to another of the same kind; returns of how many transactions."""
    await run_telling(book, _ROWS_OF_CATEGORY, {"old": old, "new": new})
    return await posting.move(book, _OF_CATEGORY, {"old": old, "new": new})


async def account(book: BookWriter, old: UUID, new: UUID) -> int:
    """Hand every posting of one account to another of the same currency; returns of how many transactions.

    Raises `SelfTransferError` when there is a transfer between the two, `SealedError` where the account has reconciled
    transactions, and the conflict of external ids that both accounts have.
    """
    names = {"book": book.book_id, "old": old, "new": new}
    if await book.connection.scalar(_BETWEEN, names):
        raise SelfTransferError("There are transfers between the two accounts; delete or change those first.")
    moved = await posting.move(book, _OF_ACCOUNT, {"old": old, "new": new})
    await imports_of_account(book, old, new)
    await run_telling(book, _ROWS_OF_ACCOUNT, {"old": old, "new": new})
    await run_telling(book, _MERGED_OF_ACCOUNT, {"old": old, "new": new})
    return moved


async def imports_of_account(book: BookWriter, old: UUID, new: UUID | None) -> None:
    """Have the imports to an account that goes name its heir, or none."""
    await run_telling(book, _IMPORTS_OF_ACCOUNT, {"old": old, "new": new})
