"""Uploads that are refused: nothing is stored, and the answer names what is wrong."""

import io
import zipfile
from typing import Any

import pytest
from fastapi import FastAPI

from app.core.config import Settings
from tests.conftest import Unchanged
from tests.imports.uploads import csv_of, statement, try_commit, try_upload, upload
from tests.people import Person, expect, fields, problem, register
from tests.servers import serving

GOOD = statement("2025-03-03,Bakery,Rolls,-4.50")


def workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


UNREADABLE: list[tuple[str, bytes, str, str]] = [
    ("nothing", b"", "file", "empty_file"),
    ("blank lines", b"\n \r\n\t\n", "file", "empty_file"),
    ("pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "file", "not_text"),
    ("xlsx", workbook(), "file", "not_text"),
    ("xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file", "not_text"),
    ("noise", bytes(range(256)) * 8, "file", "not_text"),
    ("html", b"<html><body>Please log in</body></html>", "file", "other_format"),
    ("prose", b"Dear customer\nhere is nothing\n", "mapping.delimiter", "no_columns"),
    ("no dates", csv_of("Name,Amount", "Ann,-5.00", "Bob,-6.00"), "mapping.date_column", "no_date_column"),
    ("no amounts", csv_of("Date,Text", "2025-03-03,a", "2025-03-04,b"), "mapping.amount_column", "no_amount_column"),
    (
        "open quote",
        csv_of("Date,Text,Amount", '2025-03-03,"a,-5.00', "2025-03-04,b,-6"),
        "mapping.quote",
        "unclosed_quote",
    ),
]


@pytest.mark.parametrize(("data", "field", "code"), [case[1:] for case in UNREADABLE], ids=[c[0] for c in UNREADABLE])
async def test_a_file_that_cannot_be_read(
    kim: Person, unchanged: Unchanged, data: bytes, field: str, code: str
) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = problem(await try_upload(kim, account, data), 422, "unreadable_file")
    assert fields(body) == {(field, code)}
    assert body["detail"] == body["errors"][0]["detail"]


BAD_MAPPINGS: list[tuple[Any, set[str]]] = [
    ("not json", {"mapping"}),
    ("[1]", {"mapping"}),
    ('{"date_column": "Date"', {"mapping"}),
    ({"datecolumn": "Date"}, {"mapping.datecolumn"}),
    ({"encoding": "klingon"}, {"mapping.encoding"}),
    ({"encoding": "base64"}, {"mapping.encoding"}),
    ({"date_order": "DYM", "decimal_separator": "'"}, {"mapping.date_order", "mapping.decimal_separator"}),
    ({"delimiter": ";;"}, {"mapping.delimiter"}),
    ({"delimiter": "x"}, {"mapping.delimiter"}),
    ({"header_line": -1}, {"mapping.header_line"}),
    ({"accounts": {"Checking": "no uuid"}}, {"mapping.accounts.Checking"}),
    ({"amount_column": "Amount", "debit_column": "Amount"}, {"mapping"}),
    ({"payee_column": 0, "date_column": ""}, {"mapping.payee_column", "mapping.date_column"}),
    ({"description_columns": ["Payee", 0]}, {"mapping.description_columns.1"}),
    ({"debit_values": ["x"], "credit_values": ["X"]}, {"mapping"}),
]


@pytest.mark.parametrize(("mapping", "named"), BAD_MAPPINGS)
async def test_a_mapping_that_says_nothing_sensible(
    kim: Person, unchanged: Unchanged, mapping: Any, named: set[str]
) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = problem(await try_upload(kim, account, GOOD, mapping=mapping), 422, "invalid_input")
    assert sorted(item["field"] for item in body["errors"]) == sorted(named)
    assert "Value error" not in str(body)


@pytest.mark.parametrize(
    ("mapping", "field", "code"),
    [
        ({"date_column": "Day"}, "mapping.date_column", "column_not_found"),
        ({"amount_column": 9}, "mapping.amount_column", "column_not_found"),
        ({"description_columns": ["Description", "Nope"]}, "mapping.description_columns", "column_not_found"),
        ({"header_line": 77}, "mapping.header_line", "header_not_found"),
        ({"encoding": "utf-16-le"}, "mapping.delimiter", "no_columns"),
        ({"encoding": "utf-32"}, "mapping.encoding", "undecodable"),
    ],
)
async def test_a_mapping_that_does_not_fit_the_file(
    kim: Person, unchanged: Unchanged, mapping: Any, field: str, code: str
) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = problem(await try_upload(kim, account, GOOD, mapping=mapping), 422, "unreadable_file")
    assert fields(body) == {(field, code)}


@pytest.mark.parametrize(
    "mapping",
    [
        {"accounts": {"a\x00b": "ACCOUNT"}},
        {"accounts": {"": "ACCOUNT"}},
        {"debit_values": ["a\x00b"], "credit_values": ["\x01"]},
        {"payee_column": "\x00"},
        {"delimiter": "\x00"},
        {"quote": "\x00"},
        '{"debit_values": ["\\ud800"]}',
        '{"accounts": {"\\udfff": "ACCOUNT"}}',
    ],
)
async def test_no_text_in_a_mapping_breaks_the_server(kim: Person, mapping: Any) -> None:
    account = await kim.account()
    if isinstance(mapping, str):
        mapping = mapping.replace("ACCOUNT", account["id"])
    elif "accounts" in mapping:
        mapping = {"accounts": dict.fromkeys(mapping["accounts"], account["id"])}
    answer = await try_upload(kim, account, GOOD, mapping=mapping)
    assert answer.status_code in {201, 422}, answer.text
    if answer.status_code == 201:
        expect(await try_commit(kim, answer.json()), 200)


@pytest.mark.parametrize("name", [b"a\x00b.csv", b"\xff\xfe.csv", b"..%00/x", "ö😀".encode(), b"x" * 5000, b""])
async def test_no_file_name_breaks_the_server(kim: Person, name: bytes) -> None:
    account = await kim.account()
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="account_id"\r\n\r\n' + account["id"].encode() + b"\r\n"
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n' + GOOD + b"\r\n"
        b"--edge--\r\n"
    )
    answer = await kim.http.post(
        "/imports", content=body, headers={"Content-Type": "multipart/form-data; boundary=edge"}
    )
    assert answer.status_code in {201, 400, 422}, answer.text
    if answer.status_code == 201:
        await kim.read(f"/imports/{answer.json()['id']}")


