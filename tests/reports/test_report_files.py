"""Reports as files and pictures, by nothing but what each hands over."""

import csv
import io
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import text

from app.core.database import Database
from app.reports.registry import REPORTS
from tests.people import Person, expect, problem

FILE = "/exports/reports"
YEAR = "/exports/yearly.pdf"


async def a_year(kim: Person) -> None:
    """2025 with a salary, rent and groceries each month, a refund, a loan, a budget and hostile names."""
    checking = await kim.account("=Checking", opening_balance="500.00", opening_date="2024-12-01")
    await kim.account("Car loan", type="loan", opening_balance="-2000.00", opening_date="2024-12-01")
    rent, food = await kim.category("Rent"), await kim.category("=Food")
    operations: list[dict[str, Any]] = []
    for month in range(1, 13):
        for kind, amount, category, day in (
            ("income", "3000.00", None, 1),
            ("expense", "1000.00", rent["id"], 2),
            ("expense", f"{300 + month}.25", food["id"], 15),
        ):
            body = {"type": kind, "amount": amount, "account_id": checking["id"], "category_id": category}
            operations.append({"op": "create", "transaction": {**body, "date": f"2025-{month:02}-{day:02}"}})
    answer = await kim.http.post("/transactions/bulk", json={"mode": "atomic", "operations": operations})
    expect(answer, 200)
    budget = {"name": "Eating", "amount": "350", "period": "monthly", "start_date": "2025-01-01"}
    expect(await kim.http.post("/budgets", json={**budget, "category_ids": [food["id"]]}), 201)


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


async def test_a_report_as_every_kind_of_file(kim: Person) -> None:
    await a_year(kim)
    asked = {"report": "monthly", "year": "2025", "month": "3"}
    report = await kim.read("/reports/monthly", year="2025", month="3")
    answer = await kim.get(FILE, **asked, table="expenses")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="monthly-2025-03-01-2025-03-31-expenses.csv"'
    )
    assert rows_of(answer.content) == [
        ["category", "amount", "share"], ["Rent", "1000.00", "76.73"], ["'=Food", "303.25", "23.27"],
    ]  # fmt: skip
    first = await kim.get(FILE, **asked, bom="true")
    assert first.content.startswith(b"\xef\xbb\xbfcategory,amount,share\r\n")
    zipped = await kim.get(FILE, **asked, format="zip")
    with ZipFile(BytesIO(zipped.content)) as archive:
        assert archive.namelist() == ["income.csv", "expenses.csv", "totals.csv"]
        assert archive.read("expenses.csv") == answer.content
    book = load_workbook(BytesIO((await kim.get(FILE, **asked, format="xlsx")).content))
    assert book.sheetnames == ["Income", "Expenses", "Totals"]
    assert book["Expenses"]["A3"].value == "=Food"
    assert book["Totals"]["B4"].value == float(report["net"])
    paper = text_of((await kim.get(FILE, **asked, format="pdf")).content)
    for told in ("Income and expenses of a month", "2025-03-01 to 2025-03-31, EUR", "1,000.00", "303.25", "=Food"):
        assert told in paper


