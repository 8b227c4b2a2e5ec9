"""The forecast over HTTP: hand-checked days, what counts and what does not, and who sees what."""

from datetime import date

import pytest

from app.core.database import Database
from tests.forecast.books import Document, at, check, line, spend_monthly
from tests.people import Person, expect, fields, problem
from tests.schedules.clock import Clock, schedule
from tests.security.household import join

TODAY = "2026-02-10"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(monkeypatch)
    clock.set(TODAY)
    return clock


async def test_three_months_by_hand(kim: Person, clock: Clock) -> None:
    """A salary, a rent, savings, a yearly insurance, a budget for food, and a habit of small things.

    Today is 10 February. The bank began with 9980.00, and has a past:
    13 months (January 2025 to January 2026) of food at 300.00 each, and of fun at 60, 90, 60, 90 ... each.
    """
    bank = await kim.account("Bank", opening_balance="9980.00", opening_date="2025-01-01")
    savings = await kim.account("Savings", type="savings", opening_balance="500.00", opening_date="2025-01-01")
    food, fun = await kim.category("Our food"), await kim.category("Our fun")
    pay, home = await kim.category("Our pay", kind="income"), await kim.category("Our home")
    await spend_monthly(kim, bank, food, date(2026, 1, 15), ["300.00"] * 13)
    await spend_monthly(kim, bank, fun, date(2026, 1, 20), ["60.00", "90.00"] * 6 + ["60.00"])
    await kim.add(account_id=bank["id"], category_id=food["id"], date="2026-02-05", amount="100.00")
    # 9980 - 13 * 300 - (7 * 60 + 6 * 90) - 100 = 5020
    assert await kim.balance(bank) == "5020.00"

    income = {"type": "income", "category_id": pay["id"]}
    await schedule(kim, bank, name="Salary", template=income, amount="2000.00", rrule="FREQ=MONTHLY;BYMONTHDAY=-1")
    rent = await schedule(kim, bank, template={"category_id": home["id"]}, amount="800.00", weekend="after")
    moved = {"type": "transfer", "to_account_id": savings["id"]}
    await schedule(kim, bank, name="Savings", template=moved, amount="150.00", rrule="FREQ=MONTHLY;BYMONTHDAY=5")
    yearly = {"rrule": "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=3", "amount": "365.00"}
    await schedule(kim, bank, name="Insurance", template={"category_id": home["id"]}, **yearly)
    box = {"rrule": "FREQ=MONTHLY;BYMONTHDAY=20", "amount": "30.00"}
    await schedule(kim, bank, name="Vegetable box", template={"category_id": food["id"]}, **box)
    budget = {"name": "Food", "amount": "310.00", "period": "monthly", "start_date": "2026-01-01"}
    budget_id = expect(await kim.http.post("/budgets", json={**budget, "category_ids": [food["id"]]}), 201)["id"]

    found = await kim.read("/forecast", months="3")
    check(found)
    assert (found["from"], found["to"], found["points"]) == (TODAY, "2026-05-10", "daily")
    # Food: of 310.00 are 100.00 spent and 30.00 planned on the 20th, so 180.00 go over the 18 days from 11 to 28
    # February: 10.00 a day. In March and April 310.00 - 30.00 = 280.00: 9.03 a day of 31, and 9.33 of 30.
    # Fun: February 2025 to January 2026 are 90, 60, 90, 60 ... 60: six of each. The median is 75.00 a month:
    # 2.68 a day in February, 2.42 in March, 2.50 in April, 2.42 in May.
    expected = {
        # day: planned, budget, habit since today; and what happens on the day
        "2026-02-10": ("0.00", "0.00", "0.00"),  # today
        "2026-02-11": ("0.00", "-10.00", "-2.68"),  # one day of food, and 75 / 28
        "2026-02-19": ("0.00", "-90.00", "-24.11"),  # nine days: 9 * 10; 9 * 75 / 28
        "2026-02-20": ("-30.00", "-100.00", "-26.79"),  # the box
        "2026-02-27": ("-30.00", "-170.00", "-45.54"),
        "2026-02-28": ("1970.00", "-180.00", "-48.21"),  # the salary; 18 * 75 / 28
        "2026-03-01": ("1970.00", "-189.03", "-50.63"),  # a Sunday: the rent waits; 280 / 31 and 75 / 31 more
        "2026-03-02": ("1170.00", "-198.06", "-53.05"),  # the rent of Sunday the 1st, on the Monday after
        "2026-03-05": ("1020.00", "-225.16", "-60.31"),  # 150.00 to the savings; five days: 5 * 280 / 31 = 45.16
        "2026-03-20": ("990.00", "-360.65", "-96.60"),  # the box; 20 * 280 / 31 = 180.65; 20 * 75 / 31 = 48.39
        "2026-03-31": ("2990.00", "-460.00", "-123.21"),  # the salary; all of March: 280.00 and 75.00
        "2026-04-01": ("2190.00", "-469.33", "-125.71"),  # the rent
        "2026-04-03": ("1825.00", "-488.00", "-130.71"),  # the insurance of the year; 3 * 280 / 30 = 28.00
        "2026-04-30": ("3645.00", "-740.00", "-198.21"),  # -150 on the 5th, -30 on the 20th, +2000 on the last
        "2026-05-04": ("2845.00", "-776.13", "-207.89"),  # the rent of Friday the 1st; 4 * 280 / 31 = 36.13
        "2026-05-10": ("2695.00", "-830.32", "-222.41"),  # -150 on the 5th; 10 * 280 / 31 = 90.32; 10 * 75 / 31
    }
    shown = line(found, bank)
    for day, parts in expected.items():
        point = at(shown, day)
        assert (point["planned"], point["budgets"], point["rest"]) == parts, day
    assert shown["balance"] == "5020.00"
    # 5020 + 2695 - 830.32 - 222.41
    assert shown["end"]["expected"] == "6662.27"
    # The lowest is the day before the first salary: 5020 - 30 - 170 - 45.54.
    assert shown["lowest"] == {"date": "2026-02-27", "amount": "4774.46"}
    assert shown["first_below"] == {"floor": "0.00", "expected": None, "low": None}
    # Fun: the 10th percentile of the net is -90.00, the 90th -60.00, the median -75.00.
    assert shown["learned"] == {"months": 12, "income": "0.00", "spending": "-75.00", "down": "15.00", "up": "15.00"}
    # Food varied by nothing, so the lines lie apart by fun alone: on 28 February by 15.00 * sqrt(18 / 28) = 12.03.
    point = at(shown, "2026-02-28")
    assert (point["low"], point["expected"], point["high"]) == ("6749.76", "6761.79", "6773.82")
    sources = {each["name"]: (each["source"], each["expected"]) for each in shown["sources"]}
    assert sources == {
        "Salary": ("schedule", "6000.00"),
        "Rent": ("schedule", "-2400.00"),
        "Savings": ("schedule", "-450.00"),
        "Insurance": ("schedule", "-365.00"),
        "Vegetable box": ("schedule", "-90.00"),
        "Food": ("budget", "-830.32"),
        "Usual income and spending": ("rest", "-222.41"),
    }
    assert {each["id"] for each in shown["sources"]} >= {rent["id"], budget_id, None}
    assert line(found, savings)["end"] == {"low": "950.00", "expected": "950.00", "high": "950.00"}
    assert found["base"]["end"]["expected"] == "7612.27"

    # Without budgets food is a habit: 300.00 a month, of which the box explains 30.00.
    bare = await kim.read("/forecast", months="3", budgets="false")
    check(bare)
    assert line(bare, bank)["learned"]["spending"] == "-345.00"
    # With neither it is the schedules alone, to the cent.
    bare = await kim.read("/forecast", months="3", budgets="false", rest="false")
    for point in line(bare, bank)["points"]:
        if point["date"] in expected:
            assert point["low"] == point["expected"] == point["high"]
            assert (point["planned"], point["budgets"], point["rest"]) == (expected[point["date"]][0], "0.00", "0.00")
    # One account, coarser: the lowest day is found all the same.
    coarse = await kim.read("/forecast", months="3", points="monthly", account_id=bank["id"], floor="4774.461")
    assert [point["date"] for point in coarse["accounts"][0]["points"]] == [
        "2026-02-10", "2026-03-10", "2026-04-10", "2026-05-10",
    ]  # fmt: skip
    assert coarse["accounts"][0]["lowest"] == shown["lowest"]
    assert coarse["accounts"][0]["first_below"]["expected"] == "2026-02-27"
    assert coarse["accounts"][0]["first_below"]["floor"] == "4774.461"


