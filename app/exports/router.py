"""The HTTP side of exports."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.access.dependencies import SnapshotBook, StreamedBook, waits_for
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.exports import service, transactions
from app.exports.transactions import FileFormat, ReaderGoneError, Wanted
from app.rendering.files import MEDIA_TYPES, Export, finished, pieces
from app.rendering.growing import GrowingFile
from app.transactions.flat import RowKind
from app.transactions.query import FilterParams, SortParam

CLIENT_CLOSED_REQUEST = 499
"""As nginx has it: nobody reads this answer, only the log does."""

router = routes("/exports", "exports", reads="exports:read")


def _answers(what: str, *formats: str) -> dict[int | str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {
        "json": {"type": "array", "items": {"$ref": "#/components/schemas/TransactionOut"}},
        "xlsx": {"type": "string", "format": "binary"},
    }
    found = {
        "description": what,
        "content": {
            MEDIA_TYPES[name].partition(";")[0]: {"schema": schemas.get(name, {"type": "string"})} for name in formats
        },
        "headers": {
            "Content-Disposition": {"description": "A name for the file.", "schema": {"type": "string"}},
            "ETag": {"description": "For `If-None-Match`.", "schema": {"type": "string"}},
        },
    }
    return {200: found, **problems(404), **not_modified()}


def _stream(export: Export, tag: str, kind: str = "txt") -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{export.name}"',
        "Content-Length": str(export.size),
        "ETag": tag,
    }
    return StreamingResponse(pieces(export), headers=headers, media_type=MEDIA_TYPES[kind])


class _WhileWritten(StreamingResponse):
    """A file that is sent while the rest of it is written; it ends with its reader, and breaks off with its writer."""

    def __init__(
        self,
        growing: GrowingFile,
        rest: Callable[[], Awaitable[None]],
        held: AbstractAsyncContextManager[object],
        tag: str,
        kind: str,
    ) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{growing.name}"', "ETag": tag}
        super().__init__(growing.pieces(), headers=headers, media_type=MEDIA_TYPES[kind])
        self._growing, self._rest, self._held = growing, rest, held

    async def _write(self) -> None:
        try:
            async with self._held:
                await self._rest()
        except Exception as error:  # noqa: BLE001  # the reader raises it
            self._growing.broken(error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write())
        try:
            await super().__call__(scope, receive, send)
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            self._growing.close()


@router.get(
    "/hledger",
    response_class=Response,
    operation_id="export_hledger",
    summary="The whole book as an hledger journal",
    responses=_answers("The book as an hledger journal.", "txt"),
    dependencies=[waits_for("writing_files")],
)
async def export_hledger(
    book: SnapshotBook, response: Response, if_none_match: IfNoneMatch = None
) -> StreamingResponse:
    """Accounts, categories, payees, tags and every transaction, with each account's balance asserted month by month.

    One state of the book, however long it takes; `POST /imports` reads it back.
    """
    tag = list_tag(book.book_id, book.revision, "hledger")
    end_if_unchanged(response, if_none_match, tag)
    return _stream(await service.hledger_journal(book), tag)


@router.get(
    "/beancount",
    response_class=Response,
    operation_id="export_beancount",
    summary="The whole book as a Beancount file",
    responses={**_answers("The book as a Beancount file.", "txt"), **problems(409)},
    dependencies=[waits_for("writing_files")],
)
async def export_beancount(
    book: SnapshotBook, response: Response, if_none_match: IfNoneMatch = None
) -> StreamingResponse:
    """The same as `/exports/hledger` for Beancount; names it cannot write are changed and kept beside as metadata.

    409 `export_too_large` where trades move more than a million lots.
    """
    tag = list_tag(book.book_id, book.revision, "beancount")
    end_if_unchanged(response, if_none_match, tag)
    return _stream(await service.beancount_ledger(book), tag)


@router.get(
    "/transactions",
    response_class=Response,
    operation_id="export_transactions",
    summary="Transactions as CSV, XLSX or JSON",
    responses=_answers("The transactions as a file.", "csv", "xlsx", "json"),
)
async def export_transactions(
    request: Request,
    response: Response,
    opened: StreamedBook,
    wanted: FilterParams,
    sort: SortParam,
    format: Annotated[FileFormat, Query(description="The kind of file.")] = "csv",  # noqa: A002  # its public name
    rows: Annotated[
        RowKind,
        Query(description="Of CSV and XLSX: a row for each transaction, or for each posting and so for each part."),
    ] = "transactions",
    bom: Annotated[
        bool, Query(description="CSV that begins with a byte order mark, by which Excel knows UTF-8.")
    ] = False,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """All that `GET /transactions` lists with the same filters and sort, in one file: one state of the book.

    `amount` of a CSV or XLSX row is what moved on `account`, positive for money in. In CSV a text that a spreadsheet
    would take for a formula has an apostrophe before it; `POST /imports` knows the file again and takes it off. JSON
    is an array of the list's own items. Both begin to arrive with the first page; one that cannot be completed is
    broken off and has no proper end. XLSX is sent when it is whole.
    """
    book = opened.book
    asked = sha256(request.url.query.encode()).hexdigest()[:16]
    tag = list_tag(book.book_id, book.revision, "transactions", asked, book.actor.today())
    end_if_unchanged(response, if_none_match, tag)
    everything = Wanted(wanted, sort, format, rows, bom)
    if format == "xlsx":
        try:
            async with opened.held:
                return _stream(await transactions.export(book, everything, gone=request.is_disconnected), tag, format)
        except ReaderGoneError:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
    growing, rest = await transactions.begin(book, everything)
    if growing.is_complete:
        async with opened.held:  # all is read: who takes it slowly keeps no connection and no turn
            return _stream(finished(growing.file, growing.name), tag, format)
    return _WhileWritten(growing, rest, opened.held, tag, format)
