"""Trades that an import brings: entered at the commit, taken back at the undo.

A row whose `document` has a `trade` is one trade: the body as `app.portfolio.schemas.TradeIn` takes it, every id as
text, its `id` the row's `transaction_id`. What happened on one day counts in the order of these ids, so whoever makes
the rows makes the ids in the order in which things happened. Assets that the commit is to make stand in the import's
`assets`, those with `new`, and are made where a wanted row names them. Rows without a trade go their own ways.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from app.access.context import BookReader, BookWriter
from app.assets import batch as assets
from app.assets.schemas import AssetIn
from app.core.database import AnyRow
from app.core.documents import aside, dump
from app.core.errors import ConflictError, DomainError
from app.imports import trade_repository
from app.imports.errors import ImportRowError, ImportStateError
from app.portfolio import service as portfolio
from app.portfolio import trying
from app.portfolio.schemas import AnyTrade, TradeIn

OF_ASSET = ("id", "symbol", "name", "type", "currency", "isin")

Document = dict[str, Any]
_bodies: TypeAdapter[list[AnyTrade]] = TypeAdapter(list[TradeIn])


async def refuse_impossible(book: BookReader, import_id: UUID) -> None:
    """For a preview: make rows errors whose trades could not be entered, after those there are and those before them.

    A suspect stays one: most likely it is the very trade that stands against it.
    """
    rows = await trade_repository.wanted(book.connection, book.book_id, import_id)
    bodies, _ = await aside(len(rows), _read, rows)
    refused = await trying.impossible(book, bodies)
    wrong = [
        {"position": row.position, "reason": refused[body.id]}
        for row, body in zip(rows, bodies, strict=True)
        if body.id in refused and row.outcome == "new"
    ]
    if wrong:
        await trade_repository.refuse(book.connection, book.book_id, import_id, dump(wrong))


async def enter(book: BookWriter, held: AnyRow) -> list[Document]:
    """Make the assets and enter the trades that wanted rows have, in the order of the file; returns warnings.

    Raises `ImportStateError` where the book got one of the assets since the preview; with `position` and `line` of the
    row that is wrong, `ImportRowError` and the conflicts that `portfolio.service.create_many` does: more is sold than
    is held, a later trade becomes impossible.
    """
    rows = await trade_repository.wanted(book.connection, book.book_id, held.id)
    bodies, used = await aside(len(rows), _read, rows)
    made = [asset for asset in held.assets if asset["new"] and asset["id"] in used]
    await _refuse_present(book, made)
    await assets.create_many(book, [AssetIn(**{name: asset[name] for name in OF_ASSET}) for asset in made])
    try:
        documents = await portfolio.create_many(book, bodies, import_id=held.id)
    except DomainError as error:
        raise _placed(error, rows) from error
    warnings = [warning for document in documents for warning in document["warnings"]]
    return [warning for warning in warnings if warning["code"] != "amount_differs"]


async def _refuse_present(book: BookWriter, made: Sequence[Document]) -> None:
    """An asset may have been made since, by another import too; which one the rows mean then, a new preview tells."""
    present = await assets.every(book) if made else []
    ids, symbols = {str(asset.id) for asset in present}, {asset.symbol.upper() for asset in present}
    taken = sorted(asset["symbol"] for asset in made if asset["id"] in ids or asset["symbol"].upper() in symbols)
    if taken:
        raise ImportStateError(
            f"The book has {', '.join(taken[:5])} since the preview. Upload the file again: the new preview takes it "
            "into account."
        )


def _read(rows: Sequence[AnyRow]) -> tuple[list[AnyTrade], set[str]]:
    """The trades of rows, and the assets that they name."""
    bodies = _bodies.validate_python([row.trade for row in rows])
    return bodies, {str(asset) for body in bodies for asset in (body.asset_id, getattr(body, "to_asset_id", None))}


def _placed(error: DomainError, rows: Sequence[AnyRow]) -> DomainError:
    """The refusal with the row that it is about, where it is about one of the file."""
    wrong = next((row for row in rows if row.trade["id"] == error.extra.get("trade_id")), None)
    if wrong is None and len(rows) == 1:
        wrong = rows[0]
    if wrong is None:
        return error
    place = {"position": wrong.position, "line": wrong.line}
    detail = f"Row {wrong.position}, on line {wrong.line} of the file: {error.detail.rstrip('.')}."
    detail = f"{detail} Leave it out with `skip`, or mend first what is in its way."
    if not isinstance(error, ConflictError):
        return ImportRowError(detail, **place)
    error.detail = detail
    error.extra = {**error.extra, **place}
    return error


async def edited_count(book: BookWriter, import_id: UUID, written: int) -> int:
    """How many of the import's trades were changed since the revision that entered them."""
    return await trade_repository.edited(book.connection, book.book_id, import_id, written)


async def take_back(book: BookWriter, held: AnyRow, written: int) -> None:
    """Delete the import's trades, and the assets that it made, nobody changed and nothing else needs.

    Raises `WouldOversellError` where a later trade needs what one of them brought, and what closed periods refuse.
    """
    documents = await portfolio.of_import(book, held.id)
    if documents:
        await portfolio.delete_many(book, documents)
    await assets.take_back(book, [UUID(asset["id"]) for asset in held.assets if asset["new"]], written)
