"""Files of several accounts, and mappings that a book remembers for the next file with the same header."""

from typing import Any

from tests.imports.uploads import bring_in, commit, csv_of, listed, of_interest, outcomes, signed, try_upload, upload
from tests.people import Person, expect, problem

AMBIGUOUS = csv_of("Date,Text,Amount", "05/03/2025,a,-1.00", "06/03/2025,b,-2.00")
SEVERAL = csv_of(
    "Account,Date,Payee,Amount,Transaction ID",
    "Checking,2025-03-01,A,-1.00,X-1",
    "SAVINGS ,2025-03-02,B,2.00,X-1",
    "Broker,2025-03-03,C,-3.00,X-3",
    ",2025-03-04,D,-4.00,X-4",
)


async def test_each_row_goes_to_the_account_its_name_means(kim: Person) -> None:
    checking, savings = await kim.account("C"), await kim.account("S", currency="USD")
    mapping = {"accounts": {"checking": checking["id"], "Savings": savings["id"]}}
    preview = await upload(kim, checking, SEVERAL, mapping=mapping)
    assert preview["mapping"]["accounts"] == mapping["accounts"]
    assert preview["mapping"]["account_column"] == "Account"
    assert [warning["code"] for warning in preview["warnings"]] == ["several_accounts"]
    assert outcomes(preview["sample"]) == ["new", "new", "error", "error"]
    assert [row["account_id"] for row in preview["sample"]] == [checking["id"], savings["id"], None, None]
    assert preview["sample"][2]["column"] == "Account"
    assert "'Broker' is not in mapping.accounts" in preview["sample"][2]["reason"]
    assert (await commit(kim, preview))["created"] == 2
    assert (await kim.balance(checking), await kim.balance(savings)) == ("-1.00", "2.00")


async def test_without_names_all_rows_go_to_the_one_account(kim: Person) -> None:
    account = await kim.account()
    assert (await bring_in(kim, account, SEVERAL, mapping={"external_id_column": ""}))["created"] == 4
    assert await kim.balance(account) == "-6.00"


async def test_the_answered_mapping_of_several_accounts_reads_the_same(kim: Person) -> None:
    checking = await kim.account()
    first = await upload(kim, checking, SEVERAL, mapping={"accounts": {"Checking": checking["id"]}})
    second = await upload(kim, checking, SEVERAL, mapping=first["mapping"])
    assert (second["mapping"], second["rows"]) == (first["mapping"], first["rows"])


async def test_a_target_deleted_or_archived_meanwhile_stops_the_commit(kim: Person) -> None:
    checking, savings = await kim.account("C"), await kim.account("S")
    mapping = {"accounts": {"Checking": checking["id"], "Savings": savings["id"]}}
    preview = await upload(kim, checking, SEVERAL, mapping=mapping)
    expect(await kim.http.delete(f"/accounts/{savings['id']}"), 204)
    body = problem(await kim.http.post(f"/imports/{preview['id']}/commit"), 409, "import_state")
    assert "deleted" in body["detail"]
    assert await listed(kim) == []


async def test_what_was_committed_answers_for_the_next_file_with_the_header(kim: Person) -> None:
    account = await kim.account()
    problem(await try_upload(kim, account, AMBIGUOUS), 422, "mapping_needed")
    await bring_in(kim, account, AMBIGUOUS, mapping={"date_order": "DMY"})
    following = csv_of('"date";"TEXT";"amount"', '"07/04/2025";"c";"-3.00"', encoding="utf-16")
    preview = await upload(kim, account, following)
    assert preview["mapping_source"] == "saved"
    assert preview["sample"][0]["date"] == "2025-04-07"
    assert of_interest(preview["mapping"], "delimiter", "encoding", "date_order") == (";", "utf-16-le", "DMY")


async def test_a_preview_alone_is_not_remembered(kim: Person) -> None:
    account = await kim.account()
    await upload(kim, account, AMBIGUOUS, mapping={"date_order": "DMY"})
    problem(await try_upload(kim, account, AMBIGUOUS), 422, "mapping_needed")


async def test_another_header_and_another_book_know_nothing_of_it(kim: Person, robin: Person) -> None:
    account, theirs = await kim.account(), await robin.account()
    await bring_in(kim, account, AMBIGUOUS, mapping={"date_order": "DMY"})
    other = AMBIGUOUS.replace(b"Text", b"Memo")
    problem(await try_upload(kim, account, other), 422, "mapping_needed")
    problem(await try_upload(robin, theirs, AMBIGUOUS), 422, "mapping_needed")


