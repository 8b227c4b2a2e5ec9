"""What accounts were worth at the end of days: balances walked back from today's, converted by each day's rate.

An account's balance is what all its postings sum to. What it was on a day is that less the totals of the months since
then, so a report costs what its period does, however long the history. Of a day inside a month the rest of the month
is read from the totals by day, or what was before the day, whichever is shorter; transfers and equity have none by day,
and their postings are found by an index of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, Integer, Text, Uuid, bindparam, text

from app.access.context import BookReader
from app.accounts.errors import AccountNotFoundError
from app.accounts.schemas import LIABILITIES
from app.core.database import AnyRow
from app.core.money import quantum
from app.reports.holdings import holdings_of
from app.reports.periods import ONE_DAY, month_end

_HELD = """
    WITH day AS MATERIALIZED (
        SELECT * FROM unnest(:days, :since, :part_first, :part_last, :adds) WITH ORDINALITY
            AS d(day, since, part_first, part_last, adds, place)
    ),
    account AS MATERIALIZED (
        SELECT a.id, a.name, a.type, a.currency, a.balance, a.sort, c.exponent
        FROM accounts a JOIN currencies c ON c.code = a.currency
        WHERE a.book_id = :book AND (cardinality(:accounts) = 0 OR a.id = ANY (:accounts))
    ),
    month AS MATERIALIZED (
        SELECT m.account_id, m.month, sum(m.inflow - m.outflow) AS moved
        FROM monthly_totals m
        WHERE m.book_id = :book AND m.month >= (SELECT min(d.since) FROM day d)
        GROUP BY m.account_id, m.month
    ),
    later AS (
        SELECT d.day, m.account_id, sum(m.moved) AS moved
        FROM day d JOIN month m ON m.month >= d.since
        GROUP BY d.day, m.account_id
    ),
    part AS (
        SELECT d.day, a.id AS account_id, CASE WHEN d.adds THEN f.moved ELSE -f.moved END AS moved
        FROM day d CROSS JOIN account a CROSS JOIN LATERAL (
            SELECT coalesce((
                       SELECT sum(t.inflow - t.outflow) FROM daily_totals t
                       WHERE t.book_id = :book AND t.account_id = a.id AND t.day BETWEEN d.part_first AND d.part_last
                   ), 0) + coalesce((
                       SELECT sum(p.amount) FROM postings p
                       WHERE p.book_id = :book AND p.account_id = a.id AND p.role <> 'flow'
                         AND p.date BETWEEN d.part_first AND d.part_last
                   ), 0) AS moved
            OFFSET 0
        ) AS f
        WHERE d.part_first <= d.part_last
    ),
    held AS (
        SELECT d.day, d.place, a.id, a.balance - coalesce(l.moved, 0) + coalesce(p.moved, 0) AS balance
        FROM day d CROSS JOIN account a
        LEFT JOIN later l ON l.day = d.day AND l.account_id = a.id
        LEFT JOIN part p ON p.day = d.day AND p.account_id = a.id
    )
"""
_OWN = """
    SELECT h.day, a.id, a.name, a.type, a.currency, round(h.balance, a.exponent) AS balance
    FROM held h JOIN account a ON a.id = h.id
    ORDER BY a.sort, lower(a.name), a.id, h.place
"""
_VALUED = """
    , rate AS MATERIALIZED (
        SELECT x.currency, r.day, r.rate
        FROM (SELECT DISTINCT a.currency FROM account a) AS x
        CROSS JOIN LATERAL rates_over(
            x.currency, :currency, ARRAY(SELECT DISTINCT least(d.day, :today) FROM day d)
        ) AS r
    )
    SELECT h.day, a.id, a.name, a.type, a.currency, round(h.balance, a.exponent) AS balance,
           CASE WHEN h.balance = 0 THEN round(0::numeric, :exponent) ELSE round(h.balance * r.rate, :exponent) END
               AS value
    FROM held h
    JOIN account a ON a.id = h.id
    LEFT JOIN rate r ON r.currency = a.currency AND r.day = least(h.day, :today)
    ORDER BY a.sort, lower(a.name), a.id, h.place
