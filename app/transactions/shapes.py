"""From what a client says to postings: which accounts and categories each type names, and the lines it stands for."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from app.core.errors import FieldError
from app.core.money import quantum
from app.transactions.converting import InBase
from app.transactions.posting import PostingLine
from app.transactions.references import AccountRef, References
from app.transactions.schemas import AnyIn, FlowIn, JournalIn, Role, TransferIn


def accounts_named(body: AnyIn) -> set[UUID]:
    return {account for _, account in account_fields(body)}


def categories_named(body: AnyIn) -> set[UUID]:
    return {category for _, category in category_fields(body)}


def account_fields(body: AnyIn) -> Iterator[tuple[str, UUID]]:
    if isinstance(body, JournalIn):
        for number, posting in enumerate(body.postings):
            yield f"postings.{number}.account_id", posting.account_id
        return
    yield "account_id", body.account_id
    if isinstance(body, TransferIn):
        yield "to_account_id", body.to_account_id


def category_fields(body: AnyIn) -> Iterator[tuple[str, UUID]]:
    if isinstance(body, TransferIn):
        if body.fee_category_id is not None:
            yield "fee_category_id", body.fee_category_id
    elif isinstance(body, JournalIn):
        for number, posting in enumerate(body.postings):
            if posting.category_id is not None:
                yield f"postings.{number}.category_id", posting.category_id
    elif isinstance(body, FlowIn):
        if body.category_id is not None:
            yield "category_id", body.category_id
        for number, split in enumerate(body.splits or []):
            if split.category_id is not None:
                yield f"splits.{number}.category_id", split.category_id


def with_default_category(body: FlowIn, known: References) -> FlowIn:
    """A new expense or income that says nothing of a category gets its payee's default, where that is of its kind.

    A null that was sent stays; an archived default is not applied; the category of a refund is not guessed.
    """
    if "category_id" in body.model_fields_set or body.splits or body.payee is None or body.refund_of_id is not None:
        return body
    payee = known.payees.get(known.name_keys[body.payee])
    default = known.defaults.get(payee[0]) if payee is not None else None
    if default is None or default.archived or default.kind != body.type:
        return body
    return body.model_copy(update={"category_id": default.id})


def missing_references(body: AnyIn, known: References) -> list[FieldError]:
    """Every account, category and purchase that the book does not have."""
    found = [
        FieldError(field, "account_not_found", "there is no account with this id")
        for field, account in account_fields(body)
        if account not in known.accounts
    ]
    found += [
        FieldError(field, "category_not_found", "there is no category with this id")
        for field, category in category_fields(body)
        if category not in known.categories
    ]
    if isinstance(body, FlowIn) and body.refund_of_id is not None and body.refund_of_id not in known.purchases:
        found.append(FieldError("refund_of_id", "transaction_not_found", "there is no transaction with this id"))
    return found


def archived_references(body: AnyIn, known: References, used_before: Iterable[UUID]) -> list[FieldError]:
    """Archived accounts and categories that this change would newly use; what used one before may keep it."""
    kept = set(used_before)
    found = [
        FieldError(field, "account_archived", "is archived")
        for field, account in account_fields(body)
        if account not in kept and known.accounts[account].archived
    ]
    found += [
        FieldError(field, "category_archived", "is archived")
        for field, category in category_fields(body)
        if category not in kept and known.categories[category].archived
    ]
    return found


def lines_of(body: FlowIn | TransferIn | JournalIn, known: References, base: InBase) -> tuple[PostingLine, ...]:
    """The postings of valid input. Line 0 is on the transaction's account; a transfer's line 1 on `to_account_id`."""
    if isinstance(body, JournalIn):
        return tuple(
            _line(
                known.accounts[posting.account_id],
                posting.role,
                posting.amount,
                base,
                posting.category_id,
                posting.memo or None,
            )
            for posting in body.postings
        )
    source = known.accounts[body.account_id]
    if isinstance(body, TransferIn):
        return tuple(_transfer_lines(body, source, known.accounts[body.to_account_id], base))
    sign = -1 if body.type == "expense" else 1
    if body.splits is None:
        return (flow_line(source, sign * body.amount, body.category_id, None, base),)
    return tuple(
        flow_line(source, sign * split.amount, split.category_id, split.memo or None, base) for split in body.splits
    )


def _transfer_lines(body: TransferIn, source: AccountRef, target: AccountRef, base: InBase) -> Iterator[PostingLine]:
    yield _line(source, "transfer", -body.amount, base)
    yield _line(target, "transfer", body.to_amount or body.amount, base)
    if body.fee_amount is not None:
        yield flow_line(source, -body.fee_amount, body.fee_category_id, None, base)


def flow_line(
    account: AccountRef, amount: Decimal, category_id: UUID | None, memo: str | None, base: InBase
) -> PostingLine:
    return _line(account, "flow", amount, base, category_id, memo)


def equity_line(account: AccountRef, amount: Decimal, base: InBase) -> PostingLine:
    """An opening balance or an adjustment: signed, with no category."""
    return _line(account, "equity", amount, base)


def _line(
    account: AccountRef,
    role: Role,
    amount: Decimal,
    base: InBase,
    category_id: UUID | None = None,
    memo: str | None = None,
) -> PostingLine:
    exact = exact_amount(amount, account.exponent)
    return PostingLine(account.id, role, exact, base.amount_of(exact, account.currency), category_id, memo)


def exact_amount(amount: Decimal, exponent: int) -> Decimal:
    """The same amount with exactly its currency's decimals; nothing is rounded, finer input was refused before."""
    return amount.quantize(quantum(exponent))
