"""What people were told of plans, taken back with the plans that an undo takes away."""

from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, text

from app.access.context import BookWriter
from app.budgets import alerts
from app.goals import reaching
from app.schedules import repository as schedule_rows
from app.schedules import service as schedules

OF = {"budget", "goal", "schedule"}
_MADE = text(
    """
    SELECT entity, entity_id FROM events
    WHERE book_id = :book AND revision = :undone AND action = 'created' AND entity = ANY(:of)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("undone", type_=BigInteger), bindparam("of", type_=ARRAY(Text)))


async def forget(book: BookWriter, revision: int) -> None:
    """Of the budgets, goals and schedules that the revision made."""
    rows = (await book.connection.execute(_MADE, {"book": book.book_id, "undone": revision, "of": list(OF)})).all()
    budgets: list[UUID] = [row.entity_id for row in rows if row.entity == "budget"]
    if budgets:
        await alerts.forget_many(book, budgets)
    for row in rows:
        if row.entity == "goal":
            await reaching.forget(book, row.entity_id)
        elif (
            row.entity == "schedule"
            and (made := await schedule_rows.get(book.connection, book.book_id, row.entity_id)) is not None
        ):
            await schedules.take_back_reminders(book, made)
