"""Proof that what is kept of trades follows from them: all of it is computed again and compared."""

from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.portfolio import remaking_sql as sql
from app.portfolio.lots import ImpossibleTradeError
from app.portfolio.remaking import computed, rows_of

_BASE = text(
    "SELECT b.base_currency, c.exponent FROM books b JOIN currencies c ON c.code = b.base_currency WHERE b.id = :book"
).bindparams(bindparam("book", type_=Uuid))
_POSITIONS = "account_id uuid, asset_id uuid, quantity numeric, cost numeric, base_cost numeric"


_IN_BASE = {"base_cost", "base_proceeds"}
# What waits for its revaluation is not yet what it is to be in the base currency.
_NOTED = text("SELECT EXISTS (SELECT FROM revaluations WHERE book_id = :book)").bindparams(
    bindparam("book", type_=Uuid)
)


def _differing(table: str, columns: str, *, base: bool) -> str:
    every = (column.split()[0] for column in columns.split(", "))
    names = ", ".join(name for name in every if base or name not in _IN_BASE)
    stored = f"SELECT {names} FROM {table} WHERE book_id = :book"  # noqa: S608  # nosec B608  # constants
    made = f"SELECT {names} FROM jsonb_to_recordset(CAST(:{table} AS jsonb)) AS n({columns})"  # noqa: S608  # nosec B608
    found = [f"SELECT 'kept' AS side, x.* FROM ({stored} EXCEPT {made}) AS x"]  # noqa: S608  # nosec B608
    found.append(f"SELECT 'computed', x.* FROM ({made} EXCEPT {stored}) AS x")  # noqa: S608  # nosec B608
    both = " UNION ALL ".join(found)
    return f"SELECT '{table}' AS kept_in, side, account_id, asset_id, quantity, cost FROM ({both}) AS d"  # noqa: S608  # nosec B608


_DIFFERENCES = {
    base: text(
        " UNION ALL ".join(
            _differing(table, columns, base=base) for table, columns in {"positions": _POSITIONS, **sql.COLUMNS}.items()
        )
        + " LIMIT :most"
    ).bindparams(bindparam("book", type_=Uuid))
    for base in (True, False)
}


async def differences(connection: AsyncConnection, book_id: UUID, most: int) -> list[dict[str, Any]]:
    """The first rows of positions, days, lots and disposals that their trades would make otherwise.

    The connection has the book open and sees all accounts.
    """
    positions = (await connection.execute(sql.EVERY, {"book": book_id})).all()
    if not positions:
        return []
    base = (await connection.execute(_BASE, {"book": book_id})).one()
    try:
        made = await computed(connection, book_id, (base.base_currency, base.exponent), positions)
    except ImpossibleTradeError as error:
        return [{"trade_id": error.trade.id, "kept_in": "trades", "side": error.reason}]
    exact = not await connection.scalar(_NOTED, {"book": book_id})
    found = await connection.execute(_DIFFERENCES[exact], {"book": book_id, "most": most, **rows_of(made, positions)})
    return [dict(row) for row in found.mappings()]
