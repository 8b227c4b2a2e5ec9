"""Taking a book to write in it, and writing what was recorded: for requests and for commands alike."""

from uuid import UUID

from app.access import repository
from app.access.context import Actor, BookWriter


async def take_book(actor: Actor, book_id: UUID, role: str) -> BookWriter:
    """Hold the book until the transaction ends; its base currency is read under the lock.

    The actor's connection has opened the book already, with this role.
    """
    taken = await repository.take_book(actor.connection, book_id)
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
    )


async def flush_events(writer: BookWriter) -> None:
    """Write what was recorded and no statement of its own took along."""
    rows = writer.take_events()
    if rows:
        await repository.write_events(writer.connection, writer.book_id, writer.revision, writer.actor.user_id, rows)
