"""From what a client says of a trade to its row: which references and amounts are right, and what follows from them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookWriter
from app.core.errors import FieldError, InvalidError
from app.core.money import MAX_INTEGER_DIGITS, decimals, plain, rounded
from app.portfolio.errors import NoRateError
from app.portfolio.references import ACCOUNTS, ASSETS, CATEGORIES, Known, Pair, named
from app.portfolio.schemas import (
    ZERO,
    AnyTrade,
    BuyTrade,
    FeeTrade,
    ReinvestTrade,
    SellTrade,
    TransferTrade,
)
from app.transactions import posting
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.references import AccountRef

Document = dict[str, Any]
Priced = BuyTrade | SellTrade | ReinvestTrade
COLUMNS = (
    "account_id", "asset_id", "kind", "date", "quantity", "price", "currency", "rate", "amount", "fees", "taxes",
    "cost", "acquired_on", "to_account_id", "to_asset_id", "ratio", "cost_percent", "lots", "category_id",
    "tax_category_id", "fee_category_id", "notes", "external_id", "import_id", "transaction_id",
)  # fmt: skip
"""A trade's own columns, as its row and its image in the log have them."""
_AMOUNTS = ("amount", "fees", "taxes", "cost")
_RATE_DIGITS = 12
_TOLERANCE = Decimal("0.01")


def check(book: BookWriter, body: AnyTrade, known: Known, before: Document | None) -> None:
    """Raise for what is wrong about a trade; what it had before, an archived account or its date, it may keep."""
    fields = {**named(body, ACCOUNTS), **named(body, ASSETS), **named(body, CATEGORIES)}
    missing = [
        FieldError(field, f"{what}_not_found", f"there is no {what} with this id")
        for what, names, rows in _tables(known)
        for field in names
        if field in fields and fields[field] not in rows
    ]
    if missing:
        raise ReferenceNotFoundError(missing)
    wrong = [*_fields(body, known), *_categories(body, known)]
    today = book.actor.today()
    if body.date > today and (before is None or body.date != before["date"]):
        detail = f"{body.date} is in the future: today is {today} in {book.actor.time_zone}"
        wrong.append(FieldError("date", "date_in_future", detail))
    if wrong:
        raise InvalidError(wrong)
    kept = {before[name] for name in (*ACCOUNTS, *ASSETS, *CATEGORIES)} if before is not None else set()
    archived = [
        FieldError(field, f"{what}_archived", "is archived")
        for what, names, rows in _tables(known)
        for field in names
        if field in fields and fields[field] not in kept and rows[fields[field]].archived
    ]
    if archived:
        raise ArchivedError(archived)
    posting.check_open(book, body.date if before is None else min(body.date, before["date"]))


def wanted_rates(body: AnyTrade, known: Known) -> Iterator[Pair]:
    """The rate that a trade needs and does not bring; its references are known to exist."""
    if getattr(body, "rate", None) is not None:
        return
    own = known.accounts[account_of(body)].currency
    if isinstance(body, TransferTrade):
        pair = (own, known.accounts[body.to_account_id].currency)
    elif isinstance(body, Priced) and body.price is not None and not _implies_rate(body):
        pair = (_currency(body, known), own)
    else:
        return
    if pair[0] != pair[1]:
        yield (*pair, body.date)


def built(body: AnyTrade, known: Known, rates: dict[Pair, Decimal]) -> Document:
    """The row of a trade that `check` let through, with its symbol and its account's currency.

    Raises `NoRateError`, and `InvalidError` for an amount that is too large or less than what is taken from it.
    """
    account = known.accounts[account_of(body)]
    found: Document = dict.fromkeys(COLUMNS)
    found |= {name: value for name, value in body.model_dump(exclude={"id", "lots"}).items() if name in COLUMNS}
    found |= {"fees": found["fees"] or ZERO, "taxes": found["taxes"] or ZERO}
    found |= {"notes": found["notes"] or None, "symbol": known.assets[body.asset_id].symbol}
    found |= {"account_currency": account.currency, "lots": _lots(body)}
    if isinstance(body, Priced):
        found |= _priced(body, known, account, rates)
    elif isinstance(body, TransferTrade):
        found["rate"] = _transfer_rate(body, known, account, rates)
    for name in _AMOUNTS:
        if found[name] is not None:
            if found[name] >= Decimal(10) ** MAX_INTEGER_DIGITS:
                raise InvalidError(FieldError(name, "too_large", "is more than any amount may be"))
            found[name] = rounded(found[name], account.exponent)
    if isinstance(body, ReinvestTrade) and found["amount"] < found["taxes"] + found["fees"]:
        detail = f"is less than the taxes and fees taken from it: {plain(found['amount'])}"
        raise InvalidError(FieldError("amount", "less_than_costs", detail))
    return found


