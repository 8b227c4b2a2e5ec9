"""The HTTP side of valuation and performance."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, ReadBook, WriteBook
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, routes
from app.performance import allocation, dashboard, heirs, history, performing, targets, valuation
from app.performance.asking import AnsweringParam, AskedOfAccounts, AskedParam, At, Cash, SpanParam
from app.performance.kinds import Dimension, Every
from app.performance.return_schemas import PerformanceOut
from app.performance.schemas import AllocationOut, DashboardOut, HistoryOut, ValuationOut
from app.performance.target_schemas import TargetOut, TargetsIn

__all__ = ["heirs", "router"]

router = routes("/portfolio", "portfolio", reads="portfolio:read", writes="portfolio:write")
for path in ("/valuation", "/dashboard", "/history", "/allocation", "/performance"):
    only(router, "GET", path)
only(router, "GET, PUT", "/targets")


@router.get(
    "/valuation",
    response_model=ValuationOut,
    operation_id="get_valuation",
    summary="Value what is held",
    responses={**problems(404), **not_modified()},
)
async def get_valuation(book: ReadBook, answering: AnsweringParam, asked: AskedOfAccounts, at: At = None) -> Response:
    """Every holding at the newest price and rate up to a day, and the totals, in any currency.

    What has no price is under `unpriced`, what has no exchange rate under `unconverted`, and in no total, nor is its
    cost. Cash on the accounts is not part of it.
    """
    return await answering.answer(ValuationOut, lambda: valuation.document(book, asked, at))


@router.get(
    "/dashboard",
    response_model=DashboardOut,
    operation_id="get_portfolio_dashboard",
    summary="Show all of a portfolio at one glance",
    responses={**problems(404), **not_modified()},
)
async def get_dashboard(book: ReadBook, answering: AnsweringParam, asked: AskedOfAccounts) -> Response:
    """Totals, what was gained since yesterday, in a month and in a year, the best and worst, the spread, the income."""
    return await answering.answer(DashboardOut, lambda: dashboard.document(book, asked))


@router.get(
    "/history",
    response_model=HistoryOut,
    operation_id="get_portfolio_history",
    summary="Show value, cost and money put in over time",
    responses={**problems(404), **not_modified()},
)
async def get_history(
    book: ReadBook,
    answering: AnsweringParam,
    asked: AskedParam,
    period: SpanParam,
    every: Annotated[
        Every | None,
        Query(description="A point at the end of each; by the length of the period when absent."),
    ] = None,
) -> Response:
    """What was held at the end of each day, week or month, at the prices and rates of that day; at most 4000 points."""
    return await answering.answer(HistoryOut, lambda: history.document(book, asked, period, every))


@router.get(
    "/allocation",
    response_model=AllocationOut,
    operation_id="get_allocation",
    summary="Show how the whole is spread, and how to rebalance it",
    responses={**problems(404), **not_modified()},
)
async def get_allocation(
    book: ReadBook,
    answering: AnsweringParam,
    asked: AskedOfAccounts,
    by: Annotated[Dimension, Query(description="What the whole is spread over.")] = "type",
    at: At = None,
    cash: Cash = None,
) -> Response:
    """Shares, targets and drift, and what to buy and sell; with `cash`, what to buy with it without selling."""
    return await answering.answer(AllocationOut, lambda: allocation.document(book, asked, at, by, cash))


@router.get(
    "/targets",
    response_model=Whole[TargetOut],
    operation_id="list_allocation_targets",
    summary="List targets of the allocation",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_targets(book: ReadBook) -> object:
    """Those over types, currencies, sectors and accounts; those of single assets are on the assets."""
    return whole(await targets.every(book))


@router.put(
    "/targets",
    response_model=Whole[TargetOut],
    operation_id="replace_allocation_targets",
    summary="Set the targets of a dimension",
    responses=problems(404),
)
async def replace_targets(body: TargetsIn, book: WriteBook) -> object:
    """Make these all targets over types, or currencies, sectors or accounts; an empty list takes them away."""
    return whole(await targets.replace(book, body))


@router.get(
    "/performance",
    response_model=PerformanceOut,
    operation_id="get_portfolio_performance",
    summary="Measure what holdings gained, and at which rate",
    responses={**problems(404), **not_modified()},
)
async def get_performance(
    book: ReadBook,
    answering: AnsweringParam,
    asked: AskedParam,
    period: SpanParam,
    benchmark_asset_id: Annotated[UUID | None, Query(description="An asset of the book to compare with.")] = None,
) -> Response:
    """Time-weighted, money-weighted and modified Dietz return, what each holding contributed, and a benchmark.

    The holdings are looked at: purchases go in, sales, dividends and interest come out; cash on the accounts is not
    part of it. A rate that cannot be told is null with a reason.
    """
    return await answering.answer(PerformanceOut, lambda: performing.document(book, asked, period, benchmark_asset_id))
