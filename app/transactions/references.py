"""What the rules about a transaction need to know, read in one statement."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, JSON, Date, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access.context import BookReader
from app.transactions.converting import InBase, Rates


@dataclass(frozen=True, slots=True)
class AccountRef:
    id: UUID
    currency: str
    exponent: int
    archived: bool


@dataclass(frozen=True, slots=True)
class CategoryRef:
    id: UUID
    kind: str
    archived: bool


@dataclass(frozen=True, slots=True)
class PurchaseRef:
    """A transaction that a refund is of; `refunded` is what came back of it so far, in its account's currency."""

    type: str
    amount: Decimal
    currency: str
    refunded: dict[UUID, Decimal]


@dataclass(frozen=True)
class References:
    """The accounts, categories, payees, tags and currencies that some input names, as far as the book has them.

    A payee stands under each key that was asked for, be it of its name or of an alias, with the name it has now.
    `defaults` has the default category of each payee that has one; `categories` has those too.
    """

    accounts: dict[UUID, AccountRef]
    categories: dict[UUID, CategoryRef]
    payees: dict[str, tuple[UUID, str]]
    defaults: dict[UUID, CategoryRef]
    tags: dict[str, tuple[UUID, str]]
    exponents: dict[str, int]
    purchases: dict[UUID, PurchaseRef]
    name_keys: dict[str, str]
    """Each payee's and tag's given name as the database compares it."""
    rates: Rates
    """How much of the base currency one unit of an account's is, on the days on which something moves on it."""


NOTHING_KNOWN = References({}, {}, {}, {}, {}, {}, {}, {}, {})

