"""Which account a category's line is paid from: every account keeps its balance, every category its total."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.plaintext.attaching import Attached, Attacher
from app.imports.plaintext.hledger import read
from app.imports.plaintext.model import Amount, LineError, Posting, Transaction, complete

EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0}


def attached(lines: str) -> Attached:
    journal = read("2024-01-31 x\n" + "".join(f"    {line}\n" for line in lines.strip().split("\n")), ".")
    assert [error.reason for error in journal.errors] == []
    found = Attacher(journal.kind_of, lambda commodity, line: commodity, EXPONENTS).attach(journal.transactions[0])
    assert found is not None
    return found


def told(found: Attached) -> list[tuple[str, str, str, str | None]]:
    return [(m.account[0], m.role, f"{m.amount:f}", m.category) for m in found.movements]


def test_one_account_pays_for_all() -> None:
    found = attached("expenses:food  45 EUR\nexpenses:home  15 EUR\nassets:card  -60 EUR")
    assert (found.type, found.amount) == ("expense", Decimal("60.00"))
    assert told(found) == [
        ("assets:card", "flow", "-45.00", "expenses:food"),
        ("assets:card", "flow", "-15.00", "expenses:home"),
    ]


def test_two_accounts_share_in_their_order() -> None:
    lines = "assets:cash  -20 EUR\nassets:card  -30 EUR\nexpenses:food  25 EUR\nexpenses:home  15 EUR\nexpenses:fun"
    found = attached(lines)
    assert found.type == "journal"
    assert told(found) == [
        ("assets:cash", "flow", "-20.00", "expenses:food"),
        ("assets:card", "flow", "-5.00", "expenses:food"),
        ("assets:card", "flow", "-15.00", "expenses:home"),
        ("assets:card", "flow", "-10.00", "expenses:fun"),
    ]


def test_a_fee_is_paid_by_the_account_that_money_leaves() -> None:
    found = attached("assets:savings  100 EUR\nexpenses:fees  1 EUR\nassets:bank  -101 EUR")
    assert found.type == "transfer"
    assert told(found) == [
        ("assets:bank", "transfer", "-100.00", None),
        ("assets:savings", "transfer", "100.00", None),
        ("assets:bank", "flow", "-1.00", "expenses:fees"),
    ]


def test_an_exchange_keeps_both_sides() -> None:
    found = attached("assets:usd  -100 USD @@ 92 EUR\nassets:eur  91 EUR\nexpenses:fees  1 EUR")
    assert told(found) == [
        ("assets:usd", "transfer", "-100.00", None),
        ("assets:eur", "transfer", "92.00", None),
        ("assets:eur", "flow", "-1.00", "expenses:fees"),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        "expenses:hotel  100 USD @@ 92.50 EUR\nassets:eur  -92.50 EUR",
        "expenses:hotel  100 USD\nassets:eur  -92.50 EUR @@ 100 USD",
        "expenses:hotel  100 USD\nassets:eur  -92.50 EUR",
    ],
)
def test_a_purchase_abroad_keeps_what_was_charged(lines: str) -> None:
    found = attached(lines)
    assert (found.type, told(found)) == ("expense", [("assets:eur", "flow", "-92.50", "expenses:hotel")])
    assert found.original == Amount(Decimal("100.00"), "USD")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("assets:bank  5 EUR\nequity:opening balances", "opening_balance"),
        ("assets:bank  5 EUR\nequity:adjustments", "adjustment"),
        ("assets:bank  5 EUR\nequity:gift", "journal"),
        ("assets:bank  5 EUR\nincome:job", "income"),
        ("assets:bank  5 EUR\nexpenses:food", "income"),
        ("assets:bank  -5 EUR\nincome:job", "journal"),
        ("assets:bank  -5 EUR\nliabilities:card", "transfer"),
        ("assets:bank  0 EUR\nexpenses:a  5 EUR\nexpenses:b  -5 EUR", "journal"),
    ],
)
def test_the_type_follows_from_the_lines(lines: str, expected: str) -> None:
    assert attached(lines).type == expected


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("expenses:a  5 EUR\nexpenses:b", "no account of assets"),
        ("whatever:a  5 EUR\nassets:b", "neither assets"),
        ("assets:a  5.001 EUR\nassets:b", "decimals"),
        ("assets:a  1234567890123456 EUR\nassets:b", "15 digits"),
        ("assets:a  -5 EUR @@ 6 USD\nassets:b  1 JPY @@ 1 USD\nassets:c  5 USD", "more than two currencies"),
        ("expenses:a  0.001 EUR @@ 1 USD\nassets:b  -1 USD", "decimals"),
    ],
)
def test_what_the_ledger_cannot_hold_is_refused(lines: str, reason: str) -> None:
    with pytest.raises(LineError, match=reason):
        attached(lines)


ACCOUNTS = ["assets:a", "assets:b", "liabilities:c"]
NAMES = [*ACCOUNTS, "expenses:x", "expenses:y", "income:z", "equity:opening"]
CENTS = st.integers(-10_000, 10_000).map(lambda n: Decimal(n).scaleb(-2))


def _of(transaction: Transaction, name: str) -> list[Decimal]:
    return [p.amount.number for p in transaction.postings if p.account == name and p.amount is not None]


@given(st.lists(st.tuples(st.sampled_from(NAMES), CENTS), min_size=1, max_size=10), st.sampled_from(ACCOUNTS))
def test_balances_and_totals_are_those_of_the_lines(lines: list[tuple[str, Decimal]], last: str) -> None:
    postings = [Posting(n + 2, name, Amount(amount, "EUR")) for n, (name, amount) in enumerate(lines)]
    transaction = Transaction(1, date(2024, 1, 31), postings=[*postings, Posting(99, last, None)])
    complete(transaction)
    journal = read("", None)
    journal.kinds = {"assets": "asset", "liabilities": "liability", "expenses": "expense", "income": "income"}
    journal.kinds["equity"] = "equity"
    try:
        found = Attacher(journal.kind_of, lambda commodity, line: commodity, EXPONENTS).attach(transaction)
    except LineError:
        left = {name: sum(_of(transaction, name)) for name in NAMES}
        assert not any(_of(transaction, name) for name in ACCOUNTS) or not any(left.values())
        return
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for posting in transaction.postings:
        assert posting.amount is not None
        name = "equity" if posting.account.startswith("equity") else posting.account
        wanted[name] += posting.amount.number if name in ACCOUNTS else -posting.amount.number
    got: dict[str, Decimal] = defaultdict(Decimal)
    transfers = Decimal(0)
    for movement in found.movements if found else ():
        assert movement.amount
        got[movement.account[0]] += movement.amount
        if movement.role == "flow":
            got[movement.category or ""] += movement.amount
        elif movement.role == "equity":
            got["equity"] += movement.amount
        else:
            transfers += movement.amount
    assert transfers == 0
    assert {k: v for k, v in got.items() if v} == {k: v for k, v in wanted.items() if v}
