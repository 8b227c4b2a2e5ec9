"""Reports over HTTP: their shapes, filters, comparisons, what they refuse, and what they hand over to files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.access.acting import open_as
from app.core.config import Settings
from app.core.database import Database
from app.rendering.model import Chart, Table
from app.reports.registry import REPORTS
from tests.conftest import fresh_email
from tests.people import Person, expect, fields, problem, register
from tests.reports.slow_way import Rates
from tests.security.household import join
from tests.servers import quiet

YEAR = {"from": "2025-01-01", "to": "2025-12-31"}


@pytest.fixture
async def book(kim: Person) -> dict[str, Any]:
    """Two months of a household, a loan, a refund above the spending, and another currency without a rate."""
    account = await kim.account(opening_balance="1000.00", opening_date="2024-12-01")
    loan = await kim.account("Car", type="loan", opening_balance="-500.00", opening_date="2024-12-01")
    yen = await kim.account("Yen", currency="JPY")
    home = await kim.category("Home x")
    energy = await kim.category("Energy x", parent_id=home["id"])
    tools = await kim.category("Tools x")
    work = await kim.category("Work x", kind="income")
    here = {"account_id": account["id"]}
    for month, pay, heat in (("2024-12", "900", "80"), ("2025-01", "1000", "100"), ("2025-02", "1100", "50")):
        await kim.add(**here, type="income", date=f"{month}-28", amount=pay, category_id=work["id"], payee="Employer")
        await kim.add(**here, date=f"{month}-05", amount=heat, category_id=energy["id"], payee="Grid", tags=["fixed"])
    await kim.add(
        **here, date="2025-01-07", amount="300", category_id=home["id"], payee="Landlord", tags=["fixed", "x"]
    )
    await kim.add(**here, type="income", date="2025-02-08", amount="25", category_id=tools["id"], payee="Shop")
    await kim.add(**here, date="2025-02-24", amount="12.34")
    await kim.add(account_id=yen["id"], date="2025-02-10", amount="5000", category_id=home["id"])
    await kim.add(**here, type="transfer", date="2025-02-11", amount="50", to_account_id=loan["id"])
    return {"account": account, "loan": loan, "yen": yen, "home": home, "energy": energy, "tools": tools, "work": work}


async def test_trends_and_savings(kim: Person, book: dict[str, Any]) -> None:
    found = await kim.read("/reports/trends", **{"from": "2025-01-01", "to": "2025-02-28"})
    assert [(p["month"], p["from"], p["to"], p["income"], p["expenses"], p["net"]) for p in found["points"]] == [
        ("2025-01", "2025-01-01", "2025-01-31", "1000.00", "400.00", "600.00"),
        ("2025-02", "2025-02-01", "2025-02-28", "1100.00", "37.34", "1062.66"),
    ]
    assert [(c["kind"], c["name"], c["amounts"], c["total"]) for c in found["categories"]] == [
        ("income", "Work x", ["1000.00", "1100.00"], "2100.00"),
        ("expense", "Home x", ["400.00", "50.00"], "450.00"),
        ("expense", "Uncategorised", ["0.00", "12.34"], "12.34"),
        ("expense", "Tools x", ["0.00", "-25.00"], "-25.00"),
    ]
    assert {b["name"]: b["balances"] for b in found["balances"]} == {
        "Checking": ["2420.00", "3432.66"],
        "Car": ["-500.00", "-450.00"],
        "Yen": ["0", "-5000"],
    }
    assert found["unconverted"] == [{"currency": "JPY", "income": "0", "expenses": "5000"}]
    quarter = await kim.read("/reports/savings-rate", **YEAR, by="quarter")
    assert [(p["month"], p["savings_rate"]) for p in quarter["points"]] == [
        ("2025-Q1", "79.17"),
        ("2025-Q2", None),
        ("2025-Q3", None),
        ("2025-Q4", None),
    ]
    assert quarter["savings_rate"] == "79.17"
    own = await kim.read("/reports/trends", period="2025-01-23..2025-03-22", start_day=23)
    assert [(p["month"], p["income"], p["expenses"]) for p in own["points"]] == [
        ("2025-01", "1000.00", "25.00"),
        ("2025-02", "1100.00", "12.34"),
    ]
    present = (await kim.read("/reports/trends"))["points"]
    assert (len(present), present[-1]["month"]) == (6, f"{datetime.now(UTC):%Y-%m}")


async def test_a_month_of_ones_own(kim: Person, book: dict[str, Any]) -> None:
    found = await kim.read("/reports/monthly", year=2025, month=1, start_day=23)
    assert (found["from"], found["to"]) == ("2025-01-23", "2025-02-22")
    assert (found["total_income"], found["total_expenses"], found["net"]) == ("1000.00", "25.00", "975.00")
    only = await kim.read("/reports/monthly", year=2025, month=1, category_id=book["home"]["id"])
    assert (only["total_income"], only["total_expenses"]) == ("0.00", "400.00")


async def test_categories_with_their_trend(kim: Person, book: dict[str, Any]) -> None:
    found = await kim.read("/reports/categories", period="2025-01-01..2025-01-31")
    (home,) = found["items"]
    assert (home["name"], home["amount"], home["share"], home["children"][0]["amount"]) == (
        "Home x", "400.00", "100.00", "100.00",
    )  # fmt: skip
    assert [(t["month"], t["amount"]) for t in home["trend"]][-3:] == [
        ("2024-11", "0.00"), ("2024-12", "80.00"), ("2025-01", "400.00"),
    ]  # fmt: skip
    assert len(home["trend"]) == 6
    assert (found["total"], found["unconverted"]) == ("400.00", [])
    income = await kim.read("/reports/categories", **YEAR, kind="income")
    assert [(item["name"], item["amount"]) for item in income["items"]] == [("Work x", "2100.00")]
    present = await kim.read("/analytics/categories")
    assert (present["items"], present["kind"]) == ([], "expense")
    assert present == await kim.read("/reports/categories", period="month")
    first = await kim.read("/reports/categories", period="1900-01-01..1900-01-31")
    assert first["items"] == []


async def test_cash_flow_balances_whichever_way_money_went(kim: Person, book: dict[str, Any]) -> None:
    found = await kim.read("/reports/cashflow", period="2025-02-01..2025-02-28")
    names = [node["name"] for node in found["nodes"]]
    links = {(names[x["source"]], names[x["target"]]): x["amount"] for x in found["links"]}
    assert links == {
        ("Work x", "Income"): "1100.00",
        ("Tools x", "Income"): "25.00",
        ("Income", "Home x"): "50.00",
        ("Income", "Uncategorised"): "12.34",
        ("Income", "Savings"): "1062.66",
    }
    deep = await kim.read("/reports/cashflow", period="2025-01-01..2025-01-27", levels="2")
    names = [node["name"] for node in deep["nodes"]]
    links = {(names[x["source"]], names[x["target"]]): x["amount"] for x in deep["links"]}
    assert links == {
        ("From savings", "Income"): "400.00",
        ("Income", "Home x"): "400.00",
        ("Home x", "Energy x"): "100.00",
    }
    assert (await kim.read("/reports/cashflow", period="2020-01-01..2020-01-31"))["nodes"] == []


async def test_statements_side_by_side(kim: Person, book: dict[str, Any]) -> None:
    found = await kim.read("/reports/income-statement", period="2025-02-01..2025-02-28")
    assert found["previous"] == {"from": "2025-01-01", "to": "2025-01-31"}
    assert found["net"] == {"amount": "1062.66", "previous": "600.00", "change": "462.66", "change_percent": "77.11"}
    home = next(item for item in found["expense_items"] if item["name"] == "Home x")
    assert (home["amount"], home["previous"], home["change_percent"]) == ("50.00", "400.00", "-87.50")
    assert [child["name"] for child in home["children"]] == ["Energy x"]
    tools = next(item for item in found["expense_items"] if item["name"] == "Tools x")
    assert (tools["amount"], tools["previous"], tools["change_percent"]) == ("-25.00", "0.00", None)
    assert found["expense_items"][-1]["category_id"] is None
    assert (len(found["unconverted"]), found["previous_unconverted"]) == (1, [])
    year = await kim.read("/reports/income-statement", period="2025-12-01..2025-12-31", compare="year")
    assert (year["previous"]["from"], year["income"]["previous"]) == ("2024-12-01", "900.00")
    alone = await kim.read("/reports/income-statement", **YEAR, compare="none")
    assert (alone["previous"], alone["net"]["previous"]) == (None, None)
    sheet = await kim.read("/reports/balance-sheet", at="2025-02-28", compare="month")
    assert sheet["previous_at"] == "2025-01-31"
    assert (sheet["total_assets"]["amount"], sheet["total_liabilities"]["amount"]) == ("3432.66", "450.00")
    assert (sheet["net_worth"]["amount"], sheet["net_worth"]["previous"]) == ("2982.66", "1920.00")
    assert [(line["name"], line["amount"], line["balance"]) for line in sheet["assets"]] == [
        ("Checking", "3432.66", "3432.66"), ("Yen", None, "-5000"),
    ]  # fmt: skip
    assert [(line["name"], line["amount"], line["previous"]) for line in sheet["liabilities"]] == [
        ("Car", "450.00", "500.00")
    ]
    assert sheet["unconverted"] == [{"currency": "JPY", "date": "2025-02-28", "amount": "-5000"}]
    leap = await kim.read("/reports/balance-sheet", at="2024-02-29", compare="year")
    assert leap["previous_at"] == "2023-02-28"
    alone = await kim.read("/reports/balance-sheet", at="2025-02-28", compare="none", account_id=book["loan"]["id"])
    assert (alone["previous_at"], alone["net_worth"]["amount"], alone["assets"]) == (None, "-450.00", [])
    middle = await kim.read("/reports/balance-sheet", at="2025-02-10", against="2025-02-20")
    assert (middle["net_worth"]["amount"], middle["net_worth"]["previous"]) == ("1895.00", "1895.00")


async def test_payees_tags_and_what_was_largest(kim: Person, book: dict[str, Any]) -> None:
    payees = await kim.read("/reports/payees", **YEAR, limit=2)
    assert [(item["name"], item["amount"], item["count"]) for item in payees["items"]] == [
        ("Landlord", "300.00", 1), ("Grid", "150.00", 2),
    ]  # fmt: skip
    assert (payees["total"], payees["more"]) == ("437.34", 2)
    tags = await kim.read("/reports/tags", **YEAR)
    assert {item["name"]: item["amount"] for item in tags["items"]} == {
        "fixed": "450.00", "x": "300.00", "Without a tag": "-12.66",
    }  # fmt: skip
    assert (await kim.read("/reports/tags", **YEAR, tag="FIXED", max_amount="100"))["total"] == "150.00"
    grid = next(item["id"] for item in payees["items"] if item["name"] == "Grid")
    assert (await kim.read("/reports/largest", **YEAR, payee_id=grid))["items"][0]["amount"] == "100.00"
    largest = await kim.read("/reports/largest", **YEAR, kind="income", limit=1)
    (item,) = largest["items"]
    assert (item["date"], item["payee"], item["category"], item["account"], item["amount"]) == (
        "2025-02-28", "Employer", "Work x", "Checking", "1100.00",
    )  # fmt: skip
    week = await kim.read("/reports/weekdays", period="2025-02-03..2025-02-09", category_id=book["energy"]["id"])
    assert [(d["name"], d["amount"], d["average"]) for d in week["items"] if d["amount"] != "0.00"] == [
        ("Wednesday", "50.00", "50.00")
    ]


async def test_net_worth_in_any_currency(kim: Person, book: dict[str, Any], owner_database: Database) -> None:
    rates = Rates(owner_database, kim)
    await rates.put("USD", "EUR", "2025-02-25", "0.8")
    await rates.put("JPY", "EUR", "2025-02-25", "0.006")
    found = await kim.read("/reports/networth", **{"from": "2025-01-01", "to": "2025-02-28"})
    assert [(p["date"], p["assets"], p["liabilities"], p["net_worth"]) for p in found["points"]] == [
        ("2025-01-31", "2420.00", "500.00", "1920.00"),
        ("2025-02-28", "3402.66", "450.00", "2952.66"),
    ]
    assert (found["change"], found["unconverted"], found["unpriced"]) == ("1032.66", [], [])
    assert [(a["name"], a["class"], a["values"]) for a in found["accounts"]][-1] == (
        "Yen", "asset", ["0.00", "-30.00"],
    )  # fmt: skip
    dollars = await kim.read("/reports/networth", period="2025-02-01..2025-02-28", currency="USD", by="year")
    assert dollars["points"][0]["net_worth"] == "3690.83"  # 3432.66 / 0.8 + -5000 * 0.006 / 0.8 - 450 / 0.8
    kept = await kim.get("/reports/networth", **YEAR)
    known = {"If-None-Match": kept.headers["etag"]}
    same = await kim.http.get("/reports/networth", params=YEAR, headers=known)
    assert (same.status_code, same.content) == (304, b"")
    await rates.put("JPY", "EUR", "2025-02-28", "0.007")
    changed = await kim.http.get("/reports/networth", params=YEAR, headers=known)
    assert expect(changed, 200)["points"][1]["net_worth"] == "2947.66"
    problem(await kim.get("/reports/networth", **{"from": "2090-01-01", "to": "2090-12-31"}), 422, "invalid_input")


@pytest.mark.parametrize(
    ("name", "params", "field", "code"),
    [
        ("trends", {"period": "fortnight"}, "query.period", "string_pattern_mismatch"),
        ("trends", {"period": "0months"}, "query.period", "bad_period"),
        ("trends", {"period": "month\x00"}, "query.period", "string_pattern_mismatch"),
        ("trends", {"period": "month", "from": "2025-01-01"}, "query.period", "period_and_from"),
        ("trends", {"to": "2025-01-01"}, "query.to", "to_without_from"),
        ("trends", {"from": "2025-02-01", "to": "2025-01-01"}, "query.from", "empty_range"),
        ("trends", {"from": "1900-01-01", "to": "9998-12-31"}, "query.period", "period_too_long"),
        ("trends", {"from": "20250101"}, "query.from", "value_error"),
        ("trends", {"currency": "EURO!"}, "query.currency", "string_pattern_mismatch"),
        ("trends", {"currency": "QQQ"}, "query.currency", "unknown_currency"),
        ("trends", {"start_day": "0"}, "query.start_day", "greater_than_equal"),
        ("trends", {"by": "week"}, "query.by", "literal_error"),
        ("trends", {"tag": "x"}, "query.tag", "tag_not_supported"),
        ("networth", {"tag": "x"}, "query.tag", "tag_not_supported"),
        ("monthly", {"tag": "x"}, "query.tag", "tag_not_supported"),
        ("payees", {"from": "2020-01-01", "to": "2025-01-01", "min_amount": "1"}, "query.period", "period_too_long"),
        ("payees", {"min_amount": "5", "max_amount": "4"}, "query.min_amount", "empty_range"),
        ("payees", {"min_amount": "-1"}, "query.min_amount", "value_error"),
        ("payees", {"limit": "0"}, "query.limit", "greater_than_equal"),
        ("categories", {"kind": "both"}, "query.kind", "literal_error"),
        ("balance-sheet", {"at": "2025-01-01", "against": "2025-01-01"}, "query.against", "same_day"),
        ("balance-sheet", {"at": "1900-06-01"}, "query.compare", "no_earlier_period"),
        ("income-statement", {"period": "1900-01-01..1900-01-31"}, "query.compare", "no_earlier_period"),
        ("trends", {"account_id": "somebody"}, "query.account_id.0", "uuid_parsing"),
    ],
)
async def test_what_cannot_be_asked(kim: Person, name: str, params: dict[str, str], field: str, code: str) -> None:
    body = problem(await kim.get(f"/reports/{name}", **params), 422, "invalid_input")
    assert fields(body) == {(field, code)}


async def test_filters_name_what_is_there(kim: Person, robin: Person, book: dict[str, Any]) -> None:
    other = await robin.account()
    elsewhere = await robin.category("Theirs")
    for name in ("trends", "networth", "payees", "balance-sheet"):
        problem(await kim.get(f"/reports/{name}", account_id=other["id"]), 404, "account_not_found")
    problem(await kim.get("/reports/cashflow", category_id=elsewhere["id"]), 404, "category_not_found")
    problem(await kim.get("/reports/payees", tag="unheard of"), 404, "tag_not_found")
    expect(await kim.http.patch(f"/accounts/{book['loan']['id']}", json={"archived": True}), 200)
    found = await kim.read("/reports/networth", **YEAR, account_id=book["loan"]["id"])
    assert found["points"][-1]["liabilities"] == "450.00"


async def test_every_report_hands_over_tables_and_a_picture(
    kim: Person, book: dict[str, Any], app_database: Database
) -> None:
    """What files and pictures are made of, of a full book and of a time in which nothing happened."""
    async with app_database.begin() as connection:
        opened = await open_as(connection, UUID(kim.book_id), UUID(kim.user["id"]))
        for name, report in REPORTS.items():
            assert report.title
            assert report.description
            for first, last in (("2025-01-01", "2025-02-28"), ("2020-01-01", "2020-01-31")):
                asked: dict[str, Any] = {"period": f"{first}..{last}"}
                if name == "monthly":
                    asked = {"year": int(first[:4]), "month": int(last[5:7])}
                if name == "balance-sheet":
                    asked = {"at": last}
                document = await report.run(opened, report.asked.model_validate(asked))
                check_handed(report.tables, report.chart, document)


def check_handed(tables: Any, chart: Any, document: dict[str, Any]) -> None:
    made: list[Table] = tables(document)
    assert len({table.name for table in made}) == len(made)
    for table in made:
        assert len({column.name for column in table.columns}) == len(table.columns)
        for row in table.rows:
            assert len(row) == len(table.columns), table.name
            for cell, column in zip(row, table.columns, strict=True):
                kinds = {"text": str, "date": date, "money": Decimal, "percent": Decimal, "number": int}
                assert cell is None or isinstance(cell, kinds[column.kind]), (table.name, column.name, cell)
    picture: Chart = chart(document)
    assert picture.title
    for series in picture.series:
        assert len(series.values) == len(picture.labels)
    for link in picture.links:
        assert link.amount >= 0
        assert max(link.source, link.target) < len(picture.nodes)


async def test_members_read_what_they_see(kim: Person, robin: Person, owner_database: Database) -> None:
    """A private account is in nobody else's sums; a report never tells that there is one."""
    shared = await kim.account("Shared", opening_balance="100", opening_date="2025-01-01")
    own = await kim.account("Own", opening_balance="900", opening_date="2025-01-01", visibility="private")
    food = await kim.category("Food x")
    for account, amount in ((shared, "10"), (own, "70")):
        await kim.add(account_id=account["id"], date="2025-01-10", amount=amount, category_id=food["id"], payee="P")
    await join(owner_database, kim.book_id, robin, "viewer")
    robin.http.headers["X-Book-Id"] = kim.book_id
    for person, spent, worth in ((kim, "80.00", "920.00"), (robin, "10.00", "90.00")):
        asked = {"period": "2025-01-01..2025-01-31"}
        assert (await person.read("/reports/trends", **asked))["total_expenses"] == spent
        assert (await person.read("/reports/payees", **asked))["total"] == spent
        assert (await person.read("/reports/trends", **asked, currency="USD"))["unconverted"][0]["expenses"] == spent
        assert (await person.read("/reports/networth", **asked))["points"][0]["net_worth"] == worth
    # What is partly hidden shows its visible side, without its tags.
    moved = {"type": "transfer", "account_id": shared["id"], "to_account_id": own["id"], "date": "2025-02-01"}
    await kim.add(**moved, fee_amount="2", tags=["secret"])
    for person, names in ((kim, {"secret": "2.00"}), (robin, {"Without a tag": "2.00"})):
        tags = await person.read("/reports/tags", period="2025-02-01..2025-02-28")
        assert {item["name"]: item["amount"] for item in tags["items"]} == names
    problem(await robin.get("/reports/networth", account_id=own["id"]), 404, "account_not_found")
    del robin.http.headers["X-Book-Id"]


async def test_reports_are_one_statement_each(settings: Settings) -> None:
    async with quiet(settings) as other:
        person = await register(other, fresh_email())
        await person.account(opening_balance="5", opening_date="2025-01-01")
        await other.state.database.engine.dispose()  # connections that are open by now are not listened to
        seen: list[str] = []
        other.state.database.count_statements(seen.append)
        for name in REPORTS:
            await person.read(f"/reports/{name}")
            readings = []
            for _ in range(3):  # what the server does by the clock may come in between
                seen.clear()
                await person.read(f"/reports/{name}")
                readings.append(list(seen))
            found = min(readings, key=len)
            # BEGIN, opening the request, COMMIT; balances, or holdings, are a second one, and so are budgets.
            # What reads many rows says so to the planner, before and behind it.
            assert len(found) <= 3 + 2 + (name in {"payees", "tags"}), (name, found)
            if name not in {"payees", "tags", "largest"}:
                assert not [each for each in found if "FROM postings m" in each], name
        await person.http.aclose()
