"""The investments of a year on paper: what is held at its end, how it is spread, what was sold, and what was paid."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from app.core.database import AnyRow
from app.core.money import percent, plain, quantum
from app.performance import allocation, income, valuation
from app.performance.kinds import Dimension
from app.performance.valuation import Valuation
from app.portfolio.gains import sales
from app.rendering.folding import shortened
from app.rendering.model import Chart, Column, Series, Table
from app.reports.files.year import Section, Year, told

Document = dict[str, Any]
NAMED = 60
"""Characters of a name on paper."""
LISTED = 40
"""Of what is in no total; the rest are counted."""
_SPREAD: dict[Dimension, str] = {"type": "Kind", "currency": "Currency", "sector": "Sector"}


async def held(year: Year) -> Section | None:
    """What is held at the end of the year, at the prices and rates of that day, and how it is spread."""
    asked = await valuation.asked_for(year.book, None)
    found = await valuation.value(year.book, asked, year.last)
    missing = _unvalued(found)
    if not found.holdings and not missing:
        return None
    gain, of_cost = found.value - found.cost, valuation.percent_of(found.value - found.cost, found.cost)
    rate = "" if of_cost is None else f", {plain(of_cost)}% of their cost"
    worth = f"Holdings worth {told(found.value, asked.currency)} on {year.last}"
    bought = f"bought for {told(found.cost, asked.currency)}"
    line = f"{worth}, {bought}: {_gained(gain, asked.currency)}{rate}."
    spread = [_spread(found, by, title) for by, title in _SPREAD.items()] if found.value else []
    charts = [_donut(found, year.last)] if found.value else []
    return Section("Investments", [line, *missing], charts, [_holdings(found), *spread])


def _holdings(found: Valuation) -> Table:
    currency = found.asked.currency
    columns = [
        Column("asset", "Asset"),
        Column("account", "Account"),
        Column("quantity", "Quantity", "number"),
        Column("price", "Price", "number"),
        Column("price_currency", "in"),
        Column("price_at", "of", "date"),
        Column("cost", "Cost", "money", currency),
        Column("value", "Value", "money", currency),
        Column("gain", "Gain", "money", currency),
    ]
    rows = [
        (
            _name(one.row.symbol, one.row.name),
            shortened(one.row.account_name, NAMED),
            valuation.trimmed(one.row.quantity),
            valuation.trimmed(one.row.price),
            one.row.price_currency,
            one.row.priced_on,
            one.cost,
            one.value,
            one.gain,
        )
        for one in found.holdings
    ]
    return Table("holdings", f"Holdings on {found.at}", columns, rows)


def _spread(found: Valuation, by: Dimension, title: str) -> Table:
    columns = [
        Column("part", title),
        Column("value", "Value", "money", found.asked.currency),
        Column("share", "Share", "percent"),
    ]
    rows = [(_part(part.name), part.value, percent(part.value, found.value)) for part in allocation.spread(found, by)]
    return Table(by, title, columns, rows)


def _donut(found: Valuation, day: date) -> Chart:
    parts = allocation.spread(found, "asset")
    values = Series("Value", [part.value for part in parts])
    return Chart("donut", f"Holdings on {day}", found.asked.currency, [part.name or "" for part in parts], [values])


def _part(name: str | None) -> str:
    """A kind, a currency or a sector; what has no sector says so."""
    return "None given" if name is None else name.replace("_", " ")


def _unvalued(found: Valuation) -> list[str]:
    """A line for what has no price and one for what has no rate: with their quantities, and in no total."""
    parts = (found.unpriced, "Without a price"), (found.unconverted, "Without an exchange rate")
    return [f"{words}, and in no total: {_listed([_quantity(row) for row in rows])}." for rows, words in parts if rows]


def _quantity(row: AnyRow) -> str:
    return f"{plain(valuation.trimmed(row.quantity))} {row.symbol}"


def _listed(texts: Sequence[str]) -> str:
    more = len(texts) - LISTED
    return ", ".join(texts[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _gained(gain: Decimal, currency: str) -> str:
    return f"a {'loss' if gain < 0 else 'gain'} of {told(abs(gain), currency)}"


def _name(symbol: str, name: str) -> str:
    return symbol if name == symbol else f"{symbol}  {shortened(name, NAMED)}"


async def realised(year: Year) -> Section | None:
    """What sales of the year brought beyond their cost, of what was held for short and for long."""
    first = date(year.number, 1, 1)
    sold, document = await sales(year.book, first, year.last)
    if not sold:
        return None
    base = document["base"]
    currency = base["currency"]
    total, short, long = (_gained(base[term]["gain"], currency) for term in ("total", "short_term", "long_term"))
    lines = [
        f"Sales brought {total}: {short} on what was held for a short term, {long} on what was held for a long one."
    ]
    if document["unconverted"]:
        sums = [f"{_gained(one['gain'], one['currency'])}" for one in document["unconverted"]]
        lines.append(f"Without an exchange rate, and in no total: {_listed(sums)}.")
    columns = [
        Column("sold", "Sold", "date"),
        Column("asset", "Asset"),
        Column("term", "Held"),
        Column("quantity", "Quantity", "number"),
        Column("proceeds", "Proceeds", "money", currency),
        Column("cost", "Cost", "money", currency),
        Column("gain", "Gain", "money", currency),
    ]
    rows = [
        (
            row.disposed_on,
            row.symbol,
            "long" if row.long_term else "short",
            valuation.trimmed(row.quantity),
            row.base_proceeds,
            row.base_cost,
            None if row.base_cost is None else row.base_proceeds - row.base_cost,
        )
        for row in sold
    ]
    return Section("Realised gains", lines, (), [Table("gains", "Realised gains", columns, rows)])


async def paid(year: Year) -> Section | None:
    """Dividends and interest of the year by asset, before taxes."""
    asked = await valuation.asked_for(year.book, None)
    found = await income.income(year.book, asked, date(year.number, 1, 1), year.last)
    if not found.paid and not found.unconverted:
        return None
    currency = asked.currency
    zero = Decimal(0).quantize(quantum(asked.exponent))
    dividends = sum((one.dividends for one in found.paid), zero)
    interest = sum((one.interest for one in found.paid), zero)
    lines = [f"Dividends {told(dividends, currency)}, interest {told(interest, currency)}, before taxes."]
    if found.unconverted:
        sums = [f"{told(row.amount, row.currency)} of {row.symbol}" for row in found.unconverted]
        lines.append(f"Without an exchange rate, and in no total: {_listed(sums)}.")
    columns = [
        Column("asset", "Asset"),
        Column("payments", "Payments", "number"),
        Column("dividends", "Dividends", "money", currency),
        Column("interest", "Interest", "money", currency),
        Column("taxes", "Taxes", "money", currency),
    ]
    rows = [(_name(one.symbol, one.name), one.payments, one.dividends, one.interest, one.taxes) for one in found.paid]
    return Section("Dividends and interest", lines, (), [Table("paid", "Dividends and interest", columns, rows)])
