"""The HTTP side of categories."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.categories import service
from app.categories.schemas import (
    CategoryIn,
    CategoryMove,
    CategoryOut,
    CategoryPatch,
    CategoryReplace,
)
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes

router = routes("/categories", "categories", reads="categories:read", writes="categories:write")


@router.post(
    "",
    status_code=201,
    response_model=CategoryOut,
    operation_id="create_category",
    summary="Add a category",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_category(body: CategoryIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Siblings have different names, whatever their case. The tree can be 32 levels deep."""
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/categories/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[CategoryOut],
    operation_id="list_categories",
    summary="List categories",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_categories(
    book: ReadBook, tree: Annotated[bool, Query(description="Nest children below their parents.")] = False
) -> object:
    """All of them, archived ones included; flat, or as a tree."""
    return whole(await (service.tree(book) if tree else service.every(book)))


@router.get(
    "/{category_id}",
    response_model=CategoryOut,
    operation_id="get_category",
    summary="Read a category",
    responses=problems(404),
)
async def get_category(category_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One category; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, category_id))


@router.put(
    "/{category_id}",
    response_model=CategoryOut,
    operation_id="replace_category",
    summary="Replace a category",
    responses=problems(404, 409, 412),
)
async def replace_category(
    category_id: UUID, body: CategoryReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Everything but its kind. What the body leaves out goes back to its default."""
    return tagged(response, await service.replace(book, category_id, body, expected))


@router.patch(
    "/{category_id}",
    response_model=CategoryOut,
    operation_id="update_category",
    summary="Rename, move, archive or restore a category",
    responses=problems(404, 409, 412),
)
async def update_category(
    category_id: UUID, body: CategoryPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest. An archived category keeps its past and takes nothing new."""
    return tagged(response, await service.patch(book, category_id, body, expected))


@router.post(
    "/{category_id}/move",
    response_model=CategoryOut,
    operation_id="move_category",
    summary="Move a category with all that is below it",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def move_category(
    category_id: UUID, body: CategoryMove, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Under another parent of the same kind, or to the roots. It cannot move below itself."""
    return tagged(response, await service.patch(book, category_id, CategoryPatch(parent_id=body.parent_id), expected))


@router.delete(
    "/{category_id}",
    status_code=204,
    operation_id="delete_category",
    summary="Delete a category",
    responses=problems(404, 409, 412),
)
async def delete_category(
    category_id: UUID,
    book: WriteBook,
    expected: ExpectedRevision,
    reassign_to: Annotated[
        UUID | None, Query(description="A category of the same kind that takes over the transactions and children.")
    ] = None,
) -> None:
    """One in use answers 409 and says by how much: archive it, or name a heir with `reassign_to`."""
    await service.delete(book, category_id, reassign_to, expected)
