"""Journals: explicit postings, for what is no simple expense, income or transfer."""

from typing import Any

import pytest

from tests.conftest import Unchanged
from tests.people import Person, expect, fields, problem

UNKNOWN = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
Ids = dict[str, str]
Line = tuple[str, str, str] | tuple[str, str, str, str | None]


@pytest.fixture
async def ids(kim: Person) -> Ids:
    rows = {
        "checking": await kim.account(opening_balance="1000.00", opening_date="2025-12-01"),
        "loan": await kim.account("Loan", type="loan", opening_balance="-9000.00", opening_date="2025-12-01"),
        "pension": await kim.account("Pension", type="investment"),
        "dollars": await kim.account("Dollars", currency="USD"),
        "more_dollars": await kim.account("More dollars", currency="USD"),
        "yen": await kim.account("Yen", currency="JPY"),
        "interest": await kim.category("My interest"),
        "tax": await kim.category("My tax"),
        "fees": await kim.category("My fees"),
        "salary": await kim.category("My salary", kind="income"),
    }
    return {name: row["id"] for name, row in rows.items()}


def journal(ids: Ids, *lines: Line, **header: Any) -> dict[str, Any]:
    """A journal of lines of account, role, amount and, for some, a category."""
    postings = [
        {"account_id": ids.get(line[0], line[0]), "role": line[1], "amount": line[2]}
        | ({"category_id": ids.get(line[3], line[3])} if len(line) > 3 and line[3] else {})
        for line in lines
    ]
    return {"type": "journal", "date": "2026-01-15", "postings": postings, **header}


async def put_in(kim: Person, body: dict[str, Any]) -> dict[str, Any]:
    answer = await kim.http.post("/transactions", json=body)
    made: dict[str, Any] = expect(answer, 201)
    assert await kim.read(f"/transactions/{made['id']}") == made
    return made


async def refused(kim: Person, body: dict[str, Any], status: int = 422, code: str = "invalid_input") -> set[Any]:
    return fields(problem(await kim.http.post("/transactions", json=body), status, code))


async def month(kim: Person) -> tuple[str, str, dict[str, str]]:
    """January's income, expenses, and what each category had of either."""
    report = await kim.read("/reports/monthly", year=2026, month=1)
    nodes = [*report["income"], *report["expenses"]]
    return report["total_income"], report["total_expenses"], {node["name"]: node["amount"] for node in nodes}


LOAN_PAYMENT: tuple[Line, ...] = (
    ("checking", "transfer", "-450"),
    ("loan", "transfer", "450.00"),
    ("checking", "flow", "-50", "interest"),
)
PAY_CHEQUE: tuple[Line, ...] = (
    ("checking", "flow", "5000", "salary"),
    ("checking", "flow", "-1000", "tax"),
    ("checking", "transfer", "-500"),
    ("pension", "transfer", "500"),
)


async def test_a_loan_payment_pays_back_and_costs_interest(kim: Person, ids: Ids) -> None:
    made = await put_in(kim, journal(ids, *LOAN_PAYMENT, payee="City Bank", tags=["home"], notes="n"))
    assert (made["account_id"], made["amount"], made["currency"]) == (ids["checking"], "500.00", "EUR")
    simple = ("to_account_id", "to_amount", "fee_amount", "fee_category_id", "category_id", "refund_of_id")
    assert [made[name] for name in simple] == [None] * len(simple)
    assert (made["splits"], made["payee"], made["tags"], made["notes"]) == ([], "City Bank", ["home"], "n")
    lines = [(p["line"], p["role"], p["amount"], p["category_id"]) for p in made["postings"]]
    assert lines == [
        (0, "transfer", "-450.00", None),
        (1, "transfer", "450.00", None),
        (2, "flow", "-50.00", ids["interest"]),
    ]
    assert await kim.balance({"id": ids["checking"]}) == "500.00"
    assert await kim.balance({"id": ids["loan"]}) == "-8550.00"
    assert await month(kim) == ("0.00", "50.00", {"My interest": "50.00"})


