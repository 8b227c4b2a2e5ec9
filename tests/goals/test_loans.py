"""Loans and plans out of debt over the real stack."""

from datetime import date
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta

from tests.conftest import Unchanged
from tests.goals.test_goals import UNKNOWN, card, savings, today
from tests.households.sharing import join
from tests.people import Person, expect, fields, problem

Document = dict[str, Any]
LOAN: Document = {"annual_rate": "9", "term": 6, "first_payment_date": "2026-02-01"}


async def debt(person: Person, owed: str = "1000.00", name: str = "Car", **more: Any) -> Document:
    opening = {"opening_balance": f"-{owed}", "opening_date": "2025-01-01"}
    return await person.account(name, **{"type": "loan", **opening, **more})


async def loan(person: Person, account: Document, **more: Any) -> Document:
    made: Document = expect(await person.http.post("/loans", json={**LOAN, "account_id": account["id"], **more}), 201)
    return made


async def test_a_loan_and_its_schedule(kim: Person) -> None:
    account = await debt(kim)
    extra = {"date": "2026-03-15", "amount": "100"}
    changes = [{"from_date": "2027-01-01", "annual_rate": "12.5"}]
    answer = await kim.http.post(
        "/loans",
        json={
            **LOAN,
            "account_id": account["id"],
            "principal": "1000",
            "extra_payments": [extra],
            "rate_changes": changes,
            "notes": "n",
        },
    )
    made = expect(answer, 201)
    assert answer.headers["location"] == f"/api/v1/loans/{made['id']}"
    assert (made["owed"], made["principal"], made["currency"], made["fee"]) == ("1000.00", "1000.00", "EUR", "0.00")
    assert made["extra_payments"] == [{"date": "2026-03-15", "amount": "100", "repeats": "once", "until": None}]
    assert made["rate_changes"] == changes
    assert await kim.read(f"/loans/{made['id']}") == made
    assert (await kim.read("/loans"))["items"] == [made]
    schedule = await kim.read(f"/loans/{made['id']}/schedule")
    assert (schedule["principal"], schedule["payment"], schedule["payments"]) == ("1000.00", "171.07", 6)
    assert [line["extra"] for line in schedule["lines"]] == ["0.00", "0.00", "100.00", "0.00", "0.00", "0.00"]
    without = schedule["without_extra"]
    assert (without["total_interest"], without["payoff_date"]) == ("26.41", "2026-07-01")
    assert Decimal(without["interest_saved"]) == Decimal("26.41") - Decimal(schedule["total_interest"]) > 0
    plain = expect(await kim.http.patch(f"/loans/{made['id']}", json={"extra_payments": []}), 200)
    assert (plain["extra_payments"], plain["rate_changes"], plain["notes"]) == ([], changes, "n")
    schedule = await kim.read(f"/loans/{made['id']}/schedule", basis="terms")
    assert schedule["without_extra"] is None
    assert [line["balance"] for line in schedule["lines"]] == ["836.43", "671.63", "505.60", "338.32", "169.79", "0.00"]


async def test_the_rest_of_a_loan_is_that_of_its_account(kim: Person, unchanged: Unchanged) -> None:
    day = today(kim)
    first = day - relativedelta(months=2)
    account = await debt(kim, "600.00")
    made = await loan(kim, account, term=None, payment="100", annual_rate="0", first_payment_date=str(first))
    schedule = await kim.read(f"/loans/{made['id']}/schedule")
    assert (schedule["principal"], schedule["payments"]) == ("600.00", 6)
    assert (schedule["lines"][0]["number"], schedule["lines"][0]["date"]) == (3, str(day))
    checking = await savings(kim)
    await kim.add(type="transfer", account_id=checking["id"], to_account_id=account["id"], amount="650", date=str(day))
    done = await kim.read(f"/loans/{made['id']}/schedule")
    assert (done["payments"], done["payoff_date"], done["payment"]) == (0, None, None)
    assert (await kim.read(f"/loans/{made['id']}"))["owed"] == "0.00"
    async with unchanged(kim):
        answer = await kim.get(f"/loans/{made['id']}/schedule", basis="terms")
        assert fields(problem(answer, 422, "invalid_input")) == {("query.basis", "principal_not_stated")}


