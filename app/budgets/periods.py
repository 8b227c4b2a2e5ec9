"""The periods of a budget: from its start date on, without gaps, whatever lengths months have."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

PeriodName = Literal["weekly", "biweekly", "monthly", "quarterly", "yearly", "custom"]
Unit = Literal["day", "week", "month", "year"]

LENGTHS: dict[str, tuple[int, Unit]] = {
    "weekly": (1, "week"),
    "biweekly": (2, "week"),
    "monthly": (1, "month"),
    "quarterly": (3, "month"),
    "yearly": (1, "year"),
}
MOST_PIECES = 400
"""Periods beyond which their months are not told apart: a far date costs no list as long."""
ONE_DAY = timedelta(days=1)
MONTHS, DAYS = True, False
"""Of which a piece is made."""


class Piece(NamedTuple):
    """Days whose sums come from one table: `monthly` from the totals by month, of whole months, else those by day."""

    monthly: bool
    first: date
    last: date


@dataclass(frozen=True)
class Cadence:
    """Periods of `every` days or months, the first of which begins on `anchor`.

    A period that begins on a day which its month does not have begins on that month's last day, and the next one on the
    anchor's day again.
    """

    anchor: date
    every: int
    in_months: bool

    @classmethod
    def of(cls, anchor: date, every: int, unit: str) -> "Cadence":
        if unit in {"month", "year"}:
            return cls(anchor, every * (12 if unit == "year" else 1), in_months=True)
        return cls(anchor, every * (7 if unit == "week" else 1), in_months=False)

    def start(self, number: int) -> date:
        """The first day of a period; the last day there is where the calendar ends before."""
        if not self.in_months:
            days = self.anchor.toordinal() + number * self.every
            return date.fromordinal(min(days, date.max.toordinal()))
        year, month = divmod(_months(self.anchor) + number * self.every, 12)
        if year > date.max.year:
            return date.max
        return date(year, month + 1, min(self.anchor.day, monthrange(year, month + 1)[1]))

    def end(self, number: int) -> date:
        """The last day of a period."""
        following = self.start(number + 1)
        return date.max if following == date.max else following - ONE_DAY

    def number(self, day: date) -> int:
        """The period that a day is in; the first is 0, and days before the anchor are in negative ones."""
        if not self.in_months:
            return (day - self.anchor).days // self.every
        months = _months(day) - _months(self.anchor)
        if day.day < min(self.anchor.day, monthrange(day.year, day.month)[1]):
            months -= 1
        return months // self.every

    def pieces(self, first: date, last: date) -> list[Piece]:
        """The days from one to another, as whole months that are in one period each and the days between those.

        Neither may be in the last year of the calendar, in which nothing is ever dated.
        """
        if last < first:
            return []
        small = self.in_months and self.every == 1 and self.anchor.day > 1
        many = self.number(last) - self.number(first) > MOST_PIECES
        if not self.in_months or small or (many and self.anchor.day > 1):
            return [Piece(DAYS, first, last)]
        if self.anchor.day == 1:
            return _joined(_split(first, last))
        return _joined(
            piece
            for number in range(self.number(first), self.number(last) + 1)
            for piece in _split(max(first, self.start(number)), min(last, self.end(number)))
        )


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _split(first: date, last: date) -> Iterator[Piece]:
    """Days before the first whole month, the whole months, and days behind the last."""
    begin = first if first.day == 1 else _month_after(first)
    end = last if last.day == monthrange(last.year, last.month)[1] else last.replace(day=1) - ONE_DAY
    if begin > end:
        yield Piece(DAYS, first, last)
        return
    if first < begin:
        yield Piece(DAYS, first, begin - ONE_DAY)
    yield Piece(MONTHS, begin, end)
    if end < last:
        yield Piece(DAYS, end + ONE_DAY, last)


def _month_after(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1]) + ONE_DAY


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Neighbours of the same kind as one; whole months stay whole months."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].monthly == piece.monthly and joined[-1].last + ONE_DAY == piece.first:
            joined[-1] = Piece(piece.monthly, joined[-1].first, piece.last)
        else:
            joined.append(piece)
    return joined