async def test_a_pay_cheque_shows_what_was_earned_and_what_was_taken(kim: Person, ids: Ids) -> None:
    made = await put_in(kim, journal(ids, *PAY_CHEQUE))
    assert (made["account_id"], made["amount"]) == (ids["checking"], "3500.00")
    assert await kim.balance({"id": ids["checking"]}) == "4500.00"
    assert await kim.balance({"id": ids["pension"]}) == "500.00"
    assert await month(kim) == ("5000.00", "1000.00", {"My salary": "5000.00", "My tax": "1000.00"})


async def test_an_exchange_with_a_fee_needs_no_common_rate(kim: Person, ids: Ids) -> None:
    lines: tuple[Line, ...] = (
        ("dollars", "transfer", "-100"),
        ("checking", "transfer", "92"),
        ("dollars", "flow", "-1", "fees"),
    )
    made = await put_in(kim, journal(ids, *lines))
    assert (made["amount"], made["currency"]) == ("101.00", "USD")
    assert [line["base_amount"] for line in made["postings"]] == [None, "92.00", None]
    assert await kim.balance({"id": ids["dollars"]}) == "-101.00"
    assert await kim.balance({"id": ids["checking"]}) == "1092.00"
    report = await kim.read("/reports/monthly", year=2026, month=1)
    assert (report["total_income"], report["total_expenses"]) == ("0.00", "0.00")
    assert report["unconverted"] == [{"currency": "USD", "income": "0.00", "expenses": "1.00"}]


async def test_equity_is_neither_income_nor_spending(kim: Person, ids: Ids) -> None:
    made = await put_in(kim, journal(ids, ("pension", "equity", "123.45")))
    assert (made["type"], made["amount"]) == ("journal", "123.45")
    assert await month(kim) == ("0.00", "0.00", {})
    assert (await kim.read(f"/accounts/{ids['pension']}"))["opening_balance"] is None


async def test_several_accounts_may_give_and_receive(kim: Person, ids: Ids) -> None:
    lines: tuple[Line, ...] = (
        ("checking", "transfer", "-60"),
        ("pension", "transfer", "-40"),
        ("dollars", "transfer", "70"),
        ("more_dollars", "transfer", "35"),
    )
    await put_in(kim, journal(ids, *lines))
    assert await kim.balance({"id": ids["more_dollars"]}) == "35.00"


async def test_what_cancels_out_on_its_account_has_the_amount_zero(kim: Person, ids: Ids, unchanged: Unchanged) -> None:
    lines: tuple[Line, ...] = (("checking", "flow", "-30", "tax"), ("checking", "flow", "30", "interest"))
    made = await put_in(kim, journal(ids, *lines))
    assert made["amount"] == "0.00"
    assert await kim.balance({"id": ids["checking"]}) == "1000.00"
    assert await month(kim) == ("0.00", "0.00", {"My tax": "30.00", "My interest": "-30.00"})
    async with unchanged(kim):
        answer = await kim.http.patch(f"/transactions/{made['id']}", json={"type": "expense"})
        assert {name for name, _ in fields(problem(answer, 422, "invalid_input"))} == {"amount"}


async def test_lists_find_a_journal(kim: Person, ids: Ids) -> None:
    made = await put_in(kim, journal(ids, *PAY_CHEQUE))
    wanted: list[dict[str, Any]] = [
        {"type": "journal"},
        {"account_id": ids["pension"]},
        {"category_id": ids["tax"]},
        {"min_amount": "3500", "max_amount": "3500"},
    ]
    for params in wanted:
        assert [item["id"] for item in (await kim.read("/transactions", **params))["items"]] == [made["id"]]