async def test_a_payment_below_the_interest_is_an_error_with_the_amount(kim: Person) -> None:
    made = await loan(kim, await card(kim, "10000"), term=None, payment="50", annual_rate="12")
    body = problem(await kim.get(f"/loans/{made['id']}/schedule"), 422, "payment_too_small")
    assert body["needed"] == "100.01"


async def test_undo_and_history_of_a_loan(kim: Person) -> None:
    made = await loan(kim, await debt(kim), extra_payments=[{"date": "2026-03-15", "amount": "1", "repeats": "yearly"}])
    path = f"/loans/{made['id']}"

    async def undo_last() -> None:
        revision = (await kim.read(f"/books/{kim.book_id}"))["revision"]
        expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": revision}), 200)

    def own(document: Document) -> Document:
        return {k: v for k, v in document.items() if k not in {"revision", "updated_at"}}

    new = {"annual_rate": "1", "payment": "10", "first_payment_date": "2026-02-01"}
    stale = await kim.http.put(path, json=new, headers={"If-Match": '"1"'})
    problem(stale, 412, "revision_mismatch")
    replaced = expect(await kim.http.put(path, json=new), 200)
    assert (replaced["term"], replaced["extra_payments"], replaced["payment"]) == (None, [], "10.00")
    await undo_last()
    assert own(await kim.read(path)) == own(made)
    expect(await kim.http.delete(path), 204)
    await undo_last()
    assert own(await kim.read(path)) == own(made)
    history = (await kim.read(f"{path}/history"))["items"]
    assert [event["action"] for event in history] == ["created", "deleted", "updated", "updated", "created"]


WRONG: list[tuple[Document, str, str]] = [
    ({"term": None}, "payment", "payment_or_term_needed"),
    ({"term": 0}, "term", "greater_than_equal"),
    ({"term": 2601}, "term", "less_than_equal"),
    ({"term": True}, "term", "value_error"),
    ({"annual_rate": "-1"}, "annual_rate", "value_error"),
    ({"annual_rate": "1000.1"}, "annual_rate", "value_error"),
    ({"annual_rate": 0.1}, "", ""),
    ({"periods_per_year": 5}, "periods_per_year", "value_error"),
    ({"payment": "0.001"}, "payment", "too_many_decimals"),
    ({"balloon": "1", "payment": "1"}, "balloon", "balloon_without_term"),
    ({"balloon": "2000", "principal": "1000"}, "balloon", "more_than_principal"),
    ({"interest_only": 6}, "interest_only", "longer_than_term"),
    ({"compounding_per_year": 2, "day_count": "actual/365"}, "compounding_per_year", "counted_by_days"),
    ({"start_date": "2026-02-01"}, "start_date", "not_before_payment"),
    ({"rate_changes": [{"from_date": "2026-03-01", "annual_rate": "1"}] * 2}, "rate_changes", "same_day_twice"),
    (
        {"extra_payments": [{"date": "2026-03-01", "amount": "0.001", "until": "2026-04-01"}]},
        "extra_payments.0.until",
        "not_an_end",
    ),
    (
        {"extra_payments": [{"date": "2026-03-01", "amount": "1", "repeats": "monthly", "until": "2026-02-01"}]},
        "extra_payments.0.until",
        "not_an_end",
    ),
]


