"""Assumptions: what is planned, with changes that nobody has made."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.core.errors import invalid
from app.core.money import decimals
from app.forecast.arithmetic import divided
from app.forecast.changes_schemas import Balance, Change, ChangeAmount, OneOff, Recurring, RemoveSchedule
from app.forecast.model import Account, Entry, Range, Source
from app.schedules.calendar import Recurrence
from app.schedules.rrule import parse


@dataclass(frozen=True)
class Assumptions:
    """In what they are made: the days of the forecast, its accounts and categories."""

    today: date
    last: date
    until: date
    accounts: tuple[Account, ...]
    category_ids: frozenset[UUID]

    def account(self, field: str, account_id: UUID) -> Account:
        found = next((each for each in self.accounts if each.id == account_id), None)
        if found is None:
            raise invalid(field, "unknown_account", "there is no such account, or it is archived")
        return found


def assumed(
    known: Assumptions, entries: Sequence[Entry], changes: Sequence[Change]
) -> tuple[tuple[Account, ...], tuple[Entry, ...]]:
    """The accounts and what is planned on them when the changes are made, one after the other.

    Raises `InvalidError` about the change that cannot be made: an unknown account, category or schedule, a day outside
    the forecast, an amount finer than its currency, a transfer between currencies, a bad rule.
    """
    accounts = known.accounts
    planned = tuple(entries)
    for number, change in enumerate(changes):
        field = f"changes.{number}"
        match change:
            case Balance():
                account = known.account(f"{field}.account_id", change.account_id)
                units = _units(f"{field}.balance", account, change.balance)
                accounts = tuple(replace(each, balance=units) if each.id == account.id else each for each in accounts)
            case RemoveSchedule():
                gone = _of_schedule(field, planned, change)
                planned = tuple(entry for entry in planned if entry not in gone)
            case ChangeAmount():
                planned = _with_amount(known, field, planned, change)
            case OneOff() | Recurring():
                planned = (*planned, *_added(known, field, number, change))
    return accounts, planned


def _of_schedule(field: str, planned: Sequence[Entry], change: RemoveSchedule | ChangeAmount) -> frozenset[Entry]:
    found = frozenset(
        entry
        for entry in planned
        if entry.source.kind == "schedule"
        and entry.source.id == change.schedule_id
        and (change.from_ is None or entry.day >= change.from_)
    )
    if not found:
        raise invalid(f"{field}.schedule_id", "nothing_planned", "nothing is planned of such a schedule in this time")
    return found


def _with_amount(known: Assumptions, field: str, planned: tuple[Entry, ...], change: ChangeAmount) -> tuple[Entry, ...]:
    """Each occurrence scaled to the new amount, which is then certain.

    The first account of an occurrence moves exactly the amount; its parts, and what moves elsewhere, keep their
    proportion to it.
    """
    touched = _of_schedule(field, planned, change)
    occurrences: defaultdict[date | None, list[Entry]] = defaultdict(list)
    for entry in planned:
        if entry in touched:
            occurrences[entry.due_on].append(entry)
    found = [entry for entry in planned if entry not in touched]
    for parts in occurrences.values():
        first = known.account(f"{field}.schedule_id", parts[0].account_id)
        wanted = _units(f"{field}.amount", first, change.amount)
        whole = abs(sum(part.change.expected for part in parts if part.account_id == first.id))
        if not whole:
            raise invalid(f"{field}.schedule_id", "no_amount", "what this schedule moves comes to nothing")
        sums: defaultdict[UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for part in parts:
            before, given = sums[part.account_id]
            before += part.change.expected
            upto = divided(before * wanted, whole)
            sums[part.account_id] = before, upto
            found.append(replace(part, change=Range(upto - given, upto - given, upto - given)))
    return tuple(found)


def _added(known: Assumptions, field: str, number: int, change: OneOff | Recurring) -> Iterator[Entry]:
    account = known.account(f"{field}.account_id", change.account_id)
    units = _units(f"{field}.amount", account, change.amount)
    if change.category_id is not None and change.category_id not in known.category_ids:
        raise invalid(f"{field}.category_id", "unknown_category", "there is no such category")
    sides = [(account, units)]
    if change.to_account_id is not None:
        other = known.account(f"{field}.to_account_id", change.to_account_id)
        if other.currency != account.currency:
            raise invalid(f"{field}.to_account_id", "currencies_differ", "both accounts are in the same currency here")
        if other.id == account.id or change.category_id is not None:
            raise invalid(f"{field}.to_account_id", "not_a_transfer", "a transfer has two accounts and no category")
        sides.append((other, -units))
    # Two assumptions with one name are two sources.
    source = Source("what_if", UUID(int=number), change.name)
    for day in _days(known, field, change):
        for side, amount in sides:
            moved = Range(amount, amount, amount)
            yield Entry(source, side.id, change.category_id, day, moved, is_transfer=len(sides) > 1)


def _days(known: Assumptions, field: str, change: OneOff | Recurring) -> Iterator[date]:
    if isinstance(change, Recurring):
        rule = parse(change.rrule, f"{field}.rrule")
        starts_on = change.starts_on or known.today
        yield from Recurrence(rule, starts_on).days(known.today, known.until)
        return
    if not known.today <= change.date <= known.last:
        raise invalid(f"{field}.date", "outside_forecast", f"the forecast is from {known.today} to {known.last}")
    yield change.date


def _units(field: str, account: Account, amount: Decimal) -> int:
    if decimals(amount) > account.exponent:
        raise invalid(field, "too_many_decimals", f"{account.currency} has {account.exponent} decimals")
    return account.units(amount)
