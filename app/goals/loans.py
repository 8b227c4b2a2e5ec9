"""The terms of loans: keeping them, and the schedule of payments that follows from them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.accounts import service as accounts
from app.accounts.schemas import LIABILITIES
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, invalid
from app.core.ids import new_id
from app.core.money import quantum
from app.currencies.service import exponent_of
from app.goals import loan_repository as repository
from app.goals import terms
from app.goals.amortisation import Terms, from_today
from app.goals.errors import LoanNotFoundError
from app.goals.loan_schemas import Basis, LoanCalculation, LoanIn, LoanPatch, LoanReplace
from app.transactions.errors import ArchivedError

ENTITY = "loan"
OF_ACCOUNT = {"account_name", "account_archived", "currency", "exponent", "balance", "owed"}

Document = dict[str, Any]


async def every(book: BookReader) -> list[Document]:
    """All loans, in the order in which their terms were stored."""
    return [_document(row) for row in await repository.every(book.connection, book.book_id)]


async def get(book: BookReader, loan_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, loan_id)
    if row is None:
        raise LoanNotFoundError(loan_id)
    return _document(row)


async def create(book: BookWriter, body: LoanIn) -> Document:
    """Raises `InvalidError` for terms that do not go together or another kind of account, `AccountNotFoundError`."""
    account = await accounts.get(book, body.account_id)
    if account["type"] not in LIABILITIES:
        raise invalid("account_id", "wrong_account_class", "is not an account on which you owe")
    if account["archived_at"] is not None:
        raise ArchivedError([FieldError("account_id", "account_archived", "is archived")])
    values = body.model_dump(exclude={"id"})
    terms.check(values, account["currency"], account["exponent"])
    loan_id = body.id or new_id()
    row = {**_row(values, account["exponent"]), "book_id": book.book_id, "id": loan_id, "revision": book.revision}
    await repository.add(book.connection, row)
    document = await get(book, loan_id)
    book.record(Event(ENTITY, loan_id, "created", after=as_event(document)))
    return document


async def replace(book: BookWriter, loan_id: UUID, body: LoanReplace, expected: int | None) -> Document:
    return await _change(book, loan_id, body.model_dump(), expected)


async def patch(book: BookWriter, loan_id: UUID, body: LoanPatch, expected: int | None) -> Document:
    return await _change(book, loan_id, body.model_dump(include=body.model_fields_set), expected)


async def _change(book: BookWriter, loan_id: UUID, changes: Document, expected: int | None) -> Document:
    before = await get(book, loan_id)
    check_revision(expected, before["revision"])
    terms.check({**before, **changes}, before["currency"], before["exponent"])
    values = {**_row({**before, **changes}, before["exponent"]), "revision": book.revision}
    fixed = {"id", "account_id", "created_at", "updated_at", *OF_ACCOUNT}
    changed = {name: value for name, value in values.items() if name not in fixed}
    await repository.change(book.connection, book.book_id, loan_id, changed)
    after = await get(book, loan_id)
    book.record(Event(ENTITY, loan_id, "updated", before=as_event(before), after=as_event(after)))
    return after


async def delete(book: BookWriter, loan_id: UUID, expected: int | None) -> None:
    """The account and what it owes stay."""
    before = await get(book, loan_id)
    check_revision(expected, before["revision"])
    await repository.remove(book.connection, book.book_id, loan_id)
    book.record(Event(ENTITY, loan_id, "deleted", before=as_event(before)))


async def schedule(book: BookReader, loan_id: UUID, basis: Basis | None) -> Document:
    """Every payment: of the whole loan as it was agreed, or from today of what the account owes.

    Without a basis: as agreed where the principal was stated. Raises `PaymentTooSmallError`, `TakesTooLongError`.
    """
    loan = await get(book, loan_id)
    stated = loan["principal"] is not None
    if basis == "terms" and not stated:
        raise invalid("query.basis", "principal_not_stated", "what was lent was not stated: use basis=balance")
    if basis == "balance" or not stated:
        found = present(book, loan)
    else:
        found = terms.terms_of(loan, loan["principal"], loan["exponent"])
    return await terms.schedule(found, loan["currency"])


def present(book: BookReader, loan: Document) -> Terms:
    """What is left of a loan today."""
    whole = terms.terms_of(loan, loan["owed"], loan["exponent"])
    return from_today(whole, loan["owed"], book.actor.today())


async def calculate(book: BookReader, body: LoanCalculation) -> Document:
    """The schedule of a loan that is not kept; raises what `schedule` raises."""
    exponent = await exponent_of(book.connection, body.currency, "currency")
    loan = body.model_dump()
    terms.check(loan, body.currency, exponent)
    return await terms.schedule(terms.terms_of(loan, body.principal, exponent), body.currency)


def _row(values: Document, exponent: int) -> Document:
    rounded = {name: values[name].quantize(quantum(exponent)) for name in terms.AMOUNTS if values.get(name) is not None}
    return {**values, **rounded, **terms.stored(values)}


def _document(row: AnyRow) -> Document:
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    owed = max(Decimal(0), -row.balance).quantize(quantum(row.exponent))
    return {**document, **terms.read(document), "owed": owed}


def as_event(document: Document) -> Document:
    """What the log keeps: the loan's own, with its lists as the row has them."""
    image = {key: value for key, value in document.items() if key not in OF_ACCOUNT | {"updated_at"}}
    return {**image, **terms.stored(document)}
