"""The HTTP side of exports."""

from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread
from fastapi import Response
from fastapi.responses import StreamingResponse

from app.access.dependencies import SnapshotBook, waits_for
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.exports import service
from app.exports.service import Export

PIECE = 1 << 18
TEXT = "text/plain; charset=utf-8"

router = routes("/exports", "exports", reads="exports:read")


def _answers(what: str) -> dict[int | str, dict[str, Any]]:
    found = {
        "description": f"The book as {what}.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
        "headers": {
            "Content-Disposition": {"description": "A name for the file.", "schema": {"type": "string"}},
            "ETag": {"description": "For `If-None-Match`.", "schema": {"type": "string"}},
        },
    }
    return {200: found, **problems(404), **not_modified()}


def _stream(export: Export, tag: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{export.name}"',
        "Content-Length": str(export.size),
        "ETag": tag,
    }
    return StreamingResponse(pieces(export), headers=headers, media_type=TEXT)


async def pieces(export: Export) -> AsyncIterator[bytes]:
    """The file, closed when it is read or its reader has gone."""
    try:
        while piece := await to_thread.run_sync(export.file.read, PIECE):
            yield piece
    finally:
        export.file.close()


@router.get(
    "/hledger",
    response_class=Response,
    operation_id="export_hledger",
    summary="The whole book as an hledger journal",
    responses=_answers("an hledger journal"),
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
    responses=_answers("a Beancount file"),
    dependencies=[waits_for("writing_files")],
)
async def export_beancount(
    book: SnapshotBook, response: Response, if_none_match: IfNoneMatch = None
) -> StreamingResponse:
    """The same as `/exports/hledger` for Beancount; names it cannot write are changed and kept beside as metadata."""
    tag = list_tag(book.book_id, book.revision, "beancount")
    end_if_unchanged(response, if_none_match, tag)
    return _stream(await service.beancount_ledger(book), tag)
