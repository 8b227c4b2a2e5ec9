"""Deleting a book, and deleting a person with everything that is theirs alone."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.audit import tell
from app.access.context import BookReader
from app.attachments.storage import ObjectKey, Store
from app.attachments.sweep import remove_objects
from app.books import service as books
from app.core.database import Database
from app.core.errors import ForbiddenError, NotFoundError, invalid
from app.households import members
from app.leaving import repository
from app.leaving.errors import LastAdminError
from app.mail.outbox import post


@dataclass(frozen=True)
class Cleaning:
    """What the store of attachments has of books that are deleted; to be run when that is committed.

    Whoever forgets to run it, or cannot, leaves strays: the daily sweep removes them.
    """

    store: Store
    keys: list[ObjectKey]

    async def run(self, database: Database) -> None:
        await remove_objects(database, self.store, self.keys)


async def delete_book(book: BookReader, store: Store, name: str) -> Cleaning:
    """Delete the book with everything in it; owners only, and `name` must be what it is called.

    The other members are told by mail. Raises `ForbiddenError`, `InvalidError`, and `NotFoundError` where somebody else
    was faster.
    """
    if book.role != "owner":
        raise ForbiddenError("Only an owner may delete a book; you can leave it.")
    row = await books.get(book)
    if row.name != name:
        raise invalid("query.name", "wrong_name", "is not what this book is called")
    everybody = await members.every(book)
    deleted = await repository.delete_book(book.connection)
    if deleted.outcome == "gone":
        raise books.gone()
    if deleted.outcome == "forbidden":  # since the request was opened
        raise ForbiddenError("Only an owner may delete a book; you can leave it.")
    await tell(book.connection, "book_deleted", actor_id=book.actor.user_id, book_id=str(book.book_id))
    me = next(member for member in everybody if member.user_id == book.actor.user_id)
    for member in everybody:
        if member is not me:
            text = f"{me.full_name or me.email} has deleted the book “{name}”, which you were a member of.\n"
            await post(book.connection, member.email, f"The book {name} was deleted", text)
    return Cleaning(store, [ObjectKey(book.book_id, digest) for digest in deleted.digests])


async def delete_person(
    connection: AsyncConnection, store: Store, user_id: UUID, *, actor_id: UUID, address: str | None = None
) -> Cleaning:
    """Delete a person with everything that is theirs alone: oneself, or anybody with the permission users:delete.

    A book with no other member goes. Where they are the only owner, the longest-standing editor becomes owner, without
    editors the longest-standing viewer; what they entered stays. `Cleaning.run` is to be called after the commit.
    Raises `NotFoundError`, `LastAdminError`, and `ForbiddenError` where the request may delete no one else.
    """
    done = await repository.delete_person(connection, user_id)
    if done.outcome == "forbidden":
        raise ForbiddenError("You may delete nobody but yourself.")
    if done.outcome == "gone":
        raise NotFoundError("There is no such user any more.")
    if done.outcome == "last_admin":
        raise LastAdminError
    await tell(
        connection,
        "user_deleted",
        actor_id=actor_id,
        subject_id=user_id,
        address=address,
        books_deleted=len(done.deleted_books),
        books_passed_on=len(done.passed_on),
    )
    for passed in done.passed_on:
        text = (
            f"The owner of the book “{passed['name']}” has left Finance Tracker. You have been in it the longest of "
            "those who may follow, so you own it from now on.\n"
        )
        await post(connection, passed["email"], f"You own the book {passed['name']} now", text)
    text = (
        "Your account is deleted, with every book that was yours alone and its receipts. Books that you shared stay "
        "with their other members.\n\nBackups of the server still have it until they are replaced.\n\nFarewell!\n"
    )
    await post(connection, done.email, "Your account is deleted", text)
    keys = [ObjectKey(book, digest) for book, digest in zip(done.file_books, done.file_digests, strict=True)]
    return Cleaning(store, keys)
