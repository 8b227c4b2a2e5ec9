"""The HTTP side of envelopes."""

from dataclasses import asdict
from uuid import UUID

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.budgets import envelopes, views
from app.budgets.outputs import AssignmentOut, EnvelopesOut, MoveOut
from app.budgets.router import Day
from app.budgets.schemas import AssignmentIn, MoveIn
from app.core.pagination import Page, WalkParams
from app.core.problems import not_modified, problems
from app.core.routing import only, routes

router = routes("/budgets", "budgets", reads="budgets:read", writes="budgets:write")


@router.get(
    "/envelopes",
    response_model=EnvelopesOut,
    operation_id="list_envelopes",
    summary="What is in the envelopes, and in none",
    responses={**problems(404), **not_modified()},
)
async def list_envelopes(book: ReadBook, day: Day) -> object:
    """By what was earned, spent and assigned up to the end of the day. `unassigned` is the money on the checking,
    savings, cash and credit card accounts less what is available in the envelopes.

    Accounts that some member does not see, and envelopes over such accounts, are left out.
    """
    found = await envelopes.at(book, day)
    foreign = [{"currency": code, "amount": amount} for code, amount in found.unconverted]
    items = [views.shown(status) for status in found.items]
    return {**asdict(found), "items": items, "total": len(items), "unconverted": foreign}


only(router, "GET", "/envelopes")


@router.post(
    "/move",
    status_code=201,
    response_model=MoveOut,
    operation_id="move_between_envelopes",
    summary="Move money between envelopes",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def move_between_envelopes(body: MoveIn, book: WriteBook) -> object:
    """Out of one and into the other, or neither. More than remains in the period of the day is 409."""
    move_id, rows = await envelopes.move(book, body)
    return {"move_id": move_id, "items": rows}


only(router, "POST", "/move")


@router.post(
    "/{budget_id}/assign",
    status_code=201,
    response_model=AssignmentOut,
    operation_id="assign_to_envelope",
    summary="Put money into an envelope",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def assign_to_envelope(budget_id: UUID, body: AssignmentIn, book: WriteBook) -> object:
    """For the period of the day, which may be a later one. A negative amount takes money out again."""
    return await envelopes.assign(book, budget_id, body)


@router.get(
    "/{budget_id}/assignments",
    response_model=Page[AssignmentOut],
    operation_id="list_assignments",
    summary="List what was put into an envelope",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_assignments(budget_id: UUID, book: ReadBook, page: WalkParams) -> object:
    """The newest first."""
    return await envelopes.assignments(book, budget_id, page)
