"""Books: making one, listing one's own, its name and its base currency."""

import dataclasses
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader, BookWriter, Event
from app.access.repository import open_new_book
from app.books import repository
from app.books.schemas import BookPatch
from app.core.conditional import check_revision
from app.core.database import AnyRow, constraint_means
from app.core.errors import ConflictError, ForbiddenError, NotFoundError, invalid
from app.core.ids import new_id
from app.currencies.service import exponent_of

FALLBACK_CURRENCY = "EUR"
ENTITY = "book"


class BaseCurrencyInUseError(ConflictError):
    code = "base_currency_in_use"
    title = "The base currency is in use"


def gone() -> NotFoundError:
    """For what finds the book deleted under it."""
    return NotFoundError("There is no such book, or you are not a member of it.")


# A preview is written without holding the book.
for _table in ("imports", "import_mappings"):
    constraint_means(f"fk_{_table}_book_id_books", gone)


async def add(connection: AsyncConnection, owner_id: UUID, name: str, base_currency: str | None) -> UUID:
    """A new book of this owner, opened for writing in this transaction.

    Without a base currency the book takes that of its first account.
    """
    if base_currency is not None:
        await exponent_of(connection, base_currency, "base_currency")
    book_id = new_id()
    await open_new_book(connection, book_id)
    await repository.add(
        connection,
        book_id=book_id,
        owner_id=owner_id,
        name=name,
        base_currency=base_currency or FALLBACK_CURRENCY,
        chosen=base_currency is not None,
    )
    return book_id


async def of_user(connection: AsyncConnection, user_id: UUID) -> Sequence[AnyRow]:
    return await repository.of_user(connection, user_id)


async def get(book: BookReader) -> AnyRow:
    """Raises `NotFoundError` where the book, or one's place in it, has gone since the request was opened."""
    row = await repository.get(book.connection, book.book_id, book.actor.user_id)
    if row is None:
        raise gone()
    return row


async def patch(book: BookWriter, body: BookPatch, expected: int | None) -> AnyRow:
    """Rename the book, or choose its base currency while it has no accounts and no budgets yet. Owners only."""
    if book.role != "owner":
        raise ForbiddenError("Only an owner may change the book itself.")
    before = await get(book)
    check_revision(expected, before.revision - 1)
    values = body.model_dump(exclude_unset=True)
    currency = values.get("base_currency")
    if currency is not None:
        await exponent_of(book.connection, currency, "base_currency")
        if currency != before.base_currency:
            await _check_base_currency_is_free(book)
        values["base_currency_chosen"] = True
    if values:
        await repository.change(book.connection, book.book_id, values)
        old = {name: getattr(before, name) for name in body.model_fields_set}
        if currency is not None:
            old["base_currency_chosen"] = book.base_currency_chosen
        book.record(Event(ENTITY, book.book_id, "updated", before=old, after=values))
    return await get(book)


async def _check_base_currency_is_free(book: BookReader) -> None:
    if await repository.has_accounts(book.connection, book.book_id):
        raise BaseCurrencyInUseError(
            "The book has accounts, whose totals are kept in its base currency: change it with "
            "POST /books/{book_id}/base-currency."
        )
    if await repository.has_budgets(book.connection, book.book_id):
        raise BaseCurrencyInUseError(
            "The book has budgets, whose amounts are in its base currency: change it with "
            "POST /books/{book_id}/base-currency."
        )


async def lock(book: BookWriter, until: date | None, expected: int | None) -> AnyRow:
    """Close everything dated up to a day, or open it again with None. Owners only; not a day in the future."""
    if book.role != "owner":
        raise ForbiddenError("Only an owner may close or open a period.")
    before = await get(book)
    check_revision(expected, before.revision - 1)
    if until is not None and until > book.actor.today():
        raise invalid("locked_until", "date_in_future", "what is to come cannot be closed yet")
    if until != before.locked_until:
        await repository.change(book.connection, book.book_id, {"locked_until": until})
        old, new = {"locked_until": before.locked_until}, {"locked_until": until}
        book.record(Event(ENTITY, book.book_id, "updated", before=old, after=new))
    return await get(book)


async def adopt_currency(book: BookWriter, currency: str) -> BookWriter:
    """Make the first account's currency the base, unless the owner has chosen one; returns the book as it is then.

    Where budgets have amounts in the present base currency, that one is chosen by them.
    """
    if book.base_currency_chosen:
        return book
    if await repository.has_budgets(book.connection, book.book_id):
        currency = book.base_currency
    await repository.change(book.connection, book.book_id, {"base_currency": currency, "base_currency_chosen": True})
    before = {"base_currency": book.base_currency, "base_currency_chosen": False}
    after = {"base_currency": currency, "base_currency_chosen": True}
    book.record(Event(ENTITY, book.book_id, "updated", before=before, after=after))
    exponent = await exponent_of(book.connection, currency, "currency")
    return dataclasses.replace(book, base_currency=currency, base_exponent=exponent, base_currency_chosen=True)
