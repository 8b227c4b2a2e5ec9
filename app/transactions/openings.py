"""Opening balances: what an account held before its first transaction, changed through the account."""

from datetime import date
from decimal import Decimal

from app.access.context import BookWriter, Event
from app.core.ids import new_id
from app.transactions import posting, shapes
from app.transactions.batch import ENTITY
from app.transactions.documents import Document, as_event, from_entry
from app.transactions.posting import Changes, Entry
from app.transactions.references import AccountRef, rate_to_base


async def put(book: BookWriter, account: AccountRef, amount: Decimal, day: date, existing: Document | None) -> None:
    """Write the opening balance of an account, or change the one there is; `amount` is signed and not 0."""
    line = shapes.equity_line(account, amount, await rate_to_base(book, account.currency, day))
    entry = Entry(
        id=existing["id"] if existing else new_id(),
        type="opening_balance",
        date=day,
        account_id=account.id,
        amount=abs(line.amount),
        lines=(line,),
        status=existing["status"] if existing else "cleared",
        reconciliation_id=existing["reconciliation_id"] if existing else None,
        replaces=existing is not None,
    )
    after = from_entry(entry, {account.id: account}, payee=None, tags=(), revision=book.revision)
    before = as_event(existing) if existing else None
    book.record(Event(ENTITY, entry.id, "updated" if existing else "created", before=before, after=as_event(after)))
    await posting.apply(book, Changes(put=[entry]))


async def remove(book: BookWriter, existing: Document) -> None:
    book.record(Event(ENTITY, existing["id"], "deleted", before=as_event(existing)))
    await posting.apply(book, Changes(delete=[existing["id"]]))