@pytest.mark.parametrize("name", REPORTS)
async def test_every_report_is_a_file_and_a_picture(kim: Person, name: str) -> None:
    """Of an empty book: what has no rows is an empty table, and a chart says so."""
    for kind, begins in (("csv", b""), ("zip", b"PK"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = await kim.get(FILE, report=name, format=kind)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(begins)
    root = ET.fromstring((await kim.get(f"/reports/{name}/chart.svg")).content)
    assert root.tag.endswith("svg")


async def test_charts(kim: Person) -> None:
    await a_year(kim)
    path = "/reports/trends/chart.{}"
    asked = {"from": "2025-01-01", "to": "2025-12-31"}
    svg = await kim.get(path.format("svg"), **asked)
    assert svg.headers["content-type"].startswith("image/svg+xml")
    assert svg.headers["content-security-policy"].startswith("default-src 'none'")
    assert "content-disposition" not in svg.headers
    root = ET.fromstring(svg.content)
    told = root.find("{http://www.w3.org/2000/svg}desc")
    assert told is not None
    assert "2025-03 1303.25" in str(told.text)
    png = await kim.get(path.format("png"), **asked, theme="dark")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG\r\n\x1a\n")
    again = await kim.http.get(path.format("png"), params=asked, headers={"If-None-Match": png.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_report_of_ones_own(kim: Person, robin: Person) -> None:
    await a_year(kim)
    body = {
        "name": "=Eating by month",
        "measures": ["expenses", "count"],
        "dimensions": ["month", "category"],
        "filters": {"period": "2025-01-01..2025-12-31"},
    }
    path = f"saved/{expect(await kim.http.post('/reports/saved', json=body), 201)['id']}"
    answer = await kim.get(f"{FILE}/{path}")
    rows = rows_of(answer.content)
    assert rows[0] == ["month", "category", "expenses", "count"]
    assert ["2025-03", "'=Food", "303.25", "1"] in rows
    assert answer.headers["content-disposition"].startswith('attachment; filename="report-2025')
    assert "=Eating by month" in text_of((await kim.get(f"{FILE}/{path}", format="pdf")).content)
    book = load_workbook(BytesIO((await kim.get(f"{FILE}/{path}", format="xlsx")).content))
    assert book.sheetnames == ["=Eating by month"]
    svg = await kim.get(f"/reports/{path}/chart.svg")
    assert "=Eating by month" in str(ET.fromstring(svg.content)[0].text)
    again = await kim.http.get(f"/reports/{path}/chart.png", headers={"If-None-Match": svg.headers["etag"]})
    assert again.status_code == 304
    for place in (f"{FILE}/{path}", f"/reports/{path}/chart.svg", f"/reports/{path}/chart.png"):
        assert (await robin.get(place)).status_code == 404


async def test_unchanged_reports_are_not_written_again(kim: Person) -> None:
    account = await kim.account()
    asked = {"report": "trends", "format": "pdf"}
    tag = (await kim.get(FILE, **asked)).headers["etag"]
    again = await kim.http.get(FILE, params=asked, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    await kim.add(account_id=account["id"])
    assert (await kim.http.get(FILE, params=asked, headers={"If-None-Match": tag})).status_code == 200


async def test_refusals_are_problems(kim: Person, robin: Person, owner_database: Database) -> None:
    for params in (
        {},
        {"report": "monthly", "format": "docx"},
        {"report": "monthly", "month": "13"},
        {"report": "monthly", "year": "x"},
        {"report": "monthly", "table": "nothing"},
        {"report": "trends", "period": "soon"},
        {"report": "trends", "from": "2025-01-01", "to": "2024-01-01"},
        {"report": "trends", "account_id": ["x"]},
        {"report": "networth", "period": "9999-01-01..9999-02-01"},
    ):
        problem(await kim.get(FILE, **params), 422, "invalid_input")
    body = problem(await kim.get(FILE, report="monthly", month="13", year="1"), 422, "invalid_input")
    assert {each["field"] for each in body["errors"]} == {"query.month", "query.year"}
    problem(await kim.get(FILE, report="nothing\x00"), 404, "not_found")
    problem(await kim.get("/reports/nothing/chart.svg"), 404, "not_found")
    problem(await kim.get("/reports/monthly/chart.gif"), 404, "not_found")
    problem(await kim.get("/reports/monthly/chart.png", theme="pink"), 422, "invalid_input")
    problem(await kim.get(YEAR, year="2900"), 422, "invalid_input")
    problem(await kim.get(YEAR, year="0"), 422, "invalid_input")
    foreign = await kim.account()
    answer = await robin.get(FILE, report="trends", account_id=foreign["id"])
    assert answer.status_code == 404
    for path in (f"{FILE}?report=monthly", "/reports/monthly/chart.svg", YEAR):
        problem(await robin.http.get(path, headers={"X-Book-Id": kim.book_id}), 404, "not_found")
    member = text("INSERT INTO book_members (book_id, user_id, role) VALUES (:book, :user, 'viewer')")
    async with owner_database.begin() as connection:
        await connection.execute(member, {"book": kim.book_id, "user": robin.user["id"]})
    for path in (f"{FILE}?report=monthly", "/reports/monthly/chart.svg", YEAR):
        assert (await robin.http.get(path, headers={"X-Book-Id": kim.book_id})).status_code == 200


async def test_a_year_on_paper(kim: Person) -> None:
    await a_year(kim)
    answer = await kim.get(YEAR, year="2025")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="year-2025.pdf"'
    found = PdfReader(BytesIO(answer.content))
    paper = text_of(answer.content)
    for told in (
        "The year 2025",
        "Income 36,000.00 EUR, expenses 15,681.00 EUR, left 20,319.00 EUR, which is 56.44% of the income.",
        "12,000.00",
        "3,681.00",
        "Net worth 18,819.00 EUR on 2025-12-31, up 20,319.00 EUR since 2024-12-31.",
        "=Checking",
        "Eating",
        "4,200.00",
        "519.00",
    ):
        assert told in paper.replace("\n", " "), told
    assert sum(len(page.images) for page in found.pages) == 3
    again = await kim.http.get(YEAR, params={"year": "2025"}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_a_year_without_anything(kim: Person) -> None:
    paper = text_of((await kim.get(YEAR)).content)
    assert "Net worth 0.00" in paper
    assert "Budgets" not in paper
