"""The HTTP side of trades."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.fields import CivilDate
from app.core.pagination import Page, PageParams
from app.core.problems import not_modified, problems
from app.core.routing import only, routes
from app.portfolio import gains, heirs, methods, service
from app.portfolio.holding_schemas import CostMethodIn
from app.portfolio.outputs import CostMethodOut, GainsOut, TradeOut
from app.portfolio.repository import TradeFilter
from app.portfolio.schemas import Kind, TradeIn, TradePatch

__all__ = ["heirs", "router"]

router = routes("/portfolio", "portfolio", reads="portfolio:read", writes="portfolio:write")
only(router, "GET", "/gains")
only(router, "GET, POST", "/trades")

Accounts = Annotated[list[UUID], Query(max_length=100, description="On either side of the trade; may repeat.")]
Assets = Annotated[list[UUID], Query(max_length=100, description="On either side of the trade; may repeat.")]
Account = Annotated[UUID | None, Query(description="Of this account alone.")]
Asset = Annotated[UUID | None, Query(description="Of this asset alone.")]


@router.post(
    "/trades",
    status_code=201,
    response_model=TradeOut,
    operation_id="create_trade",
    summary="Enter a trade",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_trade(body: TradeIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """A purchase, a sale, a dividend, a split, a merger: what happened to something that is held on an account.

    Its money moves in the same moment, as a transaction of the type `trade`; lots and gains follow from all trades by
    the account's cost method. What cannot have happened, a sale of more than is held that day, is refused, and so is a
    trade that would make a later one impossible.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/portfolio/trades/{document['id']}"
    return tagged(response, document)


@router.get(
    "/trades",
    response_model=Page[TradeOut],
    operation_id="list_trades",
    summary="List trades",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_trades(
    book: ReadBook,
    page: PageParams,
    account_id: Accounts = [],  # noqa: B006  # FastAPI copies it
    asset_id: Assets = [],  # noqa: B006
    kind: Annotated[list[Kind], Query(max_length=13, description="May repeat.")] = [],  # noqa: B006
    date_from: Annotated[CivilDate | None, Query(description="The first day.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="The last day.")] = None,
    transaction_id: Annotated[UUID | None, Query(description="The trade whose money this transaction is.")] = None,
    sort: Annotated[Literal["date", "-date"], Query(description="The oldest first, or the newest.")] = "-date",
) -> dict[str, Any]:
    """The newest first. An account or asset is met by either side of a trade; both days are included."""
    wanted = TradeFilter(tuple(account_id), tuple(asset_id), tuple(kind), date_from, date_to, transaction_id)
    return await service.trades(book, wanted, page, descending=sort == "-date")


@router.get(
    "/trades/{trade_id}",
    response_model=TradeOut,
    operation_id="get_trade",
    summary="Read a trade",
    responses=problems(404),
)
async def get_trade(trade_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """The trade as it was entered."""
    return tagged(response, await service.get(book, trade_id))


@router.put(
    "/trades/{trade_id}",
    response_model=TradeOut,
    operation_id="replace_trade",
    summary="Replace a trade",
    responses=problems(404, 409, 412),
)
async def replace_trade(
    trade_id: UUID, body: TradeIn, book: WriteBook, response: Response, expected: ExpectedRevision
) -> dict[str, Any]:
    """The trade becomes what the body says, and its transaction with it. It keeps its place among those of its day."""
    return tagged(response, await service.replace(book, trade_id, body, expected))


@router.patch(
    "/trades/{trade_id}",
    response_model=TradeOut,
    operation_id="update_trade",
    summary="Change a trade",
    responses=problems(404, 409, 412),
)
async def update_trade(
    trade_id: UUID, body: TradePatch, book: WriteBook, response: Response, expected: ExpectedRevision
) -> dict[str, Any]:
    """What is sent is changed; the whole must be valid as if it were sent with PUT."""
    return tagged(response, await service.patch(book, trade_id, body, expected))


@router.delete(
    "/trades/{trade_id}",
    status_code=204,
    operation_id="delete_trade",
    summary="Delete a trade",
    responses=problems(404, 409, 412),
)
async def delete_trade(trade_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """Its transaction goes with it; 409 `would_oversell` where a later trade needs what it brought."""
    await service.delete(book, trade_id, expected)


@router.get(
    "/gains",
    response_model=GainsOut,
    operation_id="list_gains",
    summary="List realised gains",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_gains(
    book: ReadBook,
    page: PageParams,
    first: Annotated[CivilDate, Query(alias="from", description="The first day of sales.")] = date(1900, 1, 1),
    last: Annotated[CivilDate, Query(alias="to", description="The last day of sales.")] = date(9998, 12, 31),
    account_id: Account = None,
    asset_id: Asset = None,
) -> dict[str, Any]:
    """What sales brought beyond the cost of their lots, the oldest first, and the sums over all of the range.

    In the base currency each cost counts at the rate of its day of purchase and each proceeds at that of the sale; what
    lacks a rate is listed under `unconverted`, and is in no sum of `base`.
    """
    return await gains.gains(book, first, last, account_id=account_id, asset_id=asset_id, page=page)


@router.get(
    "/accounts/{account_id}/cost-method",
    response_model=CostMethodOut,
    operation_id="get_cost_method",
    summary="Read an account's cost method",
    responses=problems(404),
)
async def get_cost_method(account_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """Which units a sale takes; `fifo` while nothing was set."""
    return tagged(response, await methods.get(book, account_id))


@router.put(
    "/accounts/{account_id}/cost-method",
    response_model=CostMethodOut,
    operation_id="set_cost_method",
    summary="Set an account's cost method",
    responses=problems(404, 409, 412),
)
async def set_cost_method(
    account_id: UUID, body: CostMethodIn, book: WriteBook, response: Response, expected: ExpectedRevision
) -> dict[str, Any]:
    """All gains on the account are computed anew, those of the past too; refused where one is in a closed period."""
    return tagged(response, await methods.put(book, account_id, body, expected))
