"""What a book remembers of a header, and what a new file, another account or an undo makes of it."""

from tests.imports.uploads import bring_in, commit, csv_of, of_interest, try_upload, upload
from tests.people import Person, expect, problem

HEADER = "Date,Text,Amount"
UNDECIDED = csv_of(HEADER, "05/03/2025,a,-1.00", "06/03/2025,b,-2.00")
DECIDED = csv_of(HEADER, "25/03/2025,a,-1.00", "06/03/2025,c,-3.00")


async def test_a_file_that_decides_its_dates_is_not_overruled(kim: Person) -> None:
    account = await kim.account()
    await bring_in(kim, account, UNDECIDED, mapping={"date_order": "MDY"})

    preview = await upload(kim, account, DECIDED)

    assert of_interest(preview, "mapping_source") == ("saved",)
    assert [row["date"] for row in preview["sample"]] == ["2025-03-25", "2025-03-06"]
    assert "saved_mapping_used" in [warning["code"] for warning in preview["warnings"]]


async def test_an_answer_is_remembered_until_its_import_is_undone(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, UNDECIDED, mapping={"date_order": "MDY"})
    again = await upload(kim, account, UNDECIDED)
    assert [row["date"] for row in again["sample"]] == ["2025-05-03", "2025-06-03"]

    expect(await kim.http.post(f"/imports/{done['id']}/undo"), 200)

    problem(await try_upload(kim, account, UNDECIDED), 422, "mapping_needed")


async def test_a_turned_sign_holds_for_its_account_alone(kim: Person) -> None:
    card, giro = await kim.account("Card"), await kim.account("Giro")
    rows = csv_of("Day,Text,Amount", "2025-03-25,a,-10.00", "2025-03-26,b,20.00")
    await bring_in(kim, card, rows, mapping={"amount_sign": "inverted"})

    on_card, on_giro = await upload(kim, card, rows), await upload(kim, giro, rows)

    assert [row["amount"] for row in on_card["sample"]] == ["10.00", "-20.00"]
    assert [row["amount"] for row in on_giro["sample"]] == ["-10.00", "20.00"]


async def test_rows_before_the_opening_balance_are_pointed_out(kim: Person) -> None:
    account = await kim.account(opening_balance="100", opening_date="2025-03-06")
    preview = await upload(kim, account, csv_of(HEADER, "2025-03-05,a,-1.00", "2025-03-06,b,-2.00"))
    (warning,) = preview["warnings"]
    assert (warning["code"], warning["detail"][:6]) == ("before_opening_date", "1 rows")
    await commit(kim, preview)
    assert await kim.balance(account) == "97.00"
