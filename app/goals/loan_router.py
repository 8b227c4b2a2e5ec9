"""The HTTP side of loans."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, require, routes
from app.goals import loans
from app.goals.loan_schemas import Basis, LoanCalculation, LoanIn, LoanOut, LoanPatch, LoanReplace, ScheduleOut

router = routes("/loans", "loans", reads="goals:read", writes="goals:write")
only(router, "POST", "/calculate")


@router.post(
    "",
    status_code=201,
    response_model=LoanOut,
    operation_id="create_loan",
    summary="State the terms of a loan",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_loan(body: LoanIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """For an account on which you owe: a loan, a mortgage, a credit card. An account has one set of terms."""
    document = await loans.create(book, body)
    response.headers["Location"] = f"/api/v1/loans/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[LoanOut],
    operation_id="list_loans",
    summary="List loans",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_loans(book: ReadBook) -> object:
    """All of them with what is owed now, in the order in which their terms were stated."""
    return whole(await loans.every(book))


@router.post(
    "/calculate",
    response_model=ScheduleOut,
    operation_id="calculate_loan",
    summary="Compute a loan",
    responses=problems(404, 409),
    dependencies=[require("goals:read"), Idempotent],
)
async def calculate_loan(body: LoanCalculation, book: ReadBook) -> dict[str, Any]:
    """The payments of a loan to the last unit of its currency. Nothing is stored."""
    return await loans.calculate(book, body)


@router.get(
    "/{loan_id}",
    response_model=LoanOut,
    operation_id="get_loan",
    summary="Read the terms of a loan",
    responses=problems(404),
)
async def get_loan(loan_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One loan; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await loans.get(book, loan_id))


@router.get(
    "/{loan_id}/schedule",
    response_model=ScheduleOut,
    operation_id="get_loan_schedule",
    summary="The payments of a loan",
    responses=problems(404),
)
async def get_loan_schedule(
    loan_id: UUID,
    book: ReadBook,
    basis: Annotated[
        Basis | None,
        Query(
            description="`terms`: the whole loan as it was agreed. `balance`: from today, of what the account owes. "
            "Without it: as agreed where the principal was stated."
        ),
    ] = None,
) -> dict[str, Any]:
    """Every payment until nothing is owed, and what the extra payments save.

    A payment that does not cover the interest answers 422 `payment_too_small` with what it takes, `needed`.
    """
    return await loans.schedule(book, loan_id, basis)


@router.put(
    "/{loan_id}",
    response_model=LoanOut,
    operation_id="replace_loan",
    summary="Replace the terms of a loan",
    responses=problems(404, 409, 412),
)
async def replace_loan(
    loan_id: UUID, body: LoanReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Everything but the account. What the body leaves out goes back to its default."""
    return tagged(response, await loans.replace(book, loan_id, body, expected))


@router.patch(
    "/{loan_id}",
    response_model=LoanOut,
    operation_id="update_loan",
    summary="Change the terms of a loan",
    responses=problems(404, 409, 412),
)
async def update_loan(
    loan_id: UUID, body: LoanPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest."""
    return tagged(response, await loans.patch(book, loan_id, body, expected))


@router.delete(
    "/{loan_id}",
    status_code=204,
    operation_id="delete_loan",
    summary="Delete the terms of a loan",
    responses=problems(404, 409, 412),
)
async def delete_loan(loan_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """The account and what it owes stay as they are."""
    await loans.delete(book, loan_id, expected)
