"""How statuses are written in answers."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from app.access.context import BookReader
from app.budgets.calculation import Status, whole_of

Document = dict[str, Any]


def shown(status: Status) -> Document:
    """One status."""
    return {
        **asdict(status),
        "unconverted": [{"currency": code, "amount": amount} for code, amount in status.unconverted],
        "alerts": [{"threshold": threshold} for threshold in status.alerts],
    }


def listed(book: BookReader, at: date, statuses: Sequence[Status]) -> Document:
    """Those of a day."""
    items = [shown(status) for status in statuses]
    return {"date": at, "currency": book.base_currency, "items": items, "total": len(items)}


def summed(book: BookReader, at: date, statuses: Sequence[Status]) -> Document:
    """The same with their sums."""
    return {**listed(book, at, statuses), "whole": asdict(whole_of(statuses, book.base_exponent))}
