"""How far goals are: whose money is whose, what is left, what it takes a month, and when the present pace gets there.

Money is counted once. On each account the goals claim in the order in which they were made: a fixed earmark, a share of
the balance, or without either the whole balance, and no goal more than its target, its sources one after the other. A
goal gets of its claim what those before it have left; where the claims come to more than is there, the account is
over-committed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Literal
from uuid import UUID

from app.core.money import percent, quantum
from app.goals import dates

ZERO = Decimal(0)
MONTHS_OF_PACE = 3

Kind = Literal["save_up", "pay_down"]


@dataclass(frozen=True)
class Holding:
    """What an account has: now, and at the end of each of the last months, the newest first.

    Of an envelope it is known only what is in it now: then `past` is empty, and goals with money there have no pace.
    """

    currency: str
    exponent: int
    balance: Decimal
    past: tuple[Decimal, ...] = ()

    def at(self, month: int | None) -> Decimal:
        """The balance now, or at the end of a month before this one: 0 for the last, 1 for that before it."""
        return self.balance if month is None or not self.past else self.past[month]


@dataclass(frozen=True)
class Source:
    """Where a goal's money lies: an account or an envelope. Neither `share` (percent) nor `earmark` means all of it."""

    place: UUID
    share: Decimal | None = None
    earmark: Decimal | None = None


@dataclass(frozen=True)
class Aim:
    """What a goal is after. `target_amount` of a `pay_down` is what may still be owed."""

    id: UUID
    kind: Kind
    currency: str
    exponent: int
    target_amount: Decimal
    target_date: date | None
    start_amount: Decimal
    start_date: date
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Counted:
    """What a goal claims of an account and what it gets of that."""

    claimed: Decimal
    counted: Decimal


Claims = dict[tuple[UUID, UUID], Counted]
"""By goal and account or envelope."""


@dataclass(frozen=True)
class Instalments:
    """Equal monthly amounts, the last one smaller: all but the last are `amount`, and together they are the whole."""

    amount: Decimal
    payments: int
    last_amount: Decimal


@dataclass(frozen=True)
class Progress:
    """Where a goal stands. All amounts are in its currency; `done` is what was saved, or paid off since the start."""

    current: Decimal
    done: Decimal
    remaining: Decimal
    percent: Decimal
    reached: bool
    instalments: Instalments | None
    expected: Decimal | None
    on_track: bool | None
    pace: Decimal | None
    projected_date: date | None
    claims: dict[UUID, Counted] = field(default_factory=dict)
    overcommitted: dict[UUID, Decimal] = field(default_factory=dict)
    unconverted: tuple[UUID, ...] = ()


def claim(aims: Iterable[Aim], holdings: Mapping[UUID, Holding], month: int | None = None) -> Claims:
    """Give each saving goal its part of each account, now or at the end of a past month (see `Holding.at`).

    A balance below 0 is nothing to claim. A share is rounded down to the unit of the currency.
    """
    left = {account: max(ZERO, holding.at(month)) for account, holding in holdings.items()}
    whole = dict(left)
    found: Claims = {}
    for aim in aims:
        if aim.kind != "save_up":
            continue
        missing = aim.target_amount
        for source in aim.sources:
            holding = holdings[source.place]
            if holding.currency != aim.currency:
                continue
            there = whole[source.place]
            unit = quantum(holding.exponent)
            wanted = there
            if source.earmark is not None:
                wanted = source.earmark
            elif source.share is not None:
                wanted = (there * source.share / 100).quantize(unit, ROUND_DOWN)
            wanted = min(wanted, missing).quantize(unit)
            counted = min(wanted, left[source.place]).quantize(unit)
            missing -= counted
            left[source.place] -= counted
            found[aim.id, source.place] = Counted(wanted, counted)
    return found


def current(aim: Aim, holdings: Mapping[UUID, Holding], claims: Claims, month: int | None = None) -> Decimal:
    """What a goal has now, or had: the saved money that is its own, or what is owed on its accounts."""
    total = ZERO.quantize(quantum(aim.exponent))
    for source in aim.sources:
        holding = holdings[source.place]
        if holding.currency == aim.currency:
            owed = -holding.at(month)
            total += claims[aim.id, source.place].counted if aim.kind == "save_up" else max(ZERO, owed)
    return total


