"""Each row of a file with its outcome; one that breaks a rule says where and why and stops no other."""

import datetime as dt

from tests.imports.uploads import (
    bring_in,
    commit,
    csv_of,
    listed,
    of_interest,
    outcomes,
    rows_of,
    statement,
    upload,
    with_ids,
)
from tests.people import Person, fields, problem

WRONG = csv_of(
    "Date,Payee,Amount,Currency,Transaction ID",
    "2025-03-01,Good,-1.00,EUR,A-1",
    "2025-02-30,No such day,-1.00,EUR,A-2",
    "2025-03-02,Words,lots,EUR,A-3",
    "2025-03-03,Nothing,0.00,EUR,A-4",
    "2025-03-04,Dollars,-1.00,USD,A-5",
    "2025-03-05,Mills,-1.005,EUR,A-6",
    "2025-03-06,Huge,-1234567890123456.00,EUR,A-7",
    "2098-01-01,Later,-1.00,EUR,A-8",
    "2025-03-08,Gold,-1.00,G0LD,A-9",
    "2025-03-09,Too,many,-1.00,EUR,A-10",
    "2025-03-10,Good again,-2.00,,A-11",
)


async def test_rows_that_break_a_rule_say_line_column_and_reason(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, WRONG)
    assert preview["rows"] == {"total": 11, "new": 2, "duplicate": 0, "suspect": 0, "error": 9}
    found = [of_interest(row, "line", "column", "reason") for row in await rows_of(kim, preview, outcome="error")]
    assert [(line, column) for line, column, _ in found] == [
        (3, "Date"),
        (4, "Amount"),
        (5, "Amount"),
        (6, "Currency"),
        (7, "Amount"),
        (8, "Amount"),
        (9, "Date"),
        (10, "Currency"),
        (11, None),
    ]
    words = [
        "not a date",
        "not an amount",
        "is 0",
        "in USD, the account in EUR",
        "EUR has 2 decimals",
        "more than 15 digits",
        "in the future",
        "not a currency",
        "6 cells where the others have 5",
    ]
    for (_, _, reason), word in zip(found, words, strict=True):
        assert word in reason
    done = await commit(kim, preview)
    assert of_interest(done, "created", "skipped") == (2, 9)
    assert [item["payee"] for item in await listed(kim)] == ["Good", "Good again"]


async def test_rows_are_filtered_by_outcome_and_paged(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, WRONG)
    path = f"/imports/{preview['id']}/rows"
    every = await rows_of(kim, preview)
    assert [row["position"] for row in every] == list(range(1, 12))
    assert [row["line"] for row in every] == list(range(2, 13))
    page = await kim.read(path, limit=4, include_total=True)
    assert (page["total"], page["items"]) == (11, every[:4])
    seen = page["items"]
    while page["next_cursor"]:
        page = await kim.read(path, limit=4, cursor=page["next_cursor"])
        seen += page["items"]
    assert seen == every
    assert (await kim.read(path, skip=9))["items"] == every[9:]
    page = await kim.read(path, outcome="new", include_total=True)
    assert (page["total"], outcomes(page["items"]), page["next_cursor"]) == (2, ["new", "new"], None)
    assert (await kim.read(path, outcome="suspect"))["items"] == []
    assert fields(problem(await kim.get(path, outcome="odd"), 422, "invalid_input")) == {
        ("query.outcome", "literal_error")
    }
    for cursor in (
        "rubbish",
        "WyJyb3dzIiwtMV0",
        "WyJyb3dzIiwidCJd",
        "WyJyb3dzIix0cnVlXQ",
        "WyJyb3dzIiwyMTQ3NDgzNjQ4XQ",
    ):
        problem(await kim.get(path, cursor=cursor), 422, "invalid_input")


async def test_a_row_names_its_transaction_once_it_is_committed(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, WRONG)
    assert {row["transaction_id"] for row in await rows_of(kim, preview)} == {None}
    await commit(kim, preview)
    made = {row["position"]: row["transaction_id"] for row in await rows_of(kim, preview) if row["transaction_id"]}
    assert made.keys() == {1, 11}
    assert await kim.read(f"/transactions/{made[1]}") == (await listed(kim))[0]


async def test_money_has_the_decimals_of_the_accounts_currency(kim: Person) -> None:
    yen, dinar = await kim.account("Yen", currency="JPY"), await kim.account("Dinar", currency="KWD")
    data = statement("2025-03-01,A,a,-5", "2025-03-02,B,b,-5.00", "2025-03-03,C,c,-5.50")
    assert outcomes((await upload(kim, yen, data))["sample"]) == ["new", "new", "error"]
    thousandths = statement("2025-03-01,A,a,-5.12", "2025-03-02,B,b,-5.125", "2025-03-03,C,c,-5.1255")
    preview = await upload(kim, dinar, thousandths, mapping={"decimal_separator": "."})
    assert [row["amount"] for row in preview["sample"]] == ["-5.120", "-5.125", "-5.1255"]
    assert outcomes(preview["sample"]) == ["new", "new", "error"]
    assert "KWD has 3 decimals" in preview["sample"][2]["reason"]


