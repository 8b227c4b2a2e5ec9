"""The HTTP side of budget groups."""

from typing import Any
from uuid import UUID

from fastapi import Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.budgets import groups, views
from app.budgets.outputs import GroupOut, GroupStatusOut
from app.budgets.router import Day
from app.budgets.schemas import GroupIn, GroupPatch, GroupReplace
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes

router = routes("/budget-groups", "budgets", reads="budgets:read", writes="budgets:write")


@router.post(
    "",
    status_code=201,
    response_model=GroupOut,
    operation_id="create_budget_group",
    summary="Add a group of budgets",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_budget_group(body: GroupIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """A budget is put into it with its `group_id`."""
    made = await groups.create(book, body)
    response.headers["Location"] = f"/api/v1/budget-groups/{made['id']}"
    return tagged(response, made)


@router.get(
    "",
    response_model=Whole[GroupOut],
    operation_id="list_budget_groups",
    summary="List groups of budgets",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_budget_groups(book: ReadBook) -> object:
    """By `sort`, then by name."""
    return whole(await groups.every(book))


@router.get(
    "/{group_id}",
    response_model=GroupOut,
    operation_id="get_budget_group",
    summary="Read a group of budgets",
    responses=problems(404),
)
async def get_budget_group(group_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """Its budgets are in `GET /budgets?group_id=`."""
    return tagged(response, await groups.get(book, group_id))


@router.put(
    "/{group_id}",
    response_model=GroupOut,
    operation_id="replace_budget_group",
    summary="Replace a group of budgets",
    responses=problems(404, 412),
)
async def replace_budget_group(
    group_id: UUID, body: GroupReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Its budgets stay in it."""
    return tagged(response, await groups.change(book, group_id, body, expected))


@router.patch(
    "/{group_id}",
    response_model=GroupOut,
    operation_id="update_budget_group",
    summary="Change a group of budgets",
    responses=problems(404, 412),
)
async def update_budget_group(
    group_id: UUID, body: GroupPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest."""
    return tagged(response, await groups.change(book, group_id, body, expected))


@router.delete(
    "/{group_id}",
    status_code=204,
    operation_id="delete_budget_group",
    summary="Delete a group of budgets",
    responses=problems(404, 409, 412),
)
async def delete_budget_group(group_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """Its budgets stay, in no group. One with a budget that you do not see is 409."""
    await groups.delete(book, group_id, expected)


@router.get(
    "/{group_id}/status",
    response_model=GroupStatusOut,
    operation_id="get_budget_group_status",
    summary="How a group of budgets stands",
    responses={**problems(404), **not_modified()},
)
async def get_budget_group_status(group_id: UUID, book: ReadBook, day: Day) -> object:
    """Each of its budgets in the period that contains the day, and the sums of those periods."""
    found = await groups.status(book, group_id, day)
    return {**views.summed(book, day, found["items"]), "group_id": group_id, "name": found["name"]}