async def test_a_given_mapping_overrides_the_remembered_one(kim: Person) -> None:
    account = await kim.account()
    data = csv_of("Date,Text,Amount,Fee", "05/03/2025,a,-1.00,0.10")
    await bring_in(kim, account, data, mapping={"date_order": "DMY", "amount_sign": "inverted"})

    async def read(**mapping: Any) -> tuple[Any, ...]:
        preview = await upload(kim, account, data, mapping=mapping)
        return of_interest(preview["sample"][0], "date", "amount", "description")

    assert await read() == ("2025-03-05", "1.00", "a")
    assert await read(date_order="MDY") == ("2025-05-03", "1.00", "a")
    assert await read(amount_sign="as_is", description_columns=[]) == ("2025-03-05", "-1.00", None)
    assert (await read(debit_column="Fee", amount_sign="as_is"))[:2] == ("2025-03-05", "-0.10")
    await bring_in(kim, account, data, mapping={"date_order": "MDY"})
    assert (await read())[0] == "2025-05-03"


async def test_a_file_without_a_header_is_not_remembered(kim: Person) -> None:
    account = await kim.account()
    bare = csv_of("05/03/2025,-1.00,a", "06/03/2025,-2.00,b")
    await bring_in(kim, account, bare, mapping={"date_order": "DMY"})
    problem(await try_upload(kim, account, csv_of("05/04/2025,-1.00,a")), 422, "mapping_needed")


async def test_the_words_of_one_file_are_not_all_there_are(kim: Person) -> None:
    account = await kim.account()
    first = csv_of("Date,Amount,Type", "2025-03-01,1.00,debit", "2025-03-02,2.00,debit")
    done = await bring_in(kim, account, first)
    assert done["mapping"]["debit_values"] == ["debit"]
    second = csv_of("Date,Amount,Type", "2025-04-01,3.00,credit", "2025-04-02,4.00,debit", "2025-04-03,5.00,Withdrawal")
    assert (await bring_in(kim, account, second))["mapping_source"] == "saved"
    assert [signed(item) for item in await listed(kim)] == ["-1.00", "-2.00", "3.00", "-4.00", "-5.00"]


async def test_words_that_were_given_are_remembered(kim: Person) -> None:
    account = await kim.account()
    header = "Date,Amount,Way"
    given = {"direction_column": "Way", "debit_values": ["raus"], "credit_values": ["rein"]}
    await bring_in(kim, account, csv_of(header, "2025-03-01,1.00,raus", "2025-03-02,2.00,rein"), mapping=given)
    await bring_in(kim, account, csv_of(header, "2025-04-01,3.00,raus"))
    third = await bring_in(kim, account, csv_of(header, "2025-05-01,4.00,rein", "2025-05-02,5.00,raus"))
    assert third["mapping_source"] == "saved"
    assert [signed(item) for item in await listed(kim)] == ["-1.00", "2.00", "-3.00", "4.00", "-5.00"]


async def test_remembered_accounts_are_used_and_a_lost_one_is_told(kim: Person) -> None:
    checking, savings = await kim.account("C"), await kim.account("S")
    header = "Account,Date,Amount"
    names = {"accounts": {"Checking": checking["id"], "Savings": savings["id"]}}
    await bring_in(kim, checking, csv_of(header, "Checking,2025-03-01,-1", "Savings,2025-03-02,2"), mapping=names)
    data = csv_of(header, "Checking,2025-04-01,-3", "Savings,2025-04-02,4")
    preview = await upload(kim, checking, data)
    assert [row["account_id"] for row in preview["sample"]] == [checking["id"], savings["id"]]
    expect(await kim.http.patch(f"/accounts/{savings['id']}", json={"archived": True}), 200)
    later = await upload(kim, checking, data)
    assert outcomes(later["sample"]) == ["new", "error"]


async def test_a_remembered_column_that_is_empty_now_is_no_obstacle(kim: Person) -> None:
    account = await kim.account()
    header = "Date,Amount,Fee,Note"
    await bring_in(
        kim,
        account,
        csv_of(header, "2025-03-01,-1.00,0.50,x"),
        mapping={"amount_column": "Fee", "notes_column": "Note"},
    )
    preview = await upload(kim, account, csv_of(header, "2025-04-01,-1.00,0.75,"))
    assert of_interest(preview["sample"][0], "amount", "notes") == ("0.75", None)
