"""Previewing a broker's CSV file: trades of one account, and the assets that they are of."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.accounts import service as accounts
from app.accounts.schemas import LIABILITIES
from app.assets import batch as assets
from app.books import service as books
from app.core.errors import FieldError, ForbiddenError, invalid
from app.currencies import service as currencies
from app.imports import preview, repository
from app.imports.broker.mapping import BrokerMapping
from app.imports.broker_parsing import BROKER_CSV, BrokerTask, RatesWanted, parse
from app.imports.errors import MappingNeededError, UnreadableFileError
from app.imports.known_assets import known
from app.imports.parsing import Open, Unreadable, run_off_loop
from app.portfolio import references as portfolio
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.references import AccountRef

Document = dict[str, Any]


async def preview_broker(
    book: BookReader, *, account_id: UUID, file_name: str | None, data: bytes, given: BrokerMapping
) -> Document:
    """Read the file, judge each row and keep the result for the commit; nothing else is written.

    Raises `UnreadableFileError`, `MappingNeededError` where only a person can say how to read it,
    `ReferenceNotFoundError`, `ArchivedError` and `InvalidError` for the account and the assets of the mapping.
    """
    if book.role == "viewer":
        raise ForbiddenError("You may read this book, not import into it.")
    task = await _task(book, account_id, data, given)
    found = await run_off_loop(parse, task, len(data))
    while isinstance(found, RatesWanted):  # each time others: those of prices, then those of costs
        rates = await portfolio.rates(book, found.pairs)
        task = replace(task, rates={**task.rates, **{pair: rates.get(pair) for pair in found.pairs}})
        found = await run_off_loop(parse, task, len(data))
    if isinstance(found, Unreadable):
        raise UnreadableFileError(found.code, found.detail, found.field)
    if isinstance(found, Open):
        raise MappingNeededError(found.questions)
    return await preview.answer(book, await preview.keep(book, account_id, file_name, BROKER_CSV, found))


async def _task(book: BookReader, account_id: UUID, data: bytes, given: BrokerMapping) -> BrokerTask:
    exponents = {row.code: row.exponent for row in await currencies.every(book.connection)}
    account = await _account(book, account_id, exponents)
    rows = sorted(await assets.every(book), key=lambda row: (row.created_at, row.id))
    ids = {row.id for row in rows}
    missing = [
        FieldError(f"mapping.assets.{name}", "asset_not_found", "there is no asset with this id")
        for name, asset_id in (given.assets or {}).items()
        if asset_id not in ids
    ]
    if missing:
        raise ReferenceNotFoundError(missing)
    return BrokerTask(
        data=data,
        given=given,
        saved=await repository.mappings(book.connection, book.book_id),
        account=account,
        assets=[known(row) for row in rows],  # the oldest first
        currencies=frozenset(exponents),
        today=book.actor.today(),
        locked_until=(await books.get(book)).locked_until,
    )


async def _account(book: BookReader, account_id: UUID, exponents: dict[str, int]) -> AccountRef:
    """Where the trades go; an account on which one owes holds nothing."""
    found = next((a for a in await accounts.every(book, archived=None) if a["id"] == account_id), None)
    if found is None:
        raise ReferenceNotFoundError(
            [FieldError("account_id", "account_not_found", "there is no account with this id")]
        )
    if found["archived_at"] is not None:
        raise ArchivedError([FieldError("account_id", "account_archived", "is archived")])
    if found["type"] in LIABILITIES:
        raise invalid("account_id", "wrong_account_class", "is an account on which you owe: nothing is held there")
    return AccountRef(account_id, found["currency"], exponents[found["currency"]], archived=False)
