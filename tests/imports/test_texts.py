"""Whatever a bank writes into a cell arrives as it is, and nothing in it is ever obeyed."""

import pytest

from tests.imports.uploads import bring_in, csv_of, listed, rows_of, upload
from tests.people import Person

HEADER = "Date,Amount,Payee,Description,Memo,Transaction ID"
MAPPING = {"external_id_column": "Transaction ID", "notes_column": "Memo"}

TEXTS = [
    "back\\slash \\n \\t \\N \\. \\\\",
    "\\N",
    "\\.",
    "tab\there",
    "line\nbreak",
    "quote \" and ' and `",
    "semi;colon, comma | pipe",
    "emoji 👩‍👩‍👧‍👦 and ♞",
    "right-to-left שלום \u202eabc",
    "combining e\u0301 stays",
    "'; DROP TABLE transactions; --",
    "%s %(x)s {x} $1 :book",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.com")',
    "+1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "null",
    "NULL",
    "0",
]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_arrives_exactly(kim: Person, text: str) -> None:
    account = await kim.account()
    cell = quoted(text)
    data = csv_of(HEADER, f"2025-03-01,-1.00,{cell},{cell},{cell},{cell}", "2025-03-02,-2.00,p,d,m,id-2")
    done = await bring_in(kim, account, data, mapping=MAPPING)
    assert done["created"] == 2
    item, other = await listed(kim)
    assert (item["description"], item["notes"], item["external_id"]) == (text, text, text)
    assert item["payee"] == " ".join(text.split())
    assert other["external_id"] == "id-2"
    (row, _) = await rows_of(kim, done)
    assert (row["description"], row["notes"], row["external_id"]) == (text, text, text)


async def test_what_no_database_keeps_is_dropped(kim: Person) -> None:
    account = await kim.account()
    await bring_in(kim, account, csv_of(HEADER, "2025-03-01,-1.00,A\x00B,C\x01\x1b[31mD,\ufeffE\x7f,x-1"))
    (item,) = await listed(kim)
    assert (item["payee"], item["description"], item["notes"]) == ("AB", "C[31mD", "E")


async def test_long_texts_are_cut_and_say_so(kim: Person) -> None:
    account = await kim.account()
    long = "ä" * 5_000
    data = csv_of(HEADER, f"2025-03-01,-1.00,{long},{long},{long * 3},x-1", "2025-03-02,-1.00," + "b" * 200 + ",b,,x-2")
    done = await bring_in(kim, account, data, mapping=MAPPING)
    assert done["created"] == 2
    item, whole = await listed(kim)
    assert item["payee"] == "ä" * 199 + "…"
    assert item["description"] == "ä" * 499 + "…"
    assert item["notes"] == "ä" * 9_999 + "…"
    assert whole["payee"] == "b" * 200


async def test_a_cell_without_end_is_an_error_of_its_row(kim: Person) -> None:
    account = await kim.account()
    data = csv_of(HEADER, f"2025-03-01,-1.00,a,{'x' * 40_000},,x-1", "2025-03-02,-2.00,b,c,,x-2")
    preview = await upload(kim, account, data)
    assert preview["rows"]["error"] == 1
    assert "longer than" in preview["sample"][0]["reason"]


async def test_payees_that_differ_in_case_are_one(kim: Person) -> None:
    account = await kim.account()
    names = ["Straße", "STRAßE", "İstanbul", "istanbul", "ΣΊΣΥΦΟΣ", "σίσυφος"]
    data = csv_of("Date,Amount,Payee", *(f"2025-03-0{n},-1.00,{name}" for n, name in enumerate(names, 1)))
    done = await bring_in(kim, account, data)
    items = await listed(kim)
    assert done["created"] == len(items) == 6
    assert all(item["payee"] for item in items)
    assert items[0]["payee_id"] == items[1]["payee_id"]
