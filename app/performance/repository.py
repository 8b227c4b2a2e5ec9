"""Statements about what holdings are worth and what moved through them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from app.access.context import BookReader
from app.core.database import AnyRow
from app.performance.cells_sql import BY_ACCOUNT, BY_DAY, EACH, FEW, over_cells


@dataclass(frozen=True)
class Asked:
    """Of which accounts and assets, and in which currency; None is all of them."""

    currency: str
    exponent: int
    accounts: Collection[UUID] | None = None
    assets: Collection[UUID] | None = None

    def parameters(self, book: BookReader) -> dict[str, Any]:
        """What every statement here is given."""
        return {
            "book": book.book_id,
            "base": book.base_currency,
            "currency": self.currency,
            "exponent": self.exponent,
            "accounts": None if self.accounts is None else list(self.accounts),
            "assets": None if self.assets is None else list(self.assets),
        }


_COMMON = (
    bindparam("book", type_=Uuid),
    bindparam("currency", type_=Text),
    bindparam("base", type_=Text),
    bindparam("exponent", type_=Integer),
    bindparam("accounts", type_=ARRAY(Uuid)),
    bindparam("assets", type_=ARRAY(Uuid)),
)
_DAYS = (bindparam("units", type_=ARRAY(Date)), bindparam("days", type_=ARRAY(Date)))
_GRIDS = (
    bindparam("unit_grid", type_=ARRAY(Date)),
    bindparam("day_grid", type_=ARRAY(Date)),
    bindparam("first_day", type_=Date),
    bindparam("last_day", type_=Date),
)


def _both(select: str) -> tuple[TextClause, TextClause]:
    """The statement for few days, and the one for many."""
    return (
        text(over_cells(select, many=False)).bindparams(*_COMMON, *_DAYS),
        text(over_cells(select, many=True)).bindparams(*_COMMON, *_DAYS, *_GRIDS),
    )


_EACH, _BY_DAY = _both(EACH), _both(BY_DAY)
_BY_ACCOUNT = tuple(each.columns(unvalued=JSONB) for each in _both(BY_ACCOUNT))

Pair = tuple[date, date]
"""At the end of which day it was held, and of which day price and rate are."""


async def _over(book: BookReader, asked: Asked, pairs: Sequence[Pair], statements: Sequence[Any]) -> Sequence[AnyRow]:
    if not pairs:
        return []
    units, days = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    parameters = {**asked.parameters(book), "units": units, "days": days}
    many = len(set(days)) > FEW
    if many:
        parameters |= {"unit_grid": sorted(set(units)), "day_grid": sorted(set(days))}
        parameters |= {"first_day": min(days), "last_day": max(days)}
    return (await book.connection.execute(statements[many], parameters)).all()


async def cells(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[AnyRow]:
    """Each position for each pair; `n` is the place of the pair, from 1. What was not held has no row."""
    return await _over(book, asked, pairs, _EACH)


async def by_day(book: BookReader, asked: Asked, pairs: Sequence[Pair]) -> Sequence[AnyRow]:
    """The sums of each pair; one for which nothing was held has no row."""
    return await _over(book, asked, pairs, _BY_DAY)


async def by_account(book: BookReader, asked: Asked, days: Sequence[date]) -> Sequence[AnyRow]:
    """The sums of each account and day."""
    return await _over(book, asked, [(day, day) for day in days], _BY_ACCOUNT)
