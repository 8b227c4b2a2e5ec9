"""What budgets spent, by period: one statement over the kept totals for all of them.

Months that lie whole in one period come from the totals by month, other days from the totals by day. Where the whole
rest is carried, the periods before those that are wanted are one long period: whatever the cadence, only its edges are
read by day. A budget that names tags reads the tagged postings of its days instead, for no total is kept by tag.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.access.private import CLOSED_ACCOUNTS, seeing_all
from app.budgets.calculation import Budget, Sums
from app.budgets.periods import ONE_DAY, Cadence
from app.core.documents import dump
from app.core.fields import LATEST
from app.core.money import quantum

ENDLESS = 12 * 10_000
"""In months: longer than the calendar."""
# For each piece its rows are found by the key of the totals and summed at once: the planner, who cannot know how few
# pieces there are, would read every day of the book instead, as it may where the subquery is no fence (OFFSET 0).
_BY_DAY = """
    SELECT s.no, f.day, f.account_id, f.spent, f.unconverted
    FROM s JOIN {of} ON c.no = s.no
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.whole THEN s.first ELSE d.day END AS day, d.account_id,
               sum(d.base_outflow - {base_inflow}) AS spent,
               sum(d.unconverted_outflow - {unconverted_inflow}) AS unconverted
        FROM daily_totals d
        WHERE d.book_id = :book AND {category} AND d.day BETWEEN s.first AND s.last
        GROUP BY 1, 2
        OFFSET 0
    ) AS f
    WHERE NOT s.monthly
"""
_BY_MONTH = """
    SELECT s.no, f.month, f.account_id, f.spent, f.unconverted
    FROM s JOIN {of} ON c.no = s.no
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.whole THEN s.first ELSE d.month END AS month, d.account_id,
               sum(d.base_outflow - {base_inflow}) AS spent,
               sum(d.unconverted_outflow - {unconverted_inflow}) AS unconverted
        FROM monthly_totals d
        WHERE d.book_id = :book AND {category} AND d.role = 'flow' AND d.month BETWEEN s.first AND s.last
        GROUP BY 1, 2
        OFFSET 0
    ) AS f
    WHERE s.monthly
"""
# A refund lowers the spending of its category; what came in without one is no refund of anything.
_OF_CATEGORY = {
    "of": "every_counted c",
    "category": "d.category_id = ANY (c.ids)",
    "base_inflow": "d.base_inflow",
    "unconverted_inflow": "d.unconverted_inflow",
}
_WITHOUT = {
    "of": "b c",
    "category": "c.everything AND d.category_id IS NULL",
    "base_inflow": "0",
    "unconverted_inflow": "0",
}
_TAGGED = """
    UNION ALL
    SELECT b.no, p.date, p.account_id,
           CASE WHEN p.category_id IS NULL THEN greatest(-p.base_amount, 0) ELSE -p.base_amount END,
           CASE WHEN p.base_amount IS NOT NULL THEN 0
                WHEN p.category_id IS NULL THEN greatest(-p.amount, 0) ELSE -p.amount END
    FROM b
    CROSS JOIN LATERAL (SELECT DISTINCT x.transaction_id FROM transaction_tags x
                        WHERE x.book_id = :book AND x.tag_id = ANY (b.tags)) AS x
    JOIN postings p ON p.book_id = :book AND p.transaction_id = x.transaction_id AND p.role = 'flow'
        AND p.date BETWEEN b.first AND b.last
    LEFT JOIN counted c ON c.no = b.no AND c.id = p.category_id
    WHERE b.tags IS NOT NULL AND (c.id IS NOT NULL OR (b.everything AND p.category_id IS NULL))
"""
# What has no accounts of its own counts none of those that some member does not see, whoever asks.
# The period of a day, by the rule of `Cadence.number`: months are counted from the anchor's, one less before its day.
_SUMS = """
WITH RECURSIVE b AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:budgets AS jsonb)) AS b(
        no integer, anchor date, every integer, in_months boolean, first date, last date, everything boolean,
        categories uuid[], accounts uuid[], tags uuid[])
),
s AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:pieces AS jsonb)) AS s(
        no integer, whole boolean, monthly boolean, first date, last date)
),
below AS (
    SELECT b.no, x.id FROM b CROSS JOIN LATERAL unnest(b.categories) AS x(id)
    UNION
    SELECT below.no, k.id FROM below JOIN categories k ON k.book_id = :book AND k.parent_id = below.id
),
counted AS MATERIALIZED (
    SELECT no, id FROM below
    UNION ALL
    SELECT b.no, k.id FROM b JOIN categories k ON k.book_id = :book AND k.kind = 'expense' WHERE b.everything
),
every_counted AS MATERIALIZED (SELECT no, array_agg(id) AS ids FROM counted GROUP BY no),
closed AS MATERIALIZED ({closed}),
flow AS ({flow}),
summed AS MATERIALIZED (
    SELECT f.no, f.day, f.account_id, sum(f.spent) AS spent, sum(f.unconverted) AS unconverted
    FROM flow f JOIN b ON b.no = f.no
    WHERE CASE WHEN b.accounts IS NULL THEN f.account_id NOT IN (SELECT account_id FROM closed)
               ELSE f.account_id = ANY (b.accounts) END
    GROUP BY 1, 2, 3
),
placed AS (
    SELECT f.no, f.account_id, f.spent, f.unconverted,
           CASE WHEN NOT b.in_months THEN (f.day - b.anchor) / b.every
                ELSE (extract(year FROM f.day)::integer * 12 + extract(month FROM f.day)::integer
                      - extract(year FROM b.anchor)::integer * 12 - extract(month FROM b.anchor)::integer
                      - CASE WHEN extract(day FROM f.day) < least(
                                  extract(day FROM b.anchor),
                                  extract(day FROM date_trunc('month', f.day::timestamp) + interval '1 month - 1 day'))
                             THEN 1 ELSE 0 END) / b.every
           END AS number
    FROM summed f JOIN b ON b.no = f.no
)
SELECT p.no, p.number, a.currency, y.exponent, coalesce(sum(p.spent), 0) AS spent,
       coalesce(sum(p.unconverted), 0) AS unconverted
