"""The HTTP side of accounts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, TakeBook, WriteBook
from app.accounts import service
from app.accounts.schemas import (
    AccountIn,
    AccountOut,
    AccountPatch,
    AccountReplace,
    BalanceOut,
    ReconcileIn,
    ReconcileOut,
    ReconciliationOut,
)
from app.core.conditional import ExpectedRevision, tagged
from app.core.fields import CivilDate
from app.core.pagination import Page, PageParams, Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.transactions.filters import TransactionFilter
from app.transactions.outputs import TransactionOut
from app.transactions.query import Search, SortParam, searched

router = routes("/accounts", "accounts", reads="accounts:read", writes="accounts:write")


@router.post(
    "",
    status_code=201,
    response_model=AccountOut,
    operation_id="create_account",
    summary="Open an account",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_account(body: AccountIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """An account in one currency, which never changes. The first one decides the book's base currency."""
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/accounts/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[AccountOut],
    operation_id="list_accounts",
    summary="List accounts",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_accounts(
    book: ReadBook,
    archived: Annotated[bool | None, Query(description="Only archived ones, or only others; all when absent.")] = None,
) -> object:
    """All accounts with their balances now."""
    return whole(await service.every(book, archived=archived))


@router.get(
    "/{account_id}",
    response_model=AccountOut,
    operation_id="get_account",
    summary="Read an account",
    responses=problems(404),
)
async def get_account(account_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One account; the `ETag` is its revision, for `If-Match`. Each change of the balance is a revision."""
    return tagged(response, await service.get(book, account_id))


@router.put(
    "/{account_id}",
    response_model=AccountOut,
    operation_id="replace_account",
    summary="Replace an account's description",
    responses=problems(404, 409, 412),
)
async def replace_account(
    account_id: UUID, body: AccountReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """What the body leaves out goes back to its default; the opening balance stays unless one is sent."""
    return tagged(response, await service.replace(book, account_id, body, expected))


@router.patch(
    "/{account_id}",
    response_model=AccountOut,
    operation_id="update_account",
    summary="Rename, archive or restore an account, or change its opening balance",
    responses=problems(404, 409, 412),
)
async def update_account(
    account_id: UUID, body: AccountPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest. An archived account keeps its past and takes nothing new."""
    return tagged(response, await service.patch(book, account_id, body, expected))


@router.delete(
    "/{account_id}",
    status_code=204,
    operation_id="delete_account",
    summary="Delete an account",
    responses=problems(404, 409, 412),
)
async def delete_account(
    account_id: UUID,
    book: WriteBook,
    expected: ExpectedRevision,
    reassign_to: Annotated[
        UUID | None, Query(description="An account of the same currency that takes over the transactions.")
    ] = None,
) -> None:
    """One in use answers 409 and says by how much: archive it, or name an heir with `reassign_to`."""
    await service.delete(book, account_id, reassign_to, expected)


@router.get(
    "/{account_id}/balance",
    response_model=BalanceOut,
    operation_id="get_account_balance",
    summary="Read a balance, now or at a date",
    responses=problems(404),
)
async def get_account_balance(
    account_id: UUID,
    book: ReadBook,
    at: Annotated[CivilDate | None, Query(description="The end of this day; now when absent.")] = None,
) -> dict[str, Any]:
    """Costs the same however long the history: whole months come from the totals."""
    return await service.balance(book, account_id, at)


@router.post(
    "/{account_id}/reconcile",
    status_code=201,
    response_model=ReconcileOut,
    operation_id="reconcile_account",
    summary="Reconcile with a statement",
    responses={200: {"model": ReconcileOut, "description": "A dry run: nothing changed."}, **problems(404, 409)},
    dependencies=[Idempotent],
)
async def reconcile_account(
    account_id: UUID, body: ReconcileIn, book: ReadBook, take: TakeBook, response: Response
) -> dict[str, Any]:
    """Hold the account against its statement and, when they agree, seal every cleared transaction up to its day.

    Pending transactions stay out. A difference answers 409 with its size. What is sealed keeps its date and its money
    until it is unsealed; transfers are sealed for both of their accounts.
    """
    if body.dry_run:
        response.status_code = 200
        return await service.compare_statement(book, account_id, body)
    return await service.reconcile(await take(), account_id, body)


@router.get(
    "/{account_id}/reconciliations",
    response_model=Whole[ReconciliationOut],
    operation_id="list_reconciliations",
    summary="List an account's reconciliations",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_reconciliations(account_id: UUID, book: ReadBook) -> object:
    """The statements that the account agreed with, the newest first."""
    return whole(await service.reconciliations(book, account_id))


@router.get(
    "/{account_id}/transactions",
    response_model=Page[TransactionOut],
    operation_id="list_account_transactions",
    summary="List an account's transactions",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_account_transactions(
    account_id: UUID,
    book: ReadBook,
    sort: SortParam,
    page: PageParams,
    date_from: Annotated[CivilDate | None, Query(description="This day or later.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="This day or earlier.")] = None,
    q: Search = None,
) -> dict[str, Any]:
    """Like a bank statement, and 404 for an account that is not there. `/transactions?account_id=` filters further."""
    wanted = TransactionFilter(account_ids=(account_id,), date_from=date_from, date_to=date_to, q=searched(q))
    return await service.transactions_of(book, account_id, wanted, sort, page)
