"""The investments of a year on paper, with figures that are worked out by hand."""

from io import BytesIO
from typing import Any

from pypdf import PdfReader

from tests.people import Person
from tests.portfolio.trading import hold, trade

YEAR = "/exports/yearly.pdf"


async def paper_of(person: Person, year: int) -> str:
    answer = await person.get(YEAR, year=year)
    assert answer.status_code == 200, answer.text
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages]
    return " ".join(" ".join(pages).split())


async def price(person: Person, holding: dict[str, Any], day: str, amount: str) -> None:
    path = f"/portfolio/assets/{holding['asset_id']}/prices/{day}"
    assert (await person.http.put(path, json={"price": amount})).is_success


async def a_portfolio(kim: Person) -> dict[str, Any]:
    """A fund bought in three years and sold in part, a bond, and things without a price or a rate."""
    depot = await kim.account("Depot with a rather long name", type="investment")
    fund = await hold(kim, "WLD", name="World Fund 日本", type="etf", account_id=depot["id"], purchase_price="100")
    await trade(kim, "sell", fund, "2025-03-10", quantity="4", price="150", currency="EUR")
    await trade(kim, "buy", fund, "2025-05-01", quantity="5", price="120", currency="EUR")
    await trade(kim, "sell", fund, "2025-06-10", quantity="8", price="130", currency="EUR")
    await trade(kim, "dividend", fund, "2025-07-01", amount="30.00", taxes="5.00")
    await trade(kim, "dividend", fund, "2025-10-01", amount="10.50")
    await price(kim, fund, "2025-12-30", "140.5")
    await price(kim, fund, "2026-01-02", "999")
    bond = await hold(kim, "BND", name="Bond " + "x" * 150, type="bond", account_id=depot["id"], purchase_price="90")
    await trade(kim, "interest", bond, "2025-11-15", amount="12.25")
    await price(kim, bond, "2025-12-31", "80")
    await hold(kim, "OLD", name="Old coins", type="metal", account_id=depot["id"], quantity="2.50")
    yen = await hold(kim, "YEN", name="YEN", currency="JPY", quantity="7", purchase_price="500")
    await trade(kim, "sell", yen, "2025-08-01", quantity="3", price="600", currency="JPY")
    await trade(kim, "dividend", yen, "2025-09-01", amount="70")
    await price(kim, yen, "2025-12-30", "700")
    return fund


async def test_the_investments_of_a_year(kim: Person) -> None:
    """Of the fund 4 + 6 units of 2024 and 2 of May were sold; 3 of May, bought at 120, are left."""
    await a_portfolio(kim)
    paper = await paper_of(kim, 2025)
    for told in (
        # 3 * 140.50 and 10 * 80 for 3 * 120 and 10 * 90.
        "Holdings worth 1,221.50 EUR on 2025-12-31, bought for 1,260.00 EUR: a loss of 38.50 EUR, -3.06% of their cost",
        "Without a price, and in no total: 2.5 OLD.",
        "Without an exchange rate, and in no total: 4 YEN.",
        "2025-12-30 360.00 421.50 61.50",
        "2025-12-31 900.00 800.00 -100.00",
        "World Fund ��",
        # Long: 4 * (150 - 100) and 6 * (130 - 100); short: 2 * (130 - 120).
        "Sales brought a gain of 400.00 EUR: a gain of 20.00 EUR on what was held for a short term",
        "a gain of 380.00 EUR on what was held for a long one.",
        "Without an exchange rate, and in no total: a gain of 300 JPY.",
        "2025-03-10 WLD long 4 600.00 400.00 200.00",
        "2025-06-10 WLD long 6 780.00 600.00 180.00",
        "2025-06-10 WLD short 2 260.00 240.00 20.00",
        "2025-08-01 YEN long 3",
        "Dividends 40.50 EUR, interest 12.25 EUR, before taxes.",
        "Without an exchange rate, and in no total: 70 JPY of YEN.",
        "2 40.50 0.00 5.00",
        "1 0.00 12.25 0.00",
        "bond 800.00 65.49% etf 421.50 34.51%",
        "None given 1,221.50 100.00%",
    ):
        assert told in paper, told
    before = await paper_of(kim, 2023)
    assert "Investments" not in before
    assert "Realised gains" not in before
    assert "Dividends" not in before


async def test_a_year_of_what_is_gone_or_has_no_price(kim: Person) -> None:
    sold = await hold(kim, "GONE", purchase_date="2024-05-05")
    await trade(kim, "sell", sold, "2025-05-05", quantity="10", price="9", currency="EUR")
    paper = await paper_of(kim, 2025)
    assert "Investments" not in paper
    assert "Sales brought a loss of 10.00 EUR: a loss of 10.00 EUR on what was held for a short term" in paper
    coins = await hold(kim, "COIN", account_id=sold["account_id"])
    paper = await paper_of(kim, 2025)
    assert "Holdings worth 0.00 EUR on 2025-12-31, bought for 0.00 EUR: a gain of 0.00 EUR." in paper
    assert "Without a price, and in no total: 10 COIN." in paper
    assert coins["quantity"] == "10"
