"""Making positions, lots and disposals anew from trades, for what the database's triggers marked as stale.

Whatever changed trades, an undo too, comes here before the commit. All positions that hang together with a stale one
are made at once, from all of their trades; others are not touched.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookWriter, Days
from app.access.private import PrivateOtherSideError, seeing_all
from app.access.watching import Warnings, watches
from app.core.database import AnyRow
from app.core.documents import aside, dump, joining
from app.portfolio import remaking_sql as sql
from app.portfolio.errors import refusal
from app.portfolio.holding import Holding
from app.portfolio.lots import DayState, Disposal, ImpossibleTradeError, LotBook, Terms, Trade
from app.portfolio.parts import Part
from app.transactions import posting

FEATURE = "portfolio"

_VISIBLE = text("SELECT EXISTS (SELECT FROM trades WHERE book_id = :book AND id = :id)").bindparams(
    bindparam("book", type_=Uuid), bindparam("id", type_=Uuid)
)


_OF = """
    FROM unnest(CAST(:accounts AS uuid[]), CAST(:assets AS uuid[])) AS p(account_id, asset_id)
    JOIN {table} d ON d.book_id = :book AND d.account_id = p.account_id AND d.asset_id = p.asset_id
    WHERE d.{day} <= :until
"""
_DISPOSED = (
    "d.account_id, d.asset_id, d.trade_id, d.lot_trade_id, d.acquired_on, d.disposed_on, d.quantity, d.cost, "
    "d.proceeds, d.long_term"
)
_CLOSED = tuple(
    text(f"SELECT {columns} {_OF.format(table=table, day=day)}").bindparams(  # nosec B608  # constants
        bindparam("book", type_=Uuid),
        bindparam("accounts", type_=ARRAY(Uuid)),
        bindparam("assets", type_=ARRAY(Uuid)),
        bindparam("until", type_=Date),
    )
    for table, day, columns in (
        ("position_days", "date", "d.account_id, d.asset_id, d.date, d.quantity, d.cost"),
        ("disposals", "disposed_on", _DISPOSED),
    )
)


async def remake(book: BookWriter, written: Collection[UUID] = ()) -> None:
    """Make stale positions anew; `written` are the trades that this request wrote.

    Raises, for the first trade that cannot be, what `errors.refusal` says: about itself where it was written, that the
    change would oversell where it was there before.
    """
    async with seeing_all(book):
        positions = (await book.connection.execute(sql.STALE, {"book": book.book_id})).all()
        if not positions:
            return
        try:
            async with joining(book.connection, len(written)):
                made = await computed(
                    book.connection, book.book_id, (book.base_currency, book.base_exponent), positions
                )
            await _check_closed(book, made, positions)
        except ImpossibleTradeError as error:
            impossible = error
        else:
            rows = await aside(sum(map(len, made.days.values())), rows_of, made, positions)
            await book.connection.execute(sql.WRITE, {"book": book.book_id, **rows})
            return
    if book.hides and not await book.connection.scalar(_VISIBLE, {"book": book.book_id, "id": impossible.trade.id}):
        raise PrivateOtherSideError from impossible
    raise refusal(impossible, own=impossible.trade.id in written) from impossible


async def _check_closed(book: BookWriter, made: LotBook, positions: Sequence[AnyRow]) -> None:
    """Raise `PeriodLockedError` where what was held or gained in a closed period would be something else.

    Whatever leads there: another cost method, an heir, an undo. What it is in the base currency may follow the rates.
    """
    until = book.locked_until
    if until is None:
        return
    days = Counter(
        (*position, day, state.quantity, state.cost)
        for position, states in made.days.items()
        for day, state in states.items()
        if day <= until
    )
    gains = Counter(
        (*position, d.trade_id, d.lot_trade_id, d.acquired_on, d.disposed_on)  # noqa: RUF005  # in two lines
        + (d.quantity, d.cost, d.proceeds, d.long_term)
        for position, disposals in made.disposals.items()
        for d in disposals
        if d.disposed_on <= until
    )
    named = {"accounts": [row.account_id for row in positions], "assets": [row.asset_id for row in positions]}
    for statement, computed_rows in zip(_CLOSED, (days, gains), strict=True):
        rows = await book.connection.execute(statement, {"book": book.book_id, "until": until, **named})
        if Counter(tuple(row) for row in rows.all()) != computed_rows:
            posting.check_open(book, until)


@watches(FEATURE)
async def _look(book: BookWriter, _days: Days) -> Warnings:
    await remake(book)
    return []


async def computed(
    connection: AsyncConnection, book_id: UUID, base: tuple[str, int], positions: Sequence[AnyRow]
) -> LotBook:
    """The lot book of these positions, which are rows of `remaking_sql`; `base` is the base currency and its decimals.

    Raises `ImpossibleTradeError`.
    """
    named = {"accounts": [row.account_id for row in positions], "assets": [row.asset_id for row in positions]}
    rows = (await connection.execute(sql.TRADES, {"book": book_id, "base": base[0], **named})).all()
    terms = {row.account_id: Terms(row.exponent, row.method, row.long_term_months) for row in positions}
    return await aside(len(rows), lambda: LotBook(terms, base[1]).run(map(trade_of, rows)))


def trade_of(row: AnyRow) -> Trade:
    """What the lot book reads of a row of `remaking_sql.TRADES`."""
    zero = Decimal(0)
    return Trade(
        id=row.id,
        account_id=row.account_id,
        asset_id=row.asset_id,
        kind=row.kind,
        date=row.date,
        quantity=row.quantity or zero,
        amount=row.amount or zero,
        fees=row.fees,
        taxes=row.taxes,
        cost=row.cost or zero,
        acquired_on=row.acquired_on,
        to_account_id=row.to_account_id,
        to_asset_id=row.to_asset_id,
        ratio=row.ratio or Decimal(1),
        rate=row.rate,
        base_rate=row.base_rate,
        cost_percent=row.cost_percent or zero,
        lots=tuple((UUID(lot["trade_id"]), Decimal(lot["quantity"])) for lot in row.lots or ()),
    )


def rows_of(made: LotBook, positions: Sequence[AnyRow]) -> dict[str, str]:
    """Each table's rows as JSON, as `remaking_sql.WRITE` takes them."""
    found: dict[str, list[dict[str, Any]]] = {"positions": [], "position_days": [], "lots": [], "disposals": []}
    for row in positions:
        position = (row.account_id, row.asset_id)
        key = {"account_id": row.account_id, "asset_id": row.asset_id}
        held = made.holding(position)
        found["positions"].append({**key, "traded": row.traded, **_state(held)})
        days = made.days.get(position, {})
        found["position_days"] += [{**key, "date": day, **_state(at)} for day, at in days.items()]
        found["lots"] += [
            {**key, "line": n, "trade_id": part.trade_id, "acquired_on": part.acquired_on, **_state(part)}
            for n, part in enumerate(held.parts())
        ]
        found["disposals"] += [
            {
                **key,
                "line": n,
                "trade_id": each.trade_id,
                "lot_trade_id": each.lot_trade_id,
                "acquired_on": each.acquired_on,
                "disposed_on": each.disposed_on,
                **_state(each),
                "proceeds": each.proceeds,
                "base_proceeds": each.base_proceeds,
                "long_term": each.long_term,
            }
            for n, each in enumerate(made.disposals.get(position, ()))
        ]
    return {table: dump(rows) for table, rows in found.items()}


def _state(of: Holding | DayState | Part | Disposal) -> dict[str, Decimal | None]:
    """A quantity without the zeros behind it, and its cost."""
    return {"quantity": of.quantity.normalize(), "cost": of.cost, "base_cost": of.base_cost}