async def test_terms_that_do_not_go_together_are_named(kim: Person, unchanged: Unchanged) -> None:
    account, own = await debt(kim), await kim.account()
    gone = await debt(kim, "0.00", "Gone")
    expect(await kim.http.patch(f"/accounts/{gone['id']}", json={"archived": True}), 200)
    taken = await loan(kim, await debt(kim, name="Taken"))
    async with unchanged(kim):
        for more, field, code in WRONG:
            answer = await kim.http.post("/loans/calculate", json={"currency": "EUR", "principal": "9", **LOAN, **more})
            if field:
                assert (field, code) in fields(problem(answer, 422, "invalid_input")), (more, answer.text)
            else:
                expect(answer, 200)
        for account_id, status, code in (
            (UNKNOWN, 404, "account_not_found"),
            (own["id"], 422, "invalid_input"),
            (gone["id"], 409, "archived"),
            (taken["account_id"], 409, "loan_exists"),
        ):
            answer = await kim.http.post("/loans", json={**LOAN, "account_id": account_id})
            assert answer.status_code == status, answer.text
            assert answer.json()["code"] == code, answer.text
        answer = await kim.http.post("/loans", json={**LOAN, "account_id": account["id"], "id": taken["id"]})
        problem(answer, 409, "id_taken")
        for body in ({"annual_rate": None}, {"term": None}, {"periods_per_year": 7}, {"account_id": account["id"]}):
            problem(await kim.http.patch(f"/loans/{taken['id']}", json=body), 422, "invalid_input")
        problem(await kim.http.delete(f"/accounts/{taken['account_id']}"), 409, "account_in_use")
        problem(await kim.get(f"/loans/{UNKNOWN}"), 404, "loan_not_found")


async def test_a_loan_on_a_private_account_is_hidden(kim: Person, robin: Person) -> None:
    await join(kim, robin)
    robin.http.headers["X-Book-Id"] = kim.book_id
    account = await debt(kim, visibility="private")
    made = await loan(kim, account)
    assert (await robin.read("/loans"))["items"] == []
    for path in ("", "/schedule"):
        problem(await robin.get(f"/loans/{made['id']}{path}"), 404, "loan_not_found")
    problem(await robin.get(f"/loans/{made['id']}/history"), 404, "entity_not_found")
    problem(await robin.http.post("/loans", json={**LOAN, "account_id": account["id"]}), 404, "account_not_found")
    problem(await robin.http.post("/debts/plan", json={"strategy": "snowball"}), 422, "invalid_input")


STATED = [
    {"name": "Card", "balance": "1800.00", "annual_rate": "19.9", "minimum_payment": "50.00"},
    {"name": "Car", "balance": "1400.00", "annual_rate": "4.5", "minimum_payment": "60.00"},
]


