"""Assets: what can be held beside money, and what it is worth."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from app.access.context import BookReader, BookWriter, Event
from app.assets import price_repository, repository
from app.assets.errors import AssetNotFoundError, CurrencyInUseError
from app.assets.price_repository import Price
from app.assets.providers import normal_symbol
from app.assets.schemas import AssetIn, AssetPatch, AssetReplace
from app.core.clock import now
from app.core.conditional import check_revision
from app.core.database import AnyRow
from app.core.errors import FieldError, InvalidError, invalid
from app.core.ids import new_id
from app.core.pagination import PageRequest, bad_cursor, decode_cursor, encode_cursor
from app.currencies.service import exponent_of

__all__ = ["Price", "by_symbol", "create", "get", "get_many", "prices_at", "prices_on"]

ENTITY = "asset"
PRICE = "asset_price"
MAX_ASSETS = 5000
IMAGE = (
    "id", "symbol", "name", "type", "currency", "isin", "sector", "target_percent", "provider", "provider_symbol",
    "notes", "archived_at", "created_at",
)  # fmt: skip
QUOTES = ("last_tried_at", "last_ok_at", "problem", "detail", "next_at")

Document = dict[str, Any]


class TooManyAssetsError(InvalidError):
    code = "too_many_assets"


async def page(
    book: BookReader, wanted: PageRequest, *, q: str | None, kind: str | None, archived: bool | None
) -> Document:
    """Assets in the order of their symbols; `q` stands in the symbol, the name or the ISIN."""
    filters = {"book": book.book_id, "archived": archived, "type": kind, "q": (q or "").replace("\x00", "")}
    rows = await repository.page(
        book.connection, filters, after=_position(wanted), limit=wanted.limit + 1, skip=wanted.skip
    )
    shown = rows[: wanted.limit]
    cursor = encode_cursor("symbol", [shown[-1].symbol_key]) if len(rows) > wanted.limit else None
    total = await repository.count(book.connection, filters) if wanted.include_total else None
    return {"items": [_document(row) for row in shown], "next_cursor": cursor, "total": total}


def _position(wanted: PageRequest) -> str | None:
    if wanted.cursor is None:
        return None
    (after,) = decode_cursor(wanted.cursor, "symbol", 1)
    if not isinstance(after, str) or "\x00" in after:
        raise bad_cursor()
    return after


async def get(book: BookReader, asset_id: UUID) -> Document:
    """Raises `AssetNotFoundError`, also for one that is hidden from who asks."""
    row = await repository.get(book.connection, book.book_id, asset_id)
    if row is None:
        raise AssetNotFoundError(asset_id)
    return _document(row)


async def get_many(book: BookReader, ids: Sequence[UUID]) -> dict[UUID, Document]:
    """Those of these assets that are there."""
    return {row.id: _document(row) for row in await repository.get_many(book.connection, book.book_id, ids)}


async def by_symbol(book: BookReader, symbol: str) -> Document | None:
    """The asset with this symbol, whatever its case."""
    row = await repository.by_symbol(book.connection, book.book_id, symbol)
    return None if row is None else _document(row)


async def create(book: BookWriter, body: AssetIn) -> Document:
    """Raises `InvalidError`, `TooManyAssetsError`, and the conflicts of a symbol or an id that is taken."""
    if await repository.how_many(book.connection, book.book_id) >= MAX_ASSETS:
        detail = f"a book has at most {MAX_ASSETS} assets: delete some"
        raise TooManyAssetsError(FieldError("symbol", TooManyAssetsError.code, detail))
    await exponent_of(book.connection, body.currency, "currency")
    values = _with_provider(body.model_dump(exclude={"id"}))
    asset_id = body.id or new_id()
    row = {**values, "book_id": book.book_id, "id": asset_id, "revision": book.revision}
    await repository.add(book.connection, row)
    document = await get(book, asset_id)
    book.record(Event(ENTITY, asset_id, "created", after=_image(document)))
    return document


async def replace(book: BookWriter, asset_id: UUID, body: AssetReplace, expected: int | None) -> Document:
    return await _change(book, asset_id, body.model_dump(), expected)


async def patch(book: BookWriter, asset_id: UUID, body: AssetPatch, expected: int | None) -> Document:
    return await _change(book, asset_id, body.model_dump(include=body.model_fields_set), expected)


async def _change(book: BookWriter, asset_id: UUID, changes: Document, expected: int | None) -> Document:
    before = await get(book, asset_id)
    check_revision(expected, before["revision"])
    archived = changes.pop("archived", None)
    if archived is not None and archived != (before["archived_at"] is not None):
        changes["archived_at"] = now() if archived else None
    if changes.get("currency", before["currency"]) != before["currency"]:
        await exponent_of(book.connection, changes["currency"], "currency")
        if await repository.has_prices_or_trades(book.connection, book.book_id, asset_id):
            raise CurrencyInUseError(
                f"Its prices or trades are in {before['currency']}: delete those first, or make another asset."
            )
    if "provider" in changes and "provider_symbol" not in changes:
        changes["provider_symbol"] = None  # the former one was another provider's
    whole = _with_provider({**{name: before[name] for name in IMAGE}, **changes})
    values = {name: whole[name] for name in {*changes, "provider", "provider_symbol"}}
    await repository.change(book.connection, book.book_id, asset_id, {**values, "revision": book.revision})
    after = await get(book, asset_id)
    book.record(Event(ENTITY, asset_id, "updated", before=_image(before), after=_image(after)))
    return after


async def delete(book: BookWriter, asset_id: UUID, expected: int | None) -> None:
    """Its own prices go with it. Raises `AssetInUseError`, by its constraint, where there are trades of it."""
    before = await get(book, asset_id)
    check_revision(expected, before["revision"])
    for row in await price_repository.remove_all(book.connection, book.book_id, asset_id):
        book.record(Event(PRICE, row.id, "deleted", before=dict(row._mapping)))  # noqa: SLF001  # the documented way
    await repository.remove(book.connection, book.book_id, asset_id)
    book.record(Event(ENTITY, asset_id, "deleted", before=_image(before)))


async def prices_at(book: BookReader, asset_ids: Iterable[UUID], day: date) -> dict[UUID, Price | None]:
    """The newest price of each of these assets up to a day, in one statement; None where none is known.

    An asset that is hidden from who asks has none.
    """
    wanted = list(dict.fromkeys(asset_ids))
    found = await price_repository.found(book.connection, [(asset_id, day) for asset_id in wanted])
    return {asset_id: found.get((asset_id, day)) for asset_id in wanted}


async def prices_on(book: BookReader, pairs: Iterable[tuple[UUID, date]]) -> Mapping[tuple[UUID, date], Price | None]:
    """The same for each asset at a day of its own, in one statement."""
    wanted = list(dict.fromkeys(pairs))
    found = await price_repository.found(book.connection, wanted)
    return {pair: found.get(pair) for pair in wanted}


def _with_provider(values: Document) -> Document:
    """With the symbol as the provider knows it; raises `InvalidError` for one it could not know."""
    provider, symbol = values["provider"], values["provider_symbol"]
    if provider is None:
        if symbol is not None:
            raise invalid("provider_symbol", "no_provider", "says nothing without a provider")
        return values
    try:
        return {**values, "provider_symbol": normal_symbol(provider, symbol or values["symbol"], values["currency"])}
    except ValueError as error:
        raise invalid("provider_symbol", "bad_symbol", str(error)) from None


def _document(row: AnyRow) -> Document:
    """The row, with how asking its provider goes as a part of its own."""
    document = {name: value for name, value in row._mapping.items() if name != "symbol_key"}  # noqa: SLF001  # the documented way to a row's mapping
    quotes = {name: document.pop(name) for name in QUOTES}
    return {**document, "quotes": quotes if document["provider"] is not None else None}


def _image(document: Document) -> Document:
    return {name: document[name] for name in IMAGE}