_LOAD = text(
    """
    SELECT
        (SELECT json_agg(json_build_array(a.id, a.currency, c.exponent, a.archived_at IS NOT NULL))
         FROM accounts a JOIN currencies c ON c.code = a.currency
         WHERE a.book_id = :book AND a.id = ANY(:accounts)) AS accounts,
        (SELECT json_agg(json_build_array(id, kind, archived_at IS NOT NULL))
         FROM categories WHERE book_id = :book AND id = ANY(:categories)) AS categories,
        (SELECT json_agg(json_build_array(p.key, p.id, p.name, (
                    SELECT json_build_array(c.id, c.kind, c.archived_at IS NOT NULL)
                    FROM categories c WHERE c.book_id = :book AND c.id = p.default_category_id)))
         FROM (
             SELECT alias_key AS key, found.*
             FROM payee_aliases a
             CROSS JOIN LATERAL (
                 SELECT id, name, default_category_id FROM payees WHERE book_id = :book AND id = a.payee_id OFFSET 0
             ) AS found
             WHERE a.book_id = :book AND a.alias_key = ANY(ARRAY(SELECT lower(n) FROM unnest(:payees) AS n))
             UNION ALL
             SELECT name_key, id, name, default_category_id
             FROM payees
             WHERE book_id = :book AND name_key = ANY(ARRAY(SELECT lower(n) FROM unnest(:payees) AS n))
         ) AS p) AS payees,
        (SELECT json_agg(json_build_array(name_key, id, name))
         FROM tags WHERE book_id = :book
            AND name_key = ANY(ARRAY(SELECT lower(n) FROM unnest(:tags) AS n))) AS tags,
        (SELECT json_agg(json_build_array(code, exponent))
         FROM currencies WHERE code = ANY(:currencies)) AS currencies,
        (SELECT json_agg(json_build_array(
            t.id, t.type, t.amount::text, (SELECT currency FROM accounts WHERE book_id = :book AND id = t.account_id),
            (SELECT json_agg(json_build_array(r.id, r.amount::text)) FROM transactions r
             WHERE r.book_id = :book AND r.refund_of_id = t.id
                AND (SELECT currency FROM accounts WHERE book_id = :book AND id = r.account_id)
                  = (SELECT currency FROM accounts WHERE book_id = :book AND id = t.account_id))))
         FROM transactions t WHERE t.book_id = :book AND t.id = ANY(:purchases)) AS purchases,
        (SELECT json_agg(json_build_array(n, lower(n))) FROM unnest(:payees || :tags) AS n) AS name_keys,
        (SELECT json_agg(json_build_array(
                    d.currency, d.day, rate_at(d.currency, CAST(:base AS text), d.day)::text))
         FROM (
             SELECT DISTINCT a.currency, m.day
             FROM unnest(:moved, :days) AS m(account_id, day)
             JOIN accounts a ON a.book_id = :book AND a.id = m.account_id AND a.currency <> CAST(:base AS text)
         ) AS d) AS rates
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("accounts", type_=ARRAY(Uuid)),
    bindparam("categories", type_=ARRAY(Uuid)),
    bindparam("payees", type_=ARRAY(Text)),
    bindparam("tags", type_=ARRAY(Text)),
    bindparam("currencies", type_=ARRAY(Text)),
    bindparam("purchases", type_=ARRAY(Uuid)),
    bindparam("moved", type_=ARRAY(Uuid)),
    bindparam("days", type_=ARRAY(Date)),
    bindparam("base", type_=Text),
)
_LOAD_TYPED = _LOAD.columns(
    accounts=JSON, categories=JSON, payees=JSON, tags=JSON, currencies=JSON, purchases=JSON, name_keys=JSON, rates=JSON
)


async def load(
    connection: AsyncConnection,
    book_id: UUID,
    *,
    accounts: Collection[UUID],
    categories: Collection[UUID] = (),
    payees: Collection[str] = (),
    tags: Collection[str] = (),
    currencies: Collection[str] = (),
    purchases: Collection[UUID] = (),
    moved: Collection[tuple[UUID, date]] = (),
    base_currency: str | None = None,
) -> References:
    """Look the names up; payees and tags are keyed by their `name_keys`, so matched without regard to case.

    A payee is found by its name or by an alias of it. `moved` are the accounts and days that need a rate to the base
    currency.
    """
    row = (
        await connection.execute(
            _LOAD_TYPED,
            {
                "book": book_id,
                "accounts": list(accounts),
                "categories": list(categories),
                "payees": list(payees),
                "tags": list(tags),
                "currencies": list(currencies),
                "purchases": list(purchases),
                "moved": [account for account, _ in moved],
                "days": [day for _, day in moved],
                "base": base_currency,
            },
        )
    ).one()
    defaults = {UUID(payee): _category(*default) for _, payee, _, default in _rows(row.payees) if default is not None}
    return References(
        accounts={UUID(i): AccountRef(UUID(i), c, e, a) for i, c, e, a in _rows(row.accounts)},
        categories={c.id: c for c in (*(_category(*found) for found in _rows(row.categories)), *defaults.values())},
        payees={key: (UUID(payee), name) for key, payee, name, _ in _rows(row.payees)},
        defaults=defaults,
        tags={key: (UUID(tag), name) for key, tag, name in _rows(row.tags)},
        exponents=dict(_rows(row.currencies)),
        purchases={
            UUID(i): PurchaseRef(kind, Decimal(amount), currency, {UUID(r): Decimal(a) for r, a in _rows(refunds)})
            for i, kind, amount, currency, refunds in _rows(row.purchases)
        },
        name_keys=dict(_rows(row.name_keys)),
        rates={(c, date.fromisoformat(day)): Decimal(r) for c, day, r in _rows(row.rates) if r is not None},
    )


_RATE = text("SELECT rate_at(:currency, :base, :day)").bindparams(bindparam("day", type_=Date))


async def rate_to_base(book: BookReader, currency: str, day: date) -> InBase:
    """How amounts of this currency and day are converted; asks nothing where it is the base currency itself."""
    rates = {}
    if currency != book.base_currency:
        parameters = {"currency": currency, "base": book.base_currency, "day": day}
        rate: Decimal | None = await book.connection.scalar(_RATE, parameters)
        rates = {} if rate is None else {(currency, day): rate}
    return InBase(book.base_currency, book.base_exponent, rates, day)


_EVERY_ACCOUNT = text(
    """
    SELECT a.id, a.currency, c.exponent, a.archived_at IS NOT NULL AS archived
    FROM accounts a JOIN currencies c ON c.code = a.currency
    WHERE a.book_id = :book
    """
)


async def every_account(connection: AsyncConnection, book_id: UUID) -> dict[UUID, AccountRef]:
    rows = (await connection.execute(_EVERY_ACCOUNT, {"book": book_id})).all()
    return {row.id: AccountRef(row.id, row.currency, row.exponent, row.archived) for row in rows}


def _rows(value: list[Any] | None) -> list[Any]:
    return value or []


def _category(category_id: str, kind: str, archived: bool) -> CategoryRef:  # one row of JSON
    return CategoryRef(UUID(category_id), kind, archived)
