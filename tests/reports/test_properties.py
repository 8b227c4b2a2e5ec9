"""Every total of every report against filtering and summing the pages of the list of transactions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from app.core.database import Database
from app.reports.periods import Period, buckets
from tests.conftest import fresh_email
from tests.people import Person, expect, register
from tests.reports.slow_way import Line, Rates, lines, rounded, summed, total, unconverted

# The scenarios go through the same lines; measuring them here would cost minutes.
pytestmark = pytest.mark.no_cover

BEGINS = date(2025, 1, 20)
PERIODS = (
    Period(date(2025, 2, 1), date(2025, 3, 31)),
    Period(date(2025, 1, 25), date(2025, 4, 10)),
    Period(date(2025, 3, 3), date(2025, 3, 9)),
    Period(date(2024, 11, 20), date(2025, 10, 5)),
    Period(date(2024, 3, 1), date(2026, 2, 10)),
)
CURRENCIES = ("EUR", "USD", "JPY")
ENTRIES = st.tuples(
    st.sampled_from(["expense", "refund", "income", "loose out", "loose in", "transfer", "split"]),
    st.integers(0, 85),
    st.integers(1, 10**6),
    st.integers(0, 30),
)
CHANGES = st.tuples(
    st.sampled_from(["name", "move", "delete", "merge payees", "merge tags", "drop tag", "undo"]), st.integers(0, 30)
)


@bounded(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example is a hundred requests: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    entries=st.lists(ENTRIES, min_size=4, max_size=14),
    changes=st.lists(CHANGES, min_size=2, max_size=6),
    period=st.sampled_from(PERIODS),
)
async def test_reports_are_what_adding_up_gives(
    app: FastAPI,
    owner_database: Database,
    entries: list[tuple[str, int, int, int]],
    changes: list[tuple[str, int]],
    period: Period,
) -> None:
    person = await register(app, fresh_email())
    world = await World.make(person, owner_database)
    for entry in entries:
        await world.add(*entry)
    for change in changes:
        await world.change(*change)
    every = await lines(person)
    found = [line for line in every if period.first <= line.day <= period.last]
    asked = {"from": str(period.first), "to": str(period.last)}
    await check_totals(world, found, period, asked)
    await check_names(world, found, asked)
    await check_filters(world, found, asked)
    await check_other_currency(world, found, asked)
    await check_saved(world, found, period)
    await check_named(world, found, period)
    await check_worth(world, period)
    await person.check_integrity()
    await person.http.aclose()


class World:
    """A book with accounts in three currencies, rates with holes, categories in a tree, payees and tags."""

    def __init__(self, person: Person, rates: Rates) -> None:
        self.person, self.rates = person, rates
        self.accounts: list[dict[str, Any]] = []
        self.spending: list[str] = []
        self.earning: list[str] = []
        self.top: dict[str, str] = {}

    @classmethod
    async def make(cls, person: Person, database: Database) -> "World":
        world = cls(person, Rates(database, person))
        for code in CURRENCIES:
            opened = {"opening_balance": "1000", "opening_date": str(BEGINS)}
            world.accounts.append(await person.account(f"In {code}", currency=code, **opened))
        world.accounts.append(await person.account("Card", type="credit_card"))
        for week in range(14):  # a week in three has no rates
            if week % 3 != 2:
                day = str(BEGINS + timedelta(days=week * 10))
                await world.rates.put("USD", "EUR", day, f"0.9{week:02}1")
                await world.rates.put("JPY", "EUR", day, f"0.006{week:02}")
        food = (await person.category("Food x"))["id"]
        eating = (await person.category("Eating out", parent_id=food))["id"]
        home = (await person.category("Home x"))["id"]
        work = (await person.category("Work x", kind="income"))["id"]
        world.spending, world.earning = [food, eating, home], [work]
        world.top = {food: food, eating: food, home: home, work: work}
        return world

    async def add(self, what: str, days: int, units: int, pick: int) -> None:
        account = self.accounts[pick % 4]
        amount = str(units) if account["currency"] == "JPY" else str(Decimal(units).scaleb(-2))
        body: dict[str, Any] = {"date": str(BEGINS + timedelta(days)), "amount": amount, "account_id": account["id"]}
        body |= {} if pick % 5 == 0 else {"payee": f"Payee {pick % 3}"}
        body["tags"] = [f"tag {n}" for n in range(2) if pick >> n & 1]
        place = self.spending[pick % 3]
        if what == "transfer":
            other = self.accounts[(pick + 1) % 4]
            other_side = {} if account["currency"] == other["currency"] else {"to_amount": str(units)}
            await self.person.add(**body, type="transfer", to_account_id=other["id"], **other_side)
        elif what == "split":
            half = Decimal(amount).quantize(Decimal(1)) + 1
            parts = [{"amount": str(half), "category_id": place}, {"amount": str(Decimal(amount) - half + 2)}]
            await self.person.add(**{**body, "amount": str(Decimal(amount) + 2)}, splits=parts)
        else:
            kind = "expense" if what in {"expense", "loose out"} else "income"
            chosen = {"income": self.earning[0]}.get(what, place)
            loose = what.startswith("loose")
            await self.person.add(**body, type=kind, **({} if loose else {"category_id": chosen}))

    async def change(self, what: str, pick: int) -> None:
        """Edit, delete, merge or take back something of what there is."""
        http, book = self.person.http, f"/books/{self.person.book_id}"
        if what == "undo":
            revision = (await self.person.read(book))["revision"]
            answer = await http.post(f"{book}/undo", json={"revision": revision})
            assert answer.status_code in {200, 409}, answer.text  # what made an account in use is not undone
            return
        path = {"merge payees": "/payees", "merge tags": "/tags", "drop tag": "/tags"}.get(what, "/transactions")
        items = [item for item in (await self.person.read(path))["items"] if item.get("type") != "opening_balance"]
        if not items:
            return
        one, other = items[pick % len(items)], items[(pick + 1) % len(items)]
        if what == "name":
            body = {"payee": f"Payee {pick % 4}", "tags": [f"tag {n}" for n in range(2) if pick >> n & 1]}
            expect(await http.patch(f"/transactions/{one['id']}", json=body), 200)
        elif what == "move":
            body = {"date": str(BEGINS + timedelta(pick * 3))}
            expect(await http.patch(f"/transactions/{one['id']}", json=body), 200)
        elif what == "delete":
            assert (await http.delete(f"/transactions/{one['id']}")).status_code == 204
        elif what == "drop tag":
            assert (await http.delete(f"/tags/{one['id']}", params={"force": "true"})).is_success
        elif one["id"] != other["id"]:
            name = what.removeprefix("merge ")[:-1]
            expect(await http.post(f"{path}/{one['id']}/merge", json={f"{name}_ids": [other["id"]]}), 200)

    async def read(self, name: str, **asked: Any) -> Any:
        return await self.person.read(f"/reports/{name}", **asked)


def money(*amounts: Any) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)


def rows_of(items: Sequence[dict[str, Any]], key: str = "id") -> dict[Any, Decimal]:
    return {item[key]: Decimal(item["amount"]) for item in items if Decimal(item["amount"])}


async def check_totals(world: World, found: list[Line], period: Period, asked: dict[str, str]) -> None:
    income, expenses = total(found)
    missing = unconverted(found)
    trends = await world.read("trends", **asked)
    assert money(trends["total_income"], trends["total_expenses"]) == (income, expenses)
    assert [(u["currency"], *money(u["income"], u["expenses"])) for u in trends["unconverted"]] == missing
    for start_day, by in ((1, "month"), (23, "month"), (1, "quarter"), (1, "year")):
        document = await world.read("savings-rate", **asked, start_day=start_day, by=by)
        wanted = buckets(period, by, start_day)  # type: ignore[arg-type]
        assert [p["month"] for p in document["points"]] == [bucket.name for bucket in wanted]
        for point, bucket in zip(document["points"], wanted, strict=True):
            inside = total(line for line in found if bucket.first <= line.day <= bucket.last)
            assert money(point["income"], point["expenses"]) == inside
            rate = (inside[0] - inside[1]) * 100 / inside[0] if inside[0] > 0 else None
            shown = point["savings_rate"]
            assert (rate is None and shown is None) or rate.quantize(Decimal("0.01")) == Decimal(shown)  # type: ignore[union-attr]
    for place, kind in enumerate(("income", "expense")):
        sums = summed(found, lambda line: line.category and world.top[line.category])
        categories = await world.read("categories", **asked, kind=kind)
        assert Decimal(categories["total"]) == total(found)[place]
        assert rows_of(categories["items"], "category_id") == {k: v[place] for k, v in sums.items() if v[place]}
        weekdays = await world.read("weekdays", **asked, kind=kind)
        days = summed(found, lambda line: line.day.isoweekday())
        assert rows_of(weekdays["items"], "weekday") == {k: v[place] for k, v in days.items() if v[place]}
    statement = await world.read("income-statement", **asked, compare="none")
    assert money(statement["income"]["amount"], statement["expenses"]["amount"]) == (income, expenses)
    for levels in ("1", "2"):
        check_flow(await world.read("cashflow", **asked, levels=levels))


def check_flow(document: dict[str, Any]) -> None:
    """What goes into a node equals what goes through it and, but for the ends, what goes out of it."""
    into, out = [dict.fromkeys(range(len(document["nodes"])), Decimal(0)) for _ in range(2)]
    for link in document["links"]:
        amount = Decimal(link["amount"])
        assert amount > 0
        out[link["source"]] += amount
        into[link["target"]] += amount
    for node in document["nodes"]:
        amount = Decimal(node["amount"])
        assert max(into[node["id"]], out[node["id"]]) == amount
        if node["kind"] == "hub":
            assert into[node["id"]] == out[node["id"]] == amount
    saved = sum(
        (Decimal(n["amount"]) * (1 if into[n["id"]] else -1) for n in document["nodes"] if n["kind"] == "savings"),
        Decimal(0),
    )
    assert saved == Decimal(document["net"])


async def check_names(world: World, found: list[Line], asked: dict[str, str]) -> None:
    for place, kind in enumerate(("income", "expense")):
        payees = await world.read("payees", **asked, kind=kind)
        by_payee = summed(found, lambda line: line.payee or "Without a payee")
        assert rows_of(payees["items"], "name") == {k: v[place] for k, v in by_payee.items() if v[place]}
        assert Decimal(payees["total"]) == total(found)[place]
        tags = await world.read("tags", **asked, kind=kind)
        each = {name: total(line for line in found if name in line.tags)[place] for name in ("tag 0", "tag 1")}
        each["Without a tag"] = total(line for line in found if not line.tags)[place]
        assert rows_of(tags["items"], "name") == {k: v for k, v in each.items() if v}
        largest = await world.read("largest", **asked, kind=kind, limit=100)
        by_transaction = summed(found, lambda line: line.transaction)
        wanted = {k: v[place] for k, v in by_transaction.items() if v[place] > 0}
        assert rows_of(largest["items"], "transaction_id") == wanted
        amounts = [Decimal(item["amount"]) for item in largest["items"]]
        assert amounts == sorted(amounts, reverse=True)


async def check_filters(world: World, found: list[Line], asked: dict[str, str]) -> None:
    account, food = world.accounts[0]["id"], world.spending[0]
    here = [line for line in found if line.account == account]
    eaten = [line for line in found if line.category in world.spending[:2]]
    both = [line for line in eaten if line.account in {account, world.accounts[3]["id"]}]
    tagged = [line for line in found if "tag 1" in line.tags and line.whole >= 100]
    for chosen, extra, names in (
        (here, {"account_id": account}, ("trends", "savings-rate", "cashflow")),
        (eaten, {"category_id": food}, ("trends", "savings-rate", "cashflow")),
        (both, {"category_id": food, "account_id": [account, world.accounts[3]["id"]]}, ("trends",)),
    ):
        for name in names:
            document = await world.read(name, **asked, **extra)
            assert money(document["total_income"], document["total_expenses"]) == total(chosen), name
        assert Decimal((await world.read("payees", **asked, **extra))["total"]) == total(chosen)[1]
    if any(line.tags and "tag 1" in line.tags for line in await lines(world.person)):
        payees = await world.read("payees", **asked, tag="TAG 1", min_amount="100")
        assert Decimal(payees["total"]) == total(tagged)[1]


async def check_named(world: World, found: list[Line], period: Period) -> None:
    """What one payee, one tag and two of them got, by month and by category."""
    keys: dict[str, Any] = {"month": lambda line: f"{line.day:%Y-%m}", "category": lambda line: line.category}
    for name in ("payee", "tag"):
        named = {item["name"]: item["id"] for item in (await world.person.read(f"/{name}s"))["items"]}
        for chosen in (list(named)[:1], list(named)[:2]):
            if not chosen:
                continue
            inside = [line for line in found if set(chosen) & (set(line.tags) if name == "tag" else {line.payee})]
            for dimension, key in keys.items():
                filters = {"period": f"{period.first}..{period.last}", f"{name}_ids": [named[each] for each in chosen]}
                body = {"name": "N", "measures": ["income", "expenses", "count"], "dimensions": [dimension]}
                made = expect(await world.person.http.post("/reports/saved", json={**body, "filters": filters}), 201)
                document = await world.read(f"saved/{made['id']}/run")
                rows = {
                    row["labels"][0]["id" if dimension == "category" else "name"]: money(
                        row["values"]["income"], row["values"]["expenses"]
                    )
                    for row in document["rows"]
                }
                sums = summed(inside, key)
                assert {k: v for k, v in rows.items() if any(v)} == {k: v for k, v in sums.items() if any(v)}, chosen
                assert document["totals"]["count"] == len(inside)


async def check_other_currency(world: World, found: list[Line], asked: dict[str, str]) -> None:
    converted = await world.rates.convert(found, "USD")
    document = await world.read("trends", **asked, currency="USD")
    assert document["currency"] == "USD"
    assert money(document["total_income"], document["total_expenses"]) == total(converted)
    assert [(u["currency"], *money(u["income"], u["expenses"])) for u in document["unconverted"]] == unconverted(
        converted
    )


async def check_saved(world: World, found: list[Line], period: Period) -> None:
    filters = {"period": f"{period.first}..{period.last}"}
    keys: dict[str, Any] = {
        "month": lambda line: f"{line.day:%Y-%m}",
        "category": lambda line: line.category,
        "top_category": lambda line: line.category and world.top[line.category],
        "account": lambda line: line.account,
        "payee": lambda line: line.payee or "Without a payee",
        "weekday": lambda line: f"{line.day:%A}",
    }
    for dimensions in (["month", "category"], ["account", "weekday"], ["payee", "month", "top_category"], []):
        body = {"name": "S", "measures": ["income", "expenses", "net", "count"], "dimensions": dimensions}
        made = expect(
            await world.person.http.post("/reports/saved", json={**body, "filters": filters, "limit": 1000}), 201
        )
        document = await world.read(f"saved/{made['id']}/run")
        sums = summed(found, lambda line: tuple(keys[name](line) for name in dimensions))  # noqa: B023
        rows = {}
        for row in document["rows"]:
            key = tuple(
                label["id"] if label["dimension"] in {"category", "top_category", "account"} else label["name"]
                for label in row["labels"]
            )
            amounts = money(row["values"]["income"], row["values"]["expenses"])
            assert Decimal(row["values"]["net"]) == amounts[0] - amounts[1]
            rows[key] = amounts
        assert {k: v for k, v in rows.items() if any(v)} == {k: v for k, v in sums.items() if any(v)}, dimensions
        assert sum(row["values"]["count"] for row in document["rows"]) == len(found)
        assert money(document["totals"]["income"], document["totals"]["expenses"]) == total(found)
        assert document["totals"]["count"] == len(found)


async def check_worth(world: World, period: Period) -> None:
    """Net worth at month ends is what the accounts held then, each converted by the day's rate."""
    asked = {"from": str(period.first), "to": str(period.last)}
    for currency in ("EUR", "USD"):
        document = await world.read("networth", **asked, currency=currency)
        for point in document["points"]:
            net, owed, missing = Decimal(0), Decimal(0), defaultdict[str, Decimal](Decimal)
            for account in world.accounts:
                balance = Decimal(await world.person.balance(account, at=point["date"]))
                rate = await world.rates.at(account["currency"], currency, date.fromisoformat(point["date"]))
                if rate is None and balance:
                    missing[account["currency"]] += balance
                worth = Decimal(0) if rate is None else rounded(balance * rate)
                net += worth
                owed -= worth if account["type"] == "credit_card" else 0
            assert money(point["net_worth"], point["liabilities"], point["assets"]) == (net, owed, net + owed)
            told = [u for u in document["unconverted"] if u["date"] == point["date"]]
            assert {u["currency"]: Decimal(u["amount"]) for u in told} == missing
    sheet = await world.read("balance-sheet", at=str(period.last), against=str(period.first))
    for name, day in (("amount", period.last), ("previous", period.first)):
        point = (await world.read("networth", **{"from": str(day), "to": str(day)}))["points"][0]
        assert sheet["net_worth"][name] == point["net_worth"]
