"""A preview says what a file holds and what each row would become, and posts nothing."""

from typing import Any

from app.core.database import Database
from tests.dump import dump
from tests.imports.uploads import (
    bring_in,
    csv_of,
    ledger,
    of_interest,
    outcomes,
    rows_of,
    statement,
    try_upload,
    upload,
    with_ids,
)
from tests.people import Person, expect, fields, problem

FILE = with_ids(
    "2025-03-03,Bakery,Rolls,-4.50,T-100",
    "2025-03-04,Employer,Salary March,2500.00,T-101",
    "2025-03-05,Bakery,Cake,-12.25,T-102",
)
LEDGER_TABLES = ("accounts", "books", "categories", "events", "monthly_totals", "payees", "postings", "transactions")


async def test_it_writes_nothing_to_the_ledger(kim: Person, owner_database: Database) -> None:
    account = await kim.account(opening_balance="100.00", opening_date="2025-01-01")
    await kim.add(account_id=account["id"], payee="Bakery")
    before, seen = await dump(owner_database, kim.book_id), await ledger(kim)
    await upload(kim, account, FILE)
    after = await dump(owner_database, kim.book_id)
    assert {name: after[name] for name in LEDGER_TABLES} == {name: before[name] for name in LEDGER_TABLES}
    assert {name for name in after if after[name] != before[name]} == {"imports", "import_rows"}
    assert await ledger(kim) == seen


async def test_the_answer_has_counts_and_everything_that_was_settled(kim: Person) -> None:
    account = await kim.account()
    answer = await try_upload(kim, account, FILE, name="March 2025.csv")
    preview = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/imports/{preview['id']}"
    assert preview["status"] == "previewed"
    assert preview["format"] == "csv"
    assert preview["account_id"] == account["id"]
    assert preview["file_name"] == "March 2025.csv"
    assert preview["rows"] == {"total": 3, "new": 3, "duplicate": 0, "suspect": 0, "error": 0}
    assert preview["mapping_source"] == "detected"
    assert of_interest(preview, "created", "skipped", "committed_at", "undone_at") == (None, None, None, None)
    assert preview["mapping"] == {
        "encoding": "utf-8",
        "delimiter": ",",
        "quote": '"',
        "header_line": 1,
        "date_column": "Date",
        "date_order": "YMD",
        "amount_column": "Amount",
        "amount_sign": "as_is",
        "decimal_separator": ".",
        "payee_column": "Payee",
        "description_columns": ["Description"],
        "external_id_column": "Transaction ID",
    }
    assert preview["confidence"].keys() == preview["mapping"].keys()
    assert set(preview["confidence"].values()) <= {"certain", "likely", "guess"}
    assert preview["warnings"] == []
    assert await kim.read(f"/imports/{preview['id']}") == {k: v for k, v in preview.items() if k != "sample"}