async def test_today_is_today_where_the_person_lives(kim: Person) -> None:
    account = await kim.account()
    now = dt.datetime.now(dt.UTC)
    far_east, far_west = now + dt.timedelta(hours=14), now - dt.timedelta(hours=12)
    data = statement(f"{far_east.date()},A,a,-1.00")
    for zone, local in (("Pacific/Kiritimati", far_east), ("Etc/GMT+12", far_west)):
        answer = await kim.http.patch("/users/me", json={"time_zone": zone})
        assert answer.status_code == 200, answer.text
        expected = "new" if far_east.date() <= local.date() else "error"
        assert outcomes((await upload(kim, account, data))["sample"]) == [expected]


async def test_an_id_that_comes_twice_counts_once(kim: Person) -> None:
    account = await kim.account()
    data = with_ids("2025-03-01,A,a,-1.00,X1", "2025-03-01,A,a,-1.00,X1", "2025-03-02,B,b,-2.00,X2")
    done = await bring_in(kim, account, data, mapping={"external_id_column": "Transaction ID"})
    assert outcomes(await rows_of(kim, done)) == ["new", "duplicate", "new"]
    assert of_interest(done, "created", "skipped") == (2, 1)


async def test_an_id_that_is_too_long_is_an_error_and_a_row_in_error_does_not_take_its_id(kim: Person) -> None:
    account = await kim.account()
    data = with_ids("2025-03-01,A,a,0.00,X1", "2025-03-01,A,a,-1.00,X1", f"2025-03-02,B,b,-2.00,X{'9' * 500}")
    preview = await upload(kim, account, data, mapping={"external_id_column": "Transaction ID"})
    assert [of_interest(row, "outcome", "column") for row in preview["sample"]] == [
        ("error", "Amount"),
        ("new", None),
        ("error", "Transaction ID"),
    ]


async def test_two_equal_rows_are_two_transactions(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement(*["2025-03-01,Coffee,Latte,-3.20"] * 2))
    assert of_interest(done, "created", "skipped") == (2, 0)
    assert await kim.balance(account) == "-6.40"


async def test_equal_rows_of_opposite_sign_are_both_kept(kim: Person) -> None:
    account = await kim.account()
    done = await bring_in(kim, account, statement("2025-03-01,Me,Move,328.00", "2025-03-01,Me,Move,-328.00"))
    assert outcomes(await rows_of(kim, done)) == ["new", "new"]
    assert await kim.balance(account) == "0.00"


async def test_faults_at_the_end_of_a_file_are_told_like_any_other(kim: Person) -> None:
    account = await kim.account()
    preview = await upload(kim, account, statement("2025-03-01,A,a,-1.00", "31.31.2025,B,b,-2.00", "2025-03-02,C,c,x"))
    assert [of_interest(row, "line", "outcome") for row in await rows_of(kim, preview)] == [
        (2, "new"),
        (3, "error"),
        (4, "error"),
    ]


async def test_signs_have_to_fit_the_account(kim: Person) -> None:
    """A sign of several currencies fits each of them, and no other; a code or sign of one fits that one."""
    signs = ["$-20.00", "€ -20.00", "-20.00 zł", "£-20.00", "kr -20", "¥-20", "CHF -20.00", "-20.00"]
    data = csv_of("Date;Text;Amount", *(f"2025-03-{day:02};Shop;{sign}" for day, sign in enumerate(signs, 1)))
    fitting = {
        "EUR": [2, 8], "CAD": [1, 8], "PLN": [3, 8], "GBP": [4, 8], "EGP": [4, 8], "SEK": [5, 8], "JPY": [6, 8],
        "CHF": [7, 8],
    }  # fmt: skip
    for currency, lines in fitting.items():
        account = await kim.account(f"In {currency}", currency=currency)
        found = await rows_of(kim, await upload(kim, account, data))
        assert [row["position"] for row in found if row["outcome"] == "new"] == lines, currency
    euro = await kim.account("Euro")
    found = await rows_of(kim, await upload(kim, euro, data))
    assert of_interest(found[0], "outcome", "column", "reason") == (
        "error", "Amount", "the amount is in $, the account in EUR",
    )  # fmt: skip
    assert found[3]["reason"] == "the amount is in £, the account in EUR"
    assert found[6]["reason"] == "the row is in CHF, the account in EUR"


async def test_signs_in_names_of_columns_and_beside_a_column_of_currencies(kim: Person) -> None:
    euro, dollars = await kim.account("Euro"), await kim.account("Dollars", currency="AUD")
    named = csv_of(
        "Date,Text,Amount ($)", "2025-03-01,Shop,-20.00", "2025-03-02,Shop,€-20.00", "2025-03-03,Shop,A$-1.00"
    )
    assert outcomes(await rows_of(kim, await upload(kim, euro, named))) == ["error", "new", "error"]
    assert outcomes(await rows_of(kim, await upload(kim, dollars, named))) == ["new", "error", "new"]
    beside = csv_of(
        "Date,Text,Amount,Currency",
        "2025-03-01,Shop,$-20.00,AUD",
        "2025-03-02,Shop,€-20.00,AUD",
        "2025-03-03,Shop,-20.00,$",
        "2025-03-04,Shop,$-20.00,USD",
        "2025-03-05,Shop,-20.00,EUR",
    )
    found = await rows_of(kim, await upload(kim, dollars, beside))
    assert outcomes(found) == ["new", "error", "new", "error", "error"]
    assert [row["reason"] for row in found if row["reason"]] == [
        "'€-20.00' contradicts the currency beside it, AUD.",
        "the row is in USD, the account in AUD",
        "the row is in EUR, the account in AUD",
    ]
