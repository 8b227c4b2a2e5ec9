"""The HTTP side of payees."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Page, PageParams
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.names import listing, payees, statistics
from app.names.schemas import NameStatistics, PayeeIn, PayeeMerge, PayeeOut, PayeePatch, PayeeReplace

router = routes("/payees", "payees", reads="payees:read", writes="payees:write")


@router.post(
    "",
    status_code=201,
    response_model=PayeeOut,
    operation_id="create_payee",
    summary="Add a payee",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_payee(body: PayeeIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """Payees are also made as transactions name them; add one to give it aliases or a default category beforehand."""
    document = await payees.create(book, body)
    response.headers["Location"] = f"/api/v1/payees/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Page[PayeeOut],
    operation_id="list_payees",
    summary="List payees",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_payees(
    book: ReadBook,
    page: PageParams,
    q: Annotated[
        str | None, Query(max_length=200, description="Part of the name or of an alias, without regard to case.")
    ] = None,
) -> object:
    """Payees by name."""
    return await listing.payees(book, q, page)


@router.get(
    "/{payee_id}",
    response_model=PayeeOut,
    operation_id="get_payee",
    summary="Read a payee",
    responses=problems(404),
)
async def get_payee(payee_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One payee with its aliases; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await payees.get(book, payee_id))


@router.put(
    "/{payee_id}",
    response_model=PayeeOut,
    operation_id="replace_payee",
    summary="Replace a payee",
    responses=problems(404, 409, 412),
)
async def replace_payee(
    payee_id: UUID, body: PayeeReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Name, aliases and default category. After a new name the old one is an alias, unless `keep_alias` is false."""
    return tagged(response, await payees.replace(book, payee_id, body, expected))


@router.patch(
    "/{payee_id}",
    response_model=PayeeOut,
    operation_id="update_payee",
    summary="Rename a payee, or change its aliases or default category",
    responses=problems(404, 409, 412),
)
async def update_payee(
    payee_id: UUID, body: PayeePatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest.

    After a new name the old one is an alias, unless `keep_alias` is false; one of its own aliases as the new name swaps
    the two. The name or alias of another payee answers 409 `name_taken` with its id: merge them.
    """
    return tagged(response, await payees.patch(book, payee_id, body, expected))


@router.post(
    "/{payee_id}/merge",
    response_model=PayeeOut,
    operation_id="merge_payees",
    summary="Make other payees this one",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def merge_payees(
    payee_id: UUID, body: PayeeMerge, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Their transactions become this payee's, their names and aliases its aliases, and they are gone.

    This payee's default category stays. A transaction of theirs in a closed period answers 409 `period_locked`.
    """
    return tagged(response, await payees.merge(book, payee_id, body.payee_ids, expected))


@router.delete(
    "/{payee_id}",
    status_code=204,
    operation_id="delete_payee",
    summary="Delete a payee",
    responses=problems(404, 409, 412),
)
async def delete_payee(
    payee_id: UUID,
    book: WriteBook,
    expected: ExpectedRevision,
    reassign_to: Annotated[
        UUID | None, Query(description="A payee that takes over the transactions, but not the names.")
    ] = None,
) -> None:
    """One in use answers 409 and says by how much: name an heir with `reassign_to`, or merge it into another."""
    await payees.delete(book, payee_id, reassign_to, expected)


@router.get(
    "/{payee_id}/statistics",
    response_model=NameStatistics,
    operation_id="get_payee_statistics",
    summary="What a payee's transactions come to",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def get_payee_statistics(payee_id: UUID, book: ReadBook) -> object:
    """How many there are, from when to when, what came in and went out by currency, and for which categories.

    Transfers stand apart, and no currency is converted.
    """
    return await statistics.of_payee(book, payee_id)
