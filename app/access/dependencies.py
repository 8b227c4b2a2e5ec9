"""The doors of the API: a session (one transaction a request), the actor, and the book opened to read or to write.

All of them are function-scoped: the transaction is committed before the answer leaves. All are coroutines, even where
nothing is awaited: FastAPI runs a plain function in a thread, which costs a request more than what it does.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Header, Request, Response
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import repository
from app.access.context import Actor, BookReader, BookWriter, HeldBook, PersonSnapshot
from app.access.opening import actor_of, close_book, take_book
from app.access.permissions import confirmed, refusal_of
from app.core.admission import Admission
from app.core.conditional import IfNoneMatch, NotModified, end_if_unchanged, list_tag
from app.core.database import Database
from app.core.errors import ForbiddenError, NotFoundError, UnauthenticatedError, invalid
from app.core.idempotency import IdempotencyHeader, claim
from app.core.rate_limits.callers import kept_bearer
from app.core.rate_limits.middleware import note_opened
from app.core.security import Bearer

bearer = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    refreshUrl="/api/v1/auth/refresh",
    auto_error=False,
    scheme_name="Password",
    description="Username is the e-mail address. The token goes into `Authorization: Bearer ...`.",
)

BookHeader = Annotated[
    UUID | None,
    Header(alias="X-Book-Id", description="Which book to work in; your default book without it."),
]


async def get_bearer(token: Annotated[str | None, Depends(bearer)]) -> str:
    """Refuse before a connection is taken: a flood of anonymous calls costs the database nothing."""
    if token is None:
        raise UnauthenticatedError("Send an access token: Authorization: Bearer <token>.")
    return token


async def _claims(request: Request, token: Annotated[str, Depends(get_bearer)]) -> AsyncIterator[Bearer]:
    """What the token claims; then its holder's turn, so that nobody can hold all connections."""
    claims = kept_bearer(request.scope, token) or request.app.state.access_tokens.bearer(token)
    async with request.app.state.turns.turn(claims.turn):
        yield claims


def address_of(request: Request) -> str | None:
    """From where a request came, past the proxies that are trusted; for sessions and the audit."""
    return request.client.host if request.client else None


async def _address(request: Request) -> str | None:
    return address_of(request)


AddressParam = Annotated[str | None, Depends(_address)]


async def get_connection(request: Request) -> AsyncIterator[AsyncConnection]:
    database: Database = request.app.state.database
    unchanged: NotModified | None = None
    async with database.begin() as connection:
        try:
            yield connection
        except NotModified as answer:  # what it noted and asked for stays, as of any answer
            unchanged = answer
    if unchanged is not None:
        raise unchanged


def waits_for(door: str) -> Any:
    """For the front of a route's `dependencies`: a turn at this `Admission` of the app, before anything is held."""

    async def wait(request: Request) -> AsyncIterator[None]:
        admission: Admission = getattr(request.app.state, door)
        async with admission.turn():
            yield

    return Depends(wait, scope="function")


Connection = Annotated[AsyncConnection, Depends(get_connection, scope="function")]


class _Opened:
    """An actor and the row that opened their request."""

    def __init__(self, actor: Actor, row: RowMapping) -> None:
        self.actor = actor
        self.row = row


async def _wanted_book(request: Request, x_book_id: BookHeader = None) -> UUID | None:
    """The book in the path, else the one in the header, else None for the default book."""
    in_path = request.path_params.get("book_id")
    if in_path is None:
        return x_book_id
    try:
        return UUID(in_path)
    except ValueError:
        raise invalid("path.book_id", "uuid_parsing", "is not a UUID") from None


async def _book_in_path(book_id: UUID) -> UUID:
    return book_id


BookInPath = Depends(_book_in_path)
"""For the `dependencies` of a route below `/books/{book_id}`: it opens that book, whatever the header says."""


async def _open(
    request: Request,
    claims: Annotated[Bearer, Depends(_claims, scope="function")],
    wanted: Annotated[UUID | None, Depends(_wanted_book)],
    connection: Connection,
) -> _Opened:
    return await _open_on(connection, request, claims, wanted)


async def _open_on(connection: AsyncConnection, request: Request, claims: Bearer, wanted: UUID | None) -> _Opened:
    permission = request.scope["route"].permission
    if permission is None:
        raise LookupError("A route that opens a request has no permission: give its router or itself one.")
    row = await repository.open_request(connection, claims, wanted, permission)
    await note_opened(request, claims, row["user_id"] if row is not None else None)
    if row is None:
        raise UnauthenticatedError("This session or token is over; log in again.")
    actor = actor_of(row, connection)
    request.state.user_id = str(actor.user_id)
    structlog.contextvars.bind_contextvars(user_id=str(actor.user_id))
    request.app.state.last_uses.note(row["session_id"] or row["token_id"], address_of(request))
    if not row["permitted"]:
        raise refusal_of(actor, permission)
    if wanted is not None and row["book_id"] is None:
        raise NotFoundError("There is no such book, or you are not a member of it.")
    return _Opened(actor, row)


Opened = Annotated[_Opened, Depends(_open, scope="function")]