async def test_budgets_that_carry_begin_end_and_are_filled(kim: Person, clock: Clock) -> None:
    bank = await kim.account("Bank", opening_balance="1000.00", opening_date="2026-01-01")
    names = ("Owed", "Later", "Envelope")
    owed, later, kept = [await kim.category(name) for name in names]
    made = await kim.add(
        account_id=bank["id"], category_id=owed["id"], date="2026-02-05", amount="130.00", tags=["holiday"]
    )

    async def budget(name: str, amount: str, category: Document, **more: object) -> str:
        body = {"name": name, "amount": amount, "period": "monthly", "start_date": "2026-02-01", **more}
        answer = await kim.http.post("/budgets", json={**body, "category_ids": [category["id"]]})
        return str(expect(answer, 201)["id"])

    await budget("Owed", "100.00", owed, rollover="deficit")
    await budget("Later", "34.00", later, start_date="2026-03-15", end_date="2026-03-31")
    await budget("Over", "34.00", later, start_date="2026-01-01", end_date="2026-01-31")
    await budget("Tagged", "500.00", later, tag_ids=made["tag_ids"])
    envelope = await budget("Envelope", "60.00", kept, kind="envelope", rollover="none")
    put = {"amount": "20.00", "date": "2026-03-01"}
    expect(await kim.http.post(f"/budgets/{envelope}/assign", json=put), 201)
    found = await kim.read("/forecast", months="2")
    check(found)
    # Overspent by 30.00, March has 70.00, and ten days of April 33.33. Seventeen days of March at 2.00. The envelope
    # has nothing now, 20.00 in March, and in April a third of its target of 60.00.
    assert {each["name"]: each["expected"] for each in line(found, bank)["sources"]} == {
        "Owed": "-103.33",
        "Later": "-34.00",
        "Envelope": "-40.00",
    }
    assert at(line(found, bank), "2026-03-14")["budgets"] == "-40.64"  # 14 * 70 / 31 and 14 * 20 / 31
    assert at(line(found, bank), "2026-03-15")["budgets"] == "-45.55"  # 2.26 + 0.65 (0.64) + 2.00 more


