"""What the rules about trades need to know, read in one statement, and rates in another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Date, Text, Uuid, bindparam, text

from app.access.context import BookReader
from app.accounts.schemas import LIABILITIES
from app.core.documents import aside
from app.portfolio.schemas import AnyTrade
from app.transactions.references import AccountRef, CategoryRef


@dataclass(frozen=True, slots=True)
class AssetRef:
    id: UUID
    symbol: str
    currency: str
    archived: bool


@dataclass(frozen=True)
class Known:
    """The accounts, assets, categories and currencies that trades name, as far as the book has them."""

    accounts: dict[UUID, AccountRef]
    assets: dict[UUID, AssetRef]
    categories: dict[UUID, CategoryRef]
    currencies: set[str]
    liabilities: set[UUID]
    """Accounts on which one owes: nothing is held there."""


_LOAD = (
    text(
        """
        SELECT
            (SELECT json_agg(json_build_array(a.id, a.currency, c.exponent, a.archived_at IS NOT NULL, a.type))
             FROM accounts a JOIN currencies c ON c.code = a.currency
             WHERE a.book_id = :book AND a.id = ANY(:accounts)) AS accounts,
            (SELECT json_agg(json_build_array(s.id, s.symbol, s.currency, s.archived_at IS NOT NULL))
             FROM assets s WHERE s.book_id = :book AND s.id = ANY(:assets)) AS assets,
            (SELECT json_agg(json_build_array(id, kind, archived_at IS NOT NULL))
             FROM categories WHERE book_id = :book AND id = ANY(:categories)) AS categories,
            (SELECT json_agg(code) FROM currencies WHERE code = ANY(:currencies)) AS currencies
        """
    )
    .bindparams(
        bindparam("book", type_=Uuid),
        bindparam("accounts", type_=ARRAY(Uuid)),
        bindparam("assets", type_=ARRAY(Uuid)),
        bindparam("categories", type_=ARRAY(Uuid)),
        bindparam("currencies", type_=ARRAY(Text)),
    )
    .columns(accounts=JSON, assets=JSON, categories=JSON, currencies=JSON)
)
_RATES = text(
    """
    SELECT x.base, x.quote, x.day, rate_at(x.base, x.quote, x.day) AS rate
    FROM unnest(:bases, :quotes, :days) AS x(base, quote, day)
    """
).bindparams(
    bindparam("bases", type_=ARRAY(Text)),
    bindparam("quotes", type_=ARRAY(Text)),
    bindparam("days", type_=ARRAY(Date)),
)

ACCOUNTS = ("account_id", "to_account_id")
ASSETS = ("asset_id", "to_asset_id")
CATEGORIES = ("category_id", "tax_category_id", "fee_category_id")
Pair = tuple[str, str, date]
"""How much of the second currency one unit of the first is on a day."""


def named(body: AnyTrade, fields: Iterable[str]) -> dict[str, UUID]:
    """Which of these fields the body has, and what they name."""
    found: dict[str, Any] = {field: getattr(body, field, None) for field in fields}
    return {field: value for field, value in found.items() if value is not None}


async def load(book: BookReader, bodies: Collection[AnyTrade]) -> Known:
    names = await aside(len(bodies), _names, bodies)
    row = (await book.connection.execute(_LOAD, {"book": book.book_id, **names})).one()
    return Known(
        accounts={UUID(i): AccountRef(UUID(i), c, e, a) for i, c, e, a, _ in row.accounts or ()},
        assets={UUID(i): AssetRef(UUID(i), s, c, a) for i, s, c, a in row.assets or ()},
        categories={UUID(i): CategoryRef(UUID(i), k, a) for i, k, a in row.categories or ()},
        currencies=set(row.currencies or ()),
        liabilities={UUID(i) for i, _, _, _, kind in row.accounts or () if kind in LIABILITIES},
    )


async def rates(book: BookReader, pairs: Collection[Pair]) -> dict[Pair, Decimal]:
    """Those of these rates that are known, each looked up once."""
    if not pairs:
        return {}
    wanted = list(pairs)
    columns = zip(("bases", "quotes", "days"), zip(*wanted, strict=True), strict=True)
    rows = await book.connection.execute(_RATES, {name: list(values) for name, values in columns})
    return {(row.base, row.quote, row.day): row.rate for row in rows if row.rate is not None}


def _names(bodies: Collection[AnyTrade]) -> dict[str, list[Any]]:
    return {
        "accounts": _all(bodies, ACCOUNTS),
        "assets": _all(bodies, ASSETS),
        "categories": _all(bodies, CATEGORIES),
        "currencies": list({getattr(body, "currency", None) for body in bodies} - {None}),
    }


def _all(bodies: Collection[AnyTrade], fields: Iterable[str]) -> list[UUID]:
    return list({value for body in bodies for value in named(body, fields).values()})
