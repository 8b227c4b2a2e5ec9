"""What people were told of plans, taken back with the plans that an undo takes away."""

from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam, text

from app.access.context import BookWriter
from app.budgets import alerts
from app.goals import reaching

_MADE = text(
    """
    SELECT entity, entity_id FROM events
    WHERE book_id = :book AND revision = :undone AND action = 'created' AND entity IN ('budget', 'goal')
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("undone", type_=BigInteger))


async def forget(book: BookWriter, revision: int) -> None:
    """Of the budgets and goals that the revision made."""
    rows = (await book.connection.execute(_MADE, {"book": book.book_id, "undone": revision})).all()
    budgets: list[UUID] = [row.entity_id for row in rows if row.entity == "budget"]
    if budgets:
        await alerts.forget_many(book, budgets)
    for row in rows:
        if row.entity == "goal":
            await reaching.forget(book, row.entity_id)
