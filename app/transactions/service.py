"""Creating, changing and deleting transactions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.access.context import BookReader, BookWriter, Event
from app.core.conditional import check_revision
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.transactions import posting, references, repository, shapes
from app.transactions.documents import Document, as_event, from_entry, from_row
from app.transactions.errors import (
    ArchivedError,
    OpeningBalanceError,
    ReferenceNotFoundError,
    TransactionNotFoundError,
)
from app.transactions.posting import Changes, Entry
from app.transactions.references import AccountRef, References
from app.transactions.schemas import FlowIn, TransactionIn, TransactionPatch, TransferIn

ENTITY = "transaction"
_whole: TypeAdapter[FlowIn | TransferIn] = TypeAdapter(TransactionIn)


async def get(book: BookReader, transaction_id: UUID) -> Document:
    row = await repository.get(book.connection, book.book_id, transaction_id)
    if row is None:
        raise TransactionNotFoundError(transaction_id)
    return from_row(row)


async def create(book: BookWriter, body: FlowIn | TransferIn) -> Document:
    """Write one transaction; see `create_many`."""
    return (await create_many(book, [body]))[0]


async def create_many(book: BookWriter, bodies: Sequence[FlowIn | TransferIn]) -> list[Document]:
    """Write all of them or, when one is wrong, none, with the same number of statements however many there are.

    Raises, for the first body that is wrong, `InvalidError` naming every wrong field of it, `ReferenceNotFoundError`
    for accounts and categories that are not of this book, or `ArchivedError`; and the conflicts of ids that are taken.
    """
    known = await _load(book, bodies)
    names = _Names(known)
    entries, documents = [], []
    for body in bodies:
        _check(book, body, known, before=None)
        entry = _entry(book, body, known, names, body.id or new_id())
        entries.append(entry)
        documents.append(_document(book, entry, body, known, names))
    names.record(book)
    for document in documents:
        book.record(Event(ENTITY, document["id"], "created", after=as_event(document)))
    at = await posting.apply(book, Changes(put=entries, payees=names.new_payees, tags=names.new_tags))
    for document in documents:
        document["created_at"] = document["updated_at"] = at
    return documents


async def replace(book: BookWriter, transaction_id: UUID, body: FlowIn | TransferIn, expected: int | None) -> Document:
    """PUT: the transaction becomes what the body says, whatever its type was."""
    before = await get(book, transaction_id)
    check_revision(expected, before["revision"])
    return await _write_over(book, before, body)


async def patch(book: BookWriter, transaction_id: UUID, body: TransactionPatch, expected: int | None) -> Document:
    """PATCH: what the body names is changed, and the merged whole must be valid.

    Splits are replaced as a whole; a new amount of a split transaction therefore needs its new splits.
    """
    before = await get(book, transaction_id)
    check_revision(expected, before["revision"])
    if before["type"] == "opening_balance":
        raise OpeningBalanceError
    return await _write_over(book, before, _merged(before, body))


async def delete(book: BookWriter, transaction_id: UUID, expected: int | None) -> None:
    before = await get(book, transaction_id)
    check_revision(expected, before["revision"])
    if before["type"] == "opening_balance":
        raise OpeningBalanceError
    book.record(Event(ENTITY, transaction_id, "deleted", before=as_event(before)))
    await posting.apply(book, Changes(delete=[transaction_id]))


async def set_opening_balance(
    book: BookWriter, account: AccountRef, amount: Decimal, day: date, existing: Document | None
) -> None:
    """Write the opening balance of an account, or change the one there is; `amount` is signed and not 0."""
    line = shapes.equity_line(account, amount, book.base_currency)
    entry = Entry(
        id=existing["id"] if existing else new_id(),
        type="opening_balance",
        date=day,
        account_id=account.id,
        amount=abs(line.amount),
        lines=(line,),
        replaces=existing is not None,
    )
    after = from_entry(entry, {account.id: account}, payee=None, tags=(), revision=book.revision)
    before = as_event(existing) if existing else None
    book.record(Event(ENTITY, entry.id, "updated" if existing else "created", before=before, after=as_event(after)))
    await posting.apply(book, Changes(put=[entry]))


async def remove_opening_balance(book: BookWriter, existing: Document) -> None:
    book.record(Event(ENTITY, existing["id"], "deleted", before=as_event(existing)))
    await posting.apply(book, Changes(delete=[existing["id"]]))


async def _write_over(book: BookWriter, before: Document, body: FlowIn | TransferIn) -> Document:
    if before["type"] == "opening_balance":
        raise OpeningBalanceError
    if body.id is not None and body.id != before["id"]:
        raise InvalidError(FieldError("id", "id_mismatch", "is not the id in the path"))
    known = await _load(book, [body])
    _check(book, body, known, before)
    names = _Names(known)
    entry = _entry(book, body, known, names, before["id"], replaces=True)
    after = _document(book, entry, body, known, names)
    after["import_id"] = before["import_id"]
    names.record(book)
    book.record(Event(ENTITY, entry.id, "updated", before=as_event(before), after=as_event(after)))
    at = await posting.apply(book, Changes(put=[entry], payees=names.new_payees, tags=names.new_tags))
    after["created_at"], after["updated_at"] = before["created_at"], at
    return after


class _Names:
    """Payees and tags by name; one that the book has not met is made once, however often the input says it."""

    def __init__(self, known: References) -> None:
        self._keys = known.name_keys
        self._payees = dict(known.payees)
        self._tags = dict(known.tags)
        self.new_payees: list[tuple[UUID, str]] = []
        self.new_tags: list[tuple[UUID, str]] = []

    def payee(self, name: str) -> tuple[UUID, str]:
        return self._resolve(name, self._payees, self.new_payees)

    def tag(self, name: str) -> tuple[UUID, str]:
        return self._resolve(name, self._tags, self.new_tags)

    def record(self, book: BookWriter) -> None:
        """Log the names that are new; they are written with what names them."""
        for entity, fresh in (("payee", self.new_payees), ("tag", self.new_tags)):
            for row_id, name in fresh:
                book.record(Event(entity, row_id, "created", after={"name": name}))

    def _resolve(self, name: str, found: dict[str, tuple[UUID, str]], new: list[tuple[UUID, str]]) -> tuple[UUID, str]:
        key = self._keys[name]
        if key not in found:
            found[key] = (new_id(), name)
            new.append(found[key])
        return found[key]


async def _load(book: BookReader, bodies: Sequence[FlowIn | TransferIn]) -> References:
    return await references.load(
        book.connection,
        book.book_id,
        accounts={account for body in bodies for account in shapes.accounts_named(body)},
        categories={category for body in bodies for category in shapes.categories_named(body)},
        payees={body.payee for body in bodies if body.payee},
        tags={tag for body in bodies for tag in body.tags},
        currencies={body.original_currency for body in bodies if isinstance(body, FlowIn) and body.original_currency},
    )


def _check(book: BookWriter, body: FlowIn | TransferIn, known: References, before: Document | None) -> None:
    """Raise for what is wrong; what the transaction had `before`, an archived account or its date, it may keep."""
    missing = shapes.missing_references(body, known)
    if missing:
        raise ReferenceNotFoundError(missing)
    wrong = shapes.rule_violations(body, known)
    today = book.actor.today()
    if body.date > today and (before is None or body.date != before["date"]):
        detail = f"{body.date} is in the future: today is {today} in {book.actor.time_zone}"
        wrong.append(FieldError("date", "date_in_future", detail))
    if wrong:
        raise InvalidError(wrong)
    lines = before["postings"] if before is not None else []
    used = {line[name] for line in lines for name in ("account_id", "category_id")}
    archived = shapes.archived_references(body, known, used)
    if archived:
        raise ArchivedError(archived)


def _entry(
    book: BookWriter,
    body: FlowIn | TransferIn,
    known: References,
    names: _Names,
    transaction_id: UUID,
    *,
    replaces: bool = False,
) -> Entry:
    original = body if isinstance(body, FlowIn) and body.original_currency is not None else None
    return Entry(
        id=transaction_id,
        type=body.type,
        date=body.date,
        account_id=body.account_id,
        amount=shapes.exact_amount(body.amount, known.accounts[body.account_id].exponent),
        lines=shapes.lines_of(body, known, book.base_currency),
        payee_id=names.payee(body.payee)[0] if body.payee else None,
        description=body.description or None,
        notes=body.notes or None,
        status=body.status,
        external_id=body.external_id,
        original_amount=shapes.exact_amount(original.original_amount, known.exponents[original.original_currency])
        if original and original.original_amount is not None and original.original_currency
        else None,
        original_currency=original.original_currency if original else None,
        tag_ids=tuple(dict.fromkeys(names.tag(tag)[0] for tag in body.tags)),
        replaces=replaces,
    )


def _document(
    book: BookWriter, entry: Entry, body: FlowIn | TransferIn, known: References, names: _Names
) -> dict[str, Any]:
    return from_entry(
        entry,
        known.accounts,
        payee=names.payee(body.payee)[1] if body.payee else None,
        tags=list(dict.fromkeys(names.tag(tag)[1] for tag in body.tags)),
        revision=book.revision,
    )


_COMMON = ("date", "amount", "account_id", "payee", "description", "notes", "tags", "status", "external_id")
_OF_TYPE = {
    "expense": ("category_id", "splits", "original_amount", "original_currency"),
    "income": ("category_id", "splits", "original_amount", "original_currency"),
    "transfer": ("to_account_id", "to_amount", "fee_amount", "fee_category_id"),
}


def _merged(before: Document, body: TransactionPatch) -> FlowIn | TransferIn:
    """The present transaction as input, with the patch's fields put over it, checked as a whole."""
    changes = body.model_dump(exclude_unset=True)
    kind = changes.pop("type", None) or before["type"]
    fields = (*_COMMON, *_OF_TYPE[kind])
    if kind != "transfer" and before["fee_amount"] is not None and "fee_amount" not in changes:
        detail = 'only a transfer has a fee: send "fee_amount": null to drop it'
        raise InvalidError(FieldError("fee_amount", "fee_would_be_lost", detail))
    # To clear what the type does not have is to say nothing.
    changes = {name: value for name, value in changes.items() if value is not None or name in fields}
    merged: dict[str, Any] = {name: before[name] for name in fields if before.get(name) not in (None, [])}
    if kind == "transfer" and len({line["currency"] for line in before["postings"]}) == 1:
        merged.pop("to_amount", None)  # what arrives is what leaves, also when the patch changes it
    if "fee_amount" in changes and changes["fee_amount"] is None:
        merged.pop("fee_category_id", None)
    merged.update(changes)
    for name in ("tags", "status"):
        if merged.get(name, "") is None:
            del merged[name]
    if changes.get("category_id") is not None and "splits" not in changes:
        merged.pop("splits", None)
    if changes.get("splits") and changes.get("category_id") is None:
        merged.pop("category_id", None)
    try:
        return _whole.validate_python({"type": kind, **merged})
    except ValidationError as error:
        raise InvalidError(
            [
                FieldError(
                    ".".join(str(part) for part in item["loc"][1:]) or "body",
                    item["type"],
                    item["msg"].removeprefix("Value error, "),
                )
                for item in error.errors()
            ]
        ) from None
