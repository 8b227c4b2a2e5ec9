"""Random budgets over random transactions, against plain arithmetic that knows neither totals nor periods by number."""

import os
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from dateutil.relativedelta import relativedelta
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from tests.budgets.helpers import today_is
from tests.conftest import fresh_email
from tests.people import Person, expect, register

pytestmark = pytest.mark.no_cover

EXAMPLES = int(os.environ.get("BUDGET_EXAMPLES", "4"))
"""More for a long run by hand."""
TODAY = date(2026, 3, 10)
FIRST = date(2023, 12, 1)
SPAN = (TODAY - FIRST).days
PARENTS = [None, 0, 1, None]
"""Of the categories, by position; everything below a budgeted one counts."""
STEPS = {
    "weekly": relativedelta(weeks=1), "biweekly": relativedelta(weeks=2), "monthly": relativedelta(months=1),
    "quarterly": relativedelta(months=3), "yearly": relativedelta(years=1),
}  # fmt: skip
ANCHORS = [date(2023, 12, 29), date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 23), date(2024, 2, 29)]

CENTS = st.integers(1, 30_000).map(lambda cents: Decimal(cents).scaleb(-2))
DAYS = st.one_of(
    st.integers(0, SPAN).map(lambda days: FIRST + timedelta(days)),
    st.sampled_from([date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 12, 31), date(2025, 2, 28)]),
)
PLACES = st.sampled_from([0, 1, 2, 3, None])


class Entry(NamedTuple):
    """An expense or, if `back`, money that came back; in one category or half in each of two."""

    day: date
    amount: Decimal
    place: int | None
    other: int | None
    split: bool
    back: bool


class Plan(NamedTuple):
    """A budget, the days from which another amount holds, and what was put into it when."""

    kind: str
    period: str
    every: int
    unit: str
    start: date
    rollover: str
    places: list[int]
    amount: Decimal
    changes: list[tuple[date, Decimal]]
    assigned: list[tuple[date, Decimal]]

    @property
    def step(self) -> relativedelta:
        return STEPS.get(self.period) or relativedelta(**{f"{self.unit}s": self.every})


ENTRIES = st.builds(Entry, DAYS, CENTS, PLACES, PLACES, st.booleans(), st.sampled_from([False, False, False, True]))
PLANS = st.builds(
    Plan,
    kind=st.sampled_from(["limit", "envelope"]),
    period=st.sampled_from([*STEPS, "custom"]),
    every=st.integers(1, 20),
    unit=st.sampled_from(["day", "week", "month", "year"]),
    start=st.sampled_from(ANCHORS),
    rollover=st.sampled_from(["none", "surplus", "deficit", "both"]),
    places=st.lists(st.sampled_from(range(len(PARENTS))), unique=True, max_size=2),
    amount=CENTS,
    changes=st.lists(st.tuples(DAYS, CENTS), max_size=2),
    assigned=st.lists(st.tuples(DAYS, CENTS), max_size=3),
)


def periods(plan: Plan) -> list[tuple[date, date]]:
    """From the start to today, one after another."""
    found = []
    number = 0
    while (begin := plan.start + plan.step * number) <= TODAY:
        found.append((begin, plan.start + plan.step * (number + 1) - timedelta(days=1)))
        number += 1
    return found


def below(places: list[int]) -> set[int | None]:
    counted: set[int | None] = set(places)
    for place, parent in enumerate(PARENTS):  # a parent stands before its children
        if parent in counted and parent is not None:
            counted.add(place)
    return counted or {*range(len(PARENTS)), None}


def lines(entry: Entry) -> list[tuple[int | None, Decimal]]:
    """What it spends in each category."""
    sign = -1 if entry.back else 1
    if not entry.split or entry.amount < Decimal("0.02"):
        return [(entry.place, sign * entry.amount)]
    half = (entry.amount / 2).quantize(Decimal("0.01"))
    return [(entry.place, sign * half), (entry.other, sign * (entry.amount - half))]


def spent(plan: Plan, entries: list[Entry], begin: date, end: date) -> Decimal:
    counted = below(plan.places)
    found = Decimal(0)
    for entry in entries:
        if begin <= entry.day <= end:
            for place, amount in lines(entry):
                if place in counted and (place is not None or amount > 0):  # what came in without a category is income
                    found += amount
    return found


def expected(plan: Plan, entries: list[Entry]) -> list[tuple[date, date, Decimal, Decimal, Decimal]]:
    """First and last day, amount, carried and spent of each period."""
    found = []
    carried = Decimal(0)
    for begin, end in periods(plan):
        held = [amount for day, amount in sorted(_changes(plan).items()) if day <= begin]
        if plan.kind == "envelope":
            held = [sum((a for day, a in plan.assigned if begin <= day <= end), Decimal(0))]
        out = spent(plan, entries, begin, end)
        found.append((begin, end, held[-1], carried, out))
        rest = held[-1] + carried - out
        clip = {"none": Decimal(0), "surplus": max(rest, Decimal(0)), "deficit": min(rest, Decimal(0)), "both": rest}
        carried = clip[plan.rollover]
    return found


