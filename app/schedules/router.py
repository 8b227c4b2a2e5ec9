"""The HTTP side of schedules."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import ActorParam, BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, entity_tag, tagged
from app.core.fields import LATEST, CivilDate
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, routes
from app.schedules import following, heirs, occurrences, service
from app.schedules.outputs import ChangedFollowing, ConfirmedOut, OccurrenceOut, Preview, ScheduleOut
from app.schedules.schemas import (
    ChangeFollowing,
    Confirmation,
    Kind,
    MonthEndField,
    OccurrencePatch,
    Rrule,
    ScheduleIn,
    SchedulePatch,
    ScheduleReplace,
    WeekendField,
)

__all__ = ["heirs", "router"]

router = routes("/schedules", "schedules", reads="schedules:read", writes="schedules:write")
only(router, "GET", "/upcoming")
only(router, "GET", "/preview")

MOST_PREVIEWED = 100
WINDOW = timedelta(days=30)

From = Annotated[CivilDate | None, Query(alias="from", description="The first day; today without it.")]
To = Annotated[
    CivilDate | None, Query(description="The last day, at most 366 days after `from`; 30 days after it without it.")
]


def _window(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    begin = first or today
    return begin, last or (begin + WINDOW if LATEST - begin > WINDOW else LATEST)


@router.post(
    "",
    status_code=201,
    response_model=ScheduleOut,
    operation_id="create_schedule",
    summary="Add a schedule",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_schedule(body: ScheduleIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """A transaction that comes again. What is due from today on is posted by itself or waits to be confirmed."""
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/schedules/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[ScheduleOut],
    operation_id="list_schedules",
    summary="List schedules",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_schedules(
    book: ReadBook,
    kind: Annotated[Kind | None, Query(description="Only these.")] = None,
    archived: Annotated[bool, Query(description="Archived ones too.")] = False,
) -> object:
    """By name."""
    return whole(await service.every(book, kind, archived=archived))


@router.get(
    "/upcoming",
    response_model=Whole[OccurrenceOut],
    operation_id="list_upcoming",
    summary="List what is still to come",
    responses=problems(404),
)
async def list_upcoming(book: ReadBook, from_: From = None, to: To = None) -> object:
    """Of all schedules, by date: what is planned, what waits, and what could not be posted. Ask from an earlier day
    for what is overdue."""
    return whole(await service.coming(book, *_window(from_, to, book.actor.today())))


@router.get(
    "/preview",
    response_model=Preview,
    operation_id="preview_schedule",
    summary="See on which days a rule falls",
)
async def preview_schedule(
    actor: ActorParam,
    rrule: Annotated[Rrule, Query()],
    starts_on: Annotated[CivilDate | None, Query(description="The rule counts from here; today without it.")] = None,
    month_end: Annotated[MonthEndField, Query()] = "clamp",
    weekend: Annotated[WeekendField, Query()] = "keep",
    from_: Annotated[CivilDate | None, Query(alias="from", description="Show days from here on.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PREVIEWED, description="How many days at most.")] = 12,
) -> object:
    """Nothing is kept. Monthly on the last day is `FREQ=MONTHLY;BYMONTHDAY=-1`."""
    start = starts_on or actor.today()
    return service.preview(rrule, start, month_end, weekend, from_ or start, limit)


@router.get(
    "/{schedule_id}",
    response_model=ScheduleOut,
    operation_id="get_schedule",
    summary="Read a schedule",
    responses=problems(404),
)
async def get_schedule(schedule_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One schedule; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, schedule_id))


@router.put(
    "/{schedule_id}",
    response_model=ScheduleOut,
    operation_id="replace_schedule",
    summary="Replace a schedule",
    responses=problems(404, 409, 412),
)
async def replace_schedule(
    schedule_id: UUID, body: ScheduleReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """All of it, for all that is still to come. What the body leaves out goes back to its default, but for
    `active_from`, which stays."""
    return tagged(response, await service.replace(book, schedule_id, body, expected))


@router.patch(
    "/{schedule_id}",
    response_model=ScheduleOut,
    operation_id="update_schedule",
    summary="Change, pause, archive or restore a schedule",
    responses=problems(404, 409, 412),
)
async def update_schedule(
    schedule_id: UUID, body: SchedulePatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest. Transactions that were posted stay as they are."""
    return tagged(response, await service.patch(book, schedule_id, body, expected))


