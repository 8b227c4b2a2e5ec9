"""The HTTP side of matching transfers."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import tagged
from app.core.fields import Body, CivilDate
from app.core.money import Money
from app.core.pagination import Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.transactions import matching
from app.transactions.documents import Document
from app.transactions.outputs import TransactionOut

router = routes("/transfer-matches", "transactions", reads="transactions:read", writes="transactions:write")

DEFAULT_SPAN = timedelta(days=92)


class PairIn(Body):
    """Money that left one account, and money that arrived on another."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "outgoing_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8",
                "incoming_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda9",
            }
        }
    )

    outgoing_id: UUID
    incoming_id: UUID

    @model_validator(mode="after")
    def _two(self) -> "PairIn":
        if self.outgoing_id == self.incoming_id:
            raise ValueError("name two transactions")
        return self


class TransferMatch(BaseModel):
    """Two transactions that may be one transfer."""

    outgoing: TransactionOut
    incoming: TransactionOut
    days_apart: int
    rate: Money | None = Field(
        description="In two currencies: what one unit of the outgoing one was worth in the book's nearest exchange."
    )


@router.get(
    "",
    response_model=Whole[TransferMatch],
    operation_id="list_transfer_matches",
    summary="Suggest pairs that are one transfer",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_transfer_matches(
    book: ReadBook,
    date_from: Annotated[CivilDate | None, Query(description="92 days before `date_to` when absent.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="Today when absent.")] = None,
    days: Annotated[int, Query(ge=0, le=14, description="At most so many days between the two.")] = 3,
    limit: Annotated[int, Query(ge=1, le=200, description="At most so many pairs.")] = 50,
) -> object:
    """An expense and an income of the same amount on two accounts, one of them imported at least, the newest first.

    In two currencies the amounts fit within 3 % by the rate of the book's own nearest exchange; without one there is no
    suggestion. Each transaction is in one pair at most.
    """
    last = date_to or book.actor.today()
    first = date_from or last - DEFAULT_SPAN
    return whole(await matching.suggest(book, first, last, days=days, limit=limit))


@router.post(
    "/accept",
    response_model=TransactionOut,
    operation_id="accept_transfer_match",
    summary="Merge two transactions into a transfer",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def accept_transfer_match(body: PairIn, book: WriteBook, response: Response) -> Document:
    """The outgoing one becomes the transfer, the incoming one goes; importing either row again is still a duplicate."""
    return tagged(response, await matching.accept(book, body.outgoing_id, body.incoming_id))


@router.post(
    "/reject",
    status_code=204,
    operation_id="reject_transfer_match",
    summary="Say that two transactions are no transfer",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def reject_transfer_match(body: PairIn, book: WriteBook) -> None:
    """They are not suggested together again."""
    await matching.reject(book, body.outgoing_id, body.incoming_id)
