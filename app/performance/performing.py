"""The document of a time's performance."""

from typing import Any
from uuid import UUID

from anyio import to_thread

from app.access.context import BookReader
from app.core.database import AnyRow
from app.performance import benchmark, periods, repository
from app.performance.history import Span
from app.performance.periods import IN_PERIOD, Holding, Period, Position, rate_document
from app.performance.repository import Asked

Document = dict[str, Any]


async def document(book: BookReader, asked: Asked, span: Span, benchmark_id: UUID | None) -> Document:
    """What was gained in a time and the rates of return; raises `AssetNotFoundError` for an unknown benchmark."""
    found = await periods.look(book, asked, span)
    assets = {position[1] for position in found.holdings} | {asset for asset, _ in found.unpriced}
    named = {row.id: row for row in await repository.assets_named(book, assets)}
    compared = None if benchmark_id is None else await benchmark.document(book, found, benchmark_id)
    return await to_thread.run_sync(_told, found, named, compared)


def _told(found: Period, named: dict[UUID, AnyRow], compared: Document | None) -> Document:
    asked, span = found.asked, found.span
    return {
        "currency": asked.currency,
        "from": span.first,
        "to": span.last,
        "days": found.length,
        "start_value": found.total("start"),
        "end_value": found.total("end"),
        "inflow": found.nothing + sum(day.inflow for day in found.days.values()),
        "outflow": found.nothing + sum(day.outflow for day in found.days.values()),
        "income": found.total("income"),
        "gain": found.total("gain"),
        "realised_gain": found.total("realised"),
        "unrealised_gain": found.total("unrealised"),
        **{name: found.nothing + found.sums[name] for name in IN_PERIOD},
        "time_weighted": rate_document(periods.weighted_by_time(found), found.worked),
        "money_weighted": rate_document(periods.weighted_by_money(found), found.worked, annual=True),
        "modified_dietz": rate_document(periods.dietz(found), found.length),
        "holdings": _holdings(found, named),
        "benchmark": compared,
        "unpriced": [
            {"asset_id": asset, "symbol": named[asset].symbol, "date": day}
            for asset, day in sorted(found.unpriced, key=lambda one: (one[1], named[one[0]].symbol))
        ],
        "unconverted": [{"currency": code, "date": day} for code, day in sorted(found.unconverted, key=_by_day)],
    }


def _by_day(one: tuple[str, Any]) -> tuple[Any, str]:
    return one[1], one[0]


def _holdings(found: Period, named: dict[UUID, AnyRow]) -> list[Document]:
    ordered = sorted(found.holdings, key=lambda position: (named[position[1]].symbol, position))
    parts = periods.contributions(found, ordered)
    return [
        _holding(found, position, found.holdings[position], named, part)
        for position, part in zip(ordered, parts, strict=True)
    ]


def _holding(
    found: Period, position: Position, holding: Holding, named: dict[UUID, AnyRow], contribution: object
) -> Document:
    def money(name: str) -> object:
        amount = getattr(holding, name)
        return None if amount is None else found.nothing + amount

    asset = named[position[1]]
    return {
        "account_id": position[0],
        "asset_id": position[1],
        "symbol": asset.symbol,
        "name": asset.name,
        "start_value": money("start"),
        "end_value": money("end"),
        **{name: money(name) for name in ("inflow", "outflow", "income", "gain")},
        "realised_gain": money("realised"),
        "unrealised_gain": money("unrealised"),
        "contribution_percent": contribution,
    }
