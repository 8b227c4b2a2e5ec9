"""Trades: entering, changing and deleting them, each with its transaction and all that follows from it."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from app.access.context import BookReader, BookWriter, Event
from app.access.watching import settle
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.documents import aside
from app.core.errors import DomainError, FieldError, InvalidError
from app.core.ids import new_id
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.portfolio import building, references, repository
from app.portfolio.building import COLUMNS, account_of
from app.portfolio.cash import Cash
from app.portfolio.errors import NothingHeldError, TradeNotFoundError
from app.portfolio.references import Known, Pair
from app.portfolio.remaking import remake
from app.portfolio.repository import TradeFilter
from app.portfolio.schemas import AnyTrade, SplitTrade, TradeIn, TradePatch
from app.transactions import posting
from app.transactions import service as transactions

ENTITY = "trade"
Document = dict[str, Any]
Answer = TypeVar("Answer")
_input: TypeAdapter[AnyTrade] = TypeAdapter(TradeIn)
_NEW_AMOUNT = {"quantity", "price", "rate", "currency", "asset_id", "account_id"}
_NEW_RATE = {"date", "currency", "asset_id", "account_id", "to_account_id"}
"""Where one of these changes, the amount or the rate is computed anew unless it is sent."""


async def get(book: BookReader, trade_id: UUID) -> Document:
    found = await get_many(book, [trade_id])
    if not found:
        raise TradeNotFoundError(trade_id)
    return found[trade_id]


async def get_many(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Those of these trades that the book has."""
    rows = await repository.get_many(book.connection, book.book_id, ids)
    return await aside(len(rows), lambda: {row.id: document_of(row) for row in rows})


async def trades(book: BookReader, wanted: TradeFilter, page: PageRequest, *, descending: bool) -> Document:
    """One page by date; a row more than asked is read, to know whether there is a next page."""
    name = "trades -date" if descending else "trades date"
    rows = await repository.page(
        book.connection,
        book.book_id,
        wanted,
        descending=descending,
        limit=page.limit + 1,
        skip=page.skip,
        after=_position(page.cursor, name),
    )
    shown = rows[: page.limit]
    cursor = encode_cursor(name, [shown[-1].date, shown[-1].id]) if len(rows) > page.limit else None
    total = await repository.count(book.connection, book.book_id, wanted) if page.include_total else None
    return {"items": [document_of(row) for row in shown], "next_cursor": cursor, "total": total}


async def create(book: BookWriter, body: AnyTrade) -> Document:
    """Enter one trade; a split without an account is one on each account that holds the asset. See `create_many`."""
    documents = await create_many(book, [body])
    documents[0]["beside"] = [document["id"] for document in documents[1:]]
    return documents[0]


async def create_many(book: BookWriter, bodies: Sequence[AnyTrade], *, import_id: UUID | None = None) -> list[Document]:
    """Enter all of them or, when one is wrong, none, with the same number of statements however many there are.

    They count in the order of their dates and, on one day, of their ids, which are made in the order of this list where
    they are not given. Raises `InvalidError`, `NoRateError`, `ReferenceNotFoundError`, `ArchivedError`, what closed
    periods refuse, the conflicts of ids that are taken, and what `remaking.remake` does where a trade cannot be. Of
    several, the error's `trade_id` is the id of the one that is wrong, where it has one.
    """
    if not bodies:
        return []
    wanted = [each for body in bodies for each in await _spread(book, body)]
    known = await references.load(book, wanted)
    pairs = await aside(len(wanted), _checked, book, wanted, known)
    rates = await references.rates(book, pairs)
    cash = Cash.of(book)
    await cash.learn((known.accounts[account_of(body)].currency, body.date) for body in wanted)
    more = {"revision": book.revision, "import_id": import_id}
    documents = await aside(len(wanted), _built, cash, wanted, known, rates, more)
    await cash.put_in()
    at = await repository.add(book.connection, book.book_id, documents)
    await remake(book, {document["id"] for document in documents})
    warnings = await settle(book)
    for document in documents:
        document |= {"created_at": at, "updated_at": at, "warnings": building.warnings_of(document)}
    documents[-1]["warnings"] += warnings
    return documents


def _checked(book: BookWriter, bodies: Sequence[AnyTrade], known: Known) -> set[Pair]:
    """The rates that they need; raises for the first that is wrong."""
    _each(bodies, lambda body: building.check(book, body, known, None))
    return {pair for body in bodies for pair in building.wanted_rates(body, known)}


def _built(
    cash: Cash, bodies: Sequence[AnyTrade], known: Known, rates: dict[Pair, Decimal], more: Document
) -> list[Document]:
    """The rows of new trades, their transactions staged and all of it recorded."""

    def built(body: AnyTrade) -> Document:
        document = {**building.built(body, known, rates), "id": body.id or new_id(), **more}
        document["transaction_id"] = cash.put(document, known.accounts[document["account_id"]])
        cash.book.record(Event(ENTITY, document["id"], "created", after=as_event(document)))
        return document

    return _each(bodies, built)


def _each(bodies: Sequence[AnyTrade], work: Callable[[AnyTrade], Answer]) -> list[Answer]:
    """What `work` answers about each; an error about one of several says which one it is."""
    found = []
    for body in bodies:
        try:
            found.append(work(body))
        except DomainError as error:
            if len(bodies) > 1 and body.id is not None:
                error.extra = {**error.extra, "trade_id": str(body.id)}
            raise
    return found


async def of_import(book: BookReader, import_id: UUID) -> list[Document]:
    """The trades that came with an import and are there."""
    ids = await repository.of_import(book.connection, book.book_id, import_id)
    return list((await get_many(book, ids)).values()) if ids else []


