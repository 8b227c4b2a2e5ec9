"""The same file again adds nothing, however it is written or however often it is sent; an equal id refuses."""

import asyncio

import pytest

from tests.imports.uploads import (
    HEADER,
    bring_in,
    commit,
    csv_of,
    ledger,
    listed,
    of_interest,
    outcomes,
    rows_of,
    statement,
    try_commit,
    undo,
    upload,
    with_ids,
)
from tests.people import Person, expect, problem

ROWS = ("2025-03-03,Bäckerei,Rolls,-4.50", "2025-03-03,Bäckerei,Rolls,-4.50", "2025-03-04,Work,Pay,99.00")
FILE = statement(*ROWS)
ALL_KNOWN = {"total": 3, "new": 0, "duplicate": 3, "suspect": 0, "error": 0}


async def test_an_id_the_account_has_makes_a_duplicate(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    known = await kim.add(account_id=account["id"], external_id="T-1", date="2024-01-01", amount="77.00")
    data = with_ids("2025-03-03,A,a,-1.00,T-1", "2025-03-04,B,b,-2.00,T-2")
    preview = await upload(kim, account, data)
    first, second = preview["sample"]
    assert of_interest(first, "outcome", "match_id") == ("duplicate", known["id"])
    assert "external id" in first["reason"]
    assert second["outcome"] == "new"
    assert of_interest(await commit(kim, preview), "created", "skipped") == (1, 1)
    assert (await bring_in(kim, other, data))["created"] == 2


async def test_an_id_that_came_between_preview_and_commit_is_left_out(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, with_ids("2025-03-03,A,a,-1.00,T-1", "2025-03-04,B,b,-2.00,T-2"))
    await kim.add(account_id=account["id"], external_id="T-2")
    done = await commit(kim, preview)
    assert of_interest(done, "created", "skipped") == (1, 1)
    assert done["rows"] == {"total": 2, "new": 1, "duplicate": 1, "suspect": 0, "error": 0}


@pytest.mark.parametrize(
    "again",
    [
        FILE,
        FILE.decode().encode("utf-16"),
        FILE.decode().encode("windows-1252"),
        "\ufeff".encode() + FILE,
        FILE.replace(b"\n", b"\r\n"),
        FILE.replace(b"\n", b"\r"),
        FILE.rstrip(b"\n"),
        b"Statement\n\n" + FILE,
        FILE.replace(b",", b";"),
    ],
    ids=["same bytes", "UTF-16", "Windows-1252", "mark", "CRLF", "CR", "no last line end", "preamble", "semicolons"],
)
async def test_the_same_file_again_adds_nothing(kim: Person, again: bytes) -> None:
    account = await kim.account()
    await bring_in(kim, account, FILE)
    before = await ledger(kim)
    preview = await upload(kim, account, again)
    assert preview["rows"] == ALL_KNOWN
    assert {row["reason"] for row in preview["sample"]} == {"the same file was imported before"}
    done = await commit(kim, preview)
    assert of_interest(done, "created", "skipped") == (0, 3)
    assert await ledger(kim) == before


async def test_the_same_file_for_another_account_is_another_matter(kim: Person) -> None:
    first, second = await kim.account(), await kim.account("Second")
    await bring_in(kim, first, FILE)
    assert (await bring_in(kim, second, FILE))["created"] == 3


async def test_two_previews_of_one_file_post_it_once(kim: Person) -> None:
    account = await kim.account()
    one, two = await upload(kim, account, FILE), await upload(kim, account, FILE.replace(b"\n", b"\r\n"))
    assert one["rows"]["new"] == two["rows"]["new"] == 3
    assert (await commit(kim, one))["created"] == 3
    assert of_interest(await commit(kim, two), "created", "skipped", "rows") == (0, 3, ALL_KNOWN)


async def test_two_previews_committed_at_the_same_moment_post_it_once(kim: Person) -> None:
    account = await kim.account()
    previews = [await upload(kim, account, FILE) for _ in range(4)]
    done = await asyncio.gather(*(commit(kim, preview) for preview in previews))
    assert sorted(one["created"] for one in done) == [0, 0, 0, 3]
    assert len(await listed(kim)) == 3


async def test_one_preview_committed_at_the_same_moment_is_committed_once(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, FILE)
    answers = await asyncio.gather(*(try_commit(kim, preview) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code != 200:
            problem(answer, 409, "import_state")
    assert len(await listed(kim)) == 3


async def test_rows_left_out_the_first_time_come_with_the_second_and_then_no_more(kim: Person) -> None:
    account = await kim.account()
    await commit(kim, await upload(kim, account, FILE), skip=[3])
    second = await bring_in(kim, account, FILE)
    assert outcomes(await rows_of(kim, second)) == ["duplicate", "duplicate", "new"]
    assert second["created"] == 1
    third = await bring_in(kim, account, FILE)
    assert third["rows"] == ALL_KNOWN
    assert third["created"] == 0
    one, two = FILE.replace(b"\n", b"\r\n"), FILE.decode().encode("utf-16")
    assert (await bring_in(kim, account, one))["created"] == (await bring_in(kim, account, two))["created"] == 0
    assert await kim.balance(account) == "90.00"


async def test_after_an_undo_the_same_file_may_come_again(kim: Person) -> None:
    account = await kim.account()
    await undo(kim, await bring_in(kim, account, FILE))
    assert (await upload(kim, account, FILE))["rows"]["new"] == 3
    assert (await bring_in(kim, account, FILE))["created"] == 3
    assert (await bring_in(kim, account, FILE))["created"] == 0


async def test_one_of_two_imports_undone_still_leaves_what_the_other_brought(kim: Person) -> None:
    account = await kim.account()
    first = await commit(kim, await upload(kim, account, FILE), skip=[3])
    second = await bring_in(kim, account, FILE)
    await undo(kim, first)
    again = await upload(kim, account, FILE)
    assert outcomes(again["sample"]) == ["new", "new", "duplicate"]
    await commit(kim, again)
    await undo(kim, second)
    assert await kim.balance(account) == "-9.00"


async def test_the_same_rows_with_other_faults_between_them_are_the_same_rows(kim: Person) -> None:
    account = await kim.account()
    faulty = csv_of(HEADER, "not a date,?,?,-1.00", *ROWS)
    await bring_in(kim, account, faulty)
    again = await bring_in(kim, account, FILE)
    assert of_interest(again, "created", "rows") == (0, ALL_KNOWN)
    assert (await bring_in(kim, account, faulty))["created"] == 0
    assert await kim.balance(account) == "90.00"


async def test_rows_in_error_the_first_time_may_come_when_they_are_right(kim: Person) -> None:
    account = await kim.account()
    data = csv_of("Account,Date,Amount", "Daily,2025-03-01,-1.00", "Spare,2025-03-02,-2.00")
    spare = await kim.account("Spare")
    daily = {"Daily": account["id"]}
    assert (await bring_in(kim, account, data, mapping={"accounts": daily}))["created"] == 1
    done = await bring_in(kim, account, data, mapping={"accounts": {**daily, "Spare": spare["id"]}})
    assert outcomes(await rows_of(kim, done)) == ["duplicate", "new"]
    assert (await kim.balance(account), await kim.balance(spare)) == ("-1.00", "-2.00")


async def test_a_transaction_deleted_since_does_not_come_back_by_itself(kim: Person) -> None:
    account = await kim.account()
    await bring_in(kim, account, FILE)
    victim = (await listed(kim))[0]
    expect(await kim.http.delete(f"/transactions/{victim['id']}"), 204)
    assert (await bring_in(kim, account, FILE))["created"] == 0


async def test_a_file_of_several_accounts_counts_as_the_same_whichever_account_it_is_sent_to(kim: Person) -> None:
    one, two = await kim.account("One"), await kim.account("Two")
    data = csv_of("Account,Date,Amount", "A,2025-03-01,-1.00", "B,2025-03-02,-2.00")
    mapping = {"accounts": {"A": one["id"], "B": two["id"]}}
    assert (await bring_in(kim, one, data, mapping=mapping))["created"] == 2
    assert (await bring_in(kim, two, data, mapping=mapping))["created"] == 0
