"""The HTTP side of holdings. Its router stands behind all others below `/portfolio`: it has an id in their place."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.portfolio import holdings
from app.portfolio.holding_schemas import HoldingIn
from app.portfolio.outputs import HoldingOut

router = routes("/portfolio", "portfolio", reads="portfolio:read", writes="portfolio:write")


@router.post(
    "",
    status_code=201,
    response_model=HoldingOut,
    operation_id="create_holding",
    summary="Add what you hold",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_holding(body: HoldingIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """The simple way in: an asset by its symbol, how much of it, and what it cost.

    No money moves unless `pay_from_cash` says so. More of the same on the same account adds a lot to the holding.
    """
    document = await holdings.create(book, body)
    response.headers["Location"] = f"/api/v1/portfolio/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[HoldingOut],
    operation_id="list_holdings",
    summary="List what you hold",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_holdings(
    book: ReadBook,
    account_id: Annotated[UUID | None, Query(description="On this account alone.")] = None,
    asset_id: Annotated[UUID | None, Query(description="Of this asset alone.")] = None,
    lots: Annotated[bool, Query(description="With the lots of each holding.")] = False,
) -> object:
    """Everything of which there is more than nothing, by symbol, and what it cost."""
    return whole(await holdings.every(book, account_id=account_id, asset_id=asset_id, lots=lots))


@router.get(
    "/{holding_id}",
    response_model=HoldingOut,
    operation_id="get_holding",
    summary="Read a holding",
    responses=problems(404),
)
async def get_holding(holding_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """With its lots; one that was sold, too."""
    return tagged(response, await holdings.get(book, holding_id))


@router.put(
    "/{holding_id}",
    response_model=HoldingOut,
    operation_id="replace_holding",
    summary="Replace a holding",
    responses=problems(404, 409, 412),
)
async def replace_holding(
    holding_id: UUID, body: HoldingIn, book: WriteBook, response: Response, expected: ExpectedRevision
) -> dict[str, Any]:
    """For a holding that is one purchase; 409 `has_trades` for any other, which is changed through its trades."""
    return tagged(response, await holdings.replace(book, holding_id, body, expected))


@router.delete(
    "/{holding_id}",
    status_code=204,
    operation_id="delete_holding",
    summary="Delete a holding",
    responses=problems(404, 409, 412),
)
async def delete_holding(holding_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """All of its trades go, and their money with them; nothing else of the book changes."""
    await holdings.delete(book, holding_id, expected)
