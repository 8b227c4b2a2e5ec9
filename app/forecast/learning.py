"""The learned rest: the usual income and spending of an account that no schedule and no budget explains.

The twelve whole months before this one are looked at. From each month what schedules explain is taken out: what they
bring in the same month of the coming year, so a yearly insurance is taken out of its month and the rent out of each.
What is left of an account in each month is a sample; its median is the usual month, which one holiday or one new car
does not move.

The spread is the distance from the median down to the 10th and up to the 90th percentile of the same sample, each
interpolated between its neighbours (R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", 1996, type 7).
After `t` months it is that distance times the square root of `t`: the variance of a sum of independent months is the
sum of their variances (Bienaymé's identity).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from dateutil.relativedelta import relativedelta

from app.forecast.arithmetic import divided
from app.forecast.model import Entry, Flow, Rest, Side, Spread

MONTHS = 12
LEAST_MONTHS = 3

Key = tuple[UUID, UUID | None, Side]
Series = list[int]


def first_month(today: date) -> date:
    """The first of the months that are learned from."""
    return today.replace(day=1) - relativedelta(months=MONTHS)


def last_explained(today: date) -> date:
    """Up to where schedules are asked for, so that each learned month has its like in the coming year."""
    return today.replace(day=1) + relativedelta(months=MONTHS + 1, days=-1)


def months_of(flows: Iterable[Flow], kinds: Mapping[UUID, Side], today: date) -> dict[Key, Series]:
    """Per account, category and side, what each learned month came to: income positive, spending negative.

    A category's kind is its side, so a refund lowers the spending of its category; without a category it is the
    direction.
    """
    start = first_month(today)
    found: defaultdict[Key, Series] = defaultdict(lambda: [0] * MONTHS)
    for flow in flows:
        index = _months_between(start, flow.month)
        if flow.category_id is None:
            found[flow.account_id, None, "income"][index] += flow.inflow
            found[flow.account_id, None, "expense"][index] -= flow.outflow
        else:
            found[flow.account_id, flow.category_id, kinds[flow.category_id]][index] += flow.inflow - flow.outflow
    return dict(found)


def unexplained(
    series: Mapping[Key, Series], entries: Iterable[Entry], kinds: Mapping[UUID, Side], today: date
) -> dict[Key, Series]:
    """The same without what the schedules bring in the same months of the coming year; never past 0."""
    start = first_month(today)
    ahead = today.replace(day=1) + relativedelta(months=1)
    explained: defaultdict[Key, Series] = defaultdict(lambda: [0] * MONTHS)
    for entry in entries:
        if entry.is_transfer or not ahead <= entry.day <= last_explained(today):
            continue
        by_sign: Side = "income" if entry.change.expected > 0 else "expense"
        side = by_sign if entry.category_id is None else kinds.get(entry.category_id, by_sign)
        index = _months_between(start, entry.day) % MONTHS
        explained[entry.account_id, entry.category_id, side][index] += entry.change.expected
    return {
        key: [_without(past, known) for past, known in zip(values, explained[key], strict=True)]
        if key in explained
        else values
        for key, values in series.items()
    }


def known_months(series: Mapping[Key, Series]) -> dict[UUID, int]:
    """From how many months each account can be learned: those after the one it began in, which is seldom whole."""
    first: dict[UUID, int] = {}
    for (account_id, _, _), values in series.items():
        begins = next((index for index, value in enumerate(values) if value), MONTHS)
        first[account_id] = min(begins, first.get(account_id, MONTHS))
    return {account_id: MONTHS - index - 1 if index else MONTHS for account_id, index in first.items()}


def learn(series: Mapping[Key, Series], months: Mapping[UUID, int]) -> list[Rest]:
    """The rest of each account that has at least `LEAST_MONTHS` months."""
    sides: defaultdict[UUID, dict[Side, Series]] = defaultdict(
        lambda: {"income": [0] * MONTHS, "expense": [0] * MONTHS}
    )
    for (account_id, _, side), values in series.items():
        sides[account_id][side] = [a + b for a, b in zip(sides[account_id][side], values, strict=True)]
    found = []
    for account_id, parts in sides.items():
        known = max(months[account_id], 0)
        if known < LEAST_MONTHS:
            continue
        income, spending = parts["income"][-known:], parts["expense"][-known:]
        spread = spread_of([a + b for a, b in zip(income, spending, strict=True)])
        rest = Rest(account_id, median(income), median(spending), spread, known)
        if rest.income or rest.spending or spread.down or spread.up:
            found.append(rest)
    return found


def spread_of(sample: Sequence[int]) -> Spread:
    """How far the 10th and the 90th percentile lie from the median; nothing for a sample too small to say."""
    if len(sample) < LEAST_MONTHS:
        return Spread(0, 0)
    middle = median(sample)
    return Spread(middle - quantile(sample, 1), quantile(sample, 9) - middle)


def median(sample: Sequence[int]) -> int:
    return quantile(sample, 5)


def quantile(sample: Sequence[int], tenths: int) -> int:
    """The quantile of `tenths` / 10 of a sample that is not empty, rounded half to even."""
    ordered = sorted(sample)
    below, part = divmod((len(ordered) - 1) * tenths, 10)
    above = min(below + 1, len(ordered) - 1)
    return divided(ordered[below] * (10 - part) + ordered[above] * part, 10)


def without_keys(series: Mapping[Key, Series], taken: Collection[Key]) -> dict[Key, Series]:
    return {key: values for key, values in series.items() if key not in taken}


def _without(past: int, known: int) -> int:
    if past > 0 and known > 0:
        return max(0, past - known)
    if past < 0 and known < 0:
        return min(0, past - known)
    return past


def _months_between(first: date, later: date) -> int:
    return (later.year - first.year) * 12 + later.month - first.month
