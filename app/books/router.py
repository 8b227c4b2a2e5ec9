"""The HTTP side of books."""

from typing import Any

from fastapi import Response

from app.access.dependencies import ActorParam, BookInPath, ReadBook, WriteBook
from app.books import service
from app.books.schemas import BookOut, BookPatch, LockIn
from app.core.conditional import ExpectedRevision, entity_tag
from app.core.database import AnyRow
from app.core.pagination import Whole, whole
from app.core.problems import problems
from app.core.routing import routes

router = routes("/books", "books", reads="books:read", writes="books:write")


@router.get("", response_model=Whole[BookOut], operation_id="list_books", summary="List my books")
async def list_books(actor: ActorParam) -> dict[str, Any]:
    """The books you are a member of, oldest first, with your role in each."""
    return whole(await service.of_user(actor.connection, actor.user_id))


@router.get(
    "/{book_id}",
    response_model=BookOut,
    operation_id="get_book",
    summary="Read a book",
    responses=problems(404),
    dependencies=[BookInPath],
)
async def get_book(book: ReadBook, response: Response) -> AnyRow:
    """One book of yours."""
    row = await service.get(book)
    response.headers["ETag"] = entity_tag(row.revision)
    return row


@router.patch(
    "/{book_id}",
    response_model=BookOut,
    operation_id="update_book",
    summary="Rename a book, choose its base currency or its window for rates",
    responses=problems(404, 409, 412),
    dependencies=[BookInPath],
)
async def update_book(body: BookPatch, book: WriteBook, expected: ExpectedRevision, response: Response) -> AnyRow:
    """Owners only. The base currency can be chosen until the book has accounts.

    With another window for exchange rates, amounts in the base currency follow in the background.
    """
    row = await service.patch(book, body, expected)
    response.headers["ETag"] = entity_tag(row.revision)
    return row


@router.put(
    "/{book_id}/lock",
    response_model=BookOut,
    operation_id="lock_book",
    summary="Close a period",
    responses=problems(404, 412),
    dependencies=[BookInPath],
)
async def lock_book(body: LockIn, book: WriteBook, expected: ExpectedRevision, response: Response) -> AnyRow:
    """Owners only. Nothing dated up to this day is written, changed, deleted, imported or undone until it is opened."""
    row = await service.lock(book, body.locked_until, expected)
    response.headers["ETag"] = entity_tag(row.revision)
    return row
