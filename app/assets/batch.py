"""Assets that an import brings, and takes along when it is undone: many at once, in as many statements as for one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Uuid, bindparam, text

from app.access.context import BookReader, BookWriter, Event
from app.assets import repository
from app.assets.schemas import AssetIn
from app.assets.service import ENTITY, IMAGE, MAX_ASSETS, TooManyAssetsError
from app.core.database import AnyRow
from app.core.documents import dump
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.currencies import service as currencies

Document = dict[str, Any]

_RECORD = """
    id uuid, symbol text, name text, type text, currency text, isin text, sector text, target_percent numeric,
    provider text, provider_symbol text, notes text
"""
_NAMES = ", ".join(column.split()[0] for column in _RECORD.split(","))
_IMAGE = ", ".join(IMAGE)
_ADD = text(
    f"""
    INSERT INTO assets (book_id, revision, {_NAMES})
    SELECT :book, :revision, {_NAMES} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({_RECORD})
    RETURNING {_IMAGE}
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(bindparam("book", type_=Uuid), bindparam("revision", type_=BigInteger))
_DROP = text(
    f"""
    DELETE FROM assets a
    WHERE a.book_id = :book AND a.id = ANY(:ids) AND a.revision = :written
      AND NOT EXISTS (SELECT FROM trades t WHERE t.book_id = :book AND t.asset_id = a.id)
      AND NOT EXISTS (SELECT FROM trades t WHERE t.book_id = :book AND t.to_asset_id = a.id)
      AND NOT EXISTS (SELECT FROM asset_prices p WHERE p.book_id = :book AND p.asset_id = a.id)
    RETURNING {_IMAGE}
    """  # noqa: S608  # nosec B608  # constants of this module
).bindparams(bindparam("book", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)), bindparam("written", type_=BigInteger))
_EVERY = text(
    """
    SELECT id, symbol, name, type, currency, isin, archived_at IS NOT NULL AS archived, created_at FROM assets
    WHERE book_id = :book ORDER BY symbol_key
    """
).bindparams(bindparam("book", type_=Uuid))


async def every(book: BookReader) -> Sequence[AnyRow]:
    """What each asset of the book is called, the archived ones too; by symbol."""
    return (await book.connection.execute(_EVERY, {"book": book.book_id})).all()


async def create_many(book: BookWriter, bodies: Sequence[AssetIn]) -> None:
    """Make them all; none has a provider. Raises `InvalidError`, `TooManyAssetsError`, and the conflicts of a symbol or
    an id that is taken.
    """
    if not bodies:
        return
    if await repository.how_many(book.connection, book.book_id) + len(bodies) > MAX_ASSETS:
        detail = f"a book has at most {MAX_ASSETS} assets: delete some"
        raise TooManyAssetsError(FieldError("symbol", TooManyAssetsError.code, detail))
    known = {row.code for row in await currencies.every(book.connection)}
    unknown = sorted({body.currency for body in bodies} - known)
    if unknown:
        raise InvalidError(FieldError("currency", "unknown_currency", f"{', '.join(unknown)} is not known"))
    rows = [{**body.model_dump(), "id": body.id or new_id()} for body in bodies]
    names = {"book": book.book_id, "revision": book.revision, "rows": dump(rows)}
    for row in (await book.connection.execute(_ADD, names)).mappings():
        book.record(Event(ENTITY, row["id"], "created", after=dict(row)))


async def take_back(book: BookWriter, ids: Sequence[UUID], written: int) -> None:
    """Delete those of these assets that are as revision `written` made them and that no trade and no price needs."""
    if not ids:
        return
    names = {"book": book.book_id, "ids": list(ids), "written": written}
    for row in (await book.connection.execute(_DROP, names)).mappings():
        book.record(Event(ENTITY, row["id"], "deleted", before=dict(row)))
