"""Bringing in a Beancount file with lots over HTTP: what is made, what is refused, and that all of it can be undone."""

import asyncio
from decimal import Decimal
from typing import Any

from tests.conftest import Unchanged
from tests.imports.uploads import commit, outcomes, rows_of, try_commit, try_upload, undo
from tests.people import Person, expect, problem
from tests.plaintext.test_lots_out import held, lots
from tests.portfolio.trading import gains

FILE = """
option "operating_currency" "USD"
2020-01-01 commodity GLD
  name: "SPDR Gold Trust (ETF)"
2020-01-01 commodity XYZ
  name: "A bond"
  asset-class: "bond"
  isin: "US0378331005"
2020-01-01 open Assets:Broker:GLD  GLD
2020-01-01 open Assets:Broker:Cash  USD

2020-02-01 * "Salary"
  Assets:Broker:Cash  5000.00 USD
  Income:Salary

2020-02-03 * "Buy gold"
  Assets:Broker:GLD  12 GLD {100.00 USD}
  Expenses:Commissions  8.95 USD
  Assets:Broker:Cash

2020-02-03 * "Buy a bond"
  Assets:Broker:XYZ  3 XYZ {{100.00 USD}}
  Assets:Broker:Cash

2020-03-03 * "Sell gold"
  Assets:Broker:GLD  -5 GLD {100.00 USD} @ 110.00 USD
  Assets:Broker:Cash  541.05 USD
  Expenses:Commissions  8.95 USD
  Income:PnL  -50.00 USD

2020-02-28 price GLD  104.00 USD
2020-02-28 price GLD  105.00 USD
2020-02-28 price EUR  1.10 USD
2020-02-28 price NOBODY  7.00 USD
2999-01-01 price GLD  9.00 USD
2020-03-04 balance Assets:Broker:GLD  7 GLD
"""
MORE = """
2020-04-03 * "Sell the rest"
  Assets:Broker:GLD  -7 GLD {100.00 USD}
  Assets:Broker:Cash  800.00 USD
  Income:PnL
"""


async def upload(person: Person, text: str) -> dict[str, Any]:
    answer = await try_upload(person, None, text.encode(), name="book.beancount", format="beancount")
    preview: dict[str, Any] = expect(answer, 201)
    return preview


async def everything(person: Person) -> dict[str, Any]:
    """What an import with lots leaves in a book, and an undo takes away."""
    assets = {row["symbol"]: row for row in (await person.read("/portfolio/assets"))["items"]}
    prices = {
        symbol: [
            (p["date"], p["price"], p["source"])
            for p in (await person.read(f"/portfolio/assets/{row['id']}/prices"))["items"]
        ]
        for symbol, row in assets.items()
    }
    rates = (await person.read("/rates", base="EUR", quote="USD"))["items"]
    return {
        "assets": {symbol: (row["name"], row["type"], row["currency"], row["isin"]) for symbol, row in assets.items()},
        "prices": prices,
        "rates": [(row["date"], row["rate"], row["source"]) for row in rates],
        "held": await held(person),
        "balances": {row["name"]: row["balance"] for row in (await person.read("/accounts"))["items"]},
        "gains": await gains(person),
    }


