"""The HTTP side of taking everything along, and of deleting a book or oneself."""

from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.access.dependencies import AddressParam, BookInPath, ConfirmedActor, PersonParam, ReadBook, waits_for
from app.attachments.storage import Store
from app.core.problems import problems
from app.core.routing import routes
from app.leaving import service
from app.leaving.export import everything
from app.rendering.files import pieces

of_me = routes("/users/me", "users", reads="identity:manage", errors=(404,))
of_book = routes("/books", "books", reads="books:read", writes="books:write", errors=(404,))
ROUTERS = (of_me, of_book)

ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A ZIP; its README says what is what.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"Content-Disposition": {"description": "A name for the file.", "schema": {"type": "string"}}},
    }
}


async def _objects(request: Request) -> Store:
    store: Store = request.app.state.objects
    return store


Objects = Annotated[Store, Depends(_objects)]


@of_me.get(
    "/export",
    response_class=Response,
    operation_id="export_everything",
    summary="Take everything along",
    responses=ARCHIVE,
    dependencies=[waits_for("writing_files")],
)
async def export_everything(person: PersonParam, store: Objects) -> StreamingResponse:
    """Your profile, log-ins and tokens without their secrets, what the audit says of you, and each of your books: as
    JSON, as an hledger journal, and with its attachments. One state of all of it, however long it takes.

    Confirm first (`POST /auth/confirm`); a personal access token cannot.
    """
    made = await everything(person, store)
    headers = {
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "Content-Length": str(made.size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces(made), headers=headers, media_type="application/zip")


@of_me.delete(
    "",
    status_code=204,
    operation_id="delete_me",
    summary="Delete my account",
    responses=problems(409),
)
async def delete_me(
    actor: ConfirmedActor, store: Objects, address: AddressParam, request: Request, background: BackgroundTasks
) -> None:
    """For good, with every book that is yours alone. It cannot be undone: take everything along first.

    A book that you share stays. Where you are its only owner, the longest-standing editor becomes owner, without
    editors the longest-standing viewer. The only admin of a server that others use stays (409 `last_admin`). Confirm
    first (`POST /auth/confirm`).
    """
    me = actor.user_id
    cleaning = await service.delete_person(actor.connection, store, me, actor_id=me, address=address)
    background.add_task(cleaning.run, request.app.state.database)


@of_book.delete(
    "/{book_id}",
    status_code=204,
    operation_id="delete_book",
    summary="Delete a book",
    dependencies=[BookInPath],
)
async def delete_book(
    book: ReadBook,
    _actor: ConfirmedActor,
    store: Objects,
    request: Request,
    background: BackgroundTasks,
    name: Annotated[str, Query(min_length=1, max_length=100, description="What the book is called, to be sure.")],
) -> None:
    """For good, with everything in it: accounts, transactions, receipts, history, members. It cannot be undone.

    Owners only. Confirm first (`POST /auth/confirm`). The other members are told by mail.
    """
    cleaning = await service.delete_book(book, store, name)
    background.add_task(cleaning.run, request.app.state.database)
