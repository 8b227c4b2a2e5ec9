"""The money of trades in plain-text ledgers: it is there to the cent, and comes back as what can be written by hand."""

import pytest

from tests.people import Person, expect
from tests.plaintext.test_round_trip import exported, upload
from tests.portfolio.trading import depot, hold, trade


@pytest.mark.parametrize("name", ["hledger", "beancount"])
async def test_a_book_with_trades_is_exported_and_read_again(kim: Person, robin: Person, name: str) -> None:
    account = await depot(kim, opening_balance="500", opening_date="2024-01-01")
    income = await kim.category("Dividends", kind="income")
    holding = await hold(kim, account_id=account["id"], pay_from_cash=True, fees="1")
    await trade(kim, "dividend", holding, "2024-02-01", amount="25", taxes="6.59", category_id=income["id"])
    await trade(kim, "reinvest", holding, "2024-03-01", quantity="1", amount="12", taxes="2", category_id=income["id"])
    await trade(kim, "sell", holding, "2024-04-01", quantity="4", price="20", fees="1", taxes="2")
    text = await exported(kim, name)
    preview = await upload(robin, text)
    assert preview["rows"]["error"] == 0
    expect(await robin.http.post(f"/imports/{preview['id']}/commit", json={}), 200)
    (copy,) = (await robin.read("/accounts"))["items"]
    assert copy["balance"] == await kim.balance(account)
    kinds = {row["type"] for row in (await robin.read("/transactions"))["items"]}
    held = [(row["symbol"], row["quantity"], row["cost"]) for row in (await robin.read("/portfolio"))["items"]]
    if name == "hledger":  # which knows no lots
        assert kinds == {"opening_balance", "income", "journal"}
        assert held == []
        return
    assert kinds == {"opening_balance", "journal", "trade"}
    assert held == [(row["symbol"], row["quantity"], row["cost"]) for row in (await kim.read("/portfolio"))["items"]]
    gained = [
        [(g["quantity"], g["gain"]) for g in (await who.read("/portfolio/gains"))["items"]] for who in (kim, robin)
    ]
    assert gained[0] == gained[1] != []
    await robin.check_integrity()
