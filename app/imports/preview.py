"""Judging each row of an uploaded file against the book; nothing is posted."""

from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.errors import FieldError, ForbiddenError
from app.core.ids import new_id
from app.imports import repeats, repository, staging_sql, suggested, trade_repository, trades
from app.imports.errors import MappingNeededError, UnreadableFileError
from app.imports.parsing import Open, Parsed, Task, Unreadable, fault_of_text, parse_off_loop, run_off_loop
from app.imports.schemas import Mapping
from app.imports.service import get
from app.rules.importing import report_import, rules_for_import
from app.transactions import references
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.references import AccountRef

SAMPLE_ROWS = 20

Document = dict[str, Any]


async def preview(
    book: BookReader, *, account_id: UUID, file_name: str | None, data: bytes, file_format: str, given: Mapping
) -> Document:
    """Read the file, judge each row and keep the result for the commit.

    Raises `UnreadableFileError`, `MappingNeededError` where only a person can say how to read it,
    `ReferenceNotFoundError` and `ArchivedError` for the accounts.
    """
    if book.role == "viewer":
        raise ForbiddenError("You may read this book, not import into it.")
    accounts = await references.every_account(book.connection, book.book_id)
    _check_accounts(accounts, account_id, given)
    task = Task(
        data=data,
        given=given,
        saved=await repository.mappings(book.connection, book.book_id),
        account_id=account_id,
        accounts={i: account for i, account in accounts.items() if not account.archived},
        categories=await repository.categories_by_name(book.connection, book.book_id),
        today=book.actor.today(),
        rules=await rules_for_import(book),
    )
    parsed = await parse_off_loop(task)
    if isinstance(parsed, Unreadable):
        raise UnreadableFileError(parsed.code, parsed.detail, parsed.field)
    if isinstance(parsed, Open):
        raise MappingNeededError(parsed.questions)
    parsed.warnings.extend(await report_import(book, task.rules, parsed.staged.rules))
    import_id = await keep(book, account_id, file_name, file_format, parsed)
    await suggested.take(book, import_id)
    return await answer(book, import_id)


async def check_text(data: bytes) -> None:
    """Raise `UnreadableFileError` for a file that no account would make one that can be read."""
    fault = await run_off_loop(fault_of_text, data, len(data))
    if fault is not None:
        raise UnreadableFileError(fault.code, fault.detail, fault.field)


async def answer(book: BookReader, import_id: UUID) -> Document:
    """The import with its first rows."""
    return {**await get(book, import_id), "sample": await _sample(book, import_id)}


async def keep(
    book: BookReader, account_id: UUID | None, file_name: str | None, file_format: str, parsed: Parsed
) -> UUID:
    """Write the import and its rows, each row judged on the way in."""
    import_id = new_id()
    await repository.forget_plans(book.connection)
    await repository.add(
        book.connection,
        {
            "book_id": book.book_id,
            "id": import_id,
            "account_id": account_id,
            "status": "previewed",
            "format": file_format,
            "file_name": file_name,
            "content_hash": parsed.content_hash,
            "rows_hash": parsed.staged.digest,
            "header_hash": parsed.header_hash,
            "mapping": parsed.mapping,
            "lasting_mapping": parsed.lasting_mapping,
            "mapping_source": parsed.mapping_source,
            "confidence": parsed.confidence,
            "warnings": parsed.warnings,
            "assets": parsed.assets,
            "revision": book.revision,
            **dict.fromkeys(("rows_new", "rows_duplicate", "rows_suspect", "rows_error"), 0),
        },
    )
    await staging_sql.take_rows(book.connection, parsed.staged.chunks)
    await staging_sql.classify(book.connection, book.book_id, import_id)
    if file_format != "csv":
        await repeats.settle_transaction_ids(book.connection, book.book_id, import_id)
        await trade_repository.settle_known(book.connection, book.book_id, import_id)
        await trade_repository.settle_suspects(book.connection, book.book_id, import_id)
    await repeats.settle_repeated(book.connection, book.book_id, import_id)
    if file_format != "csv":
        await trades.refuse_impossible(book, import_id)
    counts = await repository.count_outcomes(book.connection, book.book_id, import_id)
    for name in ("wanted", "ruled", "with_lines", "with_trades"):
        del counts[name]
    early = await repository.count_before_opening(book.connection, book.book_id, import_id)
    warnings = [*parsed.warnings, *([_before_opening(early)] if early else [])]
    await repository.change(book.connection, book.book_id, import_id, {**counts, "warnings": warnings})
    return import_id


def _before_opening(count: int) -> Document:
    detail = (
        f"{count} rows lie before the account's opening balance and count all the same, so today's balance moves by "
        "them. Move the opening date back and set the balance of that day, or skip the rows."
    )
    return {"code": "before_opening_date", "detail": detail}


def _check_accounts(accounts: dict[UUID, AccountRef], account_id: UUID, given: Mapping) -> None:
    wanted = {"account_id": account_id}
    wanted |= {f"mapping.accounts.{name}": i for name, i in (given.accounts or {}).items()}
    missing = [
        FieldError(field, "account_not_found", "there is no account with this id")
        for field, i in wanted.items()
        if i not in accounts
    ]
    if missing:
        raise ReferenceNotFoundError(missing)
    archived = [
        FieldError(field, "account_archived", "is archived") for field, i in wanted.items() if accounts[i].archived
    ]
    if archived:
        raise ArchivedError(archived)


async def _sample(book: BookReader, import_id: UUID) -> list[Document]:
    found = await repository.rows(
        book.connection, book.book_id, import_id, outcome=None, limit=SAMPLE_ROWS, skip=0, after=0
    )
    return await suggested.documents(book, found, "previewed")