async def test_stated_debts_are_planned_and_the_ways_compared(kim: Person, unchanged: Unchanged) -> None:
    asked = {"strategy": "avalanche", "monthly_amount": "400", "debts": STATED, "first_payment_date": "2026-01-31"}
    async with unchanged(kim):
        plan = expect(await kim.http.post("/debts/plan", json=asked), 200)
        assert [item["name"] for item in plan["debts"]] == ["Card", "Car"]
        assert plan["currency"] == "EUR"
        assert plan["payoff_date"] == plan["schedule"][-1]["date"] == plan["debts"][-1]["paid_off_on"]
        assert plan["schedule"][0]["payments"][0] == {
            "debt": 0,
            "payment": "340.00",
            "interest": "29.85",
            "balance": "1489.85",
        }
        by_strategy = {item["strategy"]: item for item in plan["comparison"]}
        assert list(by_strategy) == ["avalanche", "snowball", "minimums"]
        cheap, dear = by_strategy["avalanche"]["total_interest"], by_strategy["snowball"]["total_interest"]
        assert Decimal(cheap) < Decimal(dear) < Decimal(by_strategy["minimums"]["total_interest"])
        assert plan["total_interest"] == cheap
        assert Decimal(plan["total_paid"]) == Decimal(3200) + Decimal(cheap)
        own = {**asked, "strategy": "custom", "order": ["Car", "Card"], "details": False}
        plan = expect(await kim.http.post("/debts/plan", json=own), 200)
        assert [item["name"] for item in plan["debts"]] == ["Car", "Card"]
        assert plan["schedule"][0]["payments"] is None
        sooner = {**own, "extra": [{"date": "2026-02-01", "amount": "500"}] * 2}
        faster = expect(await kim.http.post("/debts/plan", json=sooner), 200)
        assert faster["months"] < plan["months"]
        assert faster["schedule"][1]["payment"] == "1400.00"
        needed = problem(
            await kim.http.post("/debts/plan", json={**asked, "monthly_amount": "109"}), 422, "monthly_amount_too_small"
        )
        assert needed["needed"] == "110.00"
        assert expect(await kim.http.post("/debts/plan", json={**asked, "monthly_amount": None}), 200)[
            "monthly_amount"
        ] == ("110.00")
        endless = [{**STATED[0], "annual_rate": "36", "minimum_payment": "1"}, {**STATED[1], "minimum_payment": "1"}]
        for wrong, field, code in (
            ({"strategy": "custom"}, "order", "order_needed"),
            ({"strategy": "custom", "order": ["Car", "Car"]}, "order", "not_every_debt_once"),
            ({"debts": [STATED[0]] * 2}, "debts", "same_name_twice"),
            ({"debts": []}, "debts", "too_short"),
            ({"debts": STATED * 51}, "debts", "too_long"),
            ({"debts": [{**STATED[0], "balance": "1.001"}]}, "debts.0.balance", "too_many_decimals"),
            ({"monthly_amount": "400.001"}, "monthly_amount", "too_many_decimals"),
            ({"currency": "XXQ"}, "currency", "unknown_currency"),
            (
                {"debts": endless, "strategy": "snowball", "monthly_amount": "60", "extra": asked_extra()},
                "monthly_amount",
                "takes_too_long",
            ),
        ):
            answer = await kim.http.post("/debts/plan", json={**asked, **wrong})
            assert (field, code) in fields(problem(answer, 422, "invalid_input")), (wrong, answer.text)
        many = [{**STATED[1], "name": str(n), "annual_rate": "0", "minimum_payment": "4"} for n in range(100)]
        answer = await kim.http.post("/debts/plan", json={**asked, "debts": many})
        assert fields(problem(answer, 422, "invalid_input")) == {("details", "too_many_payments")}


def asked_extra() -> list[Document]:
    return [{"date": "2026-01-31", "amount": "1"}]


async def test_the_debts_of_the_book_are_planned_by_their_terms(kim: Person) -> None:
    day = today(kim)
    first = str(day + relativedelta(days=10))
    car = await loan(kim, await debt(kim, "6000.00"), term=48, annual_rate="4.8", first_payment_date=first)
    visa = await loan(
        kim,
        await card(kim, "1500.00"),
        term=None,
        payment="20",
        annual_rate="24",
        day_count="actual/365",
        first_payment_date=first,
        rate_changes=[{"from_date": str(day + relativedelta(months=2)), "annual_rate": "12"}],
    )
    dollars = await loan(kim, await debt(kim, "800", "US", currency="USD"), first_payment_date=first)
    done = await debt(kim, "0.00", "Done")
    await loan(kim, done, first_payment_date=first)
    asked: Document = {"strategy": "avalanche", "monthly_amount": "500"}
    answer = await kim.http.post("/debts/plan", json=asked)
    assert fields(problem(answer, 422, "invalid_input")) == {("currency", "several_currencies")}
    plan = expect(await kim.http.post("/debts/plan", json={**asked, "currency": "EUR"}), 200)
    assert [item["loan_id"] for item in plan["debts"]] == [visa["id"], car["id"]]
    assert [item["minimum_payment"] for item in plan["debts"]] == ["20.00", "137.63"]
    assert plan["schedule"][0]["date"] == str(day + relativedelta(months=1))
    order = {**asked, "currency": "EUR", "strategy": "custom", "order": [car["id"], visa["id"]]}
    assert expect(await kim.http.post("/debts/plan", json=order), 200)["strategy"] == "custom"
    plan = expect(await kim.http.post("/debts/plan", json={**asked, "currency": "USD"}), 200)
    assert [item["loan_id"] for item in plan["debts"]] == [dollars["id"]]
    assert date.fromisoformat(plan["payoff_date"]) > day
