"""Which of many trades could not be entered, after those that are there: for a preview, nothing is written."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from app.access.context import BookReader
from app.core.documents import aside
from app.portfolio.errors import refusal
from app.portfolio.lots import ImpossibleTradeError, LotBook, Terms, Trade
from app.portfolio.remaking import trade_of
from app.portfolio.remaking_sql import connected_from
from app.portfolio.schemas import ZERO, AnyTrade

TRIES = 20
"""How often a trade that is in the way of an existing one is looked for; what is left, entering them finds."""
_TAKING = {"sell", "withdrawal", "transfer", "merger", "split"}

_NAMED = "SELECT * FROM unnest(CAST(:accounts AS uuid[]), CAST(:assets AS uuid[])) AS p(account_id, asset_id)"
_TRADES = text(
    f"""
    {connected_from(_NAMED)}
    SELECT t.id, t.account_id, t.asset_id, t.kind, t.date, t.quantity, t.amount, t.fees, t.taxes, t.cost, t.acquired_on,
           t.to_account_id, t.to_asset_id, t.ratio, t.rate, t.cost_percent, t.lots, NULL::numeric AS base_rate
    FROM connected c
    JOIN trades t ON t.book_id = :book AND t.account_id = c.account_id AND t.asset_id = c.asset_id
        AND t.kind NOT IN ('dividend', 'interest', 'fee')
    ORDER BY t.date, t.created_at, t.id
    """  # noqa: S608  # nosec B608  # constants
).bindparams(
    bindparam("book", type_=Uuid), bindparam("accounts", type_=ARRAY(Uuid)), bindparam("assets", type_=ARRAY(Uuid))
)
_TERMS = text(
    """
    SELECT a.id, k.exponent, coalesce(m.method, 'fifo') AS method
    FROM accounts a JOIN currencies k ON k.code = a.currency
    LEFT JOIN cost_methods m ON m.book_id = :book AND m.account_id = a.id
    WHERE a.book_id = :book
    """
).bindparams(bindparam("book", type_=Uuid))


class _UsualTerms(dict[UUID, Terms]):
    """Also for accounts that are yet to be made."""

    def __missing__(self, account_id: UUID) -> Terms:
        return Terms(2)


async def impossible(book: BookReader, bodies: Sequence[AnyTrade]) -> dict[UUID, str]:
    """Of these trades, which have an id and an account, those that cannot be, and why.

    They count as `service.create_many` would count them; one that cannot be does not count for those after it. One that
    would make an existing trade impossible is among them, too. Nothing is said to a member from whom accounts are
    hidden: what is held may have come from there.
    """
    if book.hides or not bodies:
        return {}
    positions = await aside(len(bodies), _positions, bodies)
    names = {
        "book": book.book_id,
        "accounts": [account for account, _ in positions],
        "assets": [asset for _, asset in positions],
    }
    there = [trade_of(row) for row in (await book.connection.execute(_TRADES, names)).all()]
    rows = (await book.connection.execute(_TERMS, {"book": book.book_id})).all()
    terms = _UsualTerms({row.id: Terms(row.exponent, row.method) for row in rows})
    return await aside(len(bodies) + len(there), _impossible, there, bodies, terms)


def _positions(bodies: Sequence[AnyTrade]) -> set[tuple[UUID, UUID]]:
    return {
        (account, asset)
        for body in bodies
        for account in (body.account_id, getattr(body, "to_account_id", None))
        for asset in (body.asset_id, getattr(body, "to_asset_id", None))
        if account is not None and asset is not None
    }


def _impossible(there: Sequence[Trade], bodies: Sequence[AnyTrade], terms: Mapping[UUID, Terms]) -> dict[UUID, str]:
    new = [_trade(body) for body in bodies]
    own = {trade.id for trade in new}
    order = {trade.id: place for place, trade in enumerate(there)}
    both = sorted((*there, *new), key=lambda trade: (trade.date, order.get(trade.id, len(order)), trade.id))
    refused: dict[UUID, str] = {}
    for _ in range(TRIES):
        in_the_way = _run(LotBook(terms, 2), both, own, refused)
        if in_the_way is None:
            break
        refused.update(in_the_way)
    return refused


def _run(
    lot_book: LotBook, trades: Sequence[Trade], own: set[UUID], refused: dict[UUID, str]
) -> dict[UUID, str] | None:
    """Apply what is not refused, and refuse what cannot be; returns what stands in the way of an existing trade."""
    taking: dict[tuple[UUID, UUID], UUID] = {}
    for trade in trades:
        if trade.id in refused:
            continue
        try:
            lot_book.apply(trade)
        except ImpossibleTradeError as error:
            if trade.id in own:
                refused[trade.id] = refusal(error, own=True).detail
            elif trade.position in taking:
                return {taking[trade.position]: refusal(error, own=False).detail}
        else:
            if trade.id in own and trade.kind in _TAKING:
                taking[trade.position] = trade.id
    return None


def _trade(body: AnyTrade) -> Trade:
    """What matters for what is held; amounts count for nothing here but for what they cannot be."""
    fields: dict[str, Any] = {
        name: value
        for name in ("quantity", "to_account_id", "to_asset_id", "ratio", "cost_percent", "acquired_on")
        if (value := getattr(body, name, None)) is not None
    }
    lots = tuple((lot.trade_id, lot.quantity) for lot in getattr(body, "lots", None) or ())
    if body.id is None or body.account_id is None:
        raise ValueError(body)
    return Trade(
        id=body.id,
        account_id=body.account_id,
        asset_id=body.asset_id,
        kind=body.kind,
        date=body.date,
        amount=getattr(body, "amount", None) or ZERO,
        lots=lots,
        **fields,
    )
