"""Committing a preview, undoing an import, and what there is to know about one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.private import adopt_names_of_import, check_import_is_whole
from app.access.watching import settle
from app.core.clock import now
from app.core.database import AnyRow
from app.core.errors import invalid
from app.imports import (
    payees,
    plain_market,
    plain_names,
    plain_posting,
    repeats,
    repository,
    ruled,
    trade_repository,
    trades,
)
from app.imports.documents import as_event, import_document
from app.imports.errors import ImportEditedError, ImportMergedError, ImportNotFoundError, ImportStateError
from app.imports.posting import GONE, HEAD, LINE
from app.imports.schemas import CommitIn
from app.transactions import posting
from app.transactions.images import LOG_OF_GONE

ENTITY = "import"
PLAIN = ("hledger", "beancount")

Document = dict[str, Any]


async def get(book: BookReader, import_id: UUID) -> Document:
    return import_document(await _find(book, import_id))


async def get_many(book: BookReader, ids: Sequence[UUID]) -> list[Document]:
    """Those of these imports that the book has."""
    return [import_document(row) for row in await repository.get_many(book.connection, book.book_id, ids)]


async def _find(book: BookReader, import_id: UUID) -> AnyRow:
    row = await repository.get(book.connection, book.book_id, import_id)
    if row is None:
        raise ImportNotFoundError(import_id)
    return row


async def commit(book: BookWriter, import_id: UUID, body: CommitIn) -> Document:
    """Post every row that is new or a suspect and not skipped, all in one statement of the posting engine, and enter
    those that are trades in one call of the portfolio.

    What became a duplicate since the preview is left out. The warnings of the answer, and not of the import, say what
    the commit brought about: a budget's threshold, a paid bill.

    Raises `ImportStateError` when it was committed already.
    """
    held = await _find(book, import_id)
    if held.status != "previewed":
        raise ImportStateError(f"This import is {held.status}; upload the file again to import it once more.")
    rows = held.rows_new + held.rows_duplicate + held.rows_suspect + held.rows_error
    if body.skip and max(body.skip) > rows:
        raise invalid("skip", "unknown_position", f"the file has {rows} rows; a position counts them from 1")
    await repository.forget_plans(book.connection)
    plain = held.format in PLAIN
    if plain:
        book = await plain_names.make(book, held)
    closed = await repository.closed_account(book.connection, book.book_id, import_id)
    if closed is not None:
        raise ImportStateError(f"It cannot be committed: {closed}.")
    await _settle_rows(book, held, body)
    counts = await repository.count_outcomes(book.connection, book.book_id, import_id)
    created, has_rules, has_lines = counts.pop("wanted"), counts.pop("ruled") > 0, counts.pop("with_lines") > 0
    has_trades = counts.pop("with_trades") > 0
    await adopt_names_of_import(book, import_id)
    await payees.add(book, import_id)
    if plain or has_rules:
        await plain_names.make_tags(book, import_id)
    changes = {
        "status": "committed",
        "created_count": created,
        "skipped_count": sum(counts.values()) - created,
        **counts,
        "committed_at": now(),
        **(await ruled.settle(book, import_id, held.warnings) if has_rules and has_lines else {}),
        "revision": book.revision,
    }
    await repository.change(book.connection, book.book_id, import_id, changes)
    if held.header_hash is not None:
        await repository.keep_mapping(book.connection, book.book_id, held.header_hash, held.lasting_mapping)
    book.record(Event(ENTITY, import_id, "committed", before=as_event(held), after={**as_event(held), **changes}))
    if plain:
        await plain_market.store_rates(book, held)
    await _post(book, held, has_rules=has_rules, has_lines=has_lines)
    if plain and has_trades:
        await plain_market.set_methods(book, held)
    told = await trades.enter(book, held) if has_trades else []
    if plain:
        await plain_market.store_prices(book, held)
        await plain_names.archive(book, held)
    told += await settle(book)
    document = await get(book, import_id)
    return {**document, "warnings": [*document["warnings"], *told]}


async def _settle_rows(book: BookWriter, held: AnyRow, body: CommitIn) -> None:
    """Mark what became a duplicate since the preview, and what is to be left out."""
    await repeats.settle_known_ids(book.connection, book.book_id, held.id)
    if held.format != "csv":
        await repeats.settle_transaction_ids(book.connection, book.book_id, held.id)
        await trade_repository.settle_known(book.connection, book.book_id, held.id)
    await repeats.settle_repeated(book.connection, book.book_id, held.id)
    await repository.skip(book.connection, book.book_id, held.id, suspects=body.suspects == "skip", positions=body.skip)
    if held.format == "beancount":
        await repeats.skip_alone(book.connection, book.book_id, held.id)


async def _post(book: BookWriter, held: AnyRow, *, has_rules: bool, has_lines: bool) -> None:
    """The rows that are no trades, through the posting engine."""
    parameters = {"import": held.id, "base": book.base_currency}
    if held.format in PLAIN:
        rows_of_file = posting.StagedRows(
            head=plain_posting.HEAD, line=plain_posting.LINE, tagged=plain_posting.TAGGED, parameters=parameters
        )
        await posting.apply_staged(book, rows_of_file)
    elif has_rules:
        await ruled.note(book, held.id)
        await posting.apply_staged(book, ruled.rows_of(parameters, has_lines=has_lines))
    else:
        await posting.apply_staged(book, posting.StagedRows(head=HEAD, line=LINE, parameters=parameters))


async def undo(book: BookWriter, import_id: UUID, *, force: bool) -> Document:
    """Take back everything the import brought, and the payees and assets that only it used.

    Raises `ImportStateError` when it is not committed, `ImportMergedError` where a transfer would lose one side,
    `WouldOversellError` where a later trade needs what it brought, and `ImportEditedError` when some of it was changed
    since, unless forced.
    """
    held = await _find(book, import_id)
    if held.status != "committed":
        raise ImportStateError(f"This import is {held.status}; only a committed one can be undone.")
    await check_import_is_whole(book, import_id)
    await repository.forget_plans(book.connection)
    merged = await repository.merged_count(book.connection, book.book_id, import_id)
    if merged:
        raise ImportMergedError(
            f"{merged} of its rows are one side of a transfer now, and the other side came another way. Undo the "
            "merging with POST /books/{book_id}/undo, or delete those transfers, first.",
            merged=merged,
        )
    written = await repository.committing_revision(book.connection, book.book_id, import_id)
    edited = await repository.edited_count(book.connection, book.book_id, import_id, written)
    edited += await trades.edited_count(book, import_id, written)
    if edited and not force:
        raise ImportEditedError(
            f"{edited} of its transactions and trades were changed since. Undo it with "
            '{"force": true} to remove those too.',
            edited=edited,
        )
    changes = {"status": "undone", "undone_at": now(), "revision": book.revision}
    await repository.change(book.connection, book.book_id, import_id, changes)
    book.record(Event(ENTITY, import_id, "undone", before=as_event(held), after={**as_event(held), **changes}))
    if held.format in PLAIN:
        await plain_market.take_back(book, held, written)
    await trades.take_back(book, held, written)
    await posting.apply_staged(book, posting.StagedRows(gone=GONE, log=LOG_OF_GONE, parameters={"import": import_id}))
    await payees.drop_unused(book, written)
    if held.format in PLAIN:
        await plain_names.take_back(book, held, written)
    if held.header_hash is not None:
        # Whoever takes an import back may have read it wrongly.
        await repository.drop_mapping(book.connection, book.book_id, held.header_hash)
    return await get(book, import_id)


async def discard(book: BookWriter, import_id: UUID) -> None:
    """Forget a preview that was not committed; a committed or undone import stays as a record."""
    held = await _find(book, import_id)
    if held.status != "previewed":
        raise ImportStateError(f"This import is {held.status} and stays as a record.")
    await repository.remove(book.connection, book.book_id, import_id)
    book.record(Event(ENTITY, import_id, "deleted", before=as_event(held)))
