"""Templates: a transaction's input without date and amount, checked by the ledger's own schemas and rules."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from app.access.context import BookReader
from app.core.documents import dump
from app.core.errors import FieldError, InvalidError, invalid
from app.core.money import decimals
from app.schedules.amounts import scaled
from app.schedules.schemas import ScheduleReplace
from app.transactions import references, rules, shapes
from app.transactions.errors import ArchivedError, ReferenceNotFoundError
from app.transactions.references import References
from app.transactions.schemas import AnyIn, FlowIn, TransactionIn, TransferIn

Document = dict[str, Any]

FIELDS = {
    "type", "account_id", "category_id", "splits", "to_account_id", "to_amount", "fee_amount", "fee_category_id",
    "postings", "payee", "description", "notes", "tags", "status",
}  # fmt: skip
TYPES = {"expense", "income", "transfer", "journal"}
_transaction: TypeAdapter[AnyIn] = TypeAdapter(TransactionIn)


def transaction(template: Mapping[str, Any], day: date, amount: Decimal | None, **more: Any) -> AnyIn:
    """The ledger's input for an occurrence. Raises `InvalidError` naming every wrong field."""
    named: Document = {**template, "date": day, **{name: value for name, value in more.items() if value is not None}}
    if template.get("type") != "journal":
        named["amount"] = amount
    try:
        return _transaction.validate_python(named)
    except ValidationError as error:
        kind = str(template.get("type"))
        raise InvalidError(
            [
                FieldError(_place(item["loc"], kind), item["type"], item["msg"].removeprefix("Value error, "))
                for item in error.errors()
            ]
        ) from None


def of_occurrence(template: Mapping[str, Any], day: date, amount: Decimal | None, exponent: int, **more: Any) -> AnyIn:
    """The same with the template's splits scaled to the amount."""
    if template.get("splits") and amount is not None:
        parts = scaled([Decimal(part["amount"]) for part in template["splits"]], amount, exponent)
        named = [{**part, "amount": share} for part, share in zip(template["splits"], parts, strict=True)]
        return transaction({**template, "splits": named}, day, amount, **more)
    return transaction(template, day, amount, **more)


def _place(location: tuple[int | str, ...], kind: str) -> str:
    place = ".".join(str(part) for part in location if part != kind)
    return place if place in {"amount", "date", "to_amount"} else f"template.{place}".rstrip(".")


async def checked(book: BookReader, body: ScheduleReplace, used: Mapping[str, Any] | None = None) -> Document:
    """The columns that follow from a schedule's template, and its currency's exponent.

    Everything is checked that the ledger checks, but the day.

    Archived accounts and categories that the template before (`used`) had may stay. Raises `InvalidError`,
    `ReferenceNotFoundError` and `ArchivedError` as creating the transaction would.
    """
    entry = _read(body)
    known = await references.load(
        book.connection,
        book.book_id,
        accounts=shapes.accounts_named(entry),
        categories=shapes.categories_named(entry),
    )
    if missing := shapes.missing_references(entry, known):
        raise ReferenceNotFoundError([_in_template(error) for error in missing])
    wrong = [_in_template(error) for error in rules.violations(entry, known)]
    first = next(account for _, account in shapes.account_fields(entry))
    wrong += _too_fine(body, known, first)
    if wrong:
        raise InvalidError(wrong)
    before = _ids(used) if used is not None else set()
    if archived := shapes.archived_references(entry, known, before):
        raise ArchivedError([_in_template(error) for error in archived])
    template = orjson.loads(
        dump(entry.model_dump(exclude_unset=True, include=FIELDS | {"type"}))  # as it was given, no defaults
    )
    if isinstance(entry, TransferIn) and known.accounts[first].currency == known.accounts[entry.to_account_id].currency:
        template.pop("to_amount", None)  # it is the amount, whatever that will be
    if "to_amount" in template and body.amount_kind != "fixed":
        detail = "what arrives is known only together with the amount: amount_kind is fixed"
        raise invalid("template.to_amount", "amount_not_fixed", detail)
    return {
        "template": template,
        "account_ids": sorted(shapes.accounts_named(entry)),
        "account_id": first,
        "to_account_id": entry.to_account_id if isinstance(entry, TransferIn) else None,
        "category_id": entry.category_id if isinstance(entry, FlowIn) else None,
        "payee": entry.payee,
        "exponent": known.accounts[first].exponent,
    }


def _read(body: ScheduleReplace) -> AnyIn:
    if body.template.get("type") not in TYPES:
        raise invalid("template.type", "bad_type", f"is one of {', '.join(sorted(TYPES))}")
    if unknown := sorted(str(name) for name in body.template.keys() - FIELDS):
        raise InvalidError([FieldError(f"template.{name}", "extra_forbidden", "has no place here") for name in unknown])
    if body.template.get("status") == "reconciled":
        raise invalid("template.status", "reconciled", "what is still to come is on no statement yet")
    amount = body.amount if body.amount is not None else body.amount_max
    splits = body.template.get("splits")
    if body.amount_kind == "fixed" or not splits:
        return transaction(body.template, body.starts_on, amount)
    # The parts of an amount that is not known are a proportion: they sum to what they sum to.
    entry = transaction(body.template, body.starts_on, amount)
    assert isinstance(entry, FlowIn)  # noqa: S101  # nosec B101  # only a flow has splits
    total = sum((part.amount for part in entry.splits or []), Decimal(0))
    return transaction(body.template, body.starts_on, total)


def _too_fine(body: ScheduleReplace, known: References, account_id: UUID) -> list[FieldError]:
    account = known.accounts[account_id]
    found = []
    for name in ("amount", "amount_min", "amount_max"):
        amount = getattr(body, name)
        if amount is not None and decimals(amount) > account.exponent:
            detail = f"{account.currency} has {account.exponent} decimals, this amount has {decimals(amount)}"
            found.append(FieldError(name, "too_many_decimals", detail))
    return found


def _in_template(error: FieldError) -> FieldError:
    return FieldError(f"template.{error.field}", error.code, error.detail)


def _ids(template: Mapping[str, Any]) -> set[UUID]:
    entry = transaction(template, date(2000, 1, 1), Decimal(1))
    return shapes.accounts_named(entry) | shapes.categories_named(entry)
