"""Which lots sales on an account take, and when a gain is long-term."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, insert, select, text, update

from app.access.context import BookReader, BookWriter, Event
from app.accounts import service as accounts
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.ids import new_id
from app.portfolio.holding_schemas import CostMethodIn
from app.portfolio.models import CostMethod
from app.portfolio.remaking import remake
from app.transactions import posting

ENTITY = "cost_method"
DEFAULT = {"method": "fifo", "long_term_months": 12}
Document = dict[str, Any]

_FIRST_DISPOSAL = text(
    "SELECT min(disposed_on) FROM disposals WHERE book_id = :book AND account_id = :account"
).bindparams(bindparam("book", type_=Uuid), bindparam("account", type_=Uuid))


async def get(book: BookReader, account_id: UUID) -> Document:
    """The account's, or what counts while nothing was set; raises `AccountNotFoundError`."""
    await accounts.get(book, account_id)
    row = await of_account(book, account_id)
    return {"account_id": account_id, **DEFAULT, "revision": 0} if row is None else image(row)


async def put(book: BookWriter, account_id: UUID, body: CostMethodIn, expected: int | None) -> Document:
    """Set it, and compute all gains on the account anew.

    Raises what a closed period refuses: with another method, gains of it would be others. Raises what `remake` does
    where a sale that names its lots cannot be.
    """
    before = await get(book, account_id)
    check_revision(expected, before["revision"])
    if book.locked_until is not None:
        names = {"book": book.book_id, "account": account_id}
        posting.check_open(book, await book.connection.scalar(_FIRST_DISPOSAL, names))
    row_id = before.get("id") or new_id()
    values = {**body.model_dump(), "revision": book.revision}
    after = {**before, **values, "id": row_id}
    if "id" in before:
        statement = update(CostMethod).where(CostMethod.book_id == book.book_id, CostMethod.id == row_id)
        await book.connection.execute(statement.values({**values, "updated_at": func.now()}))
        book.record(Event(ENTITY, row_id, "updated", before=before, after=after))
    else:
        keys = {"book_id": book.book_id, "id": row_id, "account_id": account_id}
        await book.connection.execute(insert(CostMethod).values({**keys, **values}))
        book.record(Event(ENTITY, row_id, "created", after=after))
    await remake(book)
    return after


async def states(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    statement = select(CostMethod).where(CostMethod.book_id == book.book_id, CostMethod.id.in_(ids))
    return {row.id: image(row) for row in (await book.connection.execute(statement)).all()}


async def every(book: BookReader) -> dict[UUID, str]:
    """The method of each account for which one is set."""
    statement = select(CostMethod.account_id, CostMethod.method).where(CostMethod.book_id == book.book_id)
    return {row.account_id: row.method for row in (await book.connection.execute(statement)).all()}


async def forget(book: BookWriter, account_ids: Sequence[UUID], written: int) -> None:
    """Set back those of these accounts that revision `written` set for the first time; positions are not made anew.

    Its caller takes the trades back that needed them.
    """
    mine = (CostMethod.book_id == book.book_id, CostMethod.account_id.in_(account_ids))
    new = (CostMethod.revision == written, CostMethod.created_at == CostMethod.updated_at)
    for row in (await book.connection.execute(delete(CostMethod).where(*mine, *new).returning(CostMethod))).all():
        book.record(Event(ENTITY, row.id, "deleted", before=image(row)))


async def of_account(book: BookReader, account_id: UUID) -> AnyRow | None:
    statement = select(CostMethod).where(CostMethod.book_id == book.book_id, CostMethod.account_id == account_id)
    return (await book.connection.execute(statement)).one_or_none()


def image(row: AnyRow) -> Document:
    return {name: getattr(row, name) for name in ("id", "account_id", *DEFAULT, "revision")}
