"""What amounts, currencies and kinds of categories each type of transaction takes; no database in sight."""

from collections.abc import Iterator
from decimal import Decimal

from app.core.errors import FieldError
from app.core.money import decimals, plain
from app.transactions.references import References
from app.transactions.schemas import AdjustmentIn, AnyIn, FlowIn, JournalIn, TransferIn
from app.transactions.shapes import category_fields

MAX_CURRENCIES = 2
PURCHASES = {"expense", "journal"}


def violations(body: AnyIn, known: References) -> list[FieldError]:
    """Every rule about amounts, currencies and kinds that the input breaks; references are known to exist."""
    if isinstance(body, TransferIn):
        return list(_of_transfer(body, known))
    if isinstance(body, JournalIn):
        return list(_of_journal(body, known))
    if isinstance(body, AdjustmentIn):
        account = known.accounts[body.account_id]
        return list(_too_fine("balance", body.balance, account.currency, account.exponent))
    return list(_of_flow(body, known))


def _too_fine(field: str, amount: Decimal, currency: str, exponent: int) -> Iterator[FieldError]:
    if decimals(amount) > exponent:
        unit = f"{exponent} decimals" if exponent != 1 else "1 decimal"
        yield FieldError(field, "too_many_decimals", f"{currency} has {unit}, this amount has {decimals(amount)}")


def _of_flow(body: FlowIn, known: References) -> Iterator[FieldError]:
    account = known.accounts[body.account_id]
    yield from _too_fine("amount", body.amount, account.currency, account.exponent)
    if body.original_currency is not None and body.original_amount is not None:
        exponent = known.exponents.get(body.original_currency)
        if exponent is None:
            yield FieldError("original_currency", "unknown_currency", f"{body.original_currency} is not known")
        else:
            yield from _too_fine("original_amount", body.original_amount, body.original_currency, exponent)
    for field, category in category_fields(body):
        if body.type == "expense" and known.categories[category].kind == "income":
            yield FieldError(field, "category_kind_mismatch", "an expense takes an expense category")
    purchase = known.purchases.get(body.refund_of_id) if body.refund_of_id else None
    if purchase is not None and purchase.type not in PURCHASES:
        yield FieldError("refund_of_id", "not_a_purchase", f"is of type {purchase.type}, not a purchase")
    for number, split in enumerate(body.splits or []):
        field = f"splits.{number}.amount"
        if split.amount == 0:
            yield FieldError(field, "zero_amount", "a part is not 0")
        yield from _too_fine(field, split.amount, account.currency, account.exponent)
    if body.splits is not None:
        total = sum((split.amount for split in body.splits), Decimal(0))
        if total != body.amount:
            detail = f"the parts sum to {plain(total)}, the amount is {plain(body.amount)}"
            yield FieldError("splits", "splits_do_not_sum", detail)


def _of_transfer(body: TransferIn, known: References) -> Iterator[FieldError]:
    source, target = known.accounts[body.account_id], known.accounts[body.to_account_id]
    yield from _too_fine("amount", body.amount, source.currency, source.exponent)
    if body.to_amount is not None:
        yield from _too_fine("to_amount", body.to_amount, target.currency, target.exponent)
        if source.currency == target.currency and body.to_amount != body.amount:
            detail = f"both accounts are in {source.currency}: what leaves arrives; use fee_amount for a fee"
            yield FieldError("to_amount", "amounts_differ", detail)
    elif source.currency != target.currency:
        detail = f"say what arrives in {target.currency}; an exchange rate is never guessed"
        yield FieldError("to_amount", "to_amount_needed", detail)
    if body.fee_amount is not None:
        yield from _too_fine("fee_amount", body.fee_amount, source.currency, source.exponent)
    if body.fee_category_id is not None and known.categories[body.fee_category_id].kind == "income":
        yield FieldError("fee_category_id", "category_kind_mismatch", "a fee takes an expense category")


def _of_journal(body: JournalIn, known: References) -> Iterator[FieldError]:
    moved: dict[str, list[Decimal]] = {}
    for number, posting in enumerate(body.postings):
        account = known.accounts[posting.account_id]
        yield from _too_fine(f"postings.{number}.amount", posting.amount, account.currency, account.exponent)
        if posting.role == "transfer":
            moved.setdefault(account.currency, []).append(posting.amount)
    if len(moved) > MAX_CURRENCIES:
        detail = f"one transaction exchanges two currencies, not {len(moved)}: {', '.join(sorted(moved))}"
        yield FieldError("postings", "too_many_currencies", detail)
        return
    sums = {currency: sum(amounts, Decimal(0)) for currency, amounts in moved.items()}
    if len(sums) == 1:
        for currency, left in sums.items():
            if left:
                detail = f"the transfer postings sum to {plain(left)} {currency}; what leaves one account arrives"
                yield FieldError("postings", "transfers_do_not_balance", detail)
    elif sums and not _one_each_way(*sums.values()):
        detail = "in two currencies, one is given and the other received: " + ", ".join(
            f"{plain(amount)} {currency}" for currency, amount in sorted(sums.items())
        )
        yield FieldError("postings", "no_exchange", detail)


def _one_each_way(one: Decimal, other: Decimal) -> bool:
    return (one > 0 > other) or (one < 0 < other)
