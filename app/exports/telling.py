"""What lines do not tell of a trade: which one it is, of which kind, and what of it has no line of its own."""

from app.core.database import AnyRow
from app.core.money import plain
from app.exports.chart import Chart
from app.exports.entries import Facts
from app.portfolio.replay import PAYING

TOLD = {*PAYING, "reinvest"}
"""Kinds that are told; those of other trades follow from the lots that go and come."""


def facts_of(trade: AnyRow, chart: Chart) -> Facts:
    """For the line of the account or the lot, about a row of `replay`.

    A category without an amount has no line, and neither has what a reinvested dividend paid for a unit or in fees.
    """
    found = [("trade", str(trade.id))]
    if trade.kind not in TOLD:
        return tuple(found)
    found.append(("trade-kind", trade.kind))
    for name, amount, category in (
        ("trade-category", trade.amount, trade.category_id),
        ("trade-tax-category", trade.taxes, trade.tax_category_id),
        ("trade-fee-category", trade.fees, trade.fee_category_id),
    ):
        if category is not None and not amount:
            found.append((name, chart.categories[str(category)]))
    if trade.kind not in PAYING:
        found += [("trade-fees", plain(trade.fees))] if trade.fees else []
        found += [("trade-price", f"{plain(trade.price)} {trade.currency}")] if trade.price is not None else []
        found += [("trade-rate", plain(trade.rate))] if trade.rate is not None and trade.rate != 1 else []
    return tuple(found)


def words_of(trade: AnyRow | None) -> Facts:
    """For the transaction: the money of a trade has no notes and no external id, the trade has them."""
    if trade is None:
        return ()
    both = (("external-id", trade.external_id), ("notes", trade.notes))
    return tuple((name, value) for name, value in both if value)
