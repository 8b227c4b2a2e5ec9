"""Features above the ledger that look at what was written in a book, in the same transaction: alerts, bills.

A feature is asked only where the book has something of it, which the statement that takes the book says
(`BookWriter.uses`): a book without budgets pays nothing for alerts. Features add themselves when they are imported, as
domain errors add themselves to constraints.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from app.access.context import BookWriter, Days

Warnings = list[dict[str, Any]]
"""For an answer's `warnings`: each has a stable `code`, a `detail` for people, and what more there is to know."""
Watcher = Callable[[BookWriter, Days], Awaitable[Warnings]]

_WATCHERS: dict[str, Watcher] = {}


def watches(feature: str) -> Callable[[Watcher], Watcher]:
    """Have the function look at each change of transactions: postings dated in these days came, went or moved.

    What came carries the book's revision. The change is right already: the function may not refuse it, nor write
    transactions itself.
    """

    def add(watcher: Watcher) -> Watcher:
        _WATCHERS[feature] = watcher
        return watcher

    return add


async def settle(book: BookWriter) -> Warnings:
    """Have every feature that this book uses look at what was written since the last time."""
    days = book.take_days()
    warnings: Warnings = []
    if days is not None:
        for feature, watcher in _WATCHERS.items():
            if feature in book.uses:
                warnings += await watcher(book, days)
    return warnings