"""
_TYPED = (
    bindparam("book", type_=Uuid),
    bindparam("accounts", type_=ARRAY(Uuid)),
    *(bindparam(name, type_=ARRAY(Date)) for name in ("days", "since", "part_first", "part_last")),
    bindparam("adds", type_=ARRAY(Boolean)),
)
_BALANCES = text(_HELD + _OWN).bindparams(*_TYPED)
_VALUES = text(_HELD + _VALUED).bindparams(
    *_TYPED,
    bindparam("currency", type_=Text),
    bindparam("exponent", type_=Integer),
    bindparam("today", type_=Date),
)
HALF_A_MONTH = 15


@dataclass(frozen=True)
class Held:
    """One account on the days that were asked for; all lists are in their order.

    `values` are the balances converted, None where no rate is known; `holdings` are converted, too, and beside them.
    A debt is negative.
    """

    account_id: UUID
    name: str
    type: str
    currency: str
    balances: list[Decimal]
    values: list[Decimal | None]
    holdings: list[Decimal]

    @property
    def is_liability(self) -> bool:
        return self.type in LIABILITIES

    @property
    def worth(self) -> list[Decimal | None]:
        """With its holdings."""
        return [
            None if value is None else value + holding
            for value, holding in zip(self.values, self.holdings, strict=True)
        ]

    @property
    def counted(self) -> list[Decimal]:
        """The same with what is known of it: holdings count where the balance has no rate."""
        return [
            (value if value is not None else Decimal(0)) + holding
            for value, holding in zip(self.values, self.holdings, strict=True)
        ]

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing on it on any of the days."""
        return not any(self.balances) and not any(self.holdings)


@dataclass(frozen=True)
class Worth:
    """All accounts on some days."""

    days: list[date]
    accounts: list[Held]
    unconverted: list[dict[str, Any]]
    unpriced: list[dict[str, Any]]

    def total(self, *, liabilities: bool, zero: Decimal) -> list[Decimal]:
        """What is owned on each day, or what is owed as a positive number; without what is not converted."""
        chosen = [held for held in self.accounts if held.is_liability is liabilities]
        sums = [sum((held.counted[place] for held in chosen), zero) for place in range(len(self.days))]
        return [zero - each for each in sums] if liabilities else sums


async def at(
    book: BookReader, days: Sequence[date], currency: str, exponent: int, accounts: Sequence[UUID] = ()
) -> Worth:
    """Accounts at the end of these different days, with the holdings on them, in a currency.

    Each day is valued by its own rates and prices, one to come by those of today (`Actor.known_day`).
    Accounts that the member does not see are in none of it. Raises `AccountNotFoundError` for filters that name one.
    """
    own = {"currency": currency, "exponent": exponent, "today": book.actor.today()}
    rows = (await book.connection.execute(_VALUES, {**_parameters(book, days, accounts), **own})).all()
    found = await holdings_of(book, days, currency, accounts)
    held: dict[UUID, Held] = {}
    missing: dict[tuple[str, date], Decimal] = {}
    for row in rows:
        account = _account(held, row)
        account.values.append(row.value)
        account.holdings.append(found.by_account.get((row.day, row.id), Decimal(0)).quantize(quantum(exponent)))
        if row.value is None:
            missing[row.currency, row.day] = missing.get((row.currency, row.day), Decimal(0)) + row.balance
    _check_found(held, accounts)
    unconverted = [{"currency": code, "date": day, "amount": amount} for (code, day), amount in sorted(missing.items())]
    return Worth(list(days), list(held.values()), [*unconverted, *found.unconverted], list(found.unpriced))


async def balances_at(book: BookReader, days: Sequence[date], accounts: Sequence[UUID] = ()) -> list[Held]:
    """The same in each account's own currency alone, without holdings."""
    held: dict[UUID, Held] = {}
    for row in (await book.connection.execute(_BALANCES, _parameters(book, days, accounts))).all():
        _account(held, row)
    _check_found(held, accounts)
    return list(held.values())


def _account(held: dict[UUID, Held], row: AnyRow) -> Held:
    account = held.setdefault(row.id, Held(row.id, row.name, row.type, row.currency, [], [], []))
    account.balances.append(row.balance)
    return account


def _check_found(held: dict[UUID, Held], accounts: Sequence[UUID]) -> None:
    for account_id in accounts:
        if account_id not in held:
            raise AccountNotFoundError(account_id)


def _parameters(book: BookReader, days: Sequence[date], accounts: Sequence[UUID]) -> dict[str, Any]:
    plan = [_part(day) for day in days]
    return {
        "book": book.book_id,
        "accounts": list(accounts),
        "days": list(days),
        "since": [part[0] for part in plan],
        "part_first": [part[1] for part in plan],
        "part_last": [part[2] for part in plan],
        "adds": [part[3] for part in plan],
    }


def _part(day: date) -> tuple[date, date, date, bool]:
    """From which month on totals are taken off, which days of its own month are read, and whether those are added."""
    begins, ends = day.replace(day=1), month_end(day)
    if day.day <= HALF_A_MONTH and day != ends:
        return begins, begins, day, True
    return ends + ONE_DAY, day + ONE_DAY, ends, False