async def test_the_sample_shows_the_first_rows_as_they_would_be(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    assert preview["sample"][0] == {
        "position": 1,
        "line": 2,
        "outcome": "new",
        "column": None,
        "reason": None,
        "account_id": account["id"],
        "date": "2025-03-03",
        "amount": "-4.50",
        "payee": "Bakery",
        "description": "Rolls",
        "notes": None,
        "external_id": "T-100",
        "category_id": None,
        "match_id": None,
        "skipped": False,
        "transaction_id": None,
        "trade": None,
        "trade_id": None,
        "rules": [],
        "suggestion": None,
    }
    many = await upload(kim, account, statement(*(f"2025-04-01,P{n},D{n},-{n}.00" for n in range(1, 31))))
    assert len(many["sample"]) == 20
    assert [row["position"] for row in many["sample"]] == list(range(1, 21))
    assert many["sample"] == (await rows_of(kim, many))[:20]


async def test_the_answered_mapping_sent_back_reads_the_same(kim: Person) -> None:
    account = await kim.account()
    files = (
        FILE,
        csv_of("Buchungstag;Empfänger;Betrag", "03.04.2025;Bäcker;-1.234,50", "28.04.2025;Amt;5", encoding="cp1252"),
        csv_of("Posted;Paid out;Paid in", "2025-05-01;12.00;", "2025-05-02;;7.50"),
        csv_of("2025-06-01|-5.00|without a header", "2025-06-02|-6.00|again"),
    )
    for data in files:
        first = await upload(kim, account, data)
        second = await upload(kim, account, data, mapping=first["mapping"])
        assert second["mapping_source"] == "given"
        assert second["mapping"] == first["mapping"]
        shown = [{**row, "transaction_id": None} for row in second["sample"]]
        assert shown == first["sample"]


async def test_every_field_of_the_mapping_overrides_what_would_be_detected(kim: Person) -> None:
    account = await kim.account()
    data = csv_of("Date,Booked,Amount,Fee,Who,Text", "03/04/2025,2025-04-05,10.00,1.00,Ann,Note")

    async def read(**mapping: Any) -> tuple[Any, ...]:
        preview = await upload(kim, account, data, mapping=mapping)
        (row,) = preview["sample"]
        assert all(preview["confidence"][name] == "certain" for name, value in mapping.items() if value)
        return of_interest(row, "date", "amount", "payee", "description", "notes")

    assert await read(date_order="DMY") == ("2025-04-03", "10.00", None, "Note", None)
    assert (await read(date_order="MDY"))[0] == "2025-03-04"
    assert (await read(date_column="Booked"))[0] == "2025-04-05"
    assert (await read(date_column=2, amount_column="Fee"))[1] == "1.00"
    assert (await read(date_column=2, amount_sign="inverted"))[1] == "-10.00"
    assert (await read(date_column=2, debit_column="fee", credit_column=None))[1] == "-1.00"
    assert await read(date_column=2, payee_column="Who", notes_column=6, description_columns=[]) == (
        "2025-04-05",
        "10.00",
        "Ann",
        None,
        "Note",
    )
    assert (await read(date_column=2, description_columns=["Text", "Who"]))[3] == "Note Ann"


async def test_an_empty_mapping_is_no_mapping(kim: Person) -> None:
    account = await kim.account()
    for mapping in ("", "  ", "{}"):
        preview = await upload(kim, account, FILE, mapping=mapping)
        assert preview["mapping_source"] == "detected"


async def test_warnings_tell_what_to_look_at(kim: Person) -> None:
    account = await kim.account()
    positive = await upload(kim, account, statement("2025-03-03,A,a,5.00", "2025-03-04,B,b,6.00"))
    assert [warning["code"] for warning in positive["warnings"]] == ["all_amounts_positive"]
    assert "inverted" in positive["warnings"][0]["detail"]
    empty = await upload(kim, account, statement())
    assert [warning["code"] for warning in empty["warnings"]] == ["no_rows"]
    assert empty["rows"]["total"] == 0
    assert empty["sample"] == []


async def test_a_date_that_may_be_two_is_asked_about(kim: Person, owner_database: Database) -> None:
    account = await kim.account()
    data = csv_of("Date,Amount,Text,Transaction ID", "05/03/2025,-9.00,a,1001", "07/03/2025,-8.00,b,1002")
    before = await dump(owner_database, kim.book_id)
    body = problem(await try_upload(kim, account, data), 422, "mapping_needed")
    assert await dump(owner_database, kim.book_id) == before
    assert fields(body) == {("mapping.date_order", "ambiguous_date_order")}
    (question,) = body["questions"]
    assert question["field"] == "mapping.date_order"
    assert question["options"] == ["DMY", "MDY"]
    assert "05 March 2025" in question["detail"]
    assert "May 2025" in question["detail"]
    assert '"date_order": "DMY"' in body["detail"]
    for order, month in (("DMY", "03"), ("MDY", "05")):
        preview = await upload(kim, account, data, mapping={"date_order": order})
        assert preview["sample"][0]["date"][5:7] == month
        assert preview["sample"][0]["external_id"] == "1001"


async def test_all_questions_are_asked_at_once(kim: Person) -> None:
    account = await kim.account()
    data = csv_of("Date;Amount", "05/03/2025;-1.234")
    body = problem(await try_upload(kim, account, data), 422, "mapping_needed")
    assert fields(body) == {
        ("mapping.date_order", "ambiguous_date_order"),
        ("mapping.decimal_separator", "ambiguous_decimal_separator"),
    }
    assert len(body["questions"]) == 2
    preview = await upload(kim, account, data, mapping={"date_order": "DMY", "decimal_separator": ","})
    assert preview["sample"][0]["amount"] == "-1234.00"


async def test_imports_are_listed_newest_first_in_pages(kim: Person) -> None:
    account = await kim.account()
    ids = [(await upload(kim, account, statement(f"2025-03-0{n},A,a,-1.00")))["id"] for n in range(1, 6)]
    await bring_in(kim, account, FILE)
    page = await kim.read("/imports", limit=2, include_total=True)
    assert page["total"] == 6
    assert page["items"][0]["status"] == "committed"
    seen = [item["id"] for item in page["items"]]
    while page["next_cursor"]:
        page = await kim.read("/imports", limit=2, cursor=page["next_cursor"])
        assert page["total"] is None
        seen += [item["id"] for item in page["items"]]
    assert seen[1:] == ids[::-1]
    assert [item["id"] for item in (await kim.read("/imports", skip=4))["items"]] == ids[1::-1]
    rows = await kim.read(f"/imports/{ids[0]}/rows", limit=1)
    foreign = (page["next_cursor"], rows["next_cursor"], "rubbish", "WyJpbXBvcnRzIiwieCJd", "WyJpbXBvcnRzIiw1XQ")
    for cursor in filter(None, foreign):
        problem(await kim.get("/imports", cursor=cursor), 422, "invalid_input")


async def test_a_file_of_the_same_day_may_be_previewed_as_often_as_one_likes(kim: Person) -> None:
    account = await kim.account()
    previews = [await upload(kim, account, FILE) for _ in range(3)]
    assert len({preview["id"] for preview in previews}) == 3
    for preview in previews:
        assert outcomes(preview["sample"]) == ["new", "new", "new"]
