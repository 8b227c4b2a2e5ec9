"""From what a client says to postings: the rules of each kind of transaction, with no database in sight."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from app.core.errors import FieldError
from app.core.money import decimals, plain, quantum
from app.transactions.posting import PostingLine, Role
from app.transactions.references import AccountRef, References
from app.transactions.schemas import FlowIn, TransferIn


def accounts_named(body: FlowIn | TransferIn) -> set[UUID]:
    found = {body.account_id}
    if isinstance(body, TransferIn):
        found.add(body.to_account_id)
    return found


def categories_named(body: FlowIn | TransferIn) -> set[UUID]:
    return {category for _, category in _category_fields(body)}


def _category_fields(body: FlowIn | TransferIn) -> Iterator[tuple[str, UUID]]:
    if isinstance(body, TransferIn):
        if body.fee_category_id is not None:
            yield "fee_category_id", body.fee_category_id
        return
    if body.category_id is not None:
        yield "category_id", body.category_id
    for number, split in enumerate(body.splits or []):
        if split.category_id is not None:
            yield f"splits.{number}.category_id", split.category_id


def missing_references(body: FlowIn | TransferIn, known: References) -> list[FieldError]:
    """Every account and category that the book does not have."""
    fields = [("account_id", body.account_id)]
    if isinstance(body, TransferIn):
        fields.append(("to_account_id", body.to_account_id))
    found = [
        FieldError(field, "account_not_found", "there is no account with this id")
        for field, account in fields
        if account not in known.accounts
    ]
    found += [
        FieldError(field, "category_not_found", "there is no category with this id")
        for field, category in _category_fields(body)
        if category not in known.categories
    ]
    return found


def archived_references(body: FlowIn | TransferIn, known: References, used_before: Iterable[UUID]) -> list[FieldError]:
    """Archived accounts and categories that this change would newly use; what used one before may keep it."""
    kept = set(used_before)
    found = [
        FieldError("account_id" if account == body.account_id else "to_account_id", "account_archived", "is archived")
        for account in accounts_named(body)
        if account not in kept and known.accounts[account].archived
    ]
    found += [
        FieldError(field, "category_archived", "is archived")
        for field, category in _category_fields(body)
        if category not in kept and known.categories[category].archived
    ]
    return found


def rule_violations(body: FlowIn | TransferIn, known: References) -> list[FieldError]:
    """Every rule about amounts, currencies and kinds that the input breaks; references are known to exist."""
    if isinstance(body, TransferIn):
        return list(_transfer_violations(body, known))
    return list(_flow_violations(body, known))


def _too_fine(field: str, amount: Decimal, currency: str, exponent: int) -> Iterator[FieldError]:
    if decimals(amount) > exponent:
        unit = f"{exponent} decimals" if exponent != 1 else "1 decimal"
        yield FieldError(field, "too_many_decimals", f"{currency} has {unit}, this amount has {decimals(amount)}")


def _flow_violations(body: FlowIn, known: References) -> Iterator[FieldError]:
    account = known.accounts[body.account_id]
    yield from _too_fine("amount", body.amount, account.currency, account.exponent)
    if body.original_currency is not None and body.original_amount is not None:
        exponent = known.exponents.get(body.original_currency)
        if exponent is None:
            yield FieldError("original_currency", "unknown_currency", f"{body.original_currency} is not known")
        else:
            yield from _too_fine("original_amount", body.original_amount, body.original_currency, exponent)
    for field, category in _category_fields(body):
        if body.type == "expense" and known.categories[category].kind == "income":
            yield FieldError(field, "category_kind_mismatch", "an expense takes an expense category")
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


def _transfer_violations(body: TransferIn, known: References) -> Iterator[FieldError]:
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


def lines_of(body: FlowIn | TransferIn, known: References, base_currency: str) -> tuple[PostingLine, ...]:
    """The postings of valid input. Line 0 is on `account_id`; a transfer's line 1 is on `to_account_id`."""
    source = known.accounts[body.account_id]
    if isinstance(body, TransferIn):
        return tuple(_transfer_lines(body, source, known.accounts[body.to_account_id], base_currency))
    sign = -1 if body.type == "expense" else 1
    if body.splits is None:
        return (flow_line(source, sign * body.amount, body.category_id, None, base_currency),)
    return tuple(
        flow_line(source, sign * split.amount, split.category_id, split.memo or None, base_currency)
        for split in body.splits
    )


def _transfer_lines(
    body: TransferIn, source: AccountRef, target: AccountRef, base_currency: str
) -> Iterator[PostingLine]:
    yield _line(source, "transfer", -body.amount, base_currency)
    yield _line(target, "transfer", body.to_amount or body.amount, base_currency)
    if body.fee_amount is not None:
        yield flow_line(source, -body.fee_amount, body.fee_category_id, None, base_currency)


def flow_line(
    account: AccountRef, amount: Decimal, category_id: UUID | None, memo: str | None, base_currency: str
) -> PostingLine:
    return _line(account, "flow", amount, base_currency, category_id, memo)


def equity_line(account: AccountRef, amount: Decimal, base_currency: str) -> PostingLine:
    """An opening balance: signed, with no category."""
    return _line(account, "equity", amount, base_currency)


def _line(
    account: AccountRef,
    role: Role,
    amount: Decimal,
    base_currency: str,
    category_id: UUID | None = None,
    memo: str | None = None,
) -> PostingLine:
    exact = exact_amount(amount, account.exponent)
    base = exact if account.currency == base_currency else None
    return PostingLine(account.id, role, exact, base, category_id, memo)


def exact_amount(amount: Decimal, exponent: int) -> Decimal:
    """The same amount with exactly its currency's decimals; nothing is rounded, finer input was refused before."""
    return amount.quantize(quantum(exponent))
