"""What postings with a cost become: which trades, of which lots, for what, and what is left of the transaction."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.imports.plaintext import beancount
from app.imports.plaintext.dealing import Deal
from app.imports.plaintext.dividends import dividend_of
from app.imports.plaintext.model import Cost, LineError
from app.imports.plaintext.securities import Securities
from app.imports.plaintext.trading import Trader

EXPONENTS = {"USD": 2, "EUR": 2, "JPY": 0}
OPENED = "2020-01-01 open Assets:Broker:Cash  USD\n"
BUYS = """
2020-02-01 * "First"
  Assets:Broker:X   10 X {10.00 USD}
  Assets:Broker:Cash

2020-03-01 * "Second"
  Assets:Broker:X   10 X {12.00 USD, "second"}
  Assets:Broker:Cash
"""


def currency_of(commodity: str, line: int) -> str:
    if commodity not in EXPONENTS:
        raise LineError(line, f"{commodity} is no currency")
    return commodity


@dataclass
class Story:
    """What a file came to."""

    deals: list[Deal] = field(default_factory=list)
    rests: list[list[tuple[str, str]]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)

    def told(self, *names: str) -> list[tuple[Any, ...]]:
        return [(deal.kind, *(_plain(deal.fields.get(name)) for name in names)) for deal in self.deals]

    def lots(self) -> list[dict[int, str]]:
        """For each deal, the places of the deals whose units it takes, with how many."""
        place = {deal.id: n for n, deal in enumerate(self.deals)}
        return [{place[p.trade_id]: str(p.units) for p in deal.fields.get("lots", ())} for deal in self.deals]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def story(text: str) -> Story:
    journal = beancount.read(OPENED + text)
    found = Story(errors=[(error.line, error.reason) for error in journal.errors])
    trader = Trader(journal, currency_of, EXPONENTS)
    securities = Securities(journal, (), currency_of)
    for transaction in sorted(journal.transactions, key=lambda each: each.day):
        try:
            if not transaction.has_lots:
                income = trader.teller.deal(transaction, trader.ids, securities.knows)
                income = income or dividend_of(transaction, journal, trader, currency_of, EXPONENTS)
                found.deals += [income] if income else []
                continue
            dealt = trader.deal(transaction)
        except LineError as error:
            found.errors.append((error.line, error.reason))
            continue
        trader.settle(dealt)
        for deal in dealt.deals:
            securities.of(deal.commodity, deal.account[1], deal.line)
        found.deals += dealt.deals
        if dealt.rest is not None:
            found.rests.append(list(_sums(dealt.rest.postings)))
    return found


def _sums(postings: Any) -> Iterator[tuple[str, str]]:
    sums: dict[str, Decimal] = {}
    for posting in postings:
        name = f"{posting.account} {posting.amount.commodity}"
        sums[name] = sums.get(name, Decimal(0)) + posting.amount.number
    yield from ((name, str(amount)) for name, amount in sums.items() if amount)


@pytest.mark.parametrize(
    ("written", "cost"),
    [
        ("{}", Cost()),
        ("{10.50 USD}", Cost(Decimal("10.50"), None, "USD")),
        ("{1,000.50 USD}", Cost(Decimal("1000.50"), None, "USD")),
        ('{10 USD,2020-01-02,"a, b}"}', Cost(Decimal(10), None, "USD", date(2020, 1, 2), "a, b}")),
        ("{{105 USD}}", Cost(None, Decimal(105), "USD")),
        ("{10 # 5 USD}", Cost(Decimal(10), Decimal(5), "USD")),
        ("{# 5 USD}", Cost(None, Decimal(5), "USD")),
        ("{USD}", Cost(None, None, "USD")),
        ("{2020-01-02}", Cost(day=date(2020, 1, 2))),
        ('{"lot"} @ 12 USD ; sold', Cost(label="lot")),
    ],
)
def test_costs_are_read(written: str, cost: Cost) -> None:
    journal = beancount.read(f'2020-02-01 * "x"\n  Assets:A  10 X {written}\n  Assets:B  1 USD\n')
    assert journal.errors == []
    assert journal.transactions[0].postings[0].cost == cost


def test_a_purchase_costs_what_its_braces_say_and_fees_stay_expenses() -> None:
    found = story(
        '2020-02-01 * "Shop" "Buy"\n  Assets:Broker:X  10 X {10.00 USD}\n  Expenses:Fees  8.95 USD\n'
        "  Assets:Broker:Cash\n"
    )
    assert found.told("quantity", "amount", "price", "notes") == [("buy", "10", "100.00", "10.00", "Shop | Buy")]
    assert found.deals[0].account == ("Assets:Broker:Cash", "USD")
    assert found.rests == [[("Expenses:Fees USD", "8.95"), ("Assets:Broker:Cash USD", "-8.95")]]


def test_money_from_elsewhere_comes_to_the_holding_account_first() -> None:
    found = story(
        '2020-02-01 * "Buy"\n  Assets:Broker:X  10 X {10.00 USD}\n  Assets:Bank  -92 EUR @@ 100.00 USD\n'
        '2020-02-02 * "Vest"\n  Assets:Broker:X  5 X {10.00 USD}\n  Income:Salary\n'
    )
    assert found.told("amount") == [("buy", "100.00"), ("buy", "50.00")]
    assert found.rests == [
        [("Assets:Bank EUR", "-92"), ("Assets:Broker:Cash USD", "100.00")],
        [("Income:Salary USD", "-50.00"), ("Assets:Broker:Cash USD", "50.00")],
    ]


@pytest.mark.parametrize(
    ("cost", "amount"), [("{{105 USD}}", "105.00"), ("{10 # 5 USD}", "105.00"), ("{}", "106.00"), ("{USD}", "106.00")]
)
def test_what_is_not_said_of_a_cost_follows(cost: str, amount: str) -> None:
    paid = "106.00" if amount == "106.00" else "105.00"
    found = story(f'2020-02-01 * "Buy"\n  Assets:Broker:X  10 X {cost}\n  Assets:Broker:Cash  -{paid} USD\n')
    assert (found.told("amount"), found.errors) == ([("buy", amount)], [])


@pytest.mark.parametrize(
    ("method", "units", "lots"),
    [
        ("FIFO", "-12", {0: "10", 1: "2"}),
        ("LIFO", "-12", {1: "10", 0: "2"}),
        ("HIFO", "-5", {1: "5"}),
        ("STRICT", "-20", {0: "10", 1: "10"}),
        ("STRICT_WITH_SIZE", "-10", {0: "10"}),
    ],
)
def test_the_booking_method_of_the_account_says_which_lots_go(method: str, units: str, lots: dict[int, str]) -> None:
    cash = -Decimal(units) * 15
    sale = f'2020-04-01 * "Sell"\n  Assets:Broker:X  {units} X {{}} @ 15.00 USD\n'
    sale += f"  Assets:Broker:Cash  {cash} USD\n  Income:PnL\n"
    for text in (
        f'2020-01-01 open Assets:Broker:X  X "{method}"\n{BUYS}{sale}',
        f'option "booking_method" "{method}"\n{BUYS}{sale}',
    ):
        found = story(text)
        assert found.errors == []
        assert found.lots()[-1] == lots
        assert found.told("amount")[-1] == ("sell", f"{cash}.00")
        assert found.rests == []


@pytest.mark.parametrize(
    ("line", "lots"),
    [
        ("-4 X {10.00 USD}", {0: "4"}),
        ("-4 X {2020-03-01}", {1: "4"}),
        ('-4 X {"second"}', {1: "4"}),
        ("-10 X {{120.00 USD}}", {1: "10"}),
        ("-4 X {12.00 USD, 2020-03-01}", {1: "4"}),
    ],
)
def test_a_sale_names_its_lot(line: str, lots: dict[int, str]) -> None:
    found = story(f'{BUYS}2020-04-01 * "Sell"\n  Assets:Broker:X  {line}\n  Assets:Broker:Cash  60 USD\n  Income:PnL\n')
    assert found.errors == []
    assert found.lots()[-1] == lots


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-4 X {}", "2 lots may be meant"),
        ("-4 X {11.00 USD}", "of the lots that are meant 0 are held"),
        ("-30 X {}", "of the lots that are meant 20 are held"),
        ("-4 X {10.00 EUR}", "0 are held"),
        ("4 X {13.00 FOO}", "FOO is no currency"),
        ("4 X {13.00}", "in which currency"),
        ("1000000000000000 X {1 USD}", "digits"),
        ("0.1234567890123456789 X {1 USD}", "decimals"),
        ("4 X {1 USD, 2020-05-01}", "after its transaction"),
    ],
)
def test_a_lot_that_cannot_be_identified_is_an_error_with_its_line(line: str, reason: str) -> None:
    wrong = f'{BUYS}2020-04-01 * "Sell"\n  Assets:Broker:X  {line}\n  Assets:Broker:Cash\n'
    found = story(wrong)
    ((at, told),) = found.errors
    assert (at, reason in told) == (11, True), told
    assert len(found.deals) == 2
    rest = '2020-04-02 * "All"\n  Assets:Broker:X  -20 X {}\n  Assets:Broker:Cash  240 USD\n  Income:PnL\n'
    after = story(wrong + rest)
    assert after.lots()[-1] == {0: "10", 1: "10"}


def test_what_is_wrong_with_a_transaction_is_told() -> None:
    for lines, reason in (
        ("  Liabilities:X  4 X {1 USD}\n  Assets:Broker:Cash\n", "account of assets"),
        (
            "  Assets:Broker:X  4 X {}\n  Assets:Broker:X  4 X {}\n  Assets:Broker:Cash  -8 USD\n",
            "follows from nothing",
        ),
        ("  Assets:Broker:X  4 X {}\n  Assets:Broker:Cash\n", "follows from nothing"),
        ("  Assets:Broker:X  4 X {}\n  Assets:Broker:Cash  8 USD\n", "no cost of it"),
        ("  Assets:Broker:X  4 X {}\n  Assets:Bank  -8 USD\n  Assets:Bank  -8 EUR\n", "follows from nothing"),
        ("  Assets:Broker:X  4 X {1 USD}\n  Assets:Broker:Cash  -5 USD\n", "does not balance"),
    ):
        found = story(f'2020-02-01 * "x"\n{lines}')
        assert len(found.errors) == 1, lines
        assert reason in found.errors[0][1], found.errors
        assert found.deals == []
    average = f'2020-01-01 open Assets:Broker:X  X "AVERAGE"\n{BUYS}'
    sale = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {}\n  Assets:Broker:Cash  60 USD\n  Income:PnL\n'
    assert "average" in story(average + sale).errors[0][1]


def test_gains_are_not_booked_and_other_income_of_a_sale_is() -> None:
    sale = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {10.00 USD} @ 15.00 USD\n  Assets:Broker:Cash  57.00 USD\n'
    found = story(f"{BUYS}{sale}  Expenses:Fees  4.00 USD\n  Income:PnL  -20.00 USD\n  Income:Bonus  -1.00 USD\n")
    assert found.told("amount", "price")[-1] == ("sell", "60.00", "15.00")
    assert found.rests == [
        [("Assets:Broker:Cash USD", "-3.00"), ("Expenses:Fees USD", "4.00"), ("Income:Bonus USD", "-1.00")]
    ]
    loss = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {10.00 USD} @ 9.00 USD\n  Assets:Broker:Cash  36 USD\n'
    assert story(f"{BUYS}{loss}  Expenses:Losses  4.00 USD\n").rests == []
    even = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {10.00 USD} @ 10 USD\n  Assets:Broker:Cash  40 USD\n'
    assert story(BUYS + even).told("amount")[-1] == ("sell", "40.00")
    # Without a price all income is the gain.
    bare = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {10.00 USD}\n  Assets:Broker:Cash  57 USD\n  Income:PnL\n'
    assert story(BUYS + bare).told("amount", "price")[-1] == ("sell", "57.00", None)


def test_what_is_not_paid_for_comes_and_goes_in_kind() -> None:
    found = story(
        '2020-02-01 * "Gift"\n  Assets:Broker:X  10 X {10.00 USD, 2018-05-06}\n  Equity:Opening\n'
        '2020-02-02 * "Lost"\n  Assets:Broker:X  -4 X {}\n  Equity:Other\n'
        '2020-02-03 * "Both"\n  Assets:Broker:X  1 X {9 USD}\n  Assets:Broker:Cash  50 USD\n  Equity:Opening\n'
    )
    assert found.told("quantity", "cost", "acquired_on") == [
        ("deposit", "10", "100.00", date(2018, 5, 6)),
        ("withdrawal", "4", None, None),
        ("deposit", "1", "9.00", None),
    ]
    assert found.rests == [[("Assets:Broker:Cash USD", "50"), ("Equity:Opening USD", "-50")]]


def test_lots_move_to_another_account() -> None:
    text = (
        f"{BUYS}2020-04-01 open Assets:Other  USD\n"
        '2020-04-01 * "Move"\n  Assets:Broker:X  -4 X {10.00 USD}\n  Assets:Other  4 X {10.00 USD, 2020-02-01}\n'
        '2020-04-02 * "Inside"\n  Assets:Broker:X  -2 X {10.00 USD}\n  Assets:Broker:Y  2 X {10.00 USD, 2020-02-01}\n'
        '2020-04-03 * "Sell"\n  Assets:Broker:Y  -2 X {}\n  Assets:Broker:Cash  20 USD\n'
        '2020-04-04 * "Sell"\n  Assets:Other  -4 X {}\n  Assets:Other  40 USD\n'
    )
    found = story(text)
    assert found.errors == []
    assert [(deal.kind, deal.account[0]) for deal in found.deals[2:]] == [
        ("transfer", "Assets:Broker:Cash"),
        ("sell", "Assets:Broker:Cash"),
        ("sell", "Assets:Other"),
    ]
    assert found.deals[2].to_account == ("Assets:Other", "USD")
    assert found.lots()[2:] == [{0: "4"}, {0: "2"}, {2: "4"}]


def test_lots_out_and_in_again_are_a_split() -> None:
    split = (
        '2020-04-01 * "Split"\n  Assets:Broker:X  -10 X {10.00 USD}\n  Assets:Broker:X  -10 X {12.00 USD}\n'
        '  Assets:Broker:X  20 X {5.00 USD, 2020-02-01}\n  Assets:Broker:X  20 X {6.00 USD, 2020-03-01, "second"}\n'
    )
    sale = '2020-05-01 * "Sell"\n  Assets:Broker:X  -5 X {6.00 USD}\n  Assets:Broker:Cash  30 USD\n'
    found = story(BUYS + split + sale)
    assert found.errors == []
    assert found.told("ratio")[2:] == [("split", "2:1"), ("sell", None)]
    assert found.lots()[-1] == {1: "5"}
    # What does not divide is rounded to the smallest unit, also in a pool, where a rest may cost anything.
    reverse = (
        '2020-04-01 * "Split"\n  Assets:Broker:X  -20 X {}\n'
        '  Assets:Broker:X  3.333333333333333333 X {{100.00 USD, 2020-02-01, "a"}}\n'
        '  Assets:Broker:X  3.333333333333333334 X {{120.00 USD, 2020-03-01, "second"}}\n'
    )
    pool = '2020-01-01 open Assets:Broker:X  X\n  cost-method: "average"\n'
    for opened in ("", pool):
        found = story(opened + BUYS + reverse)
        assert (found.errors, found.told("ratio")[2:]) == ([], [("split", "1:3")])
    # Of a part of what is held, it is units that go and come.
    part = (
        '2020-04-01 * "Split"\n  Assets:Broker:X  -10 X {10.00 USD}\n  Assets:Broker:X  20 X {5.00 USD, 2020-02-01}\n'
    )
    assert story(BUYS + part).told("quantity")[2:] == [("withdrawal", "10"), ("deposit", "20")]


def test_the_rest_of_a_lot_that_comes_in_again_never_went() -> None:
    text = (
        '2020-02-01 * "Buy"\n  Assets:Broker:X  3 X {{10.00 USD, "a"}}\n  Assets:Broker:Cash\n'
        '2020-04-01 * "Sell"\n  Assets:Broker:X  -3 X {"a"}\n  Assets:Broker:X  2 X {{6.67 USD, 2020-02-01, "a"}}\n'
        "  Assets:Broker:Cash  5.00 USD\n  Income:PnL\n"
        '2020-05-01 * "Sell"\n  Assets:Broker:X  -2 X {"a"}\n  Assets:Broker:Cash  8.00 USD\n  Income:PnL\n'
    )
    found = story(text)
    assert found.errors == []
    assert found.told("quantity", "amount") == [("buy", "3", "10.00"), ("sell", "1", "5.00"), ("sell", "2", "8.00")]
    assert found.lots()[1:] == [{0: "1"}, {0: "2"}]


@pytest.mark.parametrize(
    ("held", "cash", "holder"),
    [
        ("Assets:Depot", "Assets:Depot", "Assets:Depot"),
        ("Assets:US:ETrade:X", "Assets:US:ETrade:Cash", "Assets:US:ETrade:Cash"),
        ("Assets:US:ETrade:X", "Assets:US:ETrade", "Assets:US:ETrade"),
        ("Assets:US:ETrade:Stocks:X", "Assets:US:ETrade:Cash", "Assets:US:ETrade:Cash"),
        ("Assets:US:ETrade:X", "Assets:Bank", "Assets:US:ETrade:X"),
    ],
)
def test_the_account_of_the_cash_holds(held: str, cash: str, holder: str) -> None:
    found = story(f'2020-02-01 * "Buy"\n  {held}  1 X {{1 USD}}\n  {cash}  -1 USD\n')
    assert found.deals[0].account == (holder, "USD")


def test_a_dividend_is_of_what_its_account_names() -> None:
    dividend = '2020-06-01 * "Paid out"\n  Assets:Broker:Cash  2.50 USD\n  Income:Broker:X:Dividend  -2.50 USD\n'
    found = story(BUYS + dividend)
    assert found.told("amount", "notes")[-1] == ("dividend", "2.50", "Paid out")
    assert found.deals[-1].categories == {"category_id": "Income:Broker:X:Dividend"}
    for other in (
        dividend.replace(":X:", ":Y:"),
        dividend.replace("Dividend  ", "Interest  "),
        dividend.replace('"Paid', '"Payer" "Paid'),
        dividend.replace("2.50 USD\n", "2.501 USD\n"),
        dividend.replace("2020-06", "2020-01"),
    ):
        assert len(story(BUYS + other).deals) == 2, other


def test_the_same_file_gives_the_same_ids_in_order_and_a_longer_one_too() -> None:
    first = [deal.id for deal in story(BUYS).deals]
    more = '2020-04-01 * "Sell"\n  Assets:Broker:X  -4 X {10.00 USD}\n  Assets:Broker:Cash  40 USD\n'
    longer = [deal.id for deal in story(BUYS + more).deals]
    assert longer[:2] == first == sorted(first)
    assert {row_id.version for row_id in longer} == {7}
    given = "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6"
    named = story(BUYS.replace("  Assets:Broker:Cash\n", f'    trade: "{given}"\n  Assets:Broker:Cash\n'))
    assert [str(deal.id) == given for deal in named.deals] == [True, False]
    # Whatever comes behind a trade with an id on the same day has a later one.
    for given in ("01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6", "f1a1fdee-bbe0-4bf6-84f8-f3042f6ccda6"):
        both = BUYS.replace("2020-03-01", "2020-02-01").replace("  Assets:Br", f'    trade: "{given}"\n  Assets:Br', 2)
        both = both.replace(f'\n    trade: "{given}"\n', "\n", 1)
        one, two = (deal.id for deal in story(both).deals)
        assert (str(one), one < two) == (given, True)
        last = both.replace(given, "ffffffff-ffff-ffff-ffff-ffffffffffff")
        assert len({deal.id for deal in story(last).deals}) == 2


@pytest.mark.parametrize(
    ("units", "amount"), [("0.00001 X {40000 USD}", "0.40"), ("3 X {0.1 USD}", "0.30"), ("1 X {0.001 USD}", "0.00")]
)
def test_what_a_small_purchase_cost_is_paid_by_the_line_that_is_left_open(units: str, amount: str) -> None:
    found = story(f'2020-02-01 * "Buy"\n  Assets:Broker:X  {units}\n  Assets:Broker:Cash\n')
    assert found.told("amount") == [("buy", amount)]
    assert found.rests == []
    assert found.errors == []
