"""The HTTP side of budgets."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.budgets import amounts, editing, service, views
from app.budgets.outputs import AmountOut, BudgetOut, HistoryOut, StatusesOut, StatusOut
from app.budgets.schemas import AmountIn, BudgetIn, BudgetPatch, BudgetReplace
from app.core.conditional import ExpectedRevision, IfNoneMatch, end_if_unchanged, list_tag, tagged
from app.core.fields import CivilDate
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, routes

router = routes("/budgets", "budgets", reads="budgets:read", writes="budgets:write")


async def _day(
    book: ReadBook,
    response: Response,
    date: Annotated[CivilDate | None, Query(description="Today when absent.")] = None,
    if_none_match: IfNoneMatch = None,
) -> "date":
    """The wanted day; an unchanged book answers 304, unless another day has begun, which changes the pace."""
    today = book.actor.today()
    day = date or today
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, day, today))
    return day


Day = Annotated[date, Depends(_day, scope="function")]
"""`?date=`, for what depends on the day; it carries the book's ETag."""


@router.post(
    "",
    status_code=201,
    response_model=BudgetOut,
    operation_id="create_budget",
    summary="Add a budget",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_budget(body: BudgetIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Over categories with all below them, or over all spending; a `limit`, or an `envelope` that money is assigned to.

    A period begins on the day of `start_date`: from 2026-01-23 a monthly one goes to the 22nd, one from the 31st begins
    on the last day of shorter months.
    """
    made = await editing.create(book, body)
    response.headers["Location"] = f"/api/v1/budgets/{made['id']}"
    return tagged(response, made)


@router.get(
    "",
    response_model=Whole[BudgetOut],
    operation_id="list_budgets",
    summary="List budgets",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_budgets(
    book: ReadBook,
    archived: Annotated[bool | None, Query(description="Only archived ones, or only others; absent for all.")] = None,
    group_id: Annotated[UUID | None, Query(description="Only those in this group.")] = None,
) -> object:
    """By `sort`, then by name. A budget over accounts that you do not all see is not there for you."""
    return whole(await service.every(book, archived=archived, group_id=group_id))


@router.get(
    "/status",
    response_model=StatusesOut,
    operation_id="list_budget_statuses",
    summary="How every budget stands",
    responses={**problems(404), **not_modified()},
)
async def list_budget_statuses(book: ReadBook, day: Day) -> object:
    """Each in its period that contains the day; archived ones and those that do not cover the day are left out."""
    return views.listed(book, day, await service.statuses(book, day))


only(router, "GET", "/status")


@router.get(
    "/{budget_id}",
    response_model=BudgetOut,
    operation_id="get_budget",
    summary="Read a budget",
    responses=problems(404),
)
async def get_budget(budget_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """Also an archived one."""
    return tagged(response, await service.get(book, budget_id))


@router.put(
    "/{budget_id}",
    response_model=BudgetOut,
    operation_id="replace_budget",
    summary="Replace a budget",
    responses=problems(404, 409, 412),
)
async def replace_budget(
    budget_id: UUID, body: BudgetReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """What is absent takes its default. The periods are cut anew only before the first one is over; see PATCH."""
    return tagged(response, await editing.replace(book, budget_id, body, expected))


@router.patch(
    "/{budget_id}",
    response_model=BudgetOut,
    operation_id="update_budget",
    summary="Change or archive a budget",
    responses=problems(404, 409, 412),
)
async def update_budget(
    budget_id: UUID, body: BudgetPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """A new `amount` holds from the present period on; for another one use `/amounts`. Categories and accounts that it
    names count for the past, too.

    `period` and `start_date` change only while the first period lasts, no other amount is set and no money is assigned
    (409 `budget_begun`): end the budget with `end_date` and begin another one.
    """
    return tagged(response, await editing.patch(book, budget_id, body, expected))


@router.delete(
    "/{budget_id}",
    status_code=204,
    operation_id="delete_budget",
    summary="Delete a budget",
    responses=problems(404, 412),
)
async def delete_budget(budget_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """With its amounts and assignments. The transactions stay; what was in an envelope is unassigned."""
    await editing.delete(book, budget_id, expected)


@router.get(
    "/{budget_id}/status",
    response_model=StatusOut,
    operation_id="get_budget_status",
    summary="How a budget stands",
    responses={**problems(404), **not_modified()},
)
async def get_budget_status(budget_id: UUID, book: ReadBook, day: Day) -> object:
    """In its period that contains the day. A day that it does not cover is 422 (`before_budget`, `after_budget`)."""
    return views.shown(await service.status_at(book, budget_id, day))


@router.get(
    "/{budget_id}/history",
    response_model=HistoryOut,
    operation_id="get_budget_periods",
    summary="How a budget stood, period by period",
    responses={**problems(404), **not_modified()},
)
async def get_budget_periods(
    budget_id: UUID,
    book: ReadBook,
    day: Day,
    periods: Annotated[int, Query(ge=1, le=500, description="How many at most, that of the day included.")] = 12,
) -> object:
    """The period that contains the day and those before it, the newest first."""
    found = await service.history(book, budget_id, day, periods)
    return {"budget_id": budget_id, "items": [views.shown(status) for status in found], "total": len(found)}


@router.post(
    "/{budget_id}/amounts",
    status_code=201,
    response_model=AmountOut,
    operation_id="set_budget_amount",
    summary="Set another amount from a period on",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def set_budget_amount(budget_id: UUID, body: AmountIn, book: WriteBook, expected: ExpectedRevision) -> object:
    """It holds from the period on that the day is in, until the next amount; what was before stays as it was."""
    return await amounts.set_amount(book, budget_id, body, expected)


@router.get(
    "/{budget_id}/amounts",
    response_model=Whole[AmountOut],
    operation_id="list_budget_amounts",
    summary="List the amounts of a budget",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_budget_amounts(budget_id: UUID, book: ReadBook) -> object:
    """From the first on."""
    await service.row_of(book, budget_id)
    return whole(await amounts.every(book, budget_id))


@router.delete(
    "/{budget_id}/amounts/{amount_id}",
    status_code=204,
    operation_id="delete_budget_amount",
    summary="Delete an amount of a budget",
    responses=problems(404, 409, 412),
)
async def delete_budget_amount(budget_id: UUID, amount_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """The amount before it holds on. That from the start cannot be deleted."""
    await amounts.delete_amount(book, budget_id, amount_id, expected)
