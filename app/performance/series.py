"""Reading what `walking` needs: three statements, however many days, positions and prices there are."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ARRAY, Date, Text, Uuid, bindparam, text

from app.access.context import BookReader
from app.performance import series_sql as sql
from app.performance.repository import COMMON, Asked
from app.performance.walking import Read, currencies_of

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
    steps = (await book.connection.execute(_STEPS, {**named, "first_day": first - longest, "last_day": last})).all()
    asset_ids = {"book": book.book_id, "ids": list({row.asset_id for row in steps})}
    if len(days) * DENSE >= (last - first).days:
        prices = (await book.connection.execute(_WALKED, {**asset_ids, "first_day": first, "last_day": last})).all()
    else:
        prices = (await book.connection.execute(_LOOKED_UP, {**asset_ids, "days": list(days)})).all()
    codes = {row.account_currency for row in steps}.union(*(currencies_of(row) for row in prices))
    asked_rates = {"codes": sorted(codes), "currency": asked.currency, "days": list(days)}
    rates = (await book.connection.execute(_RATES, asked_rates)).all()
    converts = asked.currency != book.base_currency
    return Read(steps, prices, {row.code: row for row in rates}, asked.currency, asked.exponent, converts)
