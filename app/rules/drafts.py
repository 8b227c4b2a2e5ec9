"""A transaction as rules see and change it, before it is one or over one that is there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from app.transactions.batch import Wanted, body_of
from app.transactions.schemas import FlowIn, SplitIn, TransferIn

CREATED = "manual"
"""The source of what came without an import."""
FIELDS = ("type", "account_id", "to_account_id", "payee", "description", "notes", "category_id", "tags", "splits")


@dataclass(slots=True)
class Draft:
    """What rules look at and may change.

    `amount` has no sign and is in the account's currency. `kept` are the fields that a person gave: an action leaves
    them unless it overwrites. `fixed` is for what may not become a transfer: a refund.
    """

    type: str
    date: date
    amount: Decimal
    account_id: UUID
    payee: str | None = None
    description: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    category_id: UUID | None = None
    splits: tuple[tuple[Decimal, UUID | None, str | None], ...] = ()
    to_account_id: UUID | None = None
    external_id: str | None = None
    source: str = CREATED
    kept: Collection[str] = field(default=frozenset())
    fixed: bool = False
    others: tuple[UUID, ...] = ()
    """The accounts of a journal."""

    def copy(self) -> "Draft":
        return Draft(*_EVERYTHING(self))


# Rules go through the rows of big files with these.
_EVERYTHING = attrgetter(*Draft.__slots__)
_CHANGEABLE = attrgetter(*FIELDS)


def differences(before: Draft, after: Draft) -> dict[str, dict[str, Any]]:
    """The fields that rules changed, each with its value before and after."""
    pairs = zip(FIELDS, _CHANGEABLE(before), _CHANGEABLE(after), strict=True)
    return {name: {"before": was, "after": now} for name, was, now in pairs if was is not now and was != now}


def of_wanted(wanted: Wanted, source: str = CREATED) -> Draft:
    """The draft of an input; what was sent is a person's, an empty text is none."""
    body = body_of(wanted)
    sent = body.model_fields_set
    draft = Draft(
        type=body.type,
        date=body.date,
        amount=abs(getattr(body, "amount", Decimal(0))),
        account_id=getattr(body, "account_id", None) or body.postings[0].account_id,  # type: ignore[union-attr]  # a journal
        payee=body.payee or None,
        description=body.description or None,
        notes=body.notes or None,
        tags=tuple(body.tags),
        external_id=body.external_id,
        source=source,
    )
    kept = {name for name in ("payee", "description", "notes") if getattr(draft, name)}
    if isinstance(body, FlowIn):
        draft.category_id = body.category_id
        draft.splits = tuple((part.amount, part.category_id, part.memo) for part in body.splits or ())
        draft.fixed = body.refund_of_id is not None
        if "category_id" in sent or body.splits:
            kept.add("category_id")
    elif isinstance(body, TransferIn):
        draft.to_account_id = body.to_account_id
    elif body.type == "journal":
        lines = [part for part in body.postings if part.account_id == draft.account_id]
        draft.amount = abs(sum((part.amount for part in lines), Decimal(0)))
        draft.others = tuple(part.account_id for part in body.postings)
    draft.kept = kept
    return draft


def of_document(document: Mapping[str, Any], source: str) -> Draft:
    """The draft of a transaction that is there: what came from a file keeps its category alone."""
    draft = Draft(
        type=document["type"],
        date=document["date"],
        amount=document["amount"],
        account_id=document["account_id"],
        payee=document["payee"],
        description=document["description"],
        notes=document["notes"],
        tags=tuple(document["tags"]),
        category_id=document["category_id"],
        splits=tuple((part["amount"], part["category_id"], part["memo"]) for part in document["splits"]),
        to_account_id=document["to_account_id"],
        external_id=document["external_id"],
        source=source,
        fixed=document["refund_of_id"] is not None,
        others=tuple(line["account_id"] for line in document["postings"]),
    )
    texts = ("payee", "description", "notes") if source == CREATED else ()
    draft.kept = {name for name in (*texts, "category_id") if getattr(draft, name)}
    if draft.splits:
        draft.kept.add("category_id")
    return draft


def changed(before: Draft, after: Draft) -> set[str]:
    """The fields that differ."""
    return {name for name in FIELDS if getattr(before, name) != getattr(after, name)}


def to_input(body: Any, before: Draft, after: Draft) -> Any:
    """The input with what rules changed; as a transfer it has no category, no parts and no foreign amount."""
    fields = changed(before, after)
    update: dict[str, Any] = {name: getattr(after, name) for name in fields & {"payee", "description", "notes"}}
    if "tags" in fields:
        update["tags"] = list(after.tags)
    if after.type == "transfer" and before.type != "transfer":
        kept = {name: getattr(body, name) for name in ("id", "date", "amount", "status", "external_id")}
        texts = {"payee": after.payee, "description": after.description, "notes": after.notes, "tags": list(after.tags)}
        return TransferIn(
            type="transfer", account_id=after.account_id, to_account_id=after.to_account_id, **kept, **texts
        )
    if "splits" in fields:
        update["splits"] = [SplitIn(amount=a, category_id=c, memo=m) for a, c, m in after.splits] or None
        update["category_id"] = None
    if "category_id" in fields and not after.splits:
        update["category_id"] = after.category_id
        update["splits"] = None
    return body.model_copy(update=update)
