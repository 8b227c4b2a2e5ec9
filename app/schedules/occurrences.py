"""Single occurrences: listing, confirming, skipping and changing one."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.core.money import decimals, quantum
from app.schedules import reading, repository, templates
from app.schedules.errors import (
    NotSkippedError,
    OccurrenceNotFoundError,
    OccurrenceSettledError,
    OccurrenceSkippedError,
    ScheduleArchivedError,
)
from app.schedules.planned import Occurrence, around, occurrence, occurrences, recurrence
from app.schedules.schemas import Confirmation, OccurrencePatch
from app.schedules.service import (
    OCCURRENCE,
    check_window,
    kept_values,
    look_again,
    row_of,
    take_back_notices,
)
from app.schedules.upcoming import occurrence_document, occurrence_image
from app.transactions import service as transactions

Document = dict[str, Any]


async def listed(book: BookReader, schedule_id: UUID, first: date, last: date) -> list[Document]:
    """Every occurrence from a day to another, whatever became of it."""
    check_window(first, last)
    schedule = await row_of(book, schedule_id)
    kept = await reading.kept(book.connection, book.book_id, [schedule_id], *around(first, last))
    return [occurrence_document(one) for one in occurrences(schedule, kept, first, last, book.actor.today())]


async def get(book: BookReader, schedule_id: UUID, due_on: date) -> Document:
    return occurrence_document(await _find(book, schedule_id, due_on))


async def _find(book: BookReader, schedule_id: UUID, due_on: date) -> Occurrence:
    """Raises `OccurrenceNotFoundError` for a day that is none of the rule's, unless something is kept of it."""
    schedule = await row_of(book, schedule_id)
    kept = await repository.kept_one(book.connection, book.book_id, schedule_id, due_on)
    if kept is None and not recurrence(schedule).includes(due_on):
        raise OccurrenceNotFoundError(due_on)
    return occurrence(schedule, due_on, kept, book.actor.today())


async def _open(book: BookWriter, schedule_id: UUID, due_on: date, expected: int | None) -> Occurrence:
    """An occurrence that may be changed."""
    one = await _find(book, schedule_id, due_on)
    check_revision(expected, _revision(one))
    if one.schedule.archived_at is not None:
        raise ScheduleArchivedError
    return one


def _revision(one: Occurrence) -> int:
    revision: int = one.kept.revision if one.kept is not None else one.schedule.revision
    return revision


async def confirm(
    book: BookWriter, schedule_id: UUID, due_on: date, body: Confirmation, expected: int | None
) -> Document:
    """Post an occurrence now, as the person says it came. One that failed is tried again.

    Raises `OccurrenceSettledError` where a transaction stands for it already, `OccurrenceSkippedError`, what creating
    the transaction raises, and `InvalidError` where nobody has said an amount that is not fixed.
    """
    one = await _open(book, schedule_id, due_on, expected)
    if one.status in {"posted", "matched"}:
        raise OccurrenceSettledError(one.kept.transaction_id if one.kept is not None else None)
    if one.status == "skipped":
        raise OccurrenceSkippedError
    day = body.date or min(one.date, book.actor.today())
    amount = _amount(one, body)
    values = _values(book, one, status="posted", transaction_id=new_id(), date=one.date)
    entry = templates.of_occurrence(
        one.schedule.template, day, amount, one.schedule.exponent, id=values["transaction_id"], to_amount=body.to_amount
    )
    # Before the transaction: who looks at what was written finds what it stands for.
    await _keep(book, one, values)
    document = await transactions.create(book, entry)
    await take_back_notices(book, schedule_id, [due_on])
    found = await get(book, schedule_id, due_on)
    return {**found, "warnings": document["warnings"]}


def _amount(one: Occurrence, body: Confirmation) -> Decimal | None:
    template = one.schedule.template
    if template["type"] == "journal":
        if body.amount is not None:
            raise _of_journal()
        return None
    if body.to_amount is not None and template["type"] != "transfer":
        raise invalid("to_amount", "not_a_transfer", "only a transfer has it")
    if body.amount is None:
        own = one.kept.amount if one.kept is not None else None
        if own is None and one.schedule.amount_kind != "fixed":
            raise invalid("amount", "amount_needed", "say what it was: the schedule does not know")
        expected: Decimal = own if own is not None else one.schedule.amount
        return expected
    if "to_amount" in template and body.to_amount is None and body.amount != one.schedule.amount:
        raise invalid("to_amount", "to_amount_needed", "say what arrives: an exchange rate is never guessed")
    return body.amount


