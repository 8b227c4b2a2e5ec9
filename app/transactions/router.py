"""The HTTP side of transactions."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, TakeBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Page, PageParams
from app.core.problems import not_modified, problems
from app.core.routing import only, routes
from app.transactions import bulk, listing, recategorising, sealing, service
from app.transactions.bulk_schemas import BulkIn, BulkOut, RecategoriseIn, RecategoriseOut
from app.transactions.documents import Document
from app.transactions.examples import TRANSACTIONS
from app.transactions.outputs import TransactionOut
from app.transactions.query import FilterParams, SortParam
from app.transactions.schemas import TransactionIn, TransactionPatch, UnsealIn

TransactionBody = Annotated[TransactionIn, Body(openapi_examples=TRANSACTIONS)]

router = routes("/transactions", "transactions", reads="transactions:read", writes="transactions:write")


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
    are made as they are named; an alias means its payee. Without a `category_id` (null is one) an expense or income
    takes its payee's default category.
    """
    document = await service.record(book, body)
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


@router.post(
    "/bulk",
    response_model=BulkOut,
    operation_id="bulk_transactions",
    summary="Add, change and delete many transactions",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def bulk_transactions(body: BulkIn, book: WriteBook) -> Document:
    """Up to 1,000 operations as one revision: all or nothing, or each by itself."""
    return await bulk.apply(book, body)


@router.post(
    "/recategorise",
    response_model=RecategoriseOut,
    operation_id="recategorise_transactions",
    summary="Give what a filter finds another category",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def recategorise_transactions(body: RecategoriseIn, book: ReadBook, take: TakeBook) -> Document:
    """As one revision, however many there are; a dry run says how many and shows some.

    Of a split transaction only the parts change that the filter names by category, or by having none.
    """
    if body.dry_run:
        return await recategorising.preview(book, body)
    return await recategorising.apply(await take(), body)


for path in ("/bulk", "/recategorise"):
    only(router, "POST", path)


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
