"""Holdings: what is held of each asset on each account, and a simple way to say so without knowing of trades."""

from dataclasses import replace as replace_fields
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Text, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter
from app.accounts import service as accounts
from app.accounts.schemas import AccountIn
from app.assets import service as assets
from app.assets.schemas import AssetIn
from app.core.conditional import check_revision
from app.core.errors import FieldError, InvalidError
from app.core.money import rounded
from app.currencies.service import exponent_of
from app.portfolio import references, repository, service
from app.portfolio.errors import HasTradesError, HoldingNotFoundError, NoRateError, SymbolInOtherCurrencyError
from app.portfolio.holding_schemas import HoldingIn
from app.portfolio.schemas import BuyTrade, DepositTrade

INCOMING = {"buy", "deposit", "reinvest"}
Document = dict[str, Any]

_SELECT = text(
    """
    SELECT p.id, p.account_id, a.name AS account_name, a.currency, p.asset_id, s.symbol, s.name, s.type, p.quantity,
           p.cost, CASE WHEN p.quantity > 0 THEN round(p.cost / p.quantity, 8) END AS average_cost, p.base_cost,
           l.acquired_on, CASE WHEN :lots THEN coalesce(l.lots, '[]') END AS lots,
           greatest(
               (SELECT max(t.revision) FROM trades t
                WHERE t.book_id = :book AND t.account_id = p.account_id AND t.asset_id = p.asset_id),
               (SELECT max(t.revision) FROM trades t
                WHERE t.book_id = :book AND t.to_account_id = p.account_id AND t.asset_id = p.asset_id),
               (SELECT max(t.revision) FROM trades t
                WHERE t.book_id = :book AND t.to_asset_id = p.asset_id AND t.account_id = p.account_id)
           ) AS revision
    FROM positions p
    JOIN accounts a ON a.book_id = :book AND a.id = p.account_id
    JOIN assets s ON s.book_id = :book AND s.id = p.asset_id
    LEFT JOIN LATERAL (
        SELECT min(x.acquired_on) AS acquired_on,
               CASE WHEN :lots THEN jsonb_agg(jsonb_build_object(
                   'trade_id', x.trade_id, 'acquired_on', x.acquired_on, 'quantity', x.quantity::text,
                   'cost', x.cost::text, 'base_cost', x.base_cost::text) ORDER BY x.line) END AS lots
        FROM lots x WHERE x.book_id = :book AND x.account_id = p.account_id AND x.asset_id = p.asset_id
    ) AS l ON true
    WHERE p.book_id = :book AND (CAST(:id AS uuid) IS NULL OR p.id = :id)
      AND (CAST(:account AS uuid) IS NULL OR p.account_id = :account)
      AND (CAST(:asset AS uuid) IS NULL OR p.asset_id = :asset)
      AND (p.quantity > 0 OR :closed)
    ORDER BY s.symbol_key, a.name, p.id
    """
).bindparams(
    bindparam("book", type_=Uuid),
    bindparam("id", type_=Uuid),
    bindparam("account", type_=Uuid),
    bindparam("asset", type_=Uuid),
    bindparam("lots", type_=Boolean),
    bindparam("closed", type_=Boolean),
)
_BY_SYMBOL = text(
    """
    SELECT s.id, s.currency, (SELECT currency FROM accounts WHERE book_id = :book AND id = :account) AS account_currency
    FROM (SELECT 1) AS one
    LEFT JOIN assets s ON s.book_id = :book AND s.symbol_key = upper(:symbol)
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("symbol", type_=Text), bindparam("account", type_=Uuid))
_INVESTMENT = text(
    """
    SELECT id FROM accounts
    WHERE book_id = :book AND type = 'investment' AND currency = :currency AND archived_at IS NULL
    ORDER BY created_at, id LIMIT 1
    """
).bindparams(bindparam("book", type_=Uuid), bindparam("currency", type_=Text))
_BASE = text(
    "SELECT b.base_currency, c.exponent FROM books b JOIN currencies c ON c.code = b.base_currency WHERE b.id = :book"
).bindparams(bindparam("book", type_=Uuid))


async def every(
    book: BookReader, *, account_id: UUID | None = None, asset_id: UUID | None = None, lots: bool = False
) -> list[Document]:
    """All that is held, by symbol."""
    return await _read(book, account_id=account_id, asset_id=asset_id, lots=lots)


async def get(book: BookReader, holding_id: UUID, *, lots: bool = True) -> Document:
    """A holding, one that was sold since too."""
    found = await _read(book, holding_id=holding_id, lots=lots, closed=True)
    if not found:
        raise HoldingNotFoundError(holding_id)
    return found[0]


async def create(book: BookWriter, body: HoldingIn) -> Document:
    """Make the asset and the account where they are not there, and enter a deposit or, paid from cash, a purchase.

    Raises `SymbolInOtherCurrencyError`, `NoRateError`, and what `service.create_many` does.
    """
    names = {"book": book.book_id, "symbol": body.symbol, "account": body.account_id}
    found = (await book.connection.execute(_BY_SYMBOL, names)).one()
    if found.id is not None and found.currency != body.currency:
        raise SymbolInOtherCurrencyError(
            f"The book has {body.symbol} in {found.currency}, not in {body.currency}: take another symbol, such as "
            "the one of the other exchange."
        )
    await exponent_of(book.connection, body.currency, "currency")
    asset_id = found.id or await _new_asset(book, body)
    account_id = body.account_id or await _account(book, body.currency)
    if not book.base_currency_chosen:  # a first account decides it
        base = (await book.connection.execute(_BASE, {"book": book.book_id})).one()
        book = replace_fields(book, base_currency=base.base_currency, base_exponent=base.exponent)
    trade = await service.create(book, await _trade(book, body, account_id, asset_id))
    document = await _of_position(book, account_id, asset_id)
    document["warnings"] = trade["warnings"]
    return document


async def replace(book: BookWriter, holding_id: UUID, body: HoldingIn, expected: int | None) -> Document:
    """PUT: the one purchase behind a holding becomes what the body says.

    Raises `HasTradesError` where there is more than that, and `InvalidError` for another asset or account.
    """
    before, trades = await _with_trades(book, holding_id, expected)
    if len(trades) != 1 or trades[0]["kind"] not in INCOMING:
        raise HasTradesError("It is more than one purchase: change its trades.", [trade["id"] for trade in trades])
    wrong = []
    if body.symbol.upper() != before["symbol"].upper():
        wrong.append(FieldError("symbol", "cannot_change", f"it is {before['symbol']}: delete it and add another"))
    if body.account_id not in {None, before["account_id"]}:
        wrong.append(FieldError("account_id", "cannot_change", "it is on another account: enter a transfer"))
    if wrong:
        raise InvalidError(wrong)
    wanted = await _trade(book, body, before["account_id"], before["asset_id"])
    await service.replace(book, trades[0]["id"], wanted, None)
    return await _of_position(book, before["account_id"], before["asset_id"])


async def delete(book: BookWriter, holding_id: UUID, expected: int | None) -> None:
    """Delete all trades of a holding, with their money; raises `HasTradesError` where others hang on it."""
    before, trades = await _with_trades(book, holding_id, expected)
    position = (before["account_id"], before["asset_id"])
    linked = [
        trade["id"]
        for trade in trades
        if trade["to_account_id"] is not None
        or trade["to_asset_id"] is not None
        or (trade["account_id"], trade["asset_id"]) != position
    ]
    if linked:
        raise HasTradesError("Units came from another holding or went to one: delete those trades first.", linked)
    await service.delete_many(book, trades)


async def _with_trades(book: BookWriter, holding_id: UUID, expected: int | None) -> tuple[Document, list[Document]]:
    before = await get(book, holding_id, lots=False)
    check_revision(expected, before["revision"])
    rows = await repository.of_position(book.connection, book.book_id, before["account_id"], before["asset_id"])
    return before, [service.document_of(row) for row in rows]


async def _trade(book: BookWriter, body: HoldingIn, account_id: UUID, asset_id: UUID) -> BuyTrade | DepositTrade:
    common: Document = {
        "date": body.purchase_date,
        "account_id": account_id,
        "asset_id": asset_id,
        "quantity": body.quantity,
    }
    common["notes"] = body.notes
    if body.pay_from_cash:
        priced: Document = {"price": body.purchase_price, "currency": body.currency, "fees": body.fees}
        return BuyTrade(kind="buy", **common, **priced)
    account = await accounts.get(book, account_id)
    rate = None
    if account["currency"] != body.currency:
        pair = (body.currency, account["currency"], body.purchase_date)
        rate = (await references.rates(book, [pair])).get(pair)
        if rate is None:
            detail = f"no rate from {pair[0]} to {pair[1]} is known for {pair[2]}: enter a trade and send it"
            raise NoRateError(FieldError("currency", NoRateError.code, detail))
    price = body.quantity * body.purchase_price * (rate or 1)
    cost = rounded(price, account["exponent"]) + body.fees
    if cost >= 10**15:
        raise InvalidError(FieldError("purchase_price", "too_large", "it comes to more than any amount may be"))
    return DepositTrade(kind="deposit", **common, cost=cost)


async def _new_asset(book: BookWriter, body: HoldingIn) -> UUID:
    wanted = AssetIn(symbol=body.symbol, name=body.name or body.symbol, type=body.type, currency=body.currency)
    asset_id: UUID = (await assets.create(book, wanted))["id"]
    return asset_id


async def _account(book: BookWriter, currency: str) -> UUID:
    """The first investment account in the currency, or a new one."""
    found: UUID | None = await book.connection.scalar(_INVESTMENT, {"book": book.book_id, "currency": currency})
    if found is not None:
        return found
    made = await accounts.create(book, AccountIn(name=f"Portfolio ({currency})", type="investment", currency=currency))
    account_id: UUID = made["id"]
    return account_id


async def _of_position(book: BookReader, account_id: UUID, asset_id: UUID) -> Document:
    (found,) = await _read(book, account_id=account_id, asset_id=asset_id, lots=True, closed=True)
    return found


async def _read(
    book: BookReader,
    *,
    holding_id: UUID | None = None,
    account_id: UUID | None = None,
    asset_id: UUID | None = None,
    lots: bool,
    closed: bool = False,
) -> list[Document]:
    names = {"id": holding_id, "account": account_id, "asset": asset_id, "lots": lots, "closed": closed}
    rows = (await book.connection.execute(_SELECT, {"book": book.book_id, **names})).mappings()
    return [{**row, "warnings": []} for row in rows]