WRONG: list[tuple[str, tuple[Line, ...], set[tuple[str, str]]]] = [
    ("no postings", (), {("postings", "too_short")}),
    ("a posting of nothing", (("checking", "flow", "0"),), {("postings.0.amount", "value_error")}),
    ("too fine for the euro", (("checking", "flow", "-1.001"),), {("postings.0.amount", "too_many_decimals")}),
    (
        "too fine for the yen",
        (("checking", "flow", "-1.01"), ("yen", "flow", "1.5")),
        {("postings.1.amount", "too_many_decimals")},
    ),
    ("no number", (("checking", "flow", "NaN"),), {("postings.0.amount", "value_error")}),
    ("a role of its own", (("checking", "gift", "-1"),), {("postings.0.role", "literal_error")}),
    ("too many postings", (("checking", "flow", "-1"),) * 201, {("postings", "too_long")}),
    (
        "transfers that lose",
        (("checking", "transfer", "-450"), ("loan", "transfer", "449.99")),
        {("postings", "transfers_do_not_balance")},
    ),
    (
        "a transfer to nowhere",
        (("checking", "transfer", "-450"),),
        {("postings", "transfers_do_not_balance")},
    ),
    (
        "three currencies",
        (("checking", "transfer", "-1"), ("dollars", "transfer", "1"), ("yen", "transfer", "100")),
        {("postings", "too_many_currencies")},
    ),
    (
        "two currencies received",
        (("checking", "transfer", "1"), ("dollars", "transfer", "1")),
        {("postings", "no_exchange")},
    ),
    (
        "two currencies given",
        (("checking", "transfer", "-1"), ("dollars", "transfer", "-1")),
        {("postings", "no_exchange")},
    ),
    (
        "two currencies, each for itself",
        (
            ("checking", "transfer", "-1"),
            ("loan", "transfer", "1"),
            ("dollars", "transfer", "-1"),
            ("more_dollars", "transfer", "1"),
        ),
        {("postings", "no_exchange")},
    ),
    (
        "a category on a transfer",
        (("checking", "transfer", "-1", "tax"), ("loan", "transfer", "1")),
        {("postings.0", "value_error")},
    ),
    ("a category on equity", (("checking", "equity", "-1", "tax"),), {("postings.0", "value_error")}),
]


@pytest.mark.parametrize(("lines", "wanted"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
async def test_returns_422_for_postings_that_cannot_be(
    kim: Person, ids: Ids, unchanged: Unchanged, lines: tuple[Line, ...], wanted: set[tuple[str, str]]
) -> None:
    async with unchanged(kim):
        assert await refused(kim, journal(ids, *lines)) == wanted


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"date": "9998-01-01"}, {"date"}),
        ({"postings": None}, {"postings"}),
        ({"postings": "x"}, {"postings"}),
        ({"postings": [7]}, {"postings.0"}),
        ({"postings": [{}]}, {"postings.0.account_id", "postings.0.role", "postings.0.amount"}),
        ({"amount": "5"}, {"amount"}),
        ({"account_id": UNKNOWN}, {"account_id"}),
        ({"refund_of_id": UNKNOWN}, {"refund_of_id"}),
        ({"payee": "\x00"}, {"payee"}),
    ],
)
async def test_returns_422_for_a_body_that_is_no_journal(
    kim: Person, ids: Ids, unchanged: Unchanged, changes: dict[str, Any], wanted: set[str]
) -> None:
    async with unchanged(kim):
        found = await refused(kim, journal(ids, *LOAN_PAYMENT) | changes)
    assert {name for name, _ in found} == wanted


async def test_returns_404_for_accounts_and_categories_that_are_not_of_the_book(
    kim: Person, robin: Person, ids: Ids, unchanged: Unchanged
) -> None:
    account, category = await robin.account(), await robin.category()
    async with unchanged(kim), unchanged(robin):
        for other_account, other_category in ((UNKNOWN, UNKNOWN), (account["id"], category["id"])):
            body = journal(ids, ("checking", "flow", "-1"), (other_account, "flow", "-1", other_category))
            assert await refused(kim, body, 404, "reference_not_found") == {
                ("postings.1.account_id", "account_not_found"),
                ("postings.1.category_id", "category_not_found"),
            }


async def test_what_is_archived_takes_no_journal(kim: Person, ids: Ids, unchanged: Unchanged) -> None:
    old = await put_in(kim, journal(ids, *LOAN_PAYMENT))
    for path in (f"/accounts/{ids['loan']}", f"/categories/{ids['interest']}"):
        expect(await kim.http.patch(path, json={"archived": True}), 200)
    async with unchanged(kim):
        assert await refused(kim, journal(ids, *LOAN_PAYMENT), 409, "archived") == {
            ("postings.1.account_id", "account_archived"),
            ("postings.2.category_id", "category_archived"),
        }
    changed = [{"line": 0, "amount": "-440"}, {"line": 1, "amount": "440"}]
    expect(await kim.http.patch(f"/transactions/{old['id']}", json={"postings": changed}), 200)


