"""The HTTP side of goals."""

from typing import Any
from uuid import UUID

from fastapi import Depends, Response

from app.access.dependencies import Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, IfNoneMatch, end_if_unchanged, list_tag, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, require, routes
from app.goals import heirs, planning, service
from app.goals.schemas import GoalIn, GoalOut, GoalPatch, GoalPlanIn, GoalPlanOut, GoalReplace

__all__ = ["heirs", "router"]

router = routes("/goals", "goals", reads="goals:read", writes="goals:write")
only(router, "POST", "/plan")


async def _todays_tag(book: ReadBook, response: Response, if_none_match: IfNoneMatch = None) -> None:
    """Where goals stand changes with the day, too."""
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, book.actor.today()))


@router.post(
    "",
    status_code=201,
    response_model=GoalOut,
    operation_id="create_goal",
    summary="Set a goal",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_goal(body: GoalIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Save an amount up on accounts of yours, or pay what you owe down to one; by a day, or whenever.

    Goals that share an account claim its money in the order in which they were made; it is counted once.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/goals/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[GoalOut],
    operation_id="list_goals",
    summary="List goals and where they stand",
    responses={**problems(404), **not_modified()},
    dependencies=[Depends(_todays_tag, scope="function")],
)
async def list_goals(book: ReadBook) -> object:
    """All of them, archived ones included, in the order in which they were made."""
    return whole(await service.every(book))


@router.post(
    "/plan",
    response_model=GoalPlanOut,
    operation_id="plan_goal",
    summary="Compute how to reach an amount",
    responses=problems(404, 409),
    dependencies=[require("goals:read"), Idempotent],
)
async def plan_goal(body: GoalPlanIn, book: ReadBook) -> dict[str, Any]:
    """What it takes a month until a day, or until when it takes with an amount a month. Nothing is stored."""
    return await planning.plan(book, body)


@router.get(
    "/{goal_id}",
    response_model=GoalOut,
    operation_id="get_goal",
    summary="Read a goal and where it stands",
    responses=problems(404),
)
async def get_goal(goal_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One goal; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, goal_id))


@router.put(
    "/{goal_id}",
    response_model=GoalOut,
    operation_id="replace_goal",
    summary="Replace a goal",
    responses=problems(404, 409, 412),
)
async def replace_goal(
    goal_id: UUID, body: GoalReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Everything but its kind and currency. What the body leaves out goes back to its default; its start stays."""
    return tagged(response, await service.replace(book, goal_id, body, expected))


@router.patch(
    "/{goal_id}",
    response_model=GoalOut,
    operation_id="update_goal",
    summary="Change, archive or restore a goal",
    responses=problems(404, 409, 412),
)
async def update_goal(
    goal_id: UUID, body: GoalPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest. An archived goal claims no money and has no status."""
    return tagged(response, await service.patch(book, goal_id, body, expected))


@router.delete(
    "/{goal_id}",
    status_code=204,
    operation_id="delete_goal",
    summary="Delete a goal",
    responses=problems(404, 409, 412),
)
async def delete_goal(goal_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """The accounts stay as they are; what the goal claimed of them is free for others."""
    await service.delete(book, goal_id, expected)
