"""Imports and their rows as the API writes them."""

from decimal import Decimal
from typing import Any

from app.core.database import AnyRow

Document = dict[str, Any]


def import_document(row: AnyRow) -> Document:
    counts = {name: getattr(row, f"rows_{name}") for name in ("new", "duplicate", "suspect", "error")}
    return {
        "id": row.id,
        "status": row.status,
        "format": row.format,
        "account_id": row.account_id,
        "file_name": row.file_name,
        "mapping": row.mapping,
        "mapping_source": row.mapping_source,
        "confidence": row.confidence,
        "warnings": row.warnings,
        "assets": row.assets,
        "rows": {"total": sum(counts.values()), **counts},
        "created": row.created_count,
        "skipped": row.skipped_count,
        "created_at": row.created_at,
        "committed_at": row.committed_at,
        "undone_at": row.undone_at,
    }


def row_document(row: AnyRow, *, committed: bool) -> Document:
    """A row; only a committed one that was not left out has a transaction."""
    posted = committed and row.outcome in {"new", "suspect"} and not row.skipped
    is_trade = row.trade is not None
    return {
        "position": row.position,
        "line": row.line,
        "outcome": row.outcome,
        "column": row.error_column,
        "reason": row.reason,
        "account_id": row.account_id,
        "date": row.date,
        "amount": row.amount,
        "payee": row.payee,
        "description": row.description,
        "notes": row.notes,
        "external_id": row.external_id,
        "category_id": row.category_id,
        "match_id": row.match_id,
        "skipped": row.skipped,
        "transaction_id": row.transaction_id if posted and not is_trade else None,
        "trade_id": row.transaction_id if posted and is_trade else None,
        "trade": {name: value for name, value in row.trade.items() if name != "id"} if is_trade else None,
        "rules": row.rules or [],
        "suggestion": None
        if row.learned is None
        else {"category_id": row.category_id, "confidence": Decimal(row.learned), "applied": True},
    }


def as_event(row: AnyRow) -> Document:
    """An import for the event log: one event for the batch, not one a row."""
    return {
        "status": row.status,
        "account_id": row.account_id,
        "file_name": row.file_name,
        "content_hash": row.content_hash.hex(),
        "rows_new": row.rows_new,
        "rows_duplicate": row.rows_duplicate,
        "rows_suspect": row.rows_suspect,
        "rows_error": row.rows_error,
        "created_count": row.created_count,
        "skipped_count": row.skipped_count,
        "committed_at": row.committed_at,
        "undone_at": row.undone_at,
    }