async def test_a_patch_changes_the_postings_it_names_and_keeps_the_others(
    kim: Person, ids: Ids, unchanged: Unchanged
) -> None:
    made = await put_in(kim, journal(ids, *LOAN_PAYMENT, payee="City Bank"))
    path = f"/transactions/{made['id']}"
    added = {"account_id": ids["checking"], "role": "flow"}
    lines: list[dict[str, Any]] = [{"line": 2, "amount": "-45", "memo": "Interest"}, added]
    async with unchanged(kim):
        answer = await kim.http.patch(path, json={"postings": lines})
        assert fields(problem(answer, 422, "invalid_input")) == {("postings.3.amount", "missing")}
        for wrong, named in (
            ([{"line": 3, "amount": "1"}], {("postings.0.line", "unknown_line")}),
            ([{"line": 0, "amount": "-1"}], {("postings", "transfers_do_not_balance")}),
            ([{"line": 0, "remove": True}, {"line": 1, "remove": True}, {"line": 2, "remove": True}], None),
            ([{"line": 0, "account_id": None}], {("postings.0.account_id", "uuid_type")}),
            ([{"line": 0, "role": None}], {("postings.0.role", "literal_error")}),
            ([], {("postings", "too_short")}),
        ):
            found = fields(problem(await kim.http.patch(path, json={"postings": wrong}), 422, "invalid_input"))
            assert named is None or found == named
    added |= {"amount": "-5", "category_id": ids["fees"]}
    changed = expect(await kim.http.patch(path, json={"postings": lines}), 200)
    assert [(p["line"], p["amount"], p["memo"]) for p in changed["postings"]] == [
        (0, "-450.00", None),
        (1, "450.00", None),
        (2, "-45.00", "Interest"),
        (3, "-5.00", None),
    ]
    assert (changed["amount"], changed["payee"]) == ("500.00", "City Bank")
    less = expect(
        await kim.http.patch(path, json={"postings": [{"line": 3, "remove": True}], "date": "2026-01-16"}), 200
    )
    assert (less["amount"], less["date"], len(less["postings"])) == ("495.00", "2026-01-16", 3)
    assert await month(kim) == ("0.00", "45.00", {"My interest": "45.00"})
    assert await kim.balance({"id": ids["checking"]}) == "505.00"


async def test_its_amount_follows_when_one_account_takes_over_another(kim: Person, ids: Ids) -> None:
    """With the loan's postings on the account itself, what moves on it in all is the interest."""
    made = await put_in(kim, journal(ids, *LOAN_PAYMENT))
    other = await put_in(
        kim, journal(ids, ("pension", "equity", "5"), ("checking", "flow", "-2"), ("loan", "flow", "-1"))
    )
    heir = {"reassign_to": ids["checking"]}
    expect(await kim.http.delete(f"/accounts/{ids['loan']}", params=heir), 204)
    assert (await kim.read(f"/transactions/{made['id']}"))["amount"] == "50.00"
    assert (await kim.read(f"/transactions/{other['id']}"))["amount"] == "5.00"
    expect(await kim.http.delete(f"/accounts/{ids['pension']}", params=heir), 204)
    other = await kim.read(f"/transactions/{other['id']}")
    assert (other["account_id"], other["amount"]) == (ids["checking"], "2.00")


async def test_deleting_a_journal_takes_all_of_it_back(kim: Person, ids: Ids) -> None:
    made = await put_in(kim, journal(ids, *PAY_CHEQUE))
    expect(await kim.http.delete(f"/transactions/{made['id']}"), 204)
    assert await kim.balance({"id": ids["checking"]}) == "1000.00"
    assert await kim.balance({"id": ids["pension"]}) == "0.00"
    assert await month(kim) == ("0.00", "0.00", {})


async def test_only_an_equal_external_id_on_its_first_account_is_refused(
    kim: Person, ids: Ids, unchanged: Unchanged
) -> None:
    await put_in(kim, journal(ids, *LOAN_PAYMENT, external_id="bank-1"))
    async with unchanged(kim):
        answer = await kim.http.post("/transactions", json=journal(ids, *PAY_CHEQUE, external_id="bank-1"))
        problem(answer, 409, "duplicate_external_id")
    await put_in(kim, journal(ids, ("loan", "flow", "-1"), external_id="bank-1"))
