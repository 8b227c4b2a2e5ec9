"""A new book, ready to use: its owner, its default categories, its first event."""

from app.access.context import Actor, BookWriter, Event
from app.access.opening import close_book, take_book
from app.books import service as books
from app.categories import service as categories


async def start_book(actor: Actor, name: str, base_currency: str | None) -> BookWriter:
    """Create a book of this person and open it for writing in the same transaction.

    Raises `InvalidError` for a currency that is not known.
    """
    book_id = await books.add(actor.connection, actor.user_id, name, base_currency)
    book = await take_book(actor, book_id, "owner")
    book.record(Event("book", book_id, "created", after={"name": name, "base_currency": book.base_currency}))
    await categories.add_defaults(book)
    await close_book(book)
    return book
