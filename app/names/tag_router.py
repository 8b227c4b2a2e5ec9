"""The HTTP side of tags."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Page, PageParams
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.names import listing, statistics, tags
from app.names.schemas import NameStatistics, TagIn, TagMerge, TagOut, TagPatch, TagReplace

router = routes("/tags", "tags", reads="tags:read", writes="tags:write")


@router.post(
    "",
    status_code=201,
    response_model=TagOut,
    operation_id="create_tag",
    summary="Add a tag",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_tag(body: TagIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Tags are also made as transactions name them. Two tags have different names, whatever their case."""
    document = await tags.create(book, body)
    response.headers["Location"] = f"/api/v1/tags/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Page[TagOut],
    operation_id="list_tags",
    summary="List tags",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_tags(
    book: ReadBook,
    page: PageParams,
    q: Annotated[str | None, Query(max_length=200, description="Part of the name, without regard to case.")] = None,
) -> object:
    """Tags by name."""
    return await listing.tags(book, q, page)


@router.get(
    "/{tag_id}",
    response_model=TagOut,
    operation_id="get_tag",
    summary="Read a tag",
    responses=problems(404),
)
async def get_tag(tag_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One tag; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await tags.get(book, tag_id))


@router.put(
    "/{tag_id}",
    response_model=TagOut,
    operation_id="replace_tag",
    summary="Replace a tag",
    responses=problems(404, 409, 412),
)
async def replace_tag(
    tag_id: UUID, body: TagReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Rename it. The name of another tag answers 409 `name_taken` with its id: merge them."""
    return tagged(response, await tags.rename(book, tag_id, body.name, expected))


@router.patch(
    "/{tag_id}",
    response_model=TagOut,
    operation_id="update_tag",
    summary="Rename a tag",
    responses=problems(404, 409, 412),
)
async def update_tag(
    tag_id: UUID, body: TagPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """The name of another tag answers 409 `name_taken` with its id: merge them."""
    return tagged(response, await tags.rename(book, tag_id, body.name, expected))


@router.post(
    "/{tag_id}/merge",
    response_model=TagOut,
    operation_id="merge_tags",
    summary="Make other tags this one",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def merge_tags(
    tag_id: UUID, body: TagMerge, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """What had one of them has this one instead, once, and they are gone.

    A transaction of theirs in a closed period answers 409 `period_locked`.
    """
    return tagged(response, await tags.merge(book, tag_id, body.tag_ids, expected))


@router.delete(
    "/{tag_id}",
    status_code=204,
    operation_id="delete_tag",
    summary="Delete a tag",
    responses=problems(404, 409, 412),
)
async def delete_tag(
    tag_id: UUID,
    book: WriteBook,
    expected: ExpectedRevision,
    force: Annotated[bool, Query(description="Take it from the transactions that have it.")] = False,
) -> None:
    """One in use answers 409 and says by how much: merge it into another, or take it away with `force=true`."""
    await tags.delete(book, tag_id, expected, force=force)


@router.get(
    "/{tag_id}/statistics",
    response_model=NameStatistics,
    operation_id="get_tag_statistics",
    summary="What a tag's transactions come to",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def get_tag_statistics(tag_id: UUID, book: ReadBook) -> object:
    """How many there are, from when to when, what came in and went out by currency, and for which categories.

    Transfers stand apart, and no currency is converted.
    """
    return await statistics.of_tag(book, tag_id)
