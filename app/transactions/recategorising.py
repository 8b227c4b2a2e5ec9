"""Giving what a filter finds another category, however much it is: the postings are named by the database alone."""

from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, and_, column, exists, func, insert, select, table, text
from sqlalchemy.orm import aliased

from app.access.context import BookReader, BookWriter
from app.core.database import without_nested_loops
from app.core.errors import FieldError
from app.transactions import listing, posting, references, service
from app.transactions.bulk_schemas import RecategoriseIn
from app.transactions.documents import Document
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.filters import TransactionFilter, descendants
from app.transactions.models import Posting, Transaction

SAMPLE = 10

# Not `Posting` itself: the filter's own conditions speak of that one.
part = aliased(Posting)
_CREATE = text("CREATE TEMP TABLE recategorising (transaction_id uuid, line integer, account_id uuid) ON COMMIT DROP")
_STAGED = table("recategorising", column("transaction_id", Uuid), column("line", Integer), column("account_id", Uuid))
_WANTED = """
    SELECT transaction_id, line, account_id, CAST(:category AS uuid) AS category_id FROM recategorising
"""


async def preview(book: BookReader, body: RecategoriseIn) -> Document:
    """How many transactions would change, and the newest of them as they are."""
    wanted, chosen = await _chosen(book, body)
    newest = (
        select(Transaction.id)
        .where(*wanted.conditions(book.book_id), _has(chosen))
        .order_by(Transaction.date.desc(), Transaction.id.desc())
        .limit(SAMPLE)
    )
    ids = list((await book.connection.execute(newest)).scalars())
    count = select(func.count()).select_from(Transaction).where(*wanted.conditions(book.book_id), _has(chosen))
    changing = int(await book.connection.scalar(count) or 0)
    return await _report(book, ids, changing, dry_run=True)


async def apply(book: BookWriter, body: RecategoriseIn) -> Document:
    """Give the postings that the filter finds the category, as one revision.

    Of a filter by category, or of what has none, those parts are changed that it names. Of any other filter, only
    transactions of one part: which part of a split is meant nobody can know. Raises `ReferenceNotFoundError` and
    `ArchivedError` for the category, and `PeriodLockedError` where anything found lies in a closed period.
    """
    wanted, chosen = await _chosen(book, body)
    await book.connection.execute(_CREATE)
    found = (
        select(part.transaction_id, part.line, part.account_id)
        .join(Transaction, and_(Transaction.book_id == book.book_id, Transaction.id == part.transaction_id))
        .where(part.book_id == book.book_id, *wanted.conditions(book.book_id), chosen)
    )
    async with without_nested_loops(book.connection):
        await book.connection.execute(insert(_STAGED).from_select(["transaction_id", "line", "account_id"], found))
    await book.connection.execute(text("ANALYZE recategorising"))
    changed = await posting.move(book, _WANTED, {"category": body.category_id})
    newest = (
        select(Transaction.id)
        .where(Transaction.book_id == book.book_id, Transaction.revision == book.revision)
        .order_by(Transaction.date.desc(), Transaction.id.desc())
        .limit(SAMPLE)
    )
    ids = list((await book.connection.execute(newest)).scalars())
    return await _report(book, ids, changed, dry_run=False)


async def _chosen(book: BookReader, body: RecategoriseIn) -> tuple[TransactionFilter, ColumnElement[bool]]:
    """The filter, ready, and which postings of what it finds are meant."""
    wanted = await listing.prepared(book, body.filter.wanted(), field="filter.q")
    conditions = [
        part.role == "flow",
        part.category_id.is_distinct_from(body.category_id),
        Transaction.type != "trade",  # its categories are the trade's
    ]
    if wanted.category_ids:
        conditions.append(part.category_id.in_(select(descendants(book.book_id, wanted.category_ids, "changing").c.id)))
    elif wanted.uncategorised:
        conditions.append(part.category_id.is_(None))
    else:
        other = aliased(Posting)
        same = and_(
            other.book_id == book.book_id,
            other.transaction_id == part.transaction_id,
            other.role == "flow",
            other.line != part.line,
        )
        conditions.append(~exists(select(other.line).where(same)))
    if await _kind(book, body.category_id) == "income":
        conditions.append(Transaction.type.in_(("income", "journal")))
    return wanted, and_(*conditions)


async def _kind(book: BookReader, category_id: UUID | None) -> str | None:
    """The kind of the category, which must be there and in use."""
    if category_id is None:
        return None
    known = await references.load(book.connection, book.book_id, accounts=(), categories=(category_id,))
    category = known.categories.get(category_id)
    if category is None:
        raise ReferenceNotFoundError(
            [FieldError("category_id", "category_not_found", "there is no category with this id")]
        )
    if category.archived:
        raise ArchivedError([FieldError("category_id", "category_archived", "is archived")])
    return category.kind


def _has(chosen: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(
        select(part.line).where(part.book_id == Transaction.book_id, part.transaction_id == Transaction.id, chosen)
    )


async def _report(book: BookReader, ids: list[UUID], count: int, *, dry_run: bool) -> Document:
    documents = await service.get_many(book, ids)
    return {
        "count": count,
        "sample": [documents[row_id] for row_id in ids if row_id in documents],
        "dry_run": dry_run,
        "revision": book.revision,
    }