def _of_journal() -> InvalidError:
    return invalid("amount", "amount_of_journal", "the postings of a journal say its amounts: change the schedule")


async def skip(book: BookWriter, schedule_id: UUID, due_on: date, expected: int | None) -> Document:
    """Leave an occurrence out. One that is left out already stays so."""
    one = await _open(book, schedule_id, due_on, expected)
    if one.status in {"posted", "matched"}:
        raise OccurrenceSettledError(one.kept.transaction_id if one.kept is not None else None)
    if one.status != "skipped":
        await _keep(book, one, _values(book, one, status="skipped"))
        await take_back_notices(book, schedule_id, [due_on])
    return await get(book, schedule_id, due_on)


async def unskip(book: BookWriter, schedule_id: UUID, due_on: date, expected: int | None) -> Document:
    """Have an occurrence that was skipped, passed over, or lost its transaction be still to come."""
    one = await _open(book, schedule_id, due_on, expected)
    if one.status != "skipped":
        raise NotSkippedError
    await _keep(book, one, _values(book, one, status="planned"))
    return await get(book, schedule_id, due_on)


async def change(
    book: BookWriter, schedule_id: UUID, due_on: date, body: OccurrencePatch, expected: int | None
) -> Document:
    """Another amount or date for this occurrence alone."""
    one = await _open(book, schedule_id, due_on, expected)
    if one.status in {"posted", "matched"}:
        raise OccurrenceSettledError(one.kept.transaction_id if one.kept is not None else None)
    if one.status == "skipped":
        raise OccurrenceSkippedError
    more: Document = {}
    if "amount" in body.model_fields_set:
        more["amount"] = _own_amount(one.schedule, body.amount)
    if "date" in body.model_fields_set:
        more["date"] = body.date or occurrence(one.schedule, due_on, None, book.actor.today()).date
    if more:
        # What waits or failed goes on waiting; what is put off is to come again, and told of again.
        day = more.get("date", one.date)
        waits = one.kept is not None and one.kept.status in {"due", "failed"}
        shown = day - timedelta(days=one.schedule.lead_days) <= book.actor.today()
        status = one.kept.status if one.kept is not None and waits and shown else "planned"
        values = _values(book, one, status=status, **more)
        if status == "failed" and one.kept is not None:
            values |= {"reason": one.kept.reason, "reason_code": one.kept.reason_code}
        await _keep(book, one, values)
        if status == "planned":
            await take_back_notices(book, schedule_id, [due_on])
    return await get(book, schedule_id, due_on)


def _own_amount(schedule: AnyRow, amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    if schedule.template["type"] == "journal":
        raise _of_journal()
    if "to_amount" in schedule.template:
        detail = "what arrives would be another too: say both when you confirm it"
        raise invalid("amount", "to_amount_needed", detail)
    if decimals(amount) > schedule.exponent:
        detail = f"{schedule.currency} has {schedule.exponent} decimals, this amount has {decimals(amount)}"
        raise InvalidError(FieldError("amount", "too_many_decimals", detail))
    return amount.quantize(quantum(schedule.exponent))


def _values(book: BookWriter, one: Occurrence, **changes: Any) -> Document:
    """What is to be kept of an occurrence: as it is, with these changes, and without a reason."""
    kept = one.kept
    return {
        "book_id": book.book_id,
        "schedule_id": one.schedule.id,
        "due_on": one.due_on,
        "id": kept.id if kept is not None else new_id(),
        "date": one.date,
        "status": one.status,
        "amount": kept.amount if kept is not None else None,
        "transaction_id": None,
        "reason": None,
        "reason_code": None,
        "revision": book.revision,
        **changes,
    }


async def _keep(book: BookWriter, one: Occurrence, values: Document) -> None:
    """Write it, tell of it, and have the scheduler look when it is to."""
    await repository.keep(book.connection, [values])
    after = occurrence_image(values, one.schedule)
    if one.kept is None:
        book.record(Event(OCCURRENCE, values["id"], "created", after=after))
    else:
        before = occurrence_image(kept_values(one.kept), one.schedule)
        book.record(Event(OCCURRENCE, values["id"], "updated", before=before, after=after))
    kept = (await repository.kept_of(book.connection, book.book_id, [one.schedule.id]))[one.schedule.id]
    await look_again(book, one.schedule, kept)