async def test_what_is_overdue_comes_today(kim: Person, clock: Clock) -> None:
    bank = await kim.account("Bank", opening_balance="100.00", opening_date="2025-12-01")
    clock.set("2026-01-15")
    late = {"mode": "confirm", "active_from": "2026-01-01"}
    made = await schedule(kim, bank, name="Gym", rrule="FREQ=WEEKLY;BYDAY=MO;COUNT=6", amount="10.00", **late)
    clock.set("2026-02-12")
    # The Mondays are 5, 12, 19, 26 January, 2 and 9 February; the first is more than 31 days ago.
    assert made["starts_on"] == "2026-01-01"
    found = await kim.read("/forecast", months="1", points="monthly")
    assert at(line(found, bank), "2026-02-12")["planned"] == "-50.00"
    for due_on in ("2026-01-12", "2026-01-19"):
        expect(await kim.http.post(f"/schedules/{made['id']}/occurrences/{due_on}/skip"), 200)
    expect(await kim.http.post(f"/schedules/{made['id']}/occurrences/2026-02-09/confirm", json={}), 200)
    found = await kim.read("/forecast", months="1", points="monthly")
    assert (line(found, bank)["balance"], line(found, bank)["end"]["expected"]) == ("90.00", "70.00")


async def test_currencies_debts_and_archived_accounts(kim: Person, clock: Clock) -> None:
    bank = await kim.account("Bank", opening_balance="100.00", opening_date="2026-01-01")
    card = await kim.account("Card", type="credit_card", opening_balance="-50.00", opening_date="2026-01-01")
    yen = await kim.account("Yen", currency="JPY", opening_balance="7000", opening_date="2026-01-01")
    old = await kim.account("Old")
    in_yen = {"type": "expense", "account_id": yen["id"]}
    await schedule(kim, yen, name="Tokyo", template=in_yen, amount="3000", rrule="FREQ=MONTHLY;BYMONTHDAY=15")
    to_old = {"type": "transfer", "to_account_id": old["id"]}
    await schedule(kim, bank, name="To the old one", template=to_old, amount="10.00")
    settled = {"type": "transfer", "to_account_id": card["id"]}
    await schedule(kim, bank, name="Settlement", template=settled, amount="50.00")
    expect(await kim.http.patch(f"/accounts/{old['id']}", json={"archived": True}), 200)
    found = await kim.read("/forecast", months="3", points="weekly")
    check(found)
    assert [each["name"] for each in found["accounts"]] == ["Bank", "Card", "Yen"]
    assert line(found, bank)["end"]["expected"] == "-50.00"
    assert line(found, bank)["first_below"] == {"floor": "0.00", "expected": "2026-05-01", "low": "2026-05-01"}
    assert line(found, card)["first_below"] == {"floor": None, "expected": None, "low": None}
    assert line(found, yen)["lowest"] == {"date": "2026-04-15", "amount": "-2000"}
    totals = {total["currency"]: total["end"]["expected"] for total in found["totals"]}
    assert totals == {"EUR": "50.00", "JPY": "-2000"}
    assert found["base"]["unconverted"] == [{"currency": "JPY", "balance": "7000", "expected": "-2000"}]
    found = await kim.read("/forecast", account_id=yen["id"], floor="-10")
    assert [each["currency"] for each in found["totals"]] == ["JPY"]
    assert found["base"]["balance"] == "0.00"
    body = problem(await kim.get("/forecast", account_id=old["id"]), 422, "invalid_input")
    assert fields(body) == {("account_id.0", "archived")}


