"""Any month against a plain computation over its transactions, and what a report costs."""

import os
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.core.config import Settings
from tests.conftest import fresh_email
from tests.imports.uploads import bring_in, statement
from tests.people import Person, expect, register
from tests.servers import quiet

# The rest of the suite goes through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

# A tree by position: each category's parent stands before it.
TREE = {"expense": [None, 0, 0, 1, None], "income": [None, 0, None]}

EXAMPLES = int(os.environ.get("REPORT_EXAMPLES", "6"))
AMOUNTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
ENTRIES = st.tuples(
    st.sampled_from(["expense", "refund", "income", "loose out", "loose in", "transfer"]),
    st.integers(0, 40),
    AMOUNTS,
    st.integers(0, 10),
)


@bounded(
    max_examples=int(os.environ.get("REPORT_EXAMPLES", "6")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(entries=st.lists(ENTRIES, max_size=12))
async def test_a_report_is_what_adding_up_gives(app: FastAPI, entries: list[tuple[str, int, Decimal, int]]) -> None:
    person = await register(app, fresh_email())
    account, other = await person.account(opening_balance="3.00", opening_date="2025-02-20"), await person.account("B")
    trees = {kind: await plant(person, kind) for kind in TREE}
    own: dict[str, dict[int | None, Decimal]] = {"expense": defaultdict(Decimal), "income": defaultdict(Decimal)}
    for what, days, amount, pick in entries:
        day = date(2025, 2, 20) + timedelta(days)
        side = "income" if what in {"income", "loose in"} else "expense"
        place = None if what.startswith("loose") else pick % len(TREE[side])
        body: dict[str, Any] = {"date": str(day), "amount": str(amount), "account_id": account["id"]}
        if what == "transfer":
            await person.add(**body, type="transfer", to_account_id=other["id"])
            continue
        kind = "expense" if what in {"expense", "loose out"} else "income"
        chosen = {} if place is None else {"category_id": trees[side][place]}
        await person.add(**body, **chosen, type=kind)
        if (day.year, day.month) == (2025, 3):
            own[side][place] += -amount if what == "refund" else amount
    found = await person.read("/reports/monthly", year=2025, month=3)
    totals = {side: sum(amounts.values(), Decimal(0)) for side, amounts in own.items()}
    assert Decimal(found["total_income"]) == totals["income"]
    assert Decimal(found["total_expenses"]) == totals["expense"]
    assert Decimal(found["net"]) == totals["income"] - totals["expense"]
    for side, key in (("income", "income"), ("expense", "expenses")):
        assert flat(found[key], None) == expected(own[side], TREE[side], trees[side], totals[side])
    await person.check_integrity()
    await person.http.aclose()


async def plant(person: Person, kind: str) -> list[str]:
    ids: list[str] = []
    for number, parent in enumerate(TREE[kind]):
        above = {} if parent is None else {"parent_id": ids[parent]}
        ids.append((await person.category(f"{kind} {number}", kind=kind, **above))["id"])
    return ids


def expected(
    own: dict[int | None, Decimal], parents: list[int | None], ids: list[str], total: Decimal
) -> dict[Any, Any]:
    """By category: its parent, its amount with all below, its share. Only what moved, and what is above that."""
    amounts: dict[int | None, Decimal] = defaultdict(Decimal)
    for place, amount in own.items():
        step = place
        while True:
            amounts[step] += amount
            if step is None or parents[step] is None:
                break
            step = parents[step]
    rows: dict[Any, Any] = {}
    for place, amount in amounts.items():
        if place is None and not amount:
            continue
        parent = None if place is None else parents[place]
        share = (amount * 100 / total).quantize(Decimal("0.01")) if total else Decimal(0)
        rows[None if place is None else ids[place]] = (None if parent is None else ids[parent], amount, share)
    return rows


def flat(nodes: list[dict[str, Any]], parent: str | None) -> dict[Any, Any]:
    rows: dict[Any, Any] = {}
    for node in nodes:
        rows[node["category_id"]] = (parent, Decimal(node["amount"]), Decimal(node["share"]))
        rows |= flat(node["children"], node["category_id"])
    ordered = [node["amount"] for node in nodes if node["category_id"]]
    assert ordered == sorted(ordered, key=Decimal, reverse=True)
    return rows


async def test_a_report_reads_totals_and_no_transactions(settings: Settings) -> None:
    async with quiet(settings) as app:
        person = await register(app, fresh_email())
        await app.state.database.engine.dispose()  # connections that are open by now are not listened to
        seen: list[str] = []
        app.state.database.count_statements(seen.append)
        account = await person.account()
        costs = []
        for rows in (0, 1, 500):
            await bring_in(person, account, statement(*(f"2025-03-10,P{n},D{rows},-1.00" for n in range(rows))))
            seen.clear()
            expect(await person.get("/reports/monthly", year=2025, month=3), 200)
            costs.append(len(seen))
        assert len(set(costs)) == 1
        assert costs[0] <= 5
        assert not [text for text in seen if "postings" in text or "transactions" in text]
        assert [text for text in seen if "monthly_totals" in text]
        seen.clear()
        tag = (await person.get("/reports/monthly", year=2025, month=3)).headers["etag"]
        seen.clear()
        await person.http.get("/reports/monthly?year=2025&month=3", headers={"If-None-Match": tag})
        assert not [text for text in seen if "monthly_totals" in text]
        await person.check_integrity()
        await person.http.aclose()
