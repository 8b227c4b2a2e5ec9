"""PATCH: the present transaction as input, with what the patch names put over it, checked as a whole.

Parts (of a split, of a journal) are named by their line. A part that is not named stays: no list can lose one by
leaving it out. `"remove": true` takes one out, an item without a line adds one.
"""

from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.core.errors import FieldError, InvalidError
from app.transactions.batch import Adjusting, Wanted
from app.transactions.documents import Document
from app.transactions.schemas import AdjustmentIn, AnyIn, TransactionIn, TransactionPatch

_whole: TypeAdapter[AnyIn] = TypeAdapter(TransactionIn)

_HEADER = ("date", "payee", "description", "notes", "tags", "status", "external_id")
_SIMPLE = (
    *_HEADER,
    "amount",
    "account_id",
    "category_id",
    "splits",
    "original_amount",
    "original_currency",
)
_FIELDS = {
    "expense": _SIMPLE,
    "income": (*_SIMPLE, "refund_of_id"),
    "transfer": (*_HEADER, "amount", "account_id", "to_account_id", "to_amount", "fee_amount", "fee_category_id"),
    "journal": (*_HEADER, "postings"),
    "adjustment": (*_HEADER, "account_id", "balance"),
}
_FEELESS = {"expense", "income", "adjustment"}
_PART = {
    "splits": ("amount", "category_id", "memo"),
    "postings": ("account_id", "role", "amount", "category_id", "memo"),
}


def merged(before: Document, body: TransactionPatch) -> Wanted:
    """The input that PUT would take for the same. Raises `InvalidError` naming every wrong field."""
    changes = body.model_dump(exclude_unset=True)
    kind = changes.pop("type", None) or before["type"]
    fields = _FIELDS[kind]
    if kind in _FEELESS and before["fee_amount"] is not None and "fee_amount" not in changes:
        detail = 'only a transfer has a fee: send "fee_amount": null to drop it'
        raise InvalidError(FieldError("fee_amount", "fee_would_be_lost", detail))
    if "splits" in fields and before["splits"] and changes.get("category_id") and "splits" not in changes:
        detail = 'it is split: name the part under splits, or send "splits": null to make it one again'
        raise InvalidError(FieldError("category_id", "splits_would_be_lost", detail))
    # To clear what the type does not have is to say nothing.
    changes = {name: value for name, value in changes.items() if value is not None or name in fields}
    result: dict[str, Any] = {name: before[name] for name in fields if before.get(name) not in (None, [])}
    for name in ("splits", "postings"):
        parts = result.pop(name, [])
        if name in fields and (parts or changes.get(name)):
            # Postings that come with the new type are all of them; without any, those of the old type stay.
            kept = name == "splits" or before["type"] == kind or name not in changes
            result[name] = _parts(name, parts if kept else [], changes.pop(name, []))
    _settle(before, kind, result, changes)
    result.update(changes)
    for name in ("tags", "status"):
        if result.get(name, "") is None:
            del result[name]
    if kind == "adjustment" and before["type"] == kind and result.get("balance") is None:
        return _kept(before, result)
    return _checked({"type": kind, **result})


def _settle(before: Document, kind: str, result: dict[str, Any], changes: dict[str, Any]) -> None:
    """Drop what a change makes meaningless: one category or parts, one amount or two."""
    if kind == "transfer" and len({line["currency"] for line in before["postings"]}) == 1:
        result.pop("to_amount", None)  # what arrives is what leaves, also when the patch changes it
    if "fee_amount" in changes and changes["fee_amount"] is None:
        result.pop("fee_category_id", None)
    if result.get("splits") and changes.get("category_id") is None:
        result.pop("category_id", None)
    if result.get("splits") is None:
        result.pop("splits", None)


def _parts(name: str, present: list[Document], changes: list[Document] | None) -> list[Document] | None:
    """The parts after a change; None where they are taken away as a whole."""
    if changes is None:
        return None
    found = {part["line"]: {key: part[key] for key in _PART[name]} for part in present}
    added: list[Document] = []
    wrong: list[FieldError] = []
    seen: set[int] = set()
    for number, change in enumerate(changes):
        line, remove = change.pop("line", None), change.pop("remove", False)
        if line is None:
            if remove:
                wrong.append(FieldError(f"{name}.{number}.line", "missing", "say which part to remove"))
            added.append(change)
        elif line not in found or line in seen:
            detail = "is named twice" if line in seen else f"there is no part {line}; these are: {_listed(present)}"
            wrong.append(FieldError(f"{name}.{number}.line", "unknown_line", detail))
        elif remove:
            del found[line]
        else:
            found[line].update(change)
        if line is not None:
            seen.add(line)
    if wrong:
        raise InvalidError(wrong)
    return [*found.values(), *added]


def _listed(parts: list[Document]) -> str:
    return ", ".join(str(part["line"]) for part in parts) or "none"


def _kept(before: Document, result: dict[str, Any]) -> Adjusting:
    """An adjustment whose balance is not restated keeps its amount; on another account that would mean nothing."""
    (line,) = before["postings"]
    if result["account_id"] not in (None, before["account_id"]):
        detail = "say the balance of the other account"
        raise InvalidError(FieldError("balance", "balance_needed", detail))
    result["balance"] = Decimal(0)  # in its place, so that the rest can be checked; what was posted stays
    body = _checked({"type": "adjustment", **result})
    if not isinstance(body, AdjustmentIn):  # pragma: no cover  # the type says so
        raise TypeError(body)
    return Adjusting(body, line["amount"])


def _checked(whole: dict[str, Any]) -> AnyIn:
    try:
        return _whole.validate_python(whole)
    except ValidationError as error:
        raise InvalidError(
            [
                FieldError(
                    ".".join(str(part) for part in item["loc"][1:]) or "body",
                    item["type"],
                    item["msg"].removeprefix("Value error, "),
                )
                for item in error.errors()
            ]
        ) from None
