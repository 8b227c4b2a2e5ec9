"""The HTTP side of assets."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from app.access.dependencies import EditableBook, Idempotent, ReadBook, WriteBook
from app.assets import quotes, repository, service
from app.assets.providers import NAMES, is_on
from app.assets.schemas import AssetIn, AssetOut, AssetPatch, AssetReplace, AssetType, ProviderOut, RefreshOut
from app.core.conditional import ExpectedRevision, IfNoneMatch, end_if_unchanged, list_tag, tagged
from app.core.pagination import Page, PageParams, Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, routes

router = routes("/portfolio", "assets", reads="portfolio:read", writes="portfolio:write")
only(router, "GET", "/providers")
only(router, "GET, POST", "/assets")


async def _tag_with_quotes(book: ReadBook, response: Response, if_none_match: IfNoneMatch = None) -> None:
    """How asking providers goes changes without the book."""
    tried = await repository.last_tried(book.connection, book.book_id)
    stamp = 0 if tried is None else int(tried.timestamp() * 1_000_000)
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, stamp))


@router.get(
    "/providers",
    response_model=Whole[ProviderOut],
    operation_id="list_price_providers",
    summary="List providers of prices",
)
async def list_price_providers(_book: ReadBook, request: Request) -> object:
    """All that this version knows, and which of them this server asks: `MARKET_PROVIDERS` of its settings says."""
    settings = request.app.state.settings
    return whole([{"name": name, "on": is_on(settings, name)} for name in NAMES])


@router.post(
    "/assets",
    status_code=201,
    response_model=AssetOut,
    operation_id="create_asset",
    summary="Add an asset",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_asset(body: AssetIn, book: WriteBook, response: Response) -> dict[str, Any]:
    """A security, a coin, a metal, a house: whatever has a price of one unit.

    With a provider that this server asks, its quotes come by themselves; without one you set its prices.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/portfolio/assets/{document['id']}"
    return tagged(response, document)


@router.get(
    "/assets",
    response_model=Page[AssetOut],
    operation_id="list_assets",
    summary="List and search assets",
    responses={**problems(404), **not_modified()},
    dependencies=[Depends(_tag_with_quotes, scope="function")],
)
async def list_assets(
    book: ReadBook,
    page: PageParams,
    q: Annotated[
        str | None, Query(max_length=100, description="Stands in the symbol, the name or the ISIN, whatever its case.")
    ] = None,
    type: Annotated[AssetType | None, Query(description="Only those of this type.")] = None,  # noqa: A002  # the name in the contract
    archived: Annotated[bool | None, Query(description="Archived ones only, or only the others.")] = None,
) -> dict[str, Any]:
    """In the order of their symbols."""
    return await service.page(book, page, q=q, kind=type, archived=archived)


@router.get(
    "/assets/{asset_id}",
    response_model=AssetOut,
    operation_id="get_asset",
    summary="Read an asset",
    responses=problems(404),
)
async def get_asset(asset_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One asset, with how its quotes are fetched; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, asset_id))


@router.put(
    "/assets/{asset_id}",
    response_model=AssetOut,
    operation_id="replace_asset",
    summary="Replace an asset",
    responses=problems(404, 409, 412),
)
async def replace_asset(
    asset_id: UUID, body: AssetReplace, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """All of it. What the body leaves out goes back to its default; its prices and trades stay."""
    return tagged(response, await service.replace(book, asset_id, body, expected))


@router.patch(
    "/assets/{asset_id}",
    response_model=AssetOut,
    operation_id="update_asset",
    summary="Change, archive or restore an asset",
    responses=problems(404, 409, 412),
)
async def update_asset(
    asset_id: UUID, body: AssetPatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest. For an archived asset nobody is asked any more."""
    return tagged(response, await service.patch(book, asset_id, body, expected))


@router.delete(
    "/assets/{asset_id}",
    status_code=204,
    operation_id="delete_asset",
    summary="Delete an asset",
    responses=problems(404, 409, 412),
)
async def delete_asset(asset_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """With its own prices. One that has trades is not deleted: archive it."""
    await service.delete(book, asset_id, expected)


@router.post(
    "/assets/{asset_id}/refresh",
    status_code=202,
    response_model=RefreshOut,
    operation_id="refresh_asset",
    summary="Fetch an asset's quotes",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def refresh_asset(asset_id: UUID, book: EditableBook, request: Request) -> dict[str, Any]:
    """Ask its provider now, with all of the history the first time, and not again within a quarter of an hour.

    The answer does not wait for it: `quotes` of the asset tells how it went.
    """
    return await quotes.refresh(book, request.app.state.settings, asset_id)
