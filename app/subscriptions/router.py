"""The HTTP side of subscriptions."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query, Response

from app.access.dependencies import Idempotent, ReadBook, WriteBook
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.subscriptions import heirs, service
from app.subscriptions.schemas import AcceptIn, DismissIn, Status, SubscriptionOut, SummaryOut

__all__ = ["heirs", "router"]

router = routes("/subscriptions", "subscriptions", reads="schedules:read", writes="schedules:write")

MinConfidence = Annotated[
    Decimal, Query(ge=0, le=100, max_digits=5, description="Only what is as sure as this, from 0 to 100.")
]
DEFAULT_CONFIDENCE = Decimal(50)


@router.get(
    "",
    response_model=Whole[SubscriptionOut],
    operation_id="list_subscriptions",
    summary="Find what is paid, or comes in, again and again",
    responses={**problems(404), **not_modified()},
)
async def list_subscriptions(
    book: ReadBook,
    response: Response,
    min_confidence: MinConfidence = DEFAULT_CONFIDENCE,
    status: Annotated[Status | None, Query(description="All when absent.")] = None,
    if_none_match: IfNoneMatch = None,
) -> object:
    """Series in the last 25 months, the surest first: one payee, a steady interval, a steady amount, still alive.

    The latest 100 payments of each of the 1,000 payees used last are looked at, and those without a payee, by their
    description, among the latest 20,000 transactions.
    """
    tag = list_tag(book.book_id, book.revision, book.actor.today(), min_confidence, status)
    end_if_unchanged(response, if_none_match, tag)
    return whole(await service.every(book, min_confidence, status))


@router.get(
    "/summary",
    response_model=SummaryOut,
    operation_id="summarise_subscriptions",
    summary="What all of it makes in a month and a year",
    responses={**problems(404), **not_modified()},
)
async def summarise_subscriptions(
    book: ReadBook,
    response: Response,
    min_confidence: MinConfidence = DEFAULT_CONFIDENCE,
    if_none_match: IfNoneMatch = None,
) -> object:
    """The known ones are the schedules and bills of the next twelve months, each currency by itself."""
    tag = list_tag(book.book_id, book.revision, book.actor.today(), min_confidence)
    end_if_unchanged(response, if_none_match, tag)
    return await service.summary(book, min_confidence)


@router.post(
    "/accept",
    status_code=201,
    response_model=SubscriptionOut,
    operation_id="accept_subscription",
    summary="Make a bill of a suggestion",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def accept_subscription(body: AcceptIn, book: WriteBook) -> dict[str, Any]:
    """The bill has the rule, account, category and amount that were found, and the payments of the past as its own."""
    return await service.accept(book, body)


@router.post(
    "/dismiss",
    response_model=SubscriptionOut,
    operation_id="dismiss_subscription",
    summary="Say that a suggestion is none",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def dismiss_subscription(body: DismissIn, book: WriteBook) -> dict[str, Any]:
    """It is not suggested again, whatever it costs later. Undo takes that back."""
    return await service.dismiss(book, body.key)
