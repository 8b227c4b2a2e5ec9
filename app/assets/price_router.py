"""The HTTP side of prices."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Path, Query, Response, UploadFile

from app.access.dependencies import Idempotent, ReadBook, WriteBook, waits_for
from app.assets import prices
from app.assets.schemas import ListedPrice, PriceIn, PriceOut, PricesImported, PriceState
from app.core.conditional import ExpectedRevision, tagged
from app.core.fields import CivilDate
from app.core.pagination import Page, WalkParams
from app.core.problems import problems
from app.core.routing import routes

router = routes("/portfolio", "assets", reads="portfolio:read", writes="portfolio:write")

Day = Annotated[CivilDate, Path(description="The day that the price is of.")]


@router.get(
    "/assets/{asset_id}/price",
    response_model=PriceOut,
    operation_id="get_asset_price",
    summary="Read the price of an asset at a date",
    responses=problems(404),
)
async def get_asset_price(
    asset_id: UUID,
    book: ReadBook,
    at: Annotated[CivilDate | None, Query(description="Today when absent.")] = None,
) -> dict[str, Any]:
    """The newest one up to that day, the book's own before a quote of the same day, with its date and its age."""
    return await prices.at(book, asset_id, at or book.actor.today())


@router.get(
    "/assets/{asset_id}/prices",
    response_model=Page[ListedPrice],
    operation_id="list_asset_prices",
    summary="List the prices of an asset",
    responses=problems(404),
)
async def list_asset_prices(
    asset_id: UUID,
    book: ReadBook,
    page: WalkParams,
    date_from: Annotated[CivilDate | None, Query(description="The first day, itself included.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="The last day, itself included.")] = None,
) -> dict[str, Any]:
    """The book's own prices and the provider's quotes, the newest first."""
    return await prices.page(book, asset_id, date_from, date_to, page)


@router.put(
    "/assets/{asset_id}/prices/{day}",
    response_model=PriceState,
    operation_id="set_asset_price",
    summary="Set the price of an asset on a day",
    responses=problems(404, 409, 412),
)
async def set_asset_price(
    asset_id: UUID, day: Day, body: PriceIn, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """The book's own price of one unit, in the asset's currency: what a house is worth, or what a provider has wrong.

    It goes before a quote of the same day, and replaces the book's own price of that day.
    """
    return tagged(response, await prices.put(book, asset_id, day, body.price, expected))


@router.delete(
    "/assets/{asset_id}/prices/{day}",
    status_code=204,
    operation_id="delete_asset_price",
    summary="Delete the price of an asset on a day",
    responses=problems(404, 409, 412),
)
async def delete_asset_price(asset_id: UUID, day: Day, book: WriteBook, expected: ExpectedRevision) -> None:
    """The book's own price; a provider's quote of that day stays, and counts again."""
    await prices.delete(book, asset_id, day, expected)


@router.post(
    "/prices/import",
    response_model=PricesImported,
    operation_id="import_asset_prices",
    summary="Load prices from a CSV file",
    responses=problems(404, 409, 413),
    dependencies=[waits_for("reading_files"), Idempotent],
)
async def import_asset_prices(
    book: WriteBook,
    file: Annotated[UploadFile, File(description="Columns symbol (or asset_id), date and price; up to 20,000 rows.")],
    skip_errors: Annotated[
        bool, Query(description="Take what can be taken, and list the rows that cannot; else they refuse the file.")
    ] = False,
) -> dict[str, Any]:
    """Parted by commas, semicolons or tabs, with a header or in the order symbol, date, price.

    Dates as 2026-01-31, or in another way where all of them leave one order of day and month alone.

    They are prices of the book's own, and replace those of the same days.
    """
    return await prices.load(book, await file.read(), skip_errors=skip_errors)
