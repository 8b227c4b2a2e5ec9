"""Reading what `walking` needs: three statements, however many days, positions and prices there are."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ARRAY, Date, Text, Uuid, bindparam, text

from app.access.context import BookReader
from app.performance import series_sql as sql
from app.performance.courses import Prices, Rates
from app.performance.repository import COMMON, Asked
from app.performance.walking import Read, Step, currencies_of

__all__ = ["Read", "read"]

DENSE = 10
"""Prices are walked where there are days for one in so many or more, and looked up where most would be passed over."""

_ENDS = (bindparam("first_day", type_=Date), bindparam("last_day", type_=Date))
_DAYS = bindparam("days", type_=ARRAY(Date))
_BOOK, _CURRENCY, _BASE, _EXPONENT, _ACCOUNTS, _ASSETS = COMMON
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_STEPS = text(sql.STEPS).bindparams(_BOOK, _CURRENCY, _BASE, _ACCOUNTS, _ASSETS, *_ENDS)
_WALKED = text(sql.prices(dense=True)).bindparams(_BOOK, _IDS, *_ENDS)
_LOOKED_UP = text(sql.prices(dense=False)).bindparams(_BOOK, _IDS, _DAYS)
_RATES = text(sql.RATES).bindparams(bindparam("codes", type_=ARRAY(Text)), _CURRENCY, _DAYS)


async def read(book: BookReader, asked: Asked, days: Sequence[date], *, longest: timedelta) -> Read:
    """The states of what was held from `longest` before the first of these ascending days to the last of them, prices
    and rates.
    """
    first, last = days[0], days[-1]
    named = asked.parameters(book)
    del named["exponent"]
    ends = {"first_day": first - longest, "last_day": last}
    steps = [Step(*row) for row in await book.connection.execute(_STEPS, {**named, **ends})]
    of_assets: dict[str, Any] = {"book": book.book_id, "ids": list({step.asset_id for step in steps})}
    dense = len(days) * DENSE >= (last - first).days
    of_assets |= {"first_day": first, "last_day": last} if dense else {"days": list(days)}
    rows = await book.connection.execute(_WALKED if dense else _LOOKED_UP, of_assets)
    prices = [Prices(*row) for row in rows]
    codes = {step.account_currency for step in steps}.union(*map(currencies_of, prices))
    asked_rates = {"codes": sorted(codes), "currency": asked.currency, "days": list(days)}
    rates = [Rates(*row) for row in await book.connection.execute(_RATES, asked_rates)]
    converts = asked.currency != book.base_currency
    return Read(steps, prices, {row.code: row for row in rates}, asked.currency, asked.exponent, converts)
