"""The HTTP side of transactions, payees and tags."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Page, PageParams
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.transactions import listing, sealing, service
from app.transactions.documents import Document
from app.transactions.examples import TRANSACTIONS
from app.transactions.outputs import NamedOut, TransactionOut
from app.transactions.query import FilterParams, SortParam
from app.transactions.schemas import TransactionIn, TransactionPatch, UnsealIn

TransactionBody = Annotated[TransactionIn, Body(openapi_examples=TRANSACTIONS)]

router = routes("/transactions", "transactions")
payees = routes("/payees", "payees")
tags = routes("/tags", "tags")


@router.post(
    "",
    status_code=201,
    response_model=TransactionOut,
    operation_id="create_transaction",
    summary="Add a transaction",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_transaction(body: TransactionBody, book: WriteBook, response: Response) -> Document:
    """Add an expense, an income, a transfer, a journal or an adjustment. Balances and totals change in that moment.

    Two equal purchases on one day are two purchases; only an `external_id` that exists is refused. Payees and tags
    are made as they are named.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/transactions/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Page[TransactionOut],
    operation_id="list_transactions",
    summary="List, filter and search transactions",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_transactions(book: ReadBook, wanted: FilterParams, sort: SortParam, page: PageParams) -> object:
    """A page of transactions, newest first unless sorted otherwise.

    Walk with `cursor`: it costs the same at any depth and neither misses nor repeats a row while rows are added.
    """
    return await listing.transactions(book, wanted, sort, page)


@router.get(
    "/{transaction_id}",
    response_model=TransactionOut,
    operation_id="get_transaction",
    summary="Read a transaction",
    responses=problems(404),
)
async def get_transaction(transaction_id: UUID, book: ReadBook, response: Response) -> Document:
    """One transaction with its postings; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, transaction_id))


@router.put(
    "/{transaction_id}",
    response_model=TransactionOut,
    operation_id="replace_transaction",
    summary="Replace a transaction",
    responses=problems(404, 409, 412),
)
async def replace_transaction(
    transaction_id: UUID,
    body: TransactionBody,
    book: WriteBook,
    expected: ExpectedRevision,
    response: Response,
) -> Document:
    """Make it what the body says, all of it; the type may change too. What the body leaves out is gone."""
    return tagged(response, await service.replace(book, transaction_id, body, expected))


@router.patch(
    "/{transaction_id}",
    response_model=TransactionOut,
    operation_id="update_transaction",
    summary="Change fields of a transaction",
    responses=problems(404, 409, 412),
)
async def update_transaction(
    transaction_id: UUID,
    body: TransactionPatch,
    book: WriteBook,
    expected: ExpectedRevision,
    response: Response,
) -> Document:
    """Change what is named and keep the rest; null clears a field. Parts are named by their `line`.

    Parts of a split and postings of a journal that are not named stay; `"remove": true` takes one out, an item without
    a line adds one. With another `type` it becomes that, in one step.
    """
    return tagged(response, await service.patch(book, transaction_id, body, expected))


@router.delete(
    "/{transaction_id}",
    status_code=204,
    operation_id="delete_transaction",
    summary="Delete a transaction",
    responses=problems(404, 409, 412),
)
async def delete_transaction(transaction_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """Remove it with its postings; balances and totals follow. The event log keeps what it was."""
    await service.delete(book, transaction_id, expected)


@router.post(
    "/{transaction_id}/unseal",
    response_model=TransactionOut,
    operation_id="unseal_transaction",
    summary="Unseal a reconciled transaction",
    responses=problems(404, 409, 412),
    dependencies=[Idempotent],
)
async def unseal_transaction(
    transaction_id: UUID, body: UnsealIn, book: WriteBook, expected: ExpectedRevision, response: Response
) -> Document:
    """It becomes `cleared` again and may be changed; its history says why."""
    return tagged(response, await sealing.unseal(book, transaction_id, body.reason, expected))


NameQuery = Annotated[str | None, Query(max_length=200, description="Part of the name, without regard to case.")]


@payees.get(
    "",
    response_model=Page[NamedOut],
    operation_id="list_payees",
    summary="List payees",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_payees(book: ReadBook, page: PageParams, q: NameQuery = None) -> object:
    """Payees by name. They are made when a transaction names them."""
    return await listing.payees(book, q, page)


@tags.get(
    "",
    response_model=Page[NamedOut],
    operation_id="list_tags",
    summary="List tags",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_tags(book: ReadBook, page: PageParams, q: NameQuery = None) -> object:
    """Tags by name. They are made when a transaction names them."""
    return await listing.tags(book, q, page)