async def test_an_unknown_format_is_refused(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account()
    async with unchanged(kim):
        body = problem(await try_upload(kim, account, GOOD, format="xml"), 422, "invalid_input")
    assert {field for field, _ in fields(body)} == {"format"}
    assert (await upload(kim, account, GOOD, format="csv"))["format"] == "csv"


async def test_a_missing_file_and_a_missing_account_are_named(kim: Person) -> None:
    body = problem(await try_upload(kim, None, None), 422, "invalid_input")
    assert {field for field, _ in fields(body)} == {"file"}
    body = problem(await try_upload(kim, None, GOOD), 422, "invalid_input")
    assert fields(body) == {("account_id", "missing")}
    account = await kim.account()
    assert {field for field, _ in fields((await try_upload(kim, account, None)).json())} == {"file"}
    body = problem(await try_upload(kim, {"id": "five"}, GOOD), 422, "invalid_input")
    assert {field for field, _ in fields(body)} == {"account_id"}
    problem(await kim.http.post("/imports", json={"account_id": account["id"]}), 415, "unsupported_media_type")


async def test_accounts_of_nobody_and_of_somebody_else_do_not_exist(
    kim: Person, robin: Person, unchanged: Unchanged
) -> None:
    mine, theirs = await kim.account(), await robin.account()
    async with unchanged(kim), unchanged(robin):
        for account_id in (theirs["id"], "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"):
            body = problem(await try_upload(kim, {"id": account_id}, GOOD), 404, "reference_not_found")
            assert fields(body) == {("account_id", "account_not_found")}
            mapping = {"accounts": {"Checking": account_id, "Mine": mine["id"]}}
            body = problem(await try_upload(kim, mine, GOOD, mapping=mapping), 404, "reference_not_found")
            assert fields(body) == {("mapping.accounts.Checking", "account_not_found")}


async def test_an_archived_account_takes_no_import(kim: Person, unchanged: Unchanged) -> None:
    closed, other = await kim.account("Old"), await kim.account("New")
    expect(await kim.http.patch(f"/accounts/{closed['id']}", json={"archived": True}), 200)
    async with unchanged(kim):
        body = (await try_upload(kim, closed, GOOD)).json()
        assert (body["status"], body["errors"][0]["field"]) == (409, "account_id")
        mapping = {"accounts": {"Old": closed["id"]}}
        body = (await try_upload(kim, other, GOOD, mapping=mapping)).json()
        assert (body["status"], body["errors"][0]["field"]) == (409, "mapping.accounts.Old")


async def test_an_upload_that_is_too_large_is_refused(settings: Settings) -> None:
    async with serving(settings, max_upload_bytes=20_000, max_body_bytes=2_000) as (app, _):
        person = await register(app, "large-upload@example.com")
        account = await person.account()
        fits = statement(*(f"2025-03-03,Payee {n},Text,-{n}.00" for n in range(1, 400)))
        assert 2_000 < len(fits) < 20_000
        await upload(person, account, fits)
        problem(await try_upload(person, account, fits * 2), 413, "too_large")

        async def chunks() -> Any:
            started = False
            for _ in range(30):
                yield (
                    b"x" * 1_000
                    if started
                    else b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
                )
                started = True

        headers = {"Content-Type": "multipart/form-data; boundary=edge"}
        problem(await person.http.post("/imports", content=chunks(), headers=headers), 413, "too_large")
        body = {"skip": list(range(1, 1_000))}
        problem(await person.http.post(f"/imports/{account['id']}/commit", json=body), 413, "too_large")
        assert (await person.read("/imports"))["items"][0]["rows"]["total"] == 399
        await person.http.aclose()


async def test_uploads_may_be_larger_than_other_bodies(app: FastAPI, kim: Person, settings: Settings) -> None:
    account = await kim.account()
    filler = "x" * 400
    data = statement(*(f"2025-03-03,{n},{filler},-1.00" for n in range(3_000)))
    assert settings.max_body_bytes < len(data) < settings.max_upload_bytes
    assert (await upload(kim, account, data))["rows"]["new"] == 3_000
