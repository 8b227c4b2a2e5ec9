"""What is found in histories whose truth is known."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from app.demo import plan
from app.demo.moves import Flow
from app.schedules.calendar import Recurrence
from app.schedules.rrule import parse
from app.subscriptions.detection import Found, Source, find
from app.subscriptions.rhythm import rhythm_of
from app.subscriptions.series import Payment, words_of
from app.subscriptions.service import rule_of
from tests.bills.histories import ACCOUNT, TODAY, Generator, payments, source

MONTHLY = ("month", 1)


def found_in(*rows: Any, today: date = TODAY) -> list[tuple[tuple[str, int], int, str]]:
    """Interval, how many payments, and the last amount, of each series."""
    return sorted(
        ((each.rhythm.interval.unit, each.rhythm.interval.every), len(each.series.payments), str(each.series.amount))
        for each in find([(source(), payments(*rows))], today)
    )


def test_a_price_that_stays_and_one_that_rises_are_each_one_subscription() -> None:
    days = [f"2025-{month:02}-04" for month in range(1, 13)] + [f"2026-{month:02}-04" for month in range(1, 7)]
    assert found_in(*((day, "9.99") for day in days)) == [(MONTHLY, 18, "9.99")]
    raised = [*((day, "9.99") for day in days[:10]), *((day, "12.99") for day in days[10:])]
    assert found_in(*raised) == [(MONTHLY, 18, "12.99")]
    [found] = find([(source(), payments(*raised))], TODAY)
    assert found.price_change is not None
    before, after = found.price_change
    assert (before.amount, after.amount, str(after.day)) == (Decimal("9.99"), Decimal("12.99"), days[10])
    # The first payment of a new price, and the only one of an old one, belong to it too.
    assert found_in(*((day, "9.99") for day in days[:17]), (days[17], "12.99")) == [(MONTHLY, 18, "12.99")]
    assert found_in((days[0], "9.99"), *((day, "12.99") for day in days[1:])) == [(MONTHLY, 18, "12.99")]


@pytest.mark.parametrize(
    ("days", "interval"),
    [
        ("2026-05-25 2026-06-01 2026-06-08 2026-06-15", ("week", 1)),
        ("2026-05-04 2026-05-18 2026-06-01 2026-06-15", ("week", 2)),
        ("2026-03-20 2026-04-17 2026-05-15 2026-06-12", ("week", 4)),
        ("2026-02-01 2026-03-01 2026-04-01 2026-05-01", MONTHLY),  # 28 and 31 days: the first of the month
        ("2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31", MONTHLY),
        ("2026-01-30 2026-02-27 2026-03-31 2026-04-30 2026-05-29", MONTHLY),  # the last working day
        ("2026-02-02 2026-03-02 2026-04-01 2026-05-04 2026-06-01", MONTHLY),  # the first, or the Monday after
        ("2026-01-10 2026-02-10 2026-04-10 2026-05-10 2026-06-10", MONTHLY),  # one is missing
        ("2025-09-14 2025-12-15 2026-03-13 2026-06-14", ("month", 3)),
        ("2025-05-02 2025-11-03 2026-05-02", ("month", 6)),
        ("2025-03-03 2026-03-04", ("year", 1)),
        ("2024-06-03 2025-06-05 2026-06-03", ("year", 1)),
    ],
)
def test_intervals_are_kept_through_weekends_and_short_months(days: str, interval: tuple[str, int]) -> None:
    assert [each[0] for each in found_in(*((day, "20.00") for day in days.split()))] == [interval]


@pytest.mark.parametrize(
    "days",
    [
        "2026-05-01",
        "2026-04-01 2026-05-01",  # twice is no rhythm, but for what comes by the year
        "2026-01-02 2026-01-19 2026-03-04 2026-04-27 2026-06-10",
        "2025-01-10 2025-02-10 2025-03-10 2025-04-10",  # ended long ago
        "2026-01-10 2026-04-10 2026-05-10 2026-06-10 2026-06-12",
        "2026-02-10 2026-02-11 2026-02-12",
        "2026-05-18 2026-05-24 2026-05-30 2026-06-05 2026-06-11",  # every 6 days: no week has it twice
    ],
)
def test_the_same_amount_without_a_rhythm_is_nothing(days: str) -> None:
    assert found_in(*((day, "20.00") for day in days.split())) == []


def test_two_subscriptions_of_one_payee_are_two() -> None:
    months = [f"2026-{month:02}" for month in range(1, 7)]
    two = [(f"{month}-03", "9.99") for month in months] + [(f"{month}-12", "4.99") for month in months]
    assert found_in(*two) == [(MONTHLY, 6, "4.99"), (MONTHLY, 6, "9.99")]
    same = [(f"{month}-01", "9.99") for month in months] + [(f"{month}-15", "9.99") for month in months[:6]]
    assert found_in(*same) == [(MONTHLY, 6, "9.99"), (MONTHLY, 6, "9.99")]
    keys = [each.key for each in find([(source(), payments(*same))], TODAY)]
    assert len(set(keys)) == 2


def test_a_purchase_of_the_same_price_hides_nothing() -> None:
    months = [(f"2026-{month:02}-03", "8.99") for month in range(1, 7)]
    assert found_in(*months, ("2026-03-20", "8.99")) == [(MONTHLY, 6, "8.99")]
    noise = [
        (f"2026-{month:02}-{day:02}", f"{10 + (month * 31 + day * 17) % 60}.45")
        for month in range(1, 6)
        for day in (7, 11, 19, 26)
    ]
    assert found_in(*months, *noise) == [(MONTHLY, 6, "8.99")]


def test_shopping_each_saturday_is_no_subscription() -> None:
    days = [date(2026, 6, 13) - timedelta(days=7 * number) for number in range(20)]
    basket = [(f"{day}", f"{18 + (number * 7919) % 30}.40") for number, day in enumerate(days)]
    assert found_in(*basket) == []
    assert found_in(*((day, "25.00") for day, _ in basket)) == [(("week", 1), 20, "25.00")]  # a box by subscription


def test_what_varies_is_a_bill_where_its_day_does_not() -> None:
    amounts = ("96.20", "131.00", "88.10", "61.30", "44.00", "29.90")
    assert found_in(*((f"2026-{n:02}-10", amount) for n, amount in enumerate(amounts, 1))) == [(MONTHLY, 6, "29.90")]
    assert found_in(*((f"2026-{n:02}-{n * 5 - 4:02}", amount) for n, amount in enumerate(amounts, 1))) == []


def test_a_pair_a_year_apart_needs_the_same_amount_or_the_same_words() -> None:
    assert found_in(("2025-03-03", "62.40"), ("2026-03-03", "63.90")) == []
    words = (("2025-03-03", "62.40", "Liability 2025"), ("2026-03-03", "63.90", "Liability 2026"))
    assert found_in(*words) == [(("year", 1), 2, "63.90")]
    assert found_in(words[0], ("2026-03-03", "99.00", "Liability 2026")) == []
    [pair] = find([(source(), payments(*words))], TODAY)
    assert pair.confidence <= 55


def test_confidence_is_the_sum_of_its_reasons_and_falls_with_what_is_late() -> None:
    rows = payments(*((f"2026-{month:02}-10", "20.00") for month in range(1, 6)))
    [now] = find([(source(), rows)], date(2026, 6, 5))
    [late] = find([(source(), rows)], date(2026, 6, 25))
    assert now.confidence == sum(now.reasons.values()) == Decimal("96.0")
    assert late.confidence < now.confidence
    assert find([(source(), rows)], date(2026, 7, 15)) == []
    assert now.rhythm.next_on == date(2026, 6, 10)


def test_one_day_or_none_keeps_no_rhythm() -> None:
    assert rhythm_of([]) is None
    assert rhythm_of([TODAY]) is None


@pytest.mark.parametrize(
    ("days", "rule", "due"),
    [
        ("2026-05-25 2026-06-01 2026-06-08", "FREQ=WEEKLY;BYDAY=MO", "2026-05-25"),
        ("2026-05-05 2026-05-18 2026-06-01 2026-06-15", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-05-04"),
        ("2026-03-04 2026-04-05 2026-05-04 2026-06-04", "FREQ=MONTHLY;BYMONTHDAY=4", "2026-03-04"),
        ("2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-29", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31"),
        ("2025-09-14 2025-12-14 2026-03-13 2026-06-14", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=14", "2025-09-14"),
        ("2025-03-03 2026-03-03", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=3", "2025-03-03"),
    ],
)
def test_the_rule_of_a_rhythm_falls_on_the_days_that_were_paid_for(days: str, rule: str, due: str) -> None:
    [found] = find([(source(), payments(*((day, "20.00") for day in days.split())))], TODAY)
    assert rule_of(found) == rule
    paid_for = found.rhythm.due_days([payment.day for payment in found.series.payments])
    assert str(paid_for[0]) == due
    recurrence = Recurrence(parse(rule), paid_for[0])
    assert all(recurrence.includes(day) for day in [*paid_for, found.rhythm.next_on])
    assert len(set(paid_for)) == len(paid_for)


def _demo(today: date) -> tuple[list[Found], dict[UUID, str]]:
    groups: defaultdict[tuple[str, str, str], list[Payment]] = defaultdict(list)
    streams: dict[UUID, str] = {}
    for number, move in enumerate(plan.moves(plan.first_day(today), today)):
        if isinstance(move, Flow) and move.day > today - timedelta(days=775):
            row_id = UUID(int=number + 1)
            streams[row_id] = move.stream
            text = words_of(move.description)
            groups[move.account.name, move.direction, move.payee or ""].append(
                Payment(row_id, move.day, move.amount, text)
            )
    told = [
        (Source(ACCOUNT, direction, uuid5(plan.NAMESPACE, account + payee), payee), rows[-100:])  # type: ignore[arg-type]
        for (account, direction, payee), rows in groups.items()
    ]
    return find(told, today), streams


@pytest.mark.parametrize("today", [date(2026, 11, 21), date(2026, 3, 2), date(2025, 7, 31)])
def test_the_demo_has_its_rent_and_subscriptions_and_no_groceries(today: date) -> None:
    found, streams = _demo(today)
    sure = [each for each in found if each.confidence >= 60]
    named = [{streams[payment.id] for payment in each.series.payments} for each in sure]
    assert all(len(stream) == 1 for stream in named)
    assert {stream for (stream,) in named} == {
        "rent", "power", "heating", "water", "films", "music", "newspaper", "gym", "phone", "broadband", "cloud",
        "pass", "salary", "interest", "photos",
    }  # fmt: skip
    less_sure = {streams[each.series.payments[0].id] for each in found if each not in sure}
    assert less_sure >= {"car-insurance", "liability", "contents"}
    assert less_sure <= {"car-insurance", "liability", "contents", "bonus", "tax-refund"}


def scores(seeds: range, least: Decimal = Decimal(50)) -> tuple[Decimal, Decimal]:
    """Precision and recall over generated households: a series is right if nine tenths of it are what it should be."""
    right = told = wanted = 0
    for seed in seeds:
        history = Generator(seed).make()
        found = [
            frozenset(payment.id for payment in each.series.payments)
            for each in find(history.groups, TODAY)
            if each.confidence >= least
        ]
        told += len(found)
        wanted += len(history.regular)
        right += sum(
            any(len(series & truth) >= Decimal("0.9") * max(len(series), len(truth)) for truth in history.regular)
            for series in found
        )
    return Decimal(right) / told, Decimal(right) / wanted


def test_generated_households_are_read_right() -> None:
    precision, recall = scores(range(12))
    assert precision >= Decimal("0.97")
    assert recall >= Decimal("0.93")
