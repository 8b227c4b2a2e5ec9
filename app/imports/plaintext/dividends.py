"""Dividends among the transactions without lots."""

from collections.abc import Callable, Mapping

from app.core.money import decimals, plain, quantum
from app.imports.plaintext.dealing import Deal, words_of
from app.imports.plaintext.model import Journal, Transaction
from app.imports.plaintext.trading import Trader

WORD = "dividend"


def dividend_of(
    transaction: Transaction,
    journal: Journal,
    trader: Trader,
    currency_of: Callable[[str, int], str],
    exponents: Mapping[str, int],
) -> Deal | None:
    """The dividend of something that was bought before: money against an income account that names the two.

    Such as `Income:Broker:GLD:Dividend`. What also has a payee, tags or data of its own stays a transaction, which can
    say these. Raises `LineError` for an unknown currency.
    """
    if len(transaction.postings) != 2 or transaction.payee or transaction.tags or transaction.meta:
        return None
    own, income = sorted(transaction.postings, key=lambda posting: journal.kind_of(posting.account) == "income")
    words = income.account.split(":")
    if (
        (journal.kind_of(own.account), journal.kind_of(income.account)) != ("asset", "income")
        or own.amount is None
        or own.amount.number <= 0
        or any(posting.total is not None or posting.meta for posting in transaction.postings)
        or not any(word.casefold().startswith(WORD) for word in words)
    ):
        return None
    account = (own.account, currency_of(own.amount.commodity, own.line))
    commodity = next((word for word in words if (account, word) in trader.bought), None)
    exponent = exponents[account[1]]
    if commodity is None or decimals(own.amount.number) > exponent:
        return None
    amount = own.amount.number.quantize(quantum(exponent))
    row_id = trader.ids.make(transaction.day, f"dividend {income.account} {plain(amount)}")
    return Deal(
        row_id, transaction.line, transaction.day, account, commodity, "dividend",
        {"amount": amount, **words_of(transaction)}, amount, categories={"category_id": income.account},
    )  # fmt: skip
