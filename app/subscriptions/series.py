"""Finding series in the payments of one payee on one account: same rhythm, same or slowly changing amount.

What is paid again and again with the very same amount is looked for first, then put together across changes of its
price. What is left is one series if all of it keeps a rhythm: a heating bill does, shopping does not.
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median
from uuid import UUID

from app.subscriptions.rhythm import Rhythm, rhythm_of

LEAST_RATIO, MOST_RATIO = Decimal(2) / 3, Decimal(3) / 2
"""What a changed price may be of the one before; beyond that it is something else."""
STEADY = Decimal("0.1")
"""Up to this median change from one payment to the next, of the usual amount, the amount counts as steady."""
CLOSE = Decimal("0.1")
MOST_JITTER = Decimal(2)
LEAST_VARYING = 4
_CHANGING = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class Payment:
    """One transaction; `amount` is positive, in its account's currency."""

    id: UUID
    day: date
    amount: Decimal
    text: str = ""


@dataclass(frozen=True)
class Series:
    """Payments that belong together, by date, and the rhythm they keep."""

    payments: tuple[Payment, ...]
    rhythm: Rhythm
    spread: Decimal
    """The median change from one payment to the next, as a part of the median amount: 0 for a price that stays."""
    share: Decimal
    """Which part of all that was paid there in this time belongs to it."""

    @property
    def amount(self) -> Decimal:
        """What was paid last."""
        return self.payments[-1].amount

    @property
    def steady(self) -> bool:
        return self.spread <= STEADY


def words_of(text: str | None) -> str:
    """A description without what changes with each payment: numbers, dates, marks."""
    return _CHANGING.sub(" ", text or "").strip().lower()


def series_in(payments: Sequence[Payment]) -> list[Series]:
    """The series among the payments of one payee on one account, sorted by date. Each payment is in one at most."""
    whole = sorted(payments, key=lambda payment: (payment.day, payment.id))
    chains = _merged(list(_same_amounts(whole)))
    chains = [_extended(chain, _without(whole, chains), whole) for chain in chains]
    for subset in _subsets(_without(whole, chains)):
        rest = [payment for payment in subset if all(payment not in chain for chain in chains)]
        if _is_varying(rest, whole):
            chains.append(rest)
    return [series for chain in chains for series in [_series(chain, whole)] if series and _is_believed(series)]


def _same_amounts(whole: Sequence[Payment]) -> Iterator[list[Payment]]:
    """What keeps a rhythm among payments of the very same amount, each of them alone or two side by side."""
    by_amount: defaultdict[Decimal, list[Payment]] = defaultdict(list)
    for payment in whole:
        by_amount[payment.amount].append(payment)
    for same in by_amount.values():
        if _fits(same):
            yield same
        elif len(same) >= 6 and _fits(same[::2]) and _fits(same[1::2]):
            yield same[::2]
            yield same[1::2]
        elif len(same) >= 5:
            yield from _without_intruder(same)


def _without_intruder(same: list[Payment]) -> Iterator[list[Payment]]:
    """A purchase that happened to cost the same does not hide a subscription."""
    for place in range(len(same)):
        others = same[:place] + same[place + 1 :]
        if _fits(others):
            yield others
            return


def _fits(payments: Sequence[Payment]) -> bool:
    return len(payments) >= 2 and rhythm_of([payment.day for payment in payments]) is not None


def _merged(chains: list[list[Payment]]) -> list[list[Payment]]:
    """Chains of which one goes on where another ends, at another price, are one."""
    chains.sort(key=lambda chain: (chain[0].day, chain[0].id))
    found: list[list[Payment]] = []
    for chain in chains:
        for earlier in found:
            if earlier[-1].day < chain[0].day and _goes_on(earlier, chain) and _fits([*earlier, *chain]):
                earlier.extend(chain)
                break
        else:
            found.append(list(chain))
    return found


def _extended(chain: list[Payment], left: Sequence[Payment], whole: Sequence[Payment]) -> list[Payment]:
    """Take in what continues the chain at another price, where nothing else is paid there that could be mistaken."""
    mixed = _share(chain, whole) < Decimal("0.5")
    for payment in left:
        if (
            payment.day > chain[-1].day
            and _goes_on(chain, [payment])
            and (not mixed or (payment.text and payment.text == chain[-1].text))
            and _fits([*chain, payment])
        ):
            chain = [*chain, payment]
    for payment in reversed(left):
        if payment.day < chain[0].day and not mixed and _goes_on([payment], chain) and _fits([payment, *chain]):
            chain = [payment, *chain]
    return chain


def _goes_on(earlier: Sequence[Payment], later: Sequence[Payment]) -> bool:
    return LEAST_RATIO <= later[0].amount / earlier[-1].amount <= MOST_RATIO


def _without(whole: Sequence[Payment], chains: Sequence[Sequence[Payment]]) -> list[Payment]:
    taken = {payment.id for chain in chains for payment in chain}
    return [payment for payment in whole if payment.id not in taken]


def _subsets(left: Sequence[Payment]) -> Iterator[list[Payment]]:
    """What could be one series with amounts that vary: all of it, what says the same, all but outliers."""
    if len(left) < 2:
        return
    by_text: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in left:
        by_text[payment.text].append(payment)
    yield list(left)
    if len(by_text) > 1:
        yield from by_text.values()
    usual = Decimal(median(payment.amount for payment in left))
    yield [payment for payment in left if LEAST_RATIO <= payment.amount / usual <= MOST_RATIO]


def _is_varying(chain: Sequence[Payment], whole: Sequence[Payment]) -> bool:
    series = _series(chain, whole)
    return series is not None and _is_believed(series)


def _series(chain: Sequence[Payment], whole: Sequence[Payment]) -> Series | None:
    rhythm = rhythm_of([payment.day for payment in chain]) if chain else None
    if rhythm is None:
        return None
    changes = [abs(b.amount - a.amount) for a, b in itertools.pairwise(chain)]
    spread = Decimal(median(changes)) / Decimal(median(payment.amount for payment in chain))
    return Series(tuple(chain), rhythm, spread, _share(chain, whole))


def _share(chain: Sequence[Payment], whole: Sequence[Payment]) -> Decimal:
    during = sum(1 for payment in whole if chain[0].day <= payment.day <= chain[-1].day)
    return Decimal(len(chain)) / during


def _is_believed(series: Series) -> bool:
    """Whether it is no coincidence and no habit: shopping every Saturday has a rhythm too, but no amount."""
    count, rhythm = len(series.payments), series.rhythm
    if count == 2:
        return _is_pair(series)
    same = len({payment.amount for payment in series.payments}) == 1
    if series.share < Decimal("0.5") and not series.payments[-1].text:
        return count > rhythm.interval.least and series.steady
    if same or (series.steady and count >= rhythm.interval.least and rhythm.interval.unit != "week"):
        return True
    if rhythm.interval.unit == "week":
        return series.spread <= STEADY / 5
    return count >= LEAST_VARYING and rhythm.jitter <= MOST_JITTER and series.share >= Decimal("0.9")


def _is_pair(series: Series) -> bool:
    """Two payments a year apart: the same amount, or about the same for what is called the same."""
    first, last = series.payments
    if first.amount == last.amount:
        return series.share >= Decimal("0.5") or bool(first.text and first.text == last.text)
    same_words = bool(first.text) and first.text == last.text
    return same_words and abs(last.amount - first.amount) <= CLOSE * first.amount
