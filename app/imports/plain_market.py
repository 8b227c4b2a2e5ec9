"""Prices, rates and cost methods that a plain-text ledger brings: stored at the commit, taken back at the undo."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookWriter
from app.assets import bringing as prices
from app.core.database import AnyRow
from app.imports import repository
from app.imports.errors import ImportStateError
from app.portfolio import methods
from app.portfolio.holding_schemas import CostMethodIn
from app.rates import bringing as rates

AT_ONCE = 5_000
BEFORE = "cost_methods_before"
"""What accounts had instead, where it was set: for the undo."""


async def set_methods(book: BookWriter, held: AnyRow) -> None:
    """Have the accounts of sales that name their lots take those, or count as the file says; before the trades.

    What was set before is kept with the import. Raises `ImportStateError` where somebody set another method since the
    preview.
    """
    before: dict[str, dict[str, Any]] = {}
    seen = held.lasting_mapping.get("methods_before", {})
    for text, wanted in held.lasting_mapping.get("cost_methods", {}).items():
        account_id = UUID(text)
        present = await methods.get(book, account_id)
        if present["revision"] and present["method"] not in {seen.get(text), wanted}:
            raise ImportStateError(
                f"An account has the cost method '{present['method']}' since the preview, and sales of the file name "
                "their lots. Upload the file again: the new preview takes it into account."
            )
        if present["method"] != wanted:
            if present["revision"]:
                before[text] = {name: present[name] for name in methods.DEFAULT}
            body = CostMethodIn(method=wanted, long_term_months=present["long_term_months"])
            await methods.put(book, account_id, body, None)
    if before:
        changes = {"lasting_mapping": {**held.lasting_mapping, BEFORE: before}}
        await repository.change(book.connection, book.book_id, held.id, changes)


async def store_prices(book: BookWriter, held: AnyRow) -> None:
    """Prices of assets, where the book has none of its own of the day; behind the trades that make the assets."""
    for some in _batches(held.lasting_mapping.get("prices", [])):
        await prices.add_prices(book, [(UUID(a), date.fromisoformat(day), Decimal(price)) for a, day, price in some])


async def store_rates(book: BookWriter, held: AnyRow) -> None:
    """Rates of currencies, where the book has none of its own of the day; before what is valued by them is written."""
    for some in _batches(held.lasting_mapping.get("rates", [])):
        await rates.add_rates(book, [(b, q, date.fromisoformat(day), Decimal(rate)) for b, q, day, rate in some])


async def take_back(book: BookWriter, held: AnyRow, written: int) -> None:
    """What nobody changed since; before the assets and accounts that it is of go, and after the trades."""
    chart = held.lasting_mapping
    if chart.get("prices"):
        await prices.drop_prices(book, written)
    if chart.get("rates"):
        await rates.drop_rates(book, written)
    if chart.get("cost_methods"):
        await methods.forget(book, [UUID(text) for text in chart["cost_methods"]], written)
    for text, before in chart.get(BEFORE, {}).items():
        if (await methods.get(book, UUID(text)))["revision"] == written:
            await methods.put(book, UUID(text), CostMethodIn(**before), None)


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))