FROM placed p
JOIN accounts a ON a.book_id = :book AND a.id = p.account_id
JOIN currencies y ON y.code = a.currency
GROUP BY 1, 2, 3, 4
"""
_KEPT = " UNION ALL ".join(leg.format(**of) for of in (_OF_CATEGORY, _WITHOUT) for leg in (_BY_DAY, _BY_MONTH))
_TYPED = (bindparam("book", type_=Uuid), bindparam("budgets", type_=Text), bindparam("pieces", type_=Text))
_PLAIN_SUMS = text(_SUMS.format(closed=CLOSED_ACCOUNTS, flow=_KEPT)).bindparams(*_TYPED)
_TAGGED_SUMS = text(_SUMS.format(closed=CLOSED_ACCOUNTS, flow=_KEPT + _TAGGED)).bindparams(*_TYPED)


class Window(NamedTuple):
    """The days of which a budget's spending is wanted.

    `first` and `apart` begin periods. What was spent before `apart` is only carried.
    """

    budget: Budget
    first: date
    apart: date
    last: date


class _Part(NamedTuple):
    """Days whose sums are told by the periods of a cadence, the first of which counts as the budget's `number`."""

    budget: Budget
    cadence: Cadence
    number: int
    first: date
    last: date


async def spending(book: BookReader, windows: Sequence[Window]) -> dict[UUID, Sums]:
    """The sums of each of these budgets, by the periods that these days are in.

    Tags of what is partly hidden are hidden, too: where a budget names tags they are counted for all who see the budget
    alike, of which they are told nothing but the sum.
    """
    if not windows:
        return {}
    if any(window.budget.tag_ids for window in windows):
        async with seeing_all(book):
            return await _sums(book.connection, book.book_id, windows, tagged=True)
    return await _sums(book.connection, book.book_id, windows, tagged=False)


async def _sums(
    connection: AsyncConnection, book_id: UUID, windows: Sequence[Window], *, tagged: bool
) -> dict[UUID, Sums]:
    parts = [part for window in windows for part in _parts(window)]
    budgets, pieces = [], []
    for place, (budget, cadence, _, first, last) in enumerate(parts):
        budgets.append(
            {
                "no": place,
                "anchor": cadence.anchor,
                "every": cadence.every,
                "in_months": cadence.in_months,
                "first": first,
                "last": last,
                "everything": not budget.category_ids,
                "categories": budget.category_ids,
                "accounts": budget.account_ids or None,
                "tags": budget.tag_ids or None,
            }
        )
        if not budget.tag_ids:
            in_one = cadence.number(first) == cadence.number(last)
            pieces += [{"no": place, "whole": in_one, **piece._asdict()} for piece in cadence.pieces(first, last)]
    parameters = {"book": book_id, "budgets": dump(budgets), "pieces": dump(pieces)}
    rows = (await connection.execute(_TAGGED_SUMS if tagged else _PLAIN_SUMS, parameters)).all()
    found = {window.budget.id: Sums() for window in windows}
    for row in rows:
        part = parts[row.no]
        sums, number = found[part.budget.id], part.number + row.number
        sums.spent[number] = sums.spent.get(number, 0) + row.spent
        if row.unconverted:
            foreign = sums.unconverted.setdefault(number, {})
            foreign[row.currency] = row.unconverted.quantize(quantum(row.exponent))
    return found


def _parts(window: Window) -> Iterator[_Part]:
    """What is only carried as one period, if all of each rest is; what is wanted, and else all, by the budget's own."""
    budget, first, apart = window.budget, window.first, window.apart
    last = min(window.last, LATEST)
    if budget.rollover == "both" and not budget.tag_ids and first < apart <= last:
        yield _Part(
            budget, Cadence(first, ENDLESS, in_months=True), budget.cadence.number(first), first, apart - ONE_DAY
        )
        first = apart
    yield _Part(budget, budget.cadence, 0, first, last)
