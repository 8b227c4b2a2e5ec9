"""When the scheduler has to look at a schedule next, and how schedules and occurrences are written for the API."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from app.core.database import AnyRow
from app.core.fields import EARLIEST
from app.schedules.amounts import estimate
from app.schedules.calendar import moved
from app.schedules.planned import Occurrence, recurrence

Document = dict[str, Any]

SCHEDULE_IMAGE = (
    "name", "kind", "template", "account_ids", "account_id", "to_account_id", "category_id", "payee", "rrule",
    "starts_on", "month_end", "weekend", "amount_kind", "amount", "amount_min", "amount_max", "average_of", "mode",
    "lead_days", "tolerance", "window_days", "remind_days", "active_from", "ends_before", "follows_id", "created_by",
    "paused_at", "archived_at", "revision", "created_at",
)  # fmt: skip
OCCURRENCE_IMAGE = (
    "schedule_id", "due_on", "date", "status", "amount", "transaction_id", "reason", "reason_code",
)  # fmt: skip


def sleeps(schedule: AnyRow) -> bool:
    return schedule.paused_at is not None or schedule.archived_at is not None


def waiting(schedule: AnyRow, kept: Mapping[date, AnyRow], until: date) -> Iterator[tuple[date, date]]:
    """What nobody has looked at yet and is to be looked at by a day: `due_on` and date, in the order of `due_on`."""
    shown = until + timedelta(days=schedule.lead_days)
    changed = [row for row in kept.values() if row.status == "planned"]
    found = {row.due_on: row.date for row in changed if row.date <= shown}
    for due_on in recurrence(schedule).days(max(schedule.active_from, schedule.starts_on)):
        if due_on in kept:
            continue
        if (day := moved(due_on, schedule.weekend)) > shown:
            break
        found[due_on] = day
    yield from sorted(found.items())


def next_on(schedule: AnyRow, kept: Mapping[date, AnyRow]) -> date | None:
    """The day on which the first occurrence that nobody has looked at yet is to be posted or put up."""
    if sleeps(schedule):
        return None
    lead = timedelta(days=schedule.lead_days)
    dates = [row.date for row in kept.values() if row.status == "planned"]
    days = recurrence(schedule).days(max(schedule.active_from, schedule.starts_on))
    fresh = next((due_on for due_on in days if due_on not in kept), None)
    if fresh is not None:
        dates.append(moved(fresh, schedule.weekend))
    if not dates:
        return None
    first = min(dates)
    return first - lead if first - EARLIEST > lead else EARLIEST


def schedule_document(row: AnyRow) -> Document:
    """A schedule as the API shows it."""
    document = dict(row._mapping)  # noqa: SLF001  # the documented way to a row's mapping
    about = estimate(row, None, row.past)
    document["expected_amount"] = about.expected if about is not None else None
    return document


def schedule_image(row: AnyRow) -> Document:
    return {name: getattr(row, name) for name in SCHEDULE_IMAGE}


def occurrence_image(row: Any, schedule: AnyRow) -> Document:
    """As the log has it; with the accounts, so that it is hidden from whom they are hidden."""
    return {**{name: row[name] for name in OCCURRENCE_IMAGE}, "account_ids": schedule.account_ids}


def occurrence_document(one: Occurrence) -> Document:
    """An occurrence as the API shows it."""
    schedule, kept, about = one.schedule, one.kept, one.estimate
    reason = None
    if kept is not None and kept.reason_code is not None and one.status == "failed":
        reason = {"code": kept.reason_code, "detail": kept.reason}
    return {
        "schedule_id": schedule.id,
        "name": schedule.name,
        "kind": schedule.kind,
        "type": schedule.template["type"],
        "due_on": one.due_on,
        "date": one.date,
        "status": one.status,
        "amount": about.expected if about is not None else None,
        "amount_min": about.least if about is not None else None,
        "amount_max": about.most if about is not None else None,
        "currency": schedule.currency,
        "account_id": schedule.account_id,
        "to_account_id": schedule.to_account_id,
        "category_id": schedule.category_id,
        "payee": schedule.payee,
        "transaction_id": kept.transaction_id if kept is not None else None,
        "reason": reason,
        "revision": kept.revision if kept is not None else schedule.revision,
    }