async def test_an_empty_book_has_a_forecast(kim: Person, clock: Clock) -> None:
    found = await kim.read("/forecast")
    assert (found["accounts"], found["totals"], found["base"]["balance"]) == ([], [], "0.00")


async def test_an_unchanged_book_answers_304_until_tomorrow(kim: Person, clock: Clock) -> None:
    await kim.account()
    first = await kim.get("/forecast")
    again = await kim.http.get("/forecast", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    clock.set("2026-02-11")
    again = await kim.http.get("/forecast", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"months": "0"}, "query.months"),
        ({"months": "25"}, "query.months"),
        ({"months": "x"}, "query.months"),
        ({"points": "hourly"}, "query.points"),
        ({"account_id": "x"}, "query.account_id.0"),
        ({"floor": "1e5"}, "query.floor"),
        ({"floor": "9" * 16}, "query.floor"),
        ({"rest": "perhaps"}, "query.rest"),
    ],
)
async def test_bad_questions(kim: Person, params: dict[str, str], wrong: str) -> None:
    body = problem(await kim.http.get("/forecast", params=params), 422, "invalid_input")
    assert {field for field, _ in fields(body)} == {wrong}


async def test_an_answer_has_a_bounded_size(kim: Person, clock: Clock) -> None:
    for number in range(6):
        await kim.account(f"Account {number}")
    found = await kim.read("/forecast", months="24")
    # Six accounts and their total: 7 lines of 731 days are more than 4000 points.
    assert found["points"] == "weekly"
    body = problem(await kim.get("/forecast", months="24", points="daily"), 422, "invalid_input")
    assert fields(body) == {("points", "too_many_points")}
    one = found["accounts"][0]["account_id"]
    found = await kim.read("/forecast", months="24", points="daily", account_id=one)
    assert len(found["accounts"][0]["points"]) == 731


async def test_others_see_only_what_is_theirs(kim: Person, robin: Person, clock: Clock) -> None:
    account = await kim.account()
    problem(await robin.get("/forecast", account_id=account["id"]), 404, "account_not_found")


async def test_a_private_account_is_in_nothing_that_others_see(
    kim: Person, robin: Person, clock: Clock, owner_database: Database
) -> None:
    """Nor are its schedules, its habits, or a budget that names it; what all see is the same for both."""
    ours = await kim.account("Ours", opening_balance="1000.00", opening_date="2025-01-01")
    mine = await kim.account(
        "Secret", opening_balance="700.00", opening_date="2025-01-01", visibility="private", currency="EUR"
    )
    food = await kim.category("Our food")
    for account in (ours, mine):
        await spend_monthly(kim, account, food, date(2026, 1, 15), ["30.00"] * 13)
    to_mine = {"type": "transfer", "to_account_id": mine["id"]}
    await schedule(kim, ours, name="Secret savings", template=to_mine, amount="11.00")
    await schedule(kim, mine, name="Secret club", amount="13.00")
    monthly = {"amount": "31.00", "period": "monthly", "start_date": "2026-03-01", "category_ids": [food["id"]]}
    for name, accounts in (("Food", []), ("Secret food", [mine["id"]])):
        body = {**monthly, "name": name, "account_ids": accounts}
        expect(await kim.http.post("/budgets", json=body), 201)
    await join(owner_database, kim.book_id, robin, "viewer")

    whole = await kim.read("/forecast", months="2", points="monthly")
    check(whole)
    assert {each["name"] for each in line(whole, mine)["sources"]} == {"Secret savings", "Secret club", "Secret food"}
    # March, and ten days of April at 31 / 30: from ours for the budget of all, from mine for the one that names it.
    spent = {each["name"]: each["expected"] for each in line(whole, mine)["sources"]}
    assert spent["Secret food"] == "-41.33"

    robin.http.headers["X-Book-Id"] = kim.book_id
    seen = await robin.read("/forecast", months="2", points="monthly")
    check(seen)
    assert "secret" not in str(seen).lower()
    assert [each["name"] for each in seen["accounts"]] == ["Ours"]
    assert {each["name"]: each["expected"] for each in line(seen, ours)["sources"]} == {"Food": "-41.33"}
    assert seen["base"]["balance"] == line(whole, ours)["balance"] == "610.00"
    problem(await robin.get("/forecast", account_id=mine["id"]), 404, "account_not_found")
    # A viewer may ask what would be.
    change = {"type": "balance", "account_id": ours["id"], "balance": "1.00"}
    expect(await robin.http.post("/forecast/what-if", json={"changes": [change]}), 200)
    del robin.http.headers["X-Book-Id"]