async def replace(book: BookWriter, trade_id: UUID, body: AnyTrade, expected: int | None) -> Document:
    """PUT: the trade becomes what the body says, whatever its kind was. It keeps its place among those of its day."""
    before = await get(book, trade_id)
    check_revision(expected, before["revision"])
    return await _write_over(book, before, body)


async def patch(book: BookWriter, trade_id: UUID, body: TradePatch, expected: int | None) -> Document:
    """PATCH: what the body names is changed, and the merged whole must be valid."""
    before = await get(book, trade_id)
    check_revision(expected, before["revision"])
    return await _write_over(book, before, _merged(before, body))


async def delete(book: BookWriter, trade_id: UUID, expected: int | None) -> None:
    """Raises what closed periods and sealed transactions refuse, and `WouldOversellError` for a later trade."""
    before = await get(book, trade_id)
    check_revision(expected, before["revision"])
    await delete_many(book, [before])


async def delete_many(book: BookWriter, documents: Sequence[Document]) -> None:
    cash = Cash.of(book)
    ids = [document["transaction_id"] for document in documents if document["transaction_id"] is not None]
    found = await transactions.get_many(book, ids) if ids else {}
    await aside(len(documents), _unmake, cash, documents, found)
    await repository.remove(book.connection, book.book_id, [document["id"] for document in documents])
    await cash.take_out()
    await remake(book)
    await settle(book)


def _unmake(cash: Cash, documents: Sequence[Document], transactions_of: dict[UUID, Document]) -> None:
    """Record that trades go, and their transactions with them; raises for one in a closed period."""
    for document in documents:
        posting.check_open(cash.book, document["date"])
        cash.book.record(Event(ENTITY, document["id"], "deleted", before=as_event(document)))
        if document["transaction_id"] is not None:
            cash.remove(transactions_of[document["transaction_id"]])


async def _write_over(book: BookWriter, before: Document, body: AnyTrade) -> Document:
    if body.id is not None and body.id != before["id"]:
        raise InvalidError(FieldError("id", "id_mismatch", "is not the id in the path"))
    if body.account_id is None:
        body = body.model_copy(update={"account_id": before["account_id"]})
    known = await references.load(book, [body])
    building.check(book, body, known, before)
    rates = await references.rates(book, set(building.wanted_rates(body, known)))
    document = building.built(body, known, rates)
    document |= {"id": before["id"], "revision": book.revision, "import_id": before["import_id"]}
    document |= {"created_at": before["created_at"], "warnings": building.warnings_of(document)}
    cash, former = Cash.of(book), None
    if before["transaction_id"] is not None:
        former = await transactions.get(book, before["transaction_id"])
    account = known.accounts[document["account_id"]]
    await cash.learn([(account.currency, document["date"])])
    document["transaction_id"] = cash.put(document, account, former)
    book.record(Event(ENTITY, before["id"], "updated", before=as_event(before), after=as_event(document)))
    await cash.put_in()
    document["updated_at"] = await repository.change(book.connection, book.book_id, before["id"], _row(document))
    await cash.take_out()
    await remake(book, {before["id"]})
    document["warnings"] += await settle(book)
    return document


async def _spread(book: BookWriter, body: AnyTrade) -> list[AnyTrade]:
    """A split of everything as one on each account that holds the asset."""
    if not isinstance(body, SplitTrade) or body.account_id is not None:
        return [body]
    accounts = await repository.holders(book.connection, book.book_id, body.asset_id, body.date)
    if not accounts:
        raise NothingHeldError(f"On {body.date} no account holds this asset.", asset_id=str(body.asset_id))
    first = body.model_copy(update={"account_id": accounts[0]})
    return [first, *(body.model_copy(update={"account_id": other, "id": None}) for other in accounts[1:])]


def _merged(before: Document, body: TradePatch) -> AnyTrade:
    changes = body.model_dump(exclude_unset=True)
    whole = {name: before[name] for name in COLUMNS if before[name] is not None}
    for name in ("import_id", "transaction_id"):
        whole.pop(name, None)
    exchanged = before["rate"] not in {None, Decimal(1)}
    rated_anew = exchanged and _NEW_RATE & changes.keys()
    if rated_anew or before["rate"] == 1:
        whole.pop("rate", None)
    if before["price"] is not None and (rated_anew or _NEW_AMOUNT & changes.keys()):
        whole.pop("amount", None)
    for name in ("fees", "taxes"):
        if not whole[name]:
            del whole[name]
    whole |= {name: value for name, value in changes.items() if value is not None}
    for name in (name for name, value in changes.items() if value is None):
        whole.pop(name, None)
    try:
        return _input.validate_python(whole)
    except ValidationError as error:
        raise InvalidError([_field_error(item) for item in error.errors()]) from None


def _field_error(item: Any) -> FieldError:
    place = ".".join(str(part) for part in item["loc"][1:]) or "body"
    return FieldError(place, item["type"], item["msg"].removeprefix("Value error, "))


def as_event(document: Document) -> Document:
    """What the log keeps: enough to write it again as it was."""
    image = {name: document[name] for name in ("id", *COLUMNS, "revision")}
    if document.get("created_at") is not None:
        image["created_at"] = document["created_at"]
    return image


def document_of(row: AnyRow) -> Document:
    return {**row._mapping, "warnings": []}  # noqa: SLF001  # the documented way to a row's mapping


def _row(document: Document) -> Document:
    return {name: document[name] for name in ("id", *COLUMNS, "revision")}


def _position(cursor: str | None, name: str) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, row_id = decode_cursor(cursor, name, 2)
    try:
        return date.fromisoformat(day), UUID(row_id)
    except (TypeError, ValueError, AttributeError):
        raise bad_cursor() from None
