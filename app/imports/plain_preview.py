"""Previewing an hledger journal or a Beancount file: it names its accounts itself."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.accounts import service as accounts
from app.assets import batch as assets
from app.categories import service as categories
from app.core.errors import FieldError, ForbiddenError, InvalidError
from app.currencies import service as currencies
from app.imports import plain_repository, preview
from app.imports.errors import MappingNeededError, UnreadableFileError
from app.imports.known_assets import known
from app.imports.parsing import Open, Unreadable, run_off_loop
from app.imports.plain_parsing import parse
from app.imports.plain_task import PlainFormat, PlainTask, TradesWanted
from app.imports.plaintext.charting import KnownAccount, KnownCategory
from app.imports.schemas import Mapping
from app.portfolio import methods

USED = {"decimal_separator", "commodities"}

Document = dict[str, Any]


async def preview_plain(
    book: BookReader,
    *,
    account_id: UUID | None,
    file_name: str | None,
    data: bytes,
    file_format: PlainFormat,
    given: Mapping,
) -> Document:
    """Read the file, judge each transaction and keep the result for the commit; nothing else is written.

    Raises `UnreadableFileError`, and `MappingNeededError` where only a person can say how to read it.
    """
    if book.role == "viewer":
        raise ForbiddenError("You may read this book, not import into it.")
    _check_given(account_id, file_format, given)
    task = PlainTask(
        data=data,
        format=file_format,
        decimal_mark=given.decimal_separator,
        commodities=given.commodities or {},
        exponents={row.code: row.exponent for row in await currencies.every(book.connection)},
        accounts=[
            KnownAccount(a["id"], a["name"], a["class"], a["currency"], a["archived_at"] is not None)
            for a in await accounts.every(book, archived=None)
        ],
        categories=[
            KnownCategory(c["id"], c["parent_id"], c["name"], c["kind"], c["archived_at"] is not None)
            for c in await categories.every(book)
        ],
        today=book.actor.today(),
        assets=[known(row) for row in await assets.every(book)],
        cost_methods=await methods.every(book),
    )
    parsed = await run_off_loop(parse, task, len(data))
    while isinstance(parsed, TradesWanted):  # once: then it is known which get other ids
        present = await plain_repository.trades_of(book.connection, book.book_id, parsed.ids)
        parsed = await run_off_loop(parse, replace(task, remade=parsed.ids - present), len(data))
    if isinstance(parsed, Unreadable):
        raise UnreadableFileError(parsed.code, parsed.detail, parsed.field)
    if isinstance(parsed, Open):
        raise MappingNeededError(parsed.questions)
    import_id = await preview.keep(book, None, file_name, file_format, parsed)
    return await preview.answer(book, import_id)


def _check_given(account_id: UUID | None, file_format: PlainFormat, given: Mapping) -> None:
    wrong = [
        FieldError(f"mapping.{name}", "not_for_this_format", f"says nothing about a file of the format {file_format}")
        for name in sorted(given.model_fields_set - USED)
    ]
    if account_id is not None:
        detail = f"a file of the format {file_format} names its accounts itself; leave it out"
        wrong.append(FieldError("account_id", "not_for_this_format", detail))
    if wrong:
        raise InvalidError(wrong)
