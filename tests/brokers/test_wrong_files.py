"""Files that came to the wrong reader, and names that the file does not have: the answer says what to do instead."""

from typing import Any

import pytest

from tests.brokers.files import FILE, depot, preview, try_preview
from tests.brokers.test_imports import asset
from tests.conftest import Unchanged
from tests.imports.uploads import csv_of, try_upload
from tests.people import Person, problem

BANK = csv_of("Date,Payee,Description,Amount", "2025-03-01,Shop,Bread,-2.00", "2025-03-14,Work,Wage,20.00")
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


async def test_a_file_for_the_other_reader(kim: Person, unchanged: Unchanged) -> None:
    account, giro = await depot(kim), await kim.account("Giro")
    trades = csv_of(
        "Action,Time,ISIN,Ticker,No. of shares,Price / share,Total",
        "Market buy,2026-01-13 09:00:00,IE00BK5BQT80,VWCE,2,110.00,220.00",
    )
    undated = csv_of("Action,Day,Ticker,Name,Qty", "Buy,2026-01-13,VWCE,All-World,two", "Buy,,VWCE,All-World,x")
    nothing = csv_of("Who,What", "I,you")
    async with unchanged(kim):
        for data, hinted in ((trades, True), (undated, False), (nothing, False)):
            refused = problem(await try_upload(kim, giro, data), 422, "unreadable_file")
            assert ("It looks like a broker's file of trades: send format=broker_csv" in str(refused)) == hinted
        refused = problem(await try_preview(kim, account, BANK), 422, "unreadable_file")
        assert "no column of quantities or symbols" in str(refused)
    assert (await preview(kim, account, trades))["rows"]["new"] == 1
    # Who says where things are gets what was asked for.
    assert (await preview(kim, account, BANK, mapping={"kind_column": "Description"}))["rows"]["error"] == 2


@pytest.mark.parametrize("options", [{}, {"format": "csv"}, {"format": "broker_csv"}])
async def test_no_text_is_no_matter_of_accounts(kim: Person, options: dict[str, Any]) -> None:
    for data, said in ((PDF, "a PDF document"), (PICTURE, "a picture"), (b"", "is empty")):
        assert said in str(problem(await try_upload(kim, None, data, **options), 422, "unreadable_file"))
    refused = problem(await try_upload(kim, None, BANK, **options), 422, "invalid_input")
    assert refused["errors"][0]["field"] == "account_id"


async def test_a_name_in_the_mapping_that_the_file_does_not_have(kim: Person) -> None:
    account, known = await depot(kim), await asset(kim, "Apple")
    found = await preview(kim, account, FILE, mapping={"assets": {"APLL": known["id"], "aapl": known["id"]}})
    (warning,) = found["warnings"]
    assert warning["code"] == "assets_not_in_file"
    assert warning["detail"] == "The file names no asset like these of mapping.assets: 'APLL'."
    assert [each["symbol"] for each in found["assets"]] == ["Apple"]
    assert (await preview(kim, account, FILE, mapping={"assets": {"AAPL": known["id"]}}))["warnings"] == []
