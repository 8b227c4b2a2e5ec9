"""The HTTP side of saved reports."""

from typing import Any
from uuid import UUID

from fastapi import Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, IfNoneMatch, end_if_unchanged, list_tag, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.reports import heirs
from app.reports import saved_service as service
from app.reports.asked import digest
from app.reports.saved_schemas import SavedIn, SavedOut, SavedPatch, SavedReplace, SavedResult

__all__ = ["heirs", "router"]

router = routes("/reports/saved", "reports", reads="reports:read", writes="reports:write")


@router.post(
    "",
    status_code=201,
    response_model=SavedOut,
    operation_id="create_saved_report",
    summary="Keep a report of your own",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_saved_report(body: SavedIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Measures by up to three dimensions, of what passes the filters, in a period that moves along or stands still.

    Everybody in the book sees it, but for those from whom an account, a payee or a tag in it is hidden.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/reports/saved/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[SavedOut],
    operation_id="list_saved_reports",
    summary="List saved reports",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_saved_reports(book: ReadBook) -> object:
    """All of them, by name."""
    return whole(await service.every(book))


@router.get(
    "/{saved_report_id}",
    response_model=SavedOut,
    operation_id="get_saved_report",
    summary="Read a saved report's definition",
    responses=problems(404),
)
async def get_saved_report(saved_report_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """How it was put together; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, saved_report_id))


@router.put(
    "/{saved_report_id}",
    response_model=SavedOut,
    operation_id="replace_saved_report",
    summary="Replace a saved report",
    responses=problems(404, 409, 412),
)
async def replace_saved_report(
    saved_report_id: UUID, body: SavedReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """What the body leaves out goes back to its default."""
    return tagged(response, await service.replace(book, saved_report_id, body, expected))


@router.patch(
    "/{saved_report_id}",
    response_model=SavedOut,
    operation_id="update_saved_report",
    summary="Change a saved report",
    responses=problems(404, 409, 412),
)
async def update_saved_report(
    saved_report_id: UUID, body: SavedPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest; `filters` are replaced as a whole."""
    return tagged(response, await service.patch(book, saved_report_id, body, expected))


@router.delete(
    "/{saved_report_id}",
    status_code=204,
    operation_id="delete_saved_report",
    summary="Delete a saved report",
    responses=problems(404, 409, 412),
)
async def delete_saved_report(saved_report_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """Nothing that it told of changes."""
    await service.delete(book, saved_report_id, expected)


@router.get(
    "/{saved_report_id}/run",
    response_model=SavedResult,
    response_model_exclude_unset=True,
    operation_id="run_saved_report",
    summary="Run a saved report",
    responses={**problems(404), **not_modified()},
)
async def run_saved_report(
    saved_report_id: UUID, book: ReadBook, response: Response, if_none_match: IfNoneMatch = None
) -> dict[str, Any]:
    """What it says now. It tells you of the accounts that you see, so members may read different sums.

    It reads totals where its dimensions and filters allow it. With payees, tags or amounts it reads the postings of its
    period, which has at most 24 months then.
    """
    document = await service.run(book, saved_report_id)
    tag = list_tag(book.book_id, book.revision, saved_report_id.hex[-12:], digest(document))
    end_if_unchanged(response, if_none_match, tag)
    return document
