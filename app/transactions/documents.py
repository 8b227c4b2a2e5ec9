"""A transaction as the API and the event log write it, from its row or from what was just written."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.core.database import AnyRow
from app.transactions.posting import Entry
from app.transactions.references import AccountRef

Document = dict[str, Any]
Line = tuple[int, UUID, UUID | None, str, Decimal, str, Decimal | None, str | None]


def from_row(row: AnyRow) -> Document:
    """The document of a row of `repository.get` or `repository.page`."""
    lines = [
        (n, UUID(a), UUID(c) if c else None, role, Decimal(amount), cur, Decimal(base) if base else None, memo)
        for n, a, c, role, amount, cur, base, memo in row.lines
    ]
    if row.other_side_private:  # nor do the numbers tell how many lines there are
        lines = [(number, *line[1:]) for number, line in enumerate(lines)]
    return {
        **_header(row),
        "payee": row.payee,
        "tags": sorted((name for _, name in row.tags), key=str.lower),
        "tag_ids": sorted(tag_id for tag_id, _ in row.tags),
        "revision": row.revision,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "other_side_private": row.other_side_private,
        **_body(row.type, lines),
        "warnings": [],
    }


def from_entry(
    entry: Entry,
    accounts: dict[UUID, AccountRef],
    *,
    payee: str | None,
    tags: Sequence[str],
    revision: int,
) -> Document:
    """The document of an entry, as reading its row would give it but for its instants, which the database decides."""
    lines = [
        (n, p.account_id, p.category_id, p.role, p.amount, accounts[p.account_id].currency, p.base_amount, p.memo)
        for n, p in enumerate(entry.lines)
    ]
    return {
        **_header(entry),
        "payee": payee,
        "tags": sorted(tags, key=str.lower),
        "tag_ids": sorted(str(tag_id) for tag_id in entry.tag_ids),
        "revision": revision,
        "created_at": None,
        "updated_at": None,
        "other_side_private": False,
        **_body(entry.type, lines),
        "warnings": [],
    }


def _header(source: Any) -> Document:
    return {
        "id": source.id,
        "type": source.type,
        "date": source.date,
        "amount": source.amount,
        "account_id": source.account_id,
        "payee_id": source.payee_id,
        "description": source.description,
        "notes": source.notes,
        "status": source.status,
        "external_id": source.external_id,
        "original_amount": source.original_amount,
        "original_currency": source.original_currency,
        "import_id": source.import_id,
        "refund_of_id": source.refund_of_id,
        "reconciliation_id": source.reconciliation_id,
    }


def _body(kind: str, lines: Sequence[Line]) -> Document:
    """What the API derives from the postings: the simple view of a transaction. A journal is its postings alone."""
    flows = [line for line in lines if line[3] == "flow"]
    transfer, simple = kind == "transfer", kind in {"expense", "income"}
    single = flows[0] if simple and len(flows) == 1 and flows[0][7] is None else None
    fee = flows[0] if flows and transfer else None
    target = lines[1] if transfer and len(lines) > 1 and lines[1][3] == "transfer" else None
    sign = -1 if kind == "expense" else 1
    return {
        "currency": lines[0][5],
        "to_account_id": target[1] if target else None,
        "to_amount": target[4] if target else None,
        "fee_amount": -fee[4] if fee else None,
        "fee_category_id": fee[2] if fee else None,
        "category_id": single[2] if single else None,
        "splits": [
            {"line": line[0], "category_id": line[2], "amount": sign * line[4], "memo": line[7]} for line in flows
        ]
        if simple and not single
        else [],
        "postings": [
            {
                "line": number,
                "account_id": account,
                "category_id": category,
                "role": role,
                "amount": amount,
                "currency": currency,
                "base_amount": base,
                "memo": memo,
            }
            for number, account, category, role, amount, currency, base, memo in lines
        ],
    }


def as_event(document: Document) -> Document:
    """The image of a transaction for the event log: enough to write it again as it was."""
    return {
        key: value
        for key, value in document.items()
        if key not in {"warnings", "updated_at", "other_side_private"} and not (key == "created_at" and value is None)
    }
