"""Rows that look like what is there already are pointed out and kept, unless one says otherwise."""

from typing import Any

from tests.imports.uploads import bring_in, commit, listed, of_interest, outcomes, rows_of, statement, upload, with_ids
from tests.people import Person, expect


async def test_same_day_and_amount_is_a_suspect_and_kept(kim: Person) -> None:
    account, other = await kim.account(), await kim.account("Other")
    known = await kim.add(account_id=account["id"], date="2025-03-03", amount="4.50", payee="Typed by hand")
    await kim.add(account_id=other["id"], date="2025-03-04", amount="5.00")
    await kim.add(account_id=account["id"], date="2025-03-05", amount="6.00", type="income")
    preview = await upload(
        kim, account, statement("2025-03-03,Bakery,Rolls,-4.50", "2025-03-04,A,a,-5.00", "2025-03-05,A,a,-6.00")
    )
    assert outcomes(preview["sample"]) == ["suspect", "new", "new"]
    row = preview["sample"][0]
    assert row["match_id"] == known["id"]
    assert row["reason"] == "same account, day and amount"
    done = await commit(kim, preview)
    assert of_interest(done, "created", "skipped") == (3, 0)
    assert all(row["transaction_id"] for row in await rows_of(kim, done))


async def test_suspects_may_be_left_out_together_or_one_by_one(kim: Person) -> None:
    account = await kim.account()
    for day in (3, 4):
        await kim.add(account_id=account["id"], date=f"2025-03-0{day}", amount="4.50")
    data = statement("2025-03-03,A,a,-4.50", "2025-03-04,A,b,-4.50", "2025-03-20,A,c,-4.50")
    together = await commit(kim, await upload(kim, account, data), suspects="skip")
    assert of_interest(together, "created", "skipped") == (1, 2)
    assert [row["skipped"] for row in await rows_of(kim, together)] == [True, True, False]
    one = await commit(kim, await upload(kim, account, data), skip=[2])
    assert of_interest(one, "created", "skipped") == (1, 2)
    assert len(await listed(kim)) == 4


async def test_each_transaction_stands_against_one_row(kim: Person) -> None:
    account = await kim.account()
    for _ in range(2):
        await kim.add(account_id=account["id"], date="2025-03-03", amount="4.50")
    preview = await upload(kim, account, statement(*["2025-03-03,A,a,-4.50"] * 3))
    assert outcomes(preview["sample"]) == ["suspect", "suspect", "new"]
    assert len({row["match_id"] for row in preview["sample"]}) == 3


async def test_the_same_text_within_three_days_is_a_suspect(kim: Person) -> None:
    account = await kim.account()
    known = await kim.add(
        account_id=account["id"], date="2025-03-10", amount="9.99", payee="Streams", description="Monthly"
    )
    rows = [f"2025-03-{day:02d},streams,MONTHLY,-9.99" for day in (6, 7, 13, 14)]
    preview = await upload(kim, account, statement(*rows, "2025-03-11,streams,Yearly,-9.99"))
    assert outcomes(preview["sample"]) == ["new", "suspect", "suspect", "new", "new"]
    assert preview["sample"][1]["match_id"] == known["id"]
    assert "within 3 days" in preview["sample"][1]["reason"]


async def test_transfers_are_compared_and_opening_balances_are_not(kim: Person) -> None:
    account = await kim.account(opening_balance="50.00", opening_date="2025-03-01")
    savings = await kim.account("Savings")
    await kim.add(
        type="transfer", account_id=account["id"], to_account_id=savings["id"], date="2025-03-02", amount="20.00"
    )
    here = await upload(kim, account, statement("2025-03-01,A,a,50.00", "2025-03-02,Savings,move,-20.00"))
    assert outcomes(here["sample"]) == ["new", "suspect"]
    there = await upload(kim, savings, statement("2025-03-02,Checking,move,20.00"))
    assert outcomes(there["sample"]) == ["suspect"]


async def test_statements_that_overlap_point_out_exactly_what_both_hold(kim: Person) -> None:
    account = await kim.account()
    coffee = [f"2025-03-{day:02d},Café,Latte,-3.20" for day in range(1, 11)]
    await bring_in(kim, account, statement(*coffee[:6]))
    overlapping = await upload(kim, account, statement(*coffee[3:]))
    assert outcomes(overlapping["sample"]) == ["suspect"] * 3 + ["new"] * 4
    assert (await commit(kim, overlapping, suspects="skip"))["created"] == 4
    assert await kim.balance(account) == "-32.00"


async def test_ids_that_are_known_leave_other_rows_of_the_day_alone(kim: Person) -> None:
    account = await kim.account()
    options: dict[str, Any] = {"mapping": {"external_id_column": "Transaction ID"}}
    await bring_in(kim, account, with_ids("2025-03-03,Café,Latte,-3.20,C-1"), **options)
    both = with_ids(
        "2025-03-03,Café,Latte,-3.20,C-2", "2025-03-03,Café,Latte,-3.20,C-1", "2025-03-04,Café,Latte,-3.20,C-3"
    )
    preview = await upload(kim, account, both, **options)
    assert outcomes(preview["sample"]) == ["new", "duplicate", "new"]
    assert (await commit(kim, preview, suspects="skip"))["created"] == 2


async def test_rows_of_one_file_never_suspect_each_other(kim: Person) -> None:
    account = await kim.account()
    rows = [f"2025-03-0{day},Café,Latte,-3.20" for day in (1, 1, 2, 3)]
    assert (await upload(kim, account, statement(*rows)))["rows"]["new"] == 4


async def test_the_same_text_is_recognised_after_the_payee_got_another_name(kim: Person) -> None:
    account = await kim.account()
    known = await kim.add(account_id=account["id"], date="2025-03-10", amount="9.99", payee="STRMS 42", description="M")
    expect(await kim.http.patch(f"/payees/{known['payee_id']}", json={"name": "Streams"}), 200)
    preview = await upload(kim, account, statement("2025-03-11,strms 42,m,-9.99", "2025-03-11,strms 43,m,-9.99"))
    assert outcomes(preview["sample"]) == ["suspect", "new"]
    assert preview["sample"][0]["match_id"] == known["id"]