@router.delete(
    "/{schedule_id}",
    status_code=204,
    operation_id="delete_schedule",
    summary="Delete a schedule",
    responses=problems(404, 412),
)
async def delete_schedule(schedule_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """Transactions that were posted stay; archive it to keep what they were for."""
    await service.delete(book, schedule_id, expected)


@router.post(
    "/{schedule_id}/change-following",
    response_model=ChangedFollowing,
    operation_id="change_following",
    summary="Change one occurrence and all that follow",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def change_following(
    schedule_id: UUID, body: ChangeFollowing, book: WriteBook, expected: ExpectedRevision
) -> dict[str, Any]:
    """The schedule ends before it, and a new one follows that keeps its beat. The past stays as it was."""
    return await following.change_following(book, schedule_id, body, expected)


@router.get(
    "/{schedule_id}/occurrences",
    response_model=Whole[OccurrenceOut],
    operation_id="list_occurrences",
    summary="List the occurrences of a schedule",
    responses=problems(404),
)
async def list_occurrences(schedule_id: UUID, book: ReadBook, from_: From = None, to: To = None) -> object:
    """Past and future ones, whatever became of them, with their transactions."""
    return whole(await occurrences.listed(book, schedule_id, *_window(from_, to, book.actor.today())))


@router.get(
    "/{schedule_id}/occurrences/{due_on}",
    response_model=OccurrenceOut,
    operation_id="get_occurrence",
    summary="Read an occurrence",
    responses=problems(404),
)
async def get_occurrence(schedule_id: UUID, due_on: CivilDate, book: ReadBook, response: Response) -> dict[str, Any]:
    """By the day on which it is due by the rule, wherever it was moved."""
    return tagged(response, await occurrences.get(book, schedule_id, due_on))


@router.patch(
    "/{schedule_id}/occurrences/{due_on}",
    response_model=OccurrenceOut,
    operation_id="update_occurrence",
    summary="Change the amount or the date of one occurrence",
    responses=problems(404, 409, 412),
)
async def update_occurrence(
    schedule_id: UUID,
    due_on: CivilDate,
    body: OccurrencePatch,
    book: WriteBook,
    expected: ExpectedRevision,
    response: Response,
) -> dict[str, Any]:
    """The others stay; null goes back to the schedule's."""
    return tagged(response, await occurrences.change(book, schedule_id, due_on, body, expected))


@router.post(
    "/{schedule_id}/occurrences/{due_on}/confirm",
    response_model=ConfirmedOut,
    operation_id="confirm_occurrence",
    summary="Post an occurrence",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def confirm_occurrence(
    schedule_id: UUID,
    due_on: CivilDate,
    body: Confirmation,
    book: WriteBook,
    expected: ExpectedRevision,
    response: Response,
) -> dict[str, Any]:
    """As it came: with its real amount and date. Before its date too, and again after it failed."""
    document = await occurrences.confirm(book, schedule_id, due_on, body, expected)
    response.headers["ETag"] = entity_tag(document["revision"])
    return document


@router.post(
    "/{schedule_id}/occurrences/{due_on}/skip",
    response_model=OccurrenceOut,
    operation_id="skip_occurrence",
    summary="Leave an occurrence out",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def skip_occurrence(
    schedule_id: UUID, due_on: CivilDate, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Nothing is posted for it; the others stay."""
    return tagged(response, await occurrences.skip(book, schedule_id, due_on, expected))


@router.post(
    "/{schedule_id}/occurrences/{due_on}/unskip",
    response_model=OccurrenceOut,
    operation_id="unskip_occurrence",
    summary="Take an occurrence back in",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def unskip_occurrence(
    schedule_id: UUID, due_on: CivilDate, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """One that was skipped, passed over, or whose transaction was deleted is to come again."""
    return tagged(response, await occurrences.unskip(book, schedule_id, due_on, expected))