def _changes(plan: Plan) -> dict[date, Decimal]:
    """The amounts by the first day of the period that each was set in; the last one set for a period holds."""
    found = {plan.start: plan.amount}
    for day, amount in plan.changes:
        for begin, end in periods(plan):
            if begin <= day <= end:
                found[begin] = amount
    return found


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    today_is(monkeypatch, str(TODAY))


@bounded(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRIES, max_size=12), plans=st.lists(PLANS, min_size=3, max_size=5))
async def test_budgets_are_what_adding_up_gives(app: FastAPI, entries: list[Entry], plans: list[Plan]) -> None:
    person = await register(app, fresh_email())
    account, tree = await person.account(), await plant(person)
    plans = [plan._replace(assigned=[a for a in plan.assigned if a[0] >= plan.start]) for plan in plans]
    made = [await begin(person, plan, tree) for plan in plans]
    ids = await write(person, account["id"], tree, entries)
    await compare(person, plans, made, entries)
    if entries:  # what is edited and undone counts as if it never was
        gone = expect(await person.http.delete(f"/transactions/{ids[0]}"), 204)
        assert gone is None
        await compare(person, plans[:1], made[:1], entries[1:])
        revision = (await person.read(f"/books/{person.book_id}"))["revision"]
        expect(await person.http.post(f"/books/{person.book_id}/undo", json={"revision": revision}), 200)
        await compare(person, plans[:1], made[:1], entries)
    await person.check_integrity()
    await person.http.aclose()


@bounded(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(ENTRIES, min_size=3, max_size=12), plan=PLANS)
async def test_the_sums_below_a_category_are_its_own(app: FastAPI, entries: list[Entry], plan: Plan) -> None:
    """A budget over two branches is the sum of one over each; so is one over everything, with what has no category."""
    person = await register(app, fresh_email())
    account, tree = await person.account(), await plant(person)
    entries = [entry._replace(place=entry.place or 1, other=entry.other or 2) for entry in entries]
    base = plan._replace(kind="limit", rollover="none", changes=[], assigned=[])
    over = {
        name: await begin(person, base._replace(places=places), tree)
        for name, places in {"root": [0], "child": [1], "other": [3], "both": [0, 3], "all": []}.items()
    }
    await write(person, account["id"], tree, entries)
    shown = {name: [p["spent"] for p in await history(person, row["id"])] for name, row in over.items()}
    assert shown["root"] == shown["child"]  # nothing is in the root itself
    sums = [f"{Decimal(a) + Decimal(b):.2f}" for a, b in zip(shown["root"], shown["other"], strict=True)]
    assert shown["both"] == sums == shown["all"]
    await person.http.aclose()


async def plant(person: Person) -> list[str]:
    tree: list[str] = []
    for place, parent in enumerate(PARENTS):
        made = await person.category(f"Node {place}", parent_id=None if parent is None else tree[parent])
        tree.append(made["id"])
    return tree


async def begin(person: Person, plan: Plan, tree: list[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": "Plan", "kind": plan.kind, "amount": str(plan.amount), "period": plan.period,
        "start_date": str(plan.start), "rollover": plan.rollover, "category_ids": [tree[p] for p in plan.places],
        "thresholds": ["100"],
    }  # fmt: skip
    if plan.period == "custom":
        body |= {"every": plan.every, "unit": plan.unit}
    made: dict[str, Any] = expect(await person.http.post("/budgets", json=body), 201)
    url = f"/budgets/{made['id']}"
    for day, amount in plan.changes:
        if day >= plan.start:
            expect(await person.http.post(f"{url}/amounts", json={"from": str(day), "amount": str(amount)}), 201)
    if plan.kind == "envelope":
        for day, amount in plan.assigned:
            expect(await person.http.post(f"{url}/assign", json={"date": str(day), "amount": str(amount)}), 201)
    return made


async def write(person: Person, account_id: str, tree: list[str], entries: list[Entry]) -> list[str]:
    operations = []
    for entry in entries:
        kind = "income" if entry.back else "expense"
        parts = [
            {"category_id": None if place is None else tree[place], "amount": str(abs(amount))}
            for place, amount in lines(entry)
        ]
        body: dict[str, Any] = {"type": kind, "date": str(entry.day), "amount": str(entry.amount)}
        body |= {"account_id": account_id}
        body |= {"splits": parts} if len(parts) > 1 else {"category_id": parts[0]["category_id"]}
        operations.append({"op": "create", "transaction": body})
    if not operations:
        return []
    answer = await person.http.post("/transactions/bulk", json={"mode": "atomic", "operations": operations})
    return [result["transaction"]["id"] for result in expect(answer, 200)["results"]]


async def history(person: Person, budget_id: str) -> list[dict[str, Any]]:
    found = await person.read(f"/budgets/{budget_id}/history", periods=500)
    return list(reversed(found["items"]))


async def compare(person: Person, plans: list[Plan], made: list[dict[str, Any]], entries: list[Entry]) -> None:
    for plan, row in zip(plans, made, strict=True):
        wanted = expected(plan, entries)[-500:]
        shown = await history(person, row["id"])
        assert [
            (p["period_start"], p["period_end"], p["amount"], p["carried"], p["spent"], p["remaining"]) for p in shown
        ] == [
            (str(begin), str(end), f"{amount:.2f}", f"{carried:.2f}", f"{out:.2f}", f"{amount + carried - out:.2f}")
            for begin, end, amount, carried, out in wanted
        ], plan
