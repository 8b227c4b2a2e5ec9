"""Trades go over from an account or a category to its heir."""

from sqlalchemy import delete, func, select, update

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, HeirDoesNotFitError, Use, name_ledger
from app.core.database import AnyRow
from app.portfolio import methods, repository
from app.portfolio.building import COLUMNS
from app.portfolio.models import CostMethod, Trade
from app.portfolio.references import ACCOUNTS, CATEGORIES
from app.portfolio.remaking import remake
from app.portfolio.service import ENTITY

_COLUMNS = {"account": ACCOUNTS, "category": CATEGORIES}


async def users(book: BookReader, going: Going) -> list[Use]:
    """The trades that name it, and what is set for the account."""
    found = [
        Use(ENTITY, row.id, f"{row.kind} of {row.date}")
        for row in await repository.naming(book.connection, book.book_id, _COLUMNS.get(going.kind, ()), going.ids)
    ]
    if going.kind == "account":
        found += [Use(methods.ENTITY, row.id, row.method) for row in await _methods(book, going)]
    return found


async def inherit(book: BookWriter, going: Going, heir: Heir) -> None:
    """Raises `HeirDoesNotFitError` for a transfer between the two, and what `remake` does: they may hold otherwise.

    The heir keeps its own cost method; it takes over that of an account only where it has none.
    """
    columns = _COLUMNS.get(going.kind, ())
    rows = await repository.naming(book.connection, book.book_id, columns, going.ids)
    for row in rows:
        before = {name: getattr(row, name) for name in (*COLUMNS, "revision")}
        after = {name: heir.id if name in columns and value in going.ids else value for name, value in before.items()}
        if after["to_account_id"] is not None and after["to_account_id"] == after["account_id"]:
            raise HeirDoesNotFitError("There are transfers of assets between the two accounts: delete those first.")
        after["revision"] = book.revision
        book.record(Event(ENTITY, row.id, "updated", before=before, after=after))
    for name in columns if rows else ():
        column = getattr(Trade, name)
        statement = update(Trade).where(Trade.book_id == book.book_id, column.in_(going.ids))
        changed = {name: heir.id, "revision": book.revision, "updated_at": func.now()}
        await book.connection.execute(statement.values(changed))
    if going.kind == "account":
        await _method(book, going, heir)
        await remake(book)


async def _method(book: BookWriter, going: Going, heir: Heir) -> None:
    present = await methods.of_account(book, heir.id)
    for row in await _methods(book, going):
        before = methods.image(row)
        mine = (CostMethod.book_id == book.book_id) & (CostMethod.id == row.id)
        if present is not None:
            await book.connection.execute(delete(CostMethod).where(mine))
            book.record(Event(methods.ENTITY, row.id, "deleted", before=before))
            continue
        values = {"account_id": heir.id, "revision": book.revision}
        await book.connection.execute(update(CostMethod).where(mine).values({**values, "updated_at": func.now()}))
        book.record(Event(methods.ENTITY, row.id, "updated", before=before, after={**before, **values}))


async def _methods(book: BookReader, going: Going) -> list[AnyRow]:
    wanted = (CostMethod.book_id == book.book_id) & CostMethod.account_id.in_(going.ids)
    return list((await book.connection.execute(select(CostMethod).where(wanted))).all())


name_ledger("portfolio", users, inherit)
