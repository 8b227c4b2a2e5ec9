"""Pools of more lots than a transaction has lines, ids that are given anew, and books that have income and no lots."""

from uuid import UUID

from app.imports.plaintext import beancount
from app.imports.plaintext.trading import Trader
from tests.imports.uploads import commit
from tests.people import Person, expect
from tests.plaintext.test_lots_in import EXPONENTS, currency_of, story
from tests.plaintext.test_lots_out import incomes
from tests.plaintext.test_round_trip import exported, upload
from tests.portfolio.trading import depot, trade

POOLED = '2020-01-01 open Assets:Broker:X\n  cost-method: "average"\n'
ONE_DAY = """
2020-02-01 * "Buy of X"
  external-id: "b-1"
  Assets:Broker:X  10 X {{100.00 USD, 2020-02-01, "lot-1"}}
    trade: "f1a1fdee-bbe0-4bf6-84f8-f3042f6ccda6"
  Assets:Broker:Cash  -100.00 USD

2020-02-01 * "Sell of X"
  external-id: "s-1"
  notes: "Why"
  Assets:Broker:X  -4 X {{40.00 USD, 2020-02-01, "lot-1"}}
    trade: "01a1fdee-bbe0-4bf6-84f8-f3042f6ccda6"
  Assets:Broker:Cash  40.00 USD
"""


def test_a_pool_may_have_more_lots_than_a_sale_can_name() -> None:
    count = 1_100
    lot = 'Assets:Broker:X  {units} X {{{{{cost}.00 USD, 2020-02-01, "{label}"}}}}'
    buys = [
        f'2020-02-01 * "Buy"\n  {lot.format(units=2, cost=10, label=n)}\n  Assets:Broker:Cash  -10.00 USD\n'
        for n in range(count)
    ]
    gone = "\n  ".join(lot.format(units=-2, cost=10, label=n) for n in range(count))
    whole = lot.format(units=2 * count, cost=10 * count, label="pool")
    sold = lot.format(units=1 - 2 * count, cost=10 * count - 5, label="pool")
    text = "\n".join(buys) + f'\n2020-02-02 * "Pool of X"\n  {gone}\n  {whole}\n'
    text += f'\n2020-02-03 * "Sell"\n  {sold}\n  Assets:Broker:Cash  {10 * count - 5}.00 USD\n'
    found = story(POOLED + text)
    assert (found.errors, len(found.deals)) == ([], count + 1)
    assert found.told("quantity", "amount", "lots")[-1] == ("sell", str(2 * count - 1), f"{10 * count - 5}.00", None)


def test_a_trade_whose_id_is_given_anew_keeps_its_words() -> None:
    told = []
    remade = frozenset[UUID]()
    for _ in range(2):
        journal = beancount.read("2020-01-01 open Assets:Broker:Cash  USD\n" + ONE_DAY)
        trader = Trader(journal, currency_of, EXPONENTS)
        trader.ids.remade = remade
        for transaction in journal.transactions:
            dealt = trader.deal(transaction)
            trader.settle(dealt)
            told += [(deal.fields.get("external_id"), deal.fields.get("notes")) for deal in dealt.deals]
        remade = frozenset(trader.ids.out_of_order())
    assert not remade
    assert told == [("b-1", None), ("s-1", "Why")] * 2


async def test_a_book_of_income_alone_goes_out_and_comes_back(kim: Person, robin: Person) -> None:
    account = await depot(kim)
    asset = {"symbol": "ACME", "name": "Acme", "type": "stock", "currency": "EUR"}
    asset = expect(await kim.http.post("/portfolio/assets", json=asset), 201)
    of = {"account_id": account["id"], "asset_id": asset["id"]}
    await trade(kim, "dividend", of, "2024-02-01", amount="25.00", taxes="6.59")
    preview = await upload(robin, await exported(kim, "beancount"))
    assert preview["rows"] == {"total": 1, "new": 1, "duplicate": 0, "suspect": 0, "error": 0}
    await commit(robin, preview)
    assert await incomes(robin) == await incomes(kim)
    await robin.check_integrity()