class Standing:
    """All goals of a book that are not archived, over their accounts, in the order in which they were made."""

    def __init__(self, aims: Sequence[Aim], holdings: Mapping[UUID, Holding], today: date) -> None:
        self.holdings = holdings
        self.today = today
        self.aims = aims
        self._now = claim(aims, holdings)
        self._past = [claim(aims, holdings, month) for month in range(MONTHS_OF_PACE + 1)]
        self._claimed: dict[UUID, Decimal] = {}
        for (_, account), counted in self._now.items():
            self._claimed[account] = self._claimed.get(account, ZERO) + counted.claimed

    def current(self, aim: Aim) -> Decimal:
        return current(aim, self.holdings, self._now)

    def of(self, aim: Aim) -> Progress:
        """Where one of these goals stands today."""
        unit = quantum(aim.exponent)
        amount = self.current(aim)
        down = aim.kind == "pay_down"
        remaining = max(ZERO, amount - aim.target_amount if down else aim.target_amount - amount).quantize(unit)
        reached = not remaining
        whole = aim.start_amount - aim.target_amount if down else aim.target_amount
        done = (aim.start_amount - amount if down else amount).quantize(unit)
        share = percent(max(ZERO, done), whole) if whole > 0 else Decimal(100 if reached else 0)
        pace = self._pace(aim)
        expected = self._expected(aim)
        return Progress(
            current=amount,
            done=done,
            remaining=remaining,
            percent=max(share, Decimal(100)) if reached else min(share, Decimal("99.99")),
            reached=reached,
            instalments=None if reached else self._instalments(aim, remaining),
            expected=expected,
            on_track=reached or None if expected is None else self._is_on_track(aim, amount, expected),
            pace=pace,
            projected_date=self._projected(remaining, pace),
            claims={s.place: self._now[aim.id, s.place] for s in self._claiming(aim)},
            overcommitted=self._overcommitted(aim),
            unconverted=tuple(s.place for s in aim.sources if self.holdings[s.place].currency != aim.currency),
        )

    def _claiming(self, aim: Aim) -> list[Source]:
        return [source for source in aim.sources if (aim.id, source.place) in self._now]

    def _overcommitted(self, aim: Aim) -> dict[UUID, Decimal]:
        """By how much the claims on this goal's accounts, of all goals, are more than is there."""
        found = {}
        for source in self._claiming(aim):
            more = self._claimed[source.place] - max(ZERO, self.holdings[source.place].balance)
            if more > 0:
                found[source.place] = more.quantize(quantum(aim.exponent))
        return found

    def _instalments(self, aim: Aim, remaining: Decimal) -> Instalments | None:
        if aim.target_date is None:
            return None
        return instalments(remaining, max(1, dates.months_between(self.today, aim.target_date)), aim.exponent)

    def _expected(self, aim: Aim) -> Decimal | None:
        """On the straight line from the start to the target on its day; to the unit, half to even."""
        if aim.target_date is None:
            return None
        days = (aim.target_date - aim.start_date).days
        gone = max(0, (self.today - aim.start_date).days)
        way = aim.target_amount - aim.start_amount
        line = aim.start_amount + (way if days <= 0 else way * min(gone, days) / days)
        return line.quantize(quantum(aim.exponent))

    def _is_on_track(self, aim: Aim, amount: Decimal, expected: Decimal) -> bool:
        if aim.kind == "pay_down":
            return amount <= max(expected, aim.target_amount)
        return amount >= min(expected, aim.target_amount)

    def _pace(self, aim: Aim) -> Decimal | None:
        """What a month brings the goal nearer, over whole months since its start, at most the last three.

        With the claims as they are now. None before a whole month has gone by. Rounded half to even to the unit.
        """
        ends = [self.today.replace(day=1)]
        for _ in range(MONTHS_OF_PACE):
            ends.append(dates.due(ends[0], 12, -len(ends)))
        months = max((n for n, first in enumerate(ends) if first > aim.start_date), default=0)
        if not months or not all(self.holdings[source.place].past for source in aim.sources):
            return None
        newer = current(aim, self.holdings, self._past[0], 0)
        older = current(aim, self.holdings, self._past[months], months)
        way = older - newer if aim.kind == "pay_down" else newer - older
        return (way / months).quantize(quantum(aim.exponent))

    def _projected(self, remaining: Decimal, pace: Decimal | None) -> date | None:
        """When the pace gets there; None where it does not within the years that dates have."""
        if not remaining:
            return self.today
        if pace is None or pace <= 0:
            return None
        months = int((remaining / pace).to_integral_value(ROUND_UP))
        return dates.due(self.today, 12, months) if months <= 12 * 1000 else None


def instalments(whole: Decimal, months: int, exponent: int) -> Instalments:
    """The monthly amount, rounded up to the unit, with which `whole` is there after so many months at the latest."""
    amount = (whole / months).quantize(quantum(exponent), ROUND_UP)
    payments = int((whole / amount).to_integral_value(ROUND_UP))
    return Instalments(amount, payments, (whole - amount * (payments - 1)).quantize(quantum(exponent)))