async def test_the_commit_makes_what_the_file_says_and_undo_takes_it_back(kim: Person) -> None:
    before = await everything(kim)
    assert before == {"assets": {}, "prices": {}, "rates": [], "held": {}, "balances": {}, "gains": []}
    preview = await upload(kim, FILE)
    assert preview["rows"] == {"total": 6, "new": 6, "duplicate": 0, "suspect": 0, "error": 0}
    (ignored,) = preview["warnings"]
    assert ignored["code"] == "prices_ignored"
    assert "1 of what nobody holds" in ignored["detail"]
    assert "1 of days to come" in ignored["detail"]
    kinds = [row["trade"]["kind"] if row["trade"] else None for row in await rows_of(kim, preview)]
    assert sorted(filter(None, kinds)) == ["buy", "buy", "sell"]
    assert {asset["symbol"]: asset["new"] for asset in preview["assets"]} == {"GLD": True, "XYZ": True}
    assert await everything(kim) == before

    await commit(kim, preview)
    made = await everything(kim)
    assert made == {
        "assets": {
            "GLD": ("SPDR Gold Trust (ETF)", "etf", "USD", None),
            "XYZ": ("A bond", "bond", "USD", "US0378331005"),
        },
        "prices": {"GLD": [("2020-02-28", "105.00", "import")], "XYZ": []},
        "rates": [("2020-02-28", "1.10", "import")],
        "held": {
            ("Broker:Cash", "GLD"): (Decimal(7), Decimal(700)),
            ("Broker:Cash", "XYZ"): (Decimal(3), Decimal(100)),
        },
        "balances": {"Broker:Cash": "4232.10"},
        "gains": [("5", "50.00", False)],
    }
    (account,) = (await kim.read("/accounts"))["items"]
    assert account["type"] == "investment"
    assert (await kim.read(f"/portfolio/accounts/{account['id']}/cost-method"))["method"] == "specific"
    await kim.check_integrity()
    again = await upload(kim, FILE)
    assert again["rows"]["duplicate"] == 6

    await undo(kim, preview)
    assert await everything(kim) == before
    await kim.check_integrity()
    second = await upload(kim, FILE)
    await commit(kim, second)
    assert await everything(kim) == made
    undone = expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"import_id": second["id"]}), 200)
    assert await everything(kim) == before
    expect(await kim.http.post(f"/books/{kim.book_id}/undo", json={"revision": undone["revision"]}), 200)
    assert await everything(kim) == made
    await kim.check_integrity()


async def test_a_file_that_has_grown_adds_what_is_new_and_sells_the_lots_that_are_there(kim: Person) -> None:
    await commit(kim, await upload(kim, FILE))
    preview = await upload(kim, FILE + MORE)
    found = {row["line"]: row["outcome"] for row in await rows_of(kim, preview) if row["trade"]}
    assert sorted(found.values()) == ["duplicate", "duplicate", "duplicate", "new"]
    await commit(kim, preview, suspects="skip")
    assert await held(kim) == {("Broker:Cash", "XYZ"): (Decimal(3), Decimal(100))}
    assert await gains(kim) == [("5", "50.00", False), ("7", "100.00", False)]
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "5032.10"
    await kim.check_integrity()


async def test_amounts_have_their_values_at_once_by_the_rates_of_the_file(kim: Person) -> None:
    text = FILE + (
        '2020-03-04 * "Abroad"\n  Assets:Euros  100.00 EUR\n  Income:Salary\n'
        '2020-03-05 * "Buy"\n  Assets:Euros  1 GLD {{50.00 EUR}}\n  Assets:Euros\n'
        '2020-03-06 * "Paid"\n  Assets:Euros  2.00 EUR\n'
        '    trade-kind: "interest"\n    trade-asset: "GLD"\n  Income:Paid\n'
    )
    await commit(kim, await upload(kim, text))
    found = (await kim.read("/transactions", date_from="2020-03-04", sort="date"))["items"]
    assert [posting["base_amount"] for row in found for posting in row["postings"]] == ["110.00", "-55.00", "2.20"]
    await kim.check_integrity()


async def test_what_the_book_has_of_its_own_stays(kim: Person) -> None:
    body = {"symbol": "gld", "name": "Gold", "type": "metal", "currency": "USD"}
    gold = expect(await kim.http.post("/portfolio/assets", json=body), 201)
    path = f"/portfolio/assets/{gold['id']}/prices/2020-02-28"
    expect(await kim.http.put(path, json={"price": "99"}), 200)
    turned = {"base": "USD", "quote": "EUR", "date": "2020-02-28", "rate": "0.9"}
    expect(await kim.http.put("/rates", json=turned), 200)
    preview = await upload(kim, FILE + "2020-03-31 price GLD  120.00 USD\n")
    await commit(kim, preview)
    made = await everything(kim)
    assert made["assets"]["gld"] == ("Gold", "metal", "USD", None)
    assert made["prices"]["gld"] == [("2020-03-31", "120.00", "import"), ("2020-02-28", "99", "manual")]
    assert made["rates"] == []
    # A price that somebody changed since is theirs.
    expect(await kim.http.put(f"/portfolio/assets/{gold['id']}/prices/2020-03-31", json={"price": "121"}), 200)
    await undo(kim, preview)
    assert (await everything(kim))["prices"] == {
        "gld": [("2020-03-31", "121", "manual"), ("2020-02-28", "99", "manual")]
    }