async def _claim(request: Request, opened: Opened, idempotency_key: IdempotencyHeader = None) -> None:
    await claim(request, opened.actor.connection, f"user:{opened.actor.user_id}", idempotency_key)


async def _anonymous_claim(request: Request, connection: Connection, idempotency_key: IdempotencyHeader = None) -> None:
    await claim(request, connection, "anonymous", idempotency_key)


Idempotent = Depends(_claim, scope="function")
"""For the `dependencies` of a POST: it takes an `Idempotency-Key`."""

IdempotentAnonymous = Depends(_anonymous_claim, scope="function")
"""The same for a POST without a user."""


async def _actor(opened: Opened) -> Actor:
    return opened.actor


async def _read_book(opened: Opened) -> BookReader:
    row = opened.row
    if row["book_id"] is None:
        raise NotFoundError("You have no default book; name one with X-Book-Id.")
    return BookReader(
        opened.actor,
        opened.actor.connection,
        row["book_id"],
        row["book_role"],
        row["base_currency"],
        row["base_exponent"],
        row["revision"],
        hides=row["hides"],
    )


ReadBook = Annotated[BookReader, Depends(_read_book, scope="function")]


async def _read_snapshot(
    request: Request,
    claims: Annotated[Bearer, Depends(_claims, scope="function")],
    wanted: Annotated[UUID | None, Depends(_wanted_book)],
) -> AsyncIterator[BookReader]:
    database: Database = request.app.state.database
    async with database.snapshot() as connection:
        yield await _read_book(await _open_on(connection, request, claims, wanted))


SnapshotBook = Annotated[BookReader, Depends(_read_snapshot, scope="function")]
"""A book of which every statement sees the same state, whatever is written meanwhile: for what reads all of it."""


async def _hold_snapshot(
    request: Request,
    token: Annotated[str, Depends(get_bearer)],
    wanted: Annotated[UUID | None, Depends(_wanted_book)],
) -> AsyncIterator[HeldBook]:
    state = request.app.state
    claims = kept_bearer(request.scope, token) or state.access_tokens.bearer(token)
    async with state.downloads.turn(claims.turn), AsyncExitStack() as held:
        await held.enter_async_context(state.writing_files.turn())
        await held.enter_async_context(state.turns.turn(claims.turn))
        connection = await held.enter_async_context(state.database.snapshot())
        yield HeldBook(await _read_book(await _open_on(connection, request, claims, wanted)), held)


StreamedBook = Annotated[HeldBook, Depends(_hold_snapshot, scope="request")]
"""The same for an answer that is sent while it is read: its turn at `writing_files` is in it."""


async def _person_snapshot(
    request: Request,
    claims: Annotated[Bearer, Depends(_claims, scope="function")],
    wanted: Annotated[UUID | None, Depends(_wanted_book)],
) -> AsyncIterator[PersonSnapshot]:
    database: Database = request.app.state.database
    async with database.snapshot() as connection:

        async def open_book(book_id: UUID) -> BookReader:
            return await _read_book(await _open_on(connection, request, claims, book_id))

        opened = await _open_on(connection, request, claims, wanted)
        yield PersonSnapshot(confirmed(opened.actor), open_book)


PersonParam = Annotated[PersonSnapshot, Depends(_person_snapshot, scope="function")]


async def _editable_book(reader: ReadBook) -> BookReader:
    if reader.role == "viewer":
        raise ForbiddenError("You may read this book, not change it; ask an owner to make you an editor.")
    return reader


EditableBook = Annotated[BookReader, Depends(_editable_book, scope="function")]
"""A book that this person may write in, not held yet: for slow work before `WriteBook`."""


async def _write_book(reader: EditableBook) -> AsyncIterator[BookWriter]:
    writer = await take_book(reader.actor, reader.book_id, reader.role, hides=reader.hides)
    yield writer
    await close_book(writer)


Take = Callable[[], Awaitable[BookWriter]]


async def _take_book(reader: ReadBook) -> AsyncIterator[Take]:
    taken: list[BookWriter] = []

    async def take() -> BookWriter:
        await _editable_book(reader)
        taken.append(await take_book(reader.actor, reader.book_id, reader.role, hides=reader.hides))
        return taken[-1]

    yield take
    for writer in taken:
        await close_book(writer)


async def _book_tag(book: ReadBook, response: Response, if_none_match: IfNoneMatch = None) -> None:
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision))


BookTag = Depends(_book_tag, scope="function")
"""For the `dependencies` of a list: it carries the book's ETag, and an unchanged one answers 304 unread."""

ActorParam = Annotated[Actor, Depends(_actor, scope="function")]


async def _confirmed_actor(actor: ActorParam) -> Actor:
    return confirmed(actor)


ConfirmedActor = Annotated[Actor, Depends(_confirmed_actor, scope="function")]
"""Somebody who proved again who they are, moments ago: for what cannot be taken back."""

WriteBook = Annotated[BookWriter, Depends(_write_book, scope="function")]
TakeBook = Annotated[Take, Depends(_take_book, scope="function")]
"""For a route that writes or only says what it would write: call it to take the book, once, or leave the book alone."""