def warnings_of(trade: Document) -> list[dict[str, str]]:
    """An amount that is not what quantity, price and rate come to, by more than a hundredth."""
    if trade["price"] is None or trade["kind"] not in {"buy", "sell"}:
        return []
    computed = trade["quantity"] * trade["price"] * trade["rate"]
    if abs(computed - trade["amount"]) <= max(computed, trade["amount"]) * _TOLERANCE:
        return []
    detail = f"{plain(trade['amount'])} was sent; quantity times price times rate is {plain(rounded(computed, 2))}"
    return [{"code": "amount_differs", "detail": detail}]


def _tables(known: Known) -> tuple[tuple[str, tuple[str, ...], dict[UUID, Any]], ...]:
    return (
        ("account", ACCOUNTS, known.accounts),
        ("asset", ASSETS, known.assets),
        ("category", CATEGORIES, known.categories),
    )


def _fields(body: AnyTrade, known: Known) -> Iterator[FieldError]:
    for field, account_id in named(body, ACCOUNTS).items():
        if account_id in known.liabilities:
            yield FieldError(field, "wrong_account_class", "is an account on which you owe: nothing is held there")
    account = known.accounts[account_of(body)]
    for name in _AMOUNTS:
        amount = getattr(body, name, None)
        if amount is not None and decimals(amount) > account.exponent:
            yield FieldError(name, "too_many_decimals", f"{account.currency} has {account.exponent} decimals")
    if isinstance(body, Priced):
        if body.currency is not None and body.currency not in known.currencies:
            yield FieldError("currency", "unknown_currency", f"{body.currency} is not known")
        elif body.rate not in {None, Decimal(1)} and _currency(body, known) == account.currency:
            yield FieldError("rate", "same_currency", f"the price is in {account.currency}, as the account is")
    if isinstance(body, TransferTrade) and body.rate not in {None, Decimal(1)}:
        other = known.accounts[body.to_account_id]
        if other.currency == account.currency:
            yield FieldError("rate", "same_currency", f"both accounts are in {account.currency}")


def _categories(body: AnyTrade, known: Known) -> Iterator[FieldError]:
    for field, category_id in named(body, CATEGORIES).items():
        spending = field != "category_id" or isinstance(body, FeeTrade)
        if known.categories[category_id].kind != ("expense" if spending else "income"):
            detail = f"this takes an {'expense' if spending else 'income'} category"
            yield FieldError(field, "category_kind_mismatch", detail)


def account_of(body: AnyTrade) -> UUID:
    """Its account, which every trade has once splits of everything were given theirs."""
    if body.account_id is None:  # a split was given each of its accounts before
        raise ValueError(body)
    return body.account_id


def _currency(body: Priced, known: Known) -> str:
    return body.currency or known.assets[body.asset_id].currency


def _costs_within(body: Priced) -> Decimal:
    """What of the amount bought nothing."""
    return body.fees + body.taxes if isinstance(body, ReinvestTrade) else ZERO


def _implies_rate(body: Priced) -> bool:
    """Whether the rate follows from what was paid for it and the price of one: what cost nothing says none."""
    return bool(body.price and body.amount is not None and body.amount > _costs_within(body))


def _priced(body: Priced, known: Known, account: AccountRef, rates: dict[Pair, Decimal]) -> Document:
    """Currency, rate and amount; each follows from the others where it was not sent."""
    if body.price is None:
        return {"currency": None, "rate": None}
    currency = _currency(body, known)
    whole, costs = body.quantity * body.price, _costs_within(body)
    rate = body.rate
    if currency == account.currency:
        rate = Decimal(1)
    elif rate is None and body.amount is not None and _implies_rate(body):
        rate = _significant((body.amount - costs) / whole)
    elif rate is None:
        rate = rates.get((currency, account.currency, body.date))
    if rate is None:
        raise _no_rate(currency, account.currency, body)
    if body.amount is None and whole * rate >= Decimal(10) ** MAX_INTEGER_DIGITS:
        raise InvalidError(FieldError("amount", "too_large", "is more than any amount may be"))
    amount = body.amount if body.amount is not None else rounded(whole * rate, account.exponent) + costs
    return {"currency": currency, "rate": rate, "amount": amount}


def _transfer_rate(
    body: TransferTrade, known: Known, account: AccountRef, rates: dict[Pair, Decimal]
) -> Decimal | None:
    other = known.accounts[body.to_account_id]
    if other.currency == account.currency:
        return None
    rate = body.rate or rates.get((account.currency, other.currency, body.date))
    if rate is None:
        raise _no_rate(account.currency, other.currency, body)
    return rate


def _no_rate(base: str, quote: str, body: AnyTrade) -> NoRateError:
    detail = f"no rate from {base} to {quote} is known for {body.date}: send it"
    return NoRateError(FieldError("rate", NoRateError.code, detail))


def _significant(rate: Decimal) -> Decimal:
    return rounded(rate, _RATE_DIGITS - rate.adjusted() - 1).normalize()


def _lots(body: AnyTrade) -> list[dict[str, str]] | None:
    lots = getattr(body, "lots", None)
    if lots is None:
        return None
    return [{"trade_id": str(lot.trade_id), "quantity": plain(lot.quantity)} for lot in lots]