async def test_what_cannot_be_is_a_row_with_its_line(kim: Person) -> None:
    account = await kim.account("Broker:Cash", currency="USD", type="investment")
    path = f"/portfolio/accounts/{account['id']}/cost-method"
    expect(await kim.http.put(path, json={"method": "average"}), 200)
    body = {"symbol": "XYZ", "name": "Bond", "type": "bond", "currency": "USD"}
    bond = expect(await kim.http.post("/portfolio/assets", json=body), 201)
    expect(await kim.http.patch(f"/portfolio/assets/{bond['id']}", json={"archived": True}), 200)
    text = FILE + '2020-05-01 * "Points"\n  Assets:Points  5 MILES\n  Income:Points\n'
    errors = {row["line"]: row["reason"] for row in await rows_of(kim, await upload(kim, text), outcome="error")}
    lines = text.split("\n")
    place = {
        name: n for n, line in enumerate(lines, 1) for name in ("XYZ {{", "GLD {100.00 USD} @", "MILES") if name in line
    }
    assert errors.keys() == set(place.values())
    assert errors[place["XYZ {{"]] == "'XYZ' is archived"
    assert "'average'" in errors[place["GLD {100.00 USD} @"]]
    assert "MILES" in errors[place["MILES"]]


async def test_a_cost_method_that_came_since_the_preview_is_told(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account("Broker:Cash", currency="USD", type="investment")
    preview = await upload(kim, FILE)
    path = f"/portfolio/accounts/{account['id']}/cost-method"
    expect(await kim.http.put(path, json={"method": "lifo"}), 200)
    async with unchanged(kim):
        problem(await try_commit(kim, preview), 409, "import_state")


async def test_a_cost_method_that_the_file_changes_is_told_before(kim: Person, unchanged: Unchanged) -> None:
    account = await kim.account("Broker:Cash", currency="USD", type="investment")
    path = f"/portfolio/accounts/{account['id']}/cost-method"
    stated = FILE.replace("open Assets:Broker:Cash  USD", 'open Assets:Broker:Cash  USD\n  cost-method: "hifo"')
    preview = await upload(kim, stated)
    warned = {warning["code"]: warning["detail"] for warning in preview["warnings"]}
    assert "'Broker:Cash' from fifo to hifo" in warned["cost_method_changes"]
    # What a person sets after the preview stays, be it what counted anyway.
    expect(await kim.http.put(path, json={"method": "fifo"}), 200)
    async with unchanged(kim):
        problem(await try_commit(kim, preview), 409, "import_state")
    again = await upload(kim, stated)
    assert "from fifo to specific" in str(again["warnings"])
    await commit(kim, again)
    assert (await kim.read(path))["method"] == "specific"
    assert [w["code"] for w in (await upload(kim, FILE + MORE))["warnings"]] == ["prices_ignored"]


async def test_rows_of_an_account_that_counts_otherwise_are_errors_and_the_others_come(kim: Person) -> None:
    account = await kim.account("Broker:Cash", currency="USD", type="investment")
    path = f"/portfolio/accounts/{account['id']}/cost-method"
    expect(await kim.http.put(path, json={"method": "average"}), 200)
    preview = await upload(kim, FILE)
    assert preview["rows"]["error"] == 1
    await commit(kim, preview)
    assert (await kim.read(path))["method"] == "average"
    await kim.check_integrity()


async def test_what_rounding_leaves_belongs_to_its_trade(kim: Person) -> None:
    """Later sales change which cents are left over; the purchases that are there keep theirs."""
    buys = "2020-01-01 open Assets:Broker:Cash  USD\n" + "".join(
        f'2020-01-{day:02} * "Buy"\n  Assets:Broker:X  1 X {{1.014 USD}}\n  Assets:Broker:Cash\n' for day in range(3, 8)
    )
    sales = "".join(
        f'2020-02-{day:02} * "Sell"\n  Assets:Broker:X  -1 X {{1.014 USD, 2020-01-{day:02}}} @ 1.02 USD\n'
        "  Assets:Broker:Cash  1.02 USD\n  Income:PnL\n"
        for day in (3, 4)
    )
    left_out = await upload(kim, buys)
    (last,) = (row["position"] for row in await rows_of(kim, left_out) if row["trade"] and row["date"] == "2020-01-07")
    assert left_out["rows"]["new"] == 6
    assert (await commit(kim, left_out, skip=[last]))["created"] == 4
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "-4.04"
    await undo(kim, left_out)

    await commit(kim, await upload(kim, buys))
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "-5.05"
    grown = await upload(kim, buys + sales)
    assert grown["rows"] == {"total": 8, "new": 2, "duplicate": 6, "suspect": 0, "error": 0}
    await commit(kim, grown)
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "-3.01"
    await kim.check_integrity()


async def test_what_no_trade_can_say_is_an_error_of_its_whole_transaction(kim: Person) -> None:
    bought = '2020-01-0{day} * "Buy"\n  Assets:Broker:{name}  {units} {name} {{1.00 USD}}\n  Assets:Broker:Cash\n'
    text = (
        bought.format(day=2, name="A", units="1." + "0" * 19)
        + bought.format(day=2, name="B", units="1")
        + '2020-01-03 * "Split"\n  Assets:Broker:B  -1 B {}\n  Assets:Broker:B  2000000 B {{1.00 USD, 2020-01-02}}\n'
        + "".join(bought.format(day=4, name="C", units="1") for _ in range(2))
        + '2020-01-05 * "Split"\n  Assets:Broker:C  -2 C {}\n  Assets:Broker:C  0.666666666666666666 C'
        " {{2.00 USD, 2020-01-04}}\n"
        + '2020-01-06 * "Sell"\n  Assets:Broker:C  -0.4 C {} @ 9 USD\n  Assets:Broker:Cash  3.60 USD\n  Income:PnL\n'
        + "1899-12-31 price A  1.00 USD\n1900-01-01 price A  1.00 USD\n"
    )
    preview = await upload(kim, text)
    errors = [(row["line"], row["reason"]) for row in await rows_of(kim, preview, outcome="error")]
    assert [line for line, _ in errors] == [8], errors
    assert "ratio is between" in errors[0][1]
    assert [w["detail"] for w in preview["warnings"]] == ["Prices that are not imported: 1 from before 1900-01-01."]
    await commit(kim, preview)
    assert (await held(kim))["Broker:Cash", "A"] == (Decimal(1), Decimal(1))
    assert (await held(kim))["Broker:Cash", "B"] == (Decimal(1), Decimal(1))
    await kim.check_integrity()


async def test_an_undo_brings_back_the_cost_method_that_was_set(kim: Person) -> None:
    account = await kim.account("Broker:Cash", currency="USD", type="investment")
    path = f"/portfolio/accounts/{account['id']}/cost-method"
    for since in (None, "lifo"):
        expect(await kim.http.put(path, json={"method": "fifo", "long_term_months": 24}), 200)
        done = await commit(kim, await upload(kim, FILE))
        assert (await kim.read(path))["method"] == "specific"
        if since:
            expect(await kim.http.put(path, json={"method": since}), 200)
        await undo(kim, done)
        found = await kim.read(path)
        assert (found["method"], found["long_term_months"]) == ((since, 12) if since else ("fifo", 24))
    await kim.check_integrity()


async def test_a_purchase_that_is_left_out_is_missed_by_its_sale(kim: Person, unchanged: Unchanged) -> None:
    preview = await upload(kim, FILE)
    rows = await rows_of(kim, preview)
    (purchase,) = (r["position"] for r in rows if r["trade"] and r["trade"]["quantity"] == "12")
    async with unchanged(kim):
        refused = problem(await try_commit(kim, preview, skip=[purchase]), 409, "oversold")
    assert "Row" in refused["detail"]


async def test_two_commits_at_once_enter_the_trades_once(kim: Person) -> None:
    preview = await upload(kim, FILE)
    answers = await asyncio.gather(*(try_commit(kim, preview) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await lots(kim)) == 2
    assert outcomes(await rows_of(kim, preview)) == ["new"] * 6


async def test_the_rest_of_rounding_is_put_on_the_last_purchase(kim: Person) -> None:
    buys = "".join(
        f'2020-02-{day:02} * "Buy"\n  Assets:Broker:X  1 X {{10.004 USD}}\n  Assets:Broker:Cash  -10.00 USD\n'
        for day in range(1, 7)
    )
    await commit(kim, await upload(kim, buys))
    assert await held(kim) == {("Broker:Cash", "X"): (Decimal(6), Decimal("60.02"))}
    assert (await kim.read("/accounts"))["items"][0]["balance"] == "-60.00"
    adjustments = (await kim.read("/transactions", type="adjustment"))["items"]
    assert [(row["date"], row["amount"], row["description"]) for row in adjustments] == [
        ("2020-02-06", "0.02", "Rounding of X")
    ]
    await kim.check_integrity()
