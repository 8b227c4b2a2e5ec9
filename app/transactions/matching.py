"""Two rows of two statements that are one transfer: suggesting them, merging them, and remembering a no."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.access.private import check_whole
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.core.money import plain
from app.transactions import matching_sql, repository, service
from app.transactions.batch import batch_for
from app.transactions.documents import Document
from app.transactions.errors import ReferenceNotFoundError
from app.transactions.schemas import MAX_TAGS, TransferIn

TOLERANCE = Decimal("0.03")
"""How far an amount in another currency may be from what the rate says: banks add their margin."""
RATE_DAYS = 90
"""How old or how new the exchange may be whose rate is taken."""
LONGEST_SPAN = timedelta(days=366)


async def suggest(book: BookReader, first: date, last: date, *, days: int, limit: int) -> list[Document]:
    """Pairs of an expense and an income on two accounts between two days that may be one transfer, the newest first.

    At least one of them was imported. Amounts are equal, or, in two currencies, within 3 % by the rate of the book's
    nearest own exchange within 90 days; the days between them are at most `days`. Rejected pairs do not come again.
    """
    if first > last:
        raise InvalidError(FieldError("query.date_from", "empty_range", "date_from is after date_to"))
    if last - first > LONGEST_SPAN:
        raise InvalidError(FieldError("query.date_from", "range_too_long", "ask for at most a year at a time"))
    rows = await matching_sql.suggestions(
        book.connection,
        {
            "book": book.book_id,
            "first": first,
            "last": last,
            "days": days,
            "rate_days": RATE_DAYS,
            "tolerance": TOLERANCE,
            "limit": limit,
        },
    )
    found = await service.get_many(book, [i for row in rows for i in (row.outgoing_id, row.incoming_id)])
    return [
        {
            "outgoing": found[row.outgoing_id],
            "incoming": found[row.incoming_id],
            "days_apart": row.days,
            "rate": row.rate,
        }
        for row in rows
    ]


async def accept(book: BookWriter, outgoing_id: UUID, incoming_id: UUID) -> Document:
    """Make the outgoing transaction a transfer to the incoming one's account, and delete the incoming one.

    The date, payee and texts are the outgoing one's, the incoming one's where it has none; tags and attachments are of
    both. What the incoming one's bank called it is kept, so that importing its row again is still a duplicate. Raises
    `InvalidError` for what cannot be one transfer, and what sealed transactions and closed periods refuse.
    """
    outgoing, incoming = await _pair(book, outgoing_id, incoming_id)
    _check_mergeable(outgoing, incoming)
    body = _transfer(outgoing, incoming)
    batch = await batch_for(book, [body])
    if await repository.refunds_of(book.connection, book.book_id, [outgoing_id]):
        raise service.refunded(outgoing_id)
    document = service.stage_change(batch, outgoing, body)
    service.stage_removal(batch, incoming)
    image = {
        "into_id": outgoing_id,
        "account_id": incoming["account_id"],
        "external_id": incoming["external_id"],
        "import_id": incoming["import_id"],
        "date": incoming["date"],
        "amount": incoming["postings"][0]["amount"],
    }
    await matching_sql.add_merged(book.connection, {**image, "book_id": book.book_id, "id": incoming_id})
    book.record(Event("merged_transaction", incoming_id, "created", after=image))
    await matching_sql.move_receipts(book, incoming_id, outgoing_id)
    return (await batch.finish([document]))[0]


async def reject(book: BookWriter, outgoing_id: UUID, incoming_id: UUID) -> None:
    """Remember that the two are no transfer; saying so again changes nothing."""
    await _pair(book, outgoing_id, incoming_id)
    image = {"outgoing_id": outgoing_id, "incoming_id": incoming_id}
    row_id = new_id()
    if await matching_sql.add_rejection(book.connection, {**image, "book_id": book.book_id, "id": row_id}):
        book.record(Event("transfer_rejection", row_id, "created", after=image))


async def _pair(book: BookReader, outgoing_id: UUID, incoming_id: UUID) -> tuple[Document, Document]:
    found = await service.get_many(book, [outgoing_id, incoming_id])
    missing = [
        FieldError(field, "transaction_not_found", "there is no transaction with this id")
        for field, row_id in (("outgoing_id", outgoing_id), ("incoming_id", incoming_id))
        if row_id not in found
    ]
    if missing:
        raise ReferenceNotFoundError(missing)
    for row in found.values():
        check_whole(row)
    return found[outgoing_id], found[incoming_id]


def _check_mergeable(outgoing: Document, incoming: Document) -> None:
    wrong = [
        FieldError(field, "not_simple", f"is not {what} of one part")
        for field, what, row in (("outgoing_id", "an expense", outgoing), ("incoming_id", "an income", incoming))
        if row["type"] != what.split()[1] or len(row["postings"]) != 1
    ]
    if incoming["refund_of_id"] is not None:
        wrong.append(FieldError("incoming_id", "is_a_refund", "is a refund of a purchase"))
    if len(_tags(outgoing, incoming)) > MAX_TAGS:
        detail = f"with the tags of both it would have more than {MAX_TAGS}"
        wrong.append(FieldError("incoming_id", "too_many_tags", detail))
    if outgoing["account_id"] == incoming["account_id"]:
        wrong.append(FieldError("incoming_id", "same_account", "is on the same account"))
    if outgoing["currency"] == incoming["currency"] and outgoing["amount"] != incoming["amount"]:
        detail = f"{plain(outgoing['amount'])} leave and {plain(incoming['amount'])} arrive in one currency"
        wrong.append(FieldError("incoming_id", "amounts_differ", detail))
    if wrong:
        raise InvalidError(wrong)


def _tags(outgoing: Document, incoming: Document) -> list[str]:
    """The tags of both, each once: a name is in a book once."""
    return list(dict.fromkeys((*outgoing["tags"], *incoming["tags"])))


def _transfer(outgoing: Document, incoming: Document) -> TransferIn:
    both: dict[str, Any] = {
        name: outgoing[name] or incoming[name]
        for name in ("payee", "description", "notes")
        if outgoing[name] or incoming[name]
    }
    exchanged = outgoing["currency"] != incoming["currency"]
    statuses = {outgoing["status"], incoming["status"]}
    return TransferIn(
        type="transfer",
        date=outgoing["date"],
        amount=outgoing["amount"],
        account_id=outgoing["account_id"],
        to_account_id=incoming["account_id"],
        to_amount=incoming["amount"] if exchanged else None,
        tags=_tags(outgoing, incoming),
        # One that is sealed is refused by its own rule: its date, account or amount would not stay.
        status="reconciled" if "reconciled" in statuses else "pending" if "pending" in statuses else "cleared",
        external_id=outgoing["external_id"],
        **both,
    )
