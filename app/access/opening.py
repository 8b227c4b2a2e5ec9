"""Taking a book to write in it, and writing what was recorded: for requests and for commands alike."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, RowMapping, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import repository
from app.access.context import Actor, BookWriter
from app.access.watching import settle
from app.core.errors import NotFoundError


def actor_of(row: RowMapping, connection: AsyncConnection) -> Actor:
    """The actor whom an opened request's row tells of."""
    return Actor(
        row["user_id"],
        row["user_role"],
        row["time_zone"],
        connection,
        row["session_id"],
        row["token_id"],
        row["confirmed_at"],
    )


async def take_book(actor: Actor, book_id: UUID, role: str, *, hides: bool = False) -> BookWriter:
    """Hold the book until the transaction ends; its base currency is read under the lock.

    The actor's connection has opened the book already, with this role. Raises `NotFoundError` where somebody has
    deleted it in between.
    """
    taken = await repository.take_book(actor.connection, book_id)
    if taken is None:
        raise NotFoundError("This book was deleted a moment ago.")
    return BookWriter(
        actor,
        actor.connection,
        book_id,
        role,
        taken["base_currency"],
        taken["base_exponent"],
        taken["revision"],
        taken["base_currency_chosen"],
        taken["locked_until"],
        hides=hides,
        uses=set(taken["uses"]),
    )


async def flush_events(writer: BookWriter) -> None:
    """Write what was recorded and no statement of its own took along."""
    rows = writer.take_events()
    if rows:
        await repository.write_events(writer.connection, writer.book_id, writer.revision, writer.actor.user_id, rows)


async def close_book(writer: BookWriter) -> None:
    """The end of writing in a book: who watches it looks at what no one has looked at, and the events are written."""
    await settle(writer)
    await flush_events(writer)


async def place_in_log(writer: BookWriter) -> dict[str, Any]:
    """The parameters of a statement that writes events of its own: `book`, `revision`, `position` and `actor`.

    What was recorded before is written first, for the statement's events stand behind it. The caller tells with
    `advance` how many they were.
    """
    await flush_events(writer)
    return {
        "book": writer.book_id,
        "revision": writer.revision,
        "position": writer.next_position,
        "actor": writer.actor.user_id,
    }


async def run_telling(writer: BookWriter, statement: TextClause, parameters: dict[str, Any]) -> int:
    """Run a statement that writes events of its own and yields how many; returns that."""
    place = await place_in_log(writer)
    told: int = await writer.connection.scalar(statement, {**parameters, **place}) or 0
    writer.advance(told)
    return told


def moving(update: str, entity: str, column: str) -> TextClause:
    """A statement for `run_telling`: an UPDATE that sets this column from `:old` to `:new`, and an event for each row.

    All three are constants of the code.
    """
    return text(
        f"""
        WITH moved AS ({update} RETURNING id),
        told AS (
            INSERT INTO public.events (book_id, revision, position, entity, entity_id, action, actor_id, before, after)
            SELECT :book, :revision, :position + row_number() OVER (ORDER BY id) - 1, '{entity}', id, 'updated', :actor,
                   jsonb_build_object('{column}', CAST(:old AS uuid)),
                   jsonb_build_object('{column}', CAST(:new AS uuid))
            FROM moved
        )
        SELECT count(*) FROM moved
        """  # noqa: S608  # nosec B608  # constants
    ).bindparams(
        bindparam("book", type_=Uuid),
        bindparam("revision", type_=BigInteger),
        bindparam("position", type_=Integer),
        bindparam("actor", type_=Uuid),
        bindparam("old", type_=Uuid),
        bindparam("new", type_=Uuid),
    )
