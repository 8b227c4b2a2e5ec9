"""Accounts, categories and tags that a plain-text ledger brings: made at the commit, taken back at the undo."""

from collections import Counter
from typing import Any
from uuid import UUID

from app.access.context import BookWriter, Event
from app.accounts import service as accounts
from app.accounts.schemas import AccountIn, AccountPatch
from app.books import service as books
from app.categories import service as categories
from app.categories.schemas import CategoryIn, CategoryPatch
from app.core.database import AnyRow
from app.imports import plain_repository
from app.imports.errors import ImportStateError

OF_IMPORT = {"kind", "same", "archived"}

Document = dict[str, Any]


async def make(book: BookWriter, held: AnyRow) -> BookWriter:
    """Open the accounts and add the categories that the file needs; returns the book with its base currency.

    Raises `ImportStateError` where the book got something of that name, or lost something, since the preview.
    """
    chart: Document = held.lasting_mapping
    await _check_names(book, chart)
    present = await accounts.every(book, archived=None)
    if chart["accounts"] and not present:
        book = await books.adopt_currency(book, chart["base_currency"] or chart["accounts"][0]["currency"])
    for row in chart["accounts"]:
        await accounts.create(book, AccountIn(**{k: v for k, v in row.items() if k not in OF_IMPORT}))
    for row in chart["categories"]:
        await categories.create(book, CategoryIn(**{k: v for k, v in row.items() if k != "archived"}))
    if await plain_repository.missing(book.connection, book.book_id, held.id):
        raise _stale("An account or category that it uses was deleted or archived since the preview.")
    return book


async def _check_names(book: BookWriter, chart: Document) -> None:
    """The file's new names are as new as they were at the preview."""
    if chart["accounts"]:
        present = await accounts.every(book, archived=False)
        names = Counter((a["class"], a["currency"], a["name"].casefold()) for a in present)
        if any(names[row["kind"], row["currency"], row["name"].casefold()] != row["same"] for row in chart["accounts"]):
            raise _stale("The book has other accounts of these names since the preview.")
    if chart["categories"]:
        siblings = {(str(c["parent_id"]), c["kind"], c["name"].casefold()) for c in await categories.every(book)}
        if siblings & {(str(row["parent_id"]), row["kind"], row["name"].casefold()) for row in chart["categories"]}:
            raise _stale("The book has a category of one of these names since the preview.")


def _stale(detail: str) -> ImportStateError:
    return ImportStateError(f"{detail} Upload the file again: the new preview takes it into account.")


async def make_tags(book: BookWriter, import_id: UUID) -> None:
    for row in await plain_repository.add_tags(book.connection, book.book_id, import_id, book.revision):
        book.record(Event("tag", row.id, "created", after={"name": row.name}))


async def archive(book: BookWriter, held: AnyRow) -> None:
    """What was archived where the file comes from, now that it has its past."""
    chart: Document = held.lasting_mapping
    for row in chart["accounts"]:
        if row["archived"]:
            await accounts.patch(book, UUID(row["id"]), AccountPatch(archived=True), None)
    for row in reversed(chart["categories"]):
        if row["archived"]:
            await categories.patch(book, UUID(row["id"]), CategoryPatch(archived=True), None)


async def take_back(book: BookWriter, held: AnyRow, written: int) -> None:
    """Remove what the import made, in revision `written`, and nothing uses any more; its payees went before."""
    for row in await plain_repository.drop_tags(book.connection, book.book_id, written):
        book.record(Event("tag", row.id, "deleted", before={"name": row.name}))
    chart: Document = held.lasting_mapping
    account_ids = [UUID(row["id"]) for row in chart["accounts"]]
    category_ids = [UUID(row["id"]) for row in chart["categories"]]
    free_accounts, free_categories = await plain_repository.unused(
        book.connection, book.book_id, account_ids, category_ids
    )
    for account_id in account_ids:
        if account_id in free_accounts:
            await accounts.delete(book, account_id, None, None)
    # Children stand behind their parents; a parent that keeps a child stays.
    kept = {c["parent_id"] for c in await categories.every(book) if c["id"] not in free_categories}
    for row, category_id in reversed(list(zip(chart["categories"], category_ids, strict=True))):
        if category_id in free_categories and category_id not in kept:
            await categories.delete(book, category_id, None, None)
        elif category_id in free_categories and row["parent_id"]:
            kept.add(UUID(row["parent_id"]))
