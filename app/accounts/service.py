"""Accounts: opening, changing, archiving, deleting, and what they held when."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.heirs import Going, Heir, hand_over, users_of
from app.accounts import reconciliation, repository, visibility
from app.accounts.errors import AccountInUseError, AccountNotFoundError, CurrencyFixedError
from app.accounts.schemas import LIABILITIES, AccountIn, AccountPatch, AccountReplace, ReconcileIn
from app.books import service as books
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.core.money import decimals, quantum
from app.core.pagination import PageRequest
from app.currencies.service import exponent_of
from app.transactions import balances, listing, openings, reassign
from app.transactions import service as transactions
from app.transactions.errors import ArchivedError
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.references import AccountRef

ENTITY = "account"
Document = dict[str, Any]


async def every(book: BookReader, *, archived: bool | None) -> list[Document]:
    rows = await repository.every(book.connection, book.book_id, archived=archived)
    return [_document(row) for row in rows]


async def get(book: BookReader, account_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, account_id)
    if row is None:
        raise AccountNotFoundError(account_id)
    return _document(row)


async def create(book: BookWriter, body: AccountIn) -> Document:
    """Open an account, with an opening balance when one is given.

    The first account decides the book's base currency, unless the owner did. Raises `InvalidError` for an unknown
    currency, an opening balance finer than the currency, and an opening date in the future.
    """
    exponent = await exponent_of(book.connection, body.currency, "currency")
    _check_opening(book, body.opening_balance, body.opening_date, body.currency, exponent)
    account_id = body.id or new_id()
    viewers = await visibility.viewers_of_new(book, body.model_dump(include=set(visibility.NAMES)))
    values = body.model_dump(exclude={"id", "opening_balance", "opening_date", *visibility.NAMES})
    await repository.add(
        book.connection,
        {
            **values,
            "book_id": book.book_id,
            "id": account_id,
            "balance": Decimal(0).quantize(quantum(exponent)),
            "revision": book.revision,
        },
    )
    if viewers is not None:
        await visibility.keep(book.connection, book.book_id, account_id, viewers)
    book = await books.adopt_currency(book, body.currency)
    if body.opening_balance:
        account = AccountRef(account_id, body.currency, exponent, archived=False)
        day = body.opening_date or book.actor.today()
        await openings.put(book, account, body.opening_balance, day, existing=None)
    document = await get(book, account_id)
    book.record(Event(ENTITY, account_id, "created", after=_as_event(document)))
    return document


async def replace(book: BookWriter, account_id: UUID, body: AccountReplace, expected: int | None) -> Document:
    changes = body.model_dump(exclude={"currency", "opening_balance", "opening_date", *visibility.NAMES})
    opening = body.model_dump(include={"opening_balance", "opening_date", *visibility.NAMES}, exclude_none=True)
    return await _change(book, account_id, {**changes, **opening}, expected, currency=body.currency)


async def patch(book: BookWriter, account_id: UUID, body: AccountPatch, expected: int | None) -> Document:
    return await _change(book, account_id, body.model_dump(exclude_unset=True), expected)


async def _change(
    book: BookWriter, account_id: UUID, changes: Document, expected: int | None, currency: str | None = None
) -> Document:
    before = await get(book, account_id)
    check_revision(expected, before["revision"])
    if currency is not None and currency != before["currency"]:
        raise CurrencyFixedError(f"It is in {before['currency']} and its postings are; open another account.")
    opening: Document = {name: changes.pop(name) for name in ("opening_balance", "opening_date") if name in changes}
    seen_by = {name: changes.pop(name) for name in visibility.NAMES if name in changes}
    present = before["visible_to"]
    viewers = await visibility.viewers_after(book, present, seen_by) if seen_by else present
    if viewers != before["visible_to"]:
        await visibility.keep(book.connection, book.book_id, account_id, viewers)
    archived = changes.pop("archived", None)
    if archived is not None and archived != (before["archived_at"] is not None):
        changes["archived_at"] = now() if archived else None
    await repository.change(book.connection, book.book_id, account_id, {**changes, "revision": book.revision})
    if opening:
        await _change_opening(book, before, opening)
    after = await get(book, account_id)
    book.record(Event(ENTITY, account_id, "updated", before=_as_event(before), after=_as_event(after)))
    return after


async def _change_opening(book: BookWriter, account: Document, opening: Document) -> None:
    """Merge what was sent with what is there; 0 and null mean none.

    An account that took over another has an opening balance of each: changing it makes one of them.
    """
    amount: Decimal | None = opening.get("opening_balance", account["opening_balance"])
    day: date | None = opening.get("opening_date", account["opening_date"])
    exponent = await exponent_of(book.connection, account["currency"], "currency")
    _check_opening(book, amount, opening.get("opening_date"), account["currency"], exponent)
    reference = AccountRef(account["id"], account["currency"], exponent, archived=False)
    ids = await repository.opening_ids(book.connection, book.book_id, account["id"])
    first = await transactions.get(book, ids[0]) if ids else None
    for other in ids[1:]:
        await openings.remove(book, await transactions.get(book, other))
    if amount:
        await openings.put(book, reference, amount, day or book.actor.today(), existing=first)
    elif first is not None:
        await openings.remove(book, first)


async def delete(book: BookWriter, account_id: UUID, reassign_to: UUID | None, expected: int | None) -> None:
    """Delete an account that nothing but its opening balance uses, or hand all it has to another one first.

    Budgets, schedules, rules, goals and loan terms name the heir then.

    Raises `AccountInUseError` with the count and what names it when it is in use and no heir is named.
    """
    before = await get(book, account_id)
    check_revision(expected, before["revision"])
    if before["visible_to"] is not None:  # what goes stays hidden in the log
        await visibility.keep(book.connection, book.book_id, account_id, before["visible_to"])
    moved = 0
    if reassign_to is not None:
        moved = await _hand_over(book, before, reassign_to)
    else:
        used = await repository.use(book.connection, book.book_id, account_id)
        named = await users_of(book, Going("account", (account_id,)))
        if used or named:
            raise AccountInUseError(
                f'It has {used} transactions. {named.detail}Archive it with PATCH {{"archived": true}}, or delete it '
                "with ?reassign_to=<account id>.",
                transactions=used,
                used_by=named.documents(),
            )
        for opening_id in await repository.opening_ids(book.connection, book.book_id, account_id):
            existing = await transactions.get(book, opening_id)
            await openings.remove(book, existing)
        await reassign.imports_of_account(book, account_id, None)
    await reconciliation.forget(book, account_id)
    await repository.remove(book.connection, book.book_id, account_id)
    after = {"reassigned_to": reassign_to, "transactions": moved} if reassign_to else None
    book.record(Event(ENTITY, account_id, "deleted", before=_as_event(before), after=after))


async def _hand_over(book: BookWriter, account: Document, heir_id: UUID) -> int:
    """Give the heir all that the account has; returns of how many transactions."""
    heir = await repository.get(book.connection, book.book_id, heir_id)
    if heir is None:
        raise AccountNotFoundError(heir_id)
    if heir.archived_at is not None:
        raise ArchivedError([FieldError("query.reassign_to", "account_archived", "is archived")])
    if heir_id == account["id"]:
        raise invalid("query.reassign_to", "same_account", "is the account itself")
    if heir.currency != account["currency"]:
        detail = f"is in {heir.currency}, this one in {account['currency']}"
        raise invalid("query.reassign_to", "currency_mismatch", detail)
    moved = await reassign.account(book, account["id"], heir_id)
    await hand_over(book, Going("account", (account["id"],)), Heir(heir_id, heir.name))
    return moved


async def balance(book: BookReader, account_id: UUID, at: date | None) -> Document:
    """The balance at the end of a day; without a day, the balance now."""
    account = await get(book, account_id)
    amount = account["balance"]
    if at is not None:
        held = await balances.at(book.connection, book.book_id, [(account_id, at)])
        amount = held[account_id, at].quantize(quantum(account["exponent"]))
    return {
        "account_id": account_id,
        "at": at or book.actor.today(),
        "currency": account["currency"],
        "balance": amount,
    }


async def compare_statement(book: BookReader, account_id: UUID, body: ReconcileIn) -> Document:
    """See `reconciliation.compare`; raises `AccountNotFoundError`."""
    return await reconciliation.compare(book, await get(book, account_id), body)


async def reconcile(book: BookWriter, account_id: UUID, body: ReconcileIn) -> Document:
    """See `reconciliation.reconcile`; raises `AccountNotFoundError`."""
    return await reconciliation.reconcile(book, await get(book, account_id), body)


async def reconciliations(book: BookReader, account_id: UUID) -> list[Document]:
    return await reconciliation.of_account(book, await get(book, account_id))


def _check_opening(book: BookReader, amount: Decimal | None, day: date | None, currency: str, exponent: int) -> None:
    wrong = []
    if day is not None and amount is None:
        wrong.append(
            FieldError("opening_date", "opening_balance_needed", "is the date of an opening balance: give one")
        )
    if amount is not None and decimals(amount) > exponent:
        detail = f"{currency} has {exponent} decimals"
        wrong.append(FieldError("opening_balance", "too_many_decimals", detail))
    today = book.actor.today()
    if day is not None and day > today:
        detail = f"{day} is in the future: today is {today} in {book.actor.time_zone}"
        wrong.append(FieldError("opening_date", "date_in_future", detail))
    if wrong:
        raise InvalidError(wrong)


def _document(row: AnyRow) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    document["visibility"] = "shared" if row.visible_to is None else "private"
    document["class"] = "liability" if row.type in LIABILITIES else "asset"
    return document


def _as_event(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in {"updated_at", "exponent", "visibility"}}


async def transactions_of(
    book: BookReader, account_id: UUID, wanted: TransactionFilter, sort: Sort, page: PageRequest
) -> Document:
    """A page of the account's transactions; raises `AccountNotFoundError`."""
    await get(book, account_id)
    return await listing.transactions(book, wanted, sort, page)
