"""The HTTP side of exchange rates."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Query, Request, Response, UploadFile

from app.access.dependencies import ActorParam, Idempotent, ReadBook, WriteBook, waits_for
from app.core.conditional import ExpectedRevision, IfNoneMatch, end_if_unchanged, entity_tag, list_tag
from app.core.database import AnyRow
from app.core.fields import CivilDate, CurrencyCode
from app.core.money import NotNegativeAmount
from app.core.pagination import Page, WalkParams, Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, require, routes
from app.rates import fetch_repository, gathering, loading, service
from app.rates.schemas import Asked, Conversion, Loaded, RateIn, RateOut, Refreshing

router = routes("/rates", "rates", reads="rates:read", writes="rates:write")
only(router, "POST", "/import")
only(router, "POST", "/refresh")
only(router, "GET", "/convert")
only(router, "GET", "/providers")

Currency = Annotated[CurrencyCode | None, Query(description="Only rates of this currency.")]


async def _tag_with_fetches(book: ReadBook, response: Response, if_none_match: IfNoneMatch = None) -> None:
    """Providers say new rates without the book."""
    stamp = await fetch_repository.stamp(book.connection)
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, stamp))


@router.get(
    "",
    response_model=Page[RateOut],
    operation_id="list_rates",
    summary="List exchange rates",
    responses={**problems(404), **not_modified()},
    dependencies=[Depends(_tag_with_fetches, scope="function")],
)
async def list_rates(
    book: ReadBook,
    page: WalkParams,
    base: Currency = None,
    quote: Currency = None,
    date_from: Annotated[CivilDate | None, Query(description="The first day.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="The last day.")] = None,
) -> dict[str, Any]:
    """The rates that the book has of its own and those of providers, the newest day first.

    Of one pair and day, the book's own counts and stands first.
    """
    return await service.page(book, base, quote, date_from, date_to, page)


@router.put(
    "",
    response_model=RateOut,
    operation_id="set_rate",
    summary="Set a rate of your own",
    responses=problems(404, 412),
)
async def set_rate(body: RateIn, book: WriteBook, expected: ExpectedRevision, response: Response) -> AnyRow:
    """How much of `quote` one unit of `base` is on a day, for this book alone; over the one there was.

    It goes before a provider's of the same day. Amounts that it concerns follow in the background.
    """
    row = await service.put(book, body, expected)
    response.headers["ETag"] = entity_tag(row.revision)
    return row


@router.get(
    "/convert",
    response_model=Conversion,
    operation_id="convert_amount",
    summary="Convert an amount, or ask for a rate",
    responses=problems(404),
)
async def convert_amount(
    book: ReadBook,
    base: Annotated[CurrencyCode, Query(alias="from", description="The currency of the amount.")],
    quote: Annotated[CurrencyCode, Query(alias="to", description="The currency to convert to.")],
    day: Annotated[CivilDate | None, Query(alias="date", description="Today without it.")] = None,
    amount: Annotated[NotNegativeAmount | None, Query(description="What to convert; without it only the rate.")] = None,
) -> dict[str, Any]:
    """The rate of a day, or the newest one before it in the book's window (`rate_window_days`).

    Without a rate of the pair itself, or of it turned round, it goes through EUR, USD or the base currency: `via`.
    Where nothing is known the answer is 404 `no_rate`, which says which days were searched.
    """
    return await service.convert(book, base, quote, day, amount)


@router.post(
    "/import",
    response_model=Loaded,
    operation_id="import_rates",
    summary="Load rates from a CSV file",
    responses=problems(404, 413),
    dependencies=[waits_for("reading_files"), Idempotent],
)
async def import_rates(
    book: WriteBook, file: Annotated[UploadFile, File(description="CSV: date, base, quote, rate.")]
) -> dict[str, int]:
    """Columns `date`, `base`, `quote` and `rate`: with a header in any order, without one in this; 20,000 rows at most.

    Dates as 2026-01-31, or in another way where all of them leave one order of day and month alone.
    A rate over one that is there replaces it. Where a row is wrong nothing is loaded, and the first hundred things that
    are wrong are named.
    """
    return await loading.load(book, await file.read())


@router.post(
    "/refresh",
    status_code=202,
    response_model=Refreshing,
    operation_id="refresh_rates",
    summary="Ask providers for rates now",
    responses=problems(409),
    dependencies=[require("jobs:manage"), Idempotent],
)
async def refresh_rates(actor: ActorParam, request: Request) -> dict[str, Any]:
    """Providers are asked each day anyway; this asks them now, in the background (`GET /jobs` tells how it went).

    409 `no_rate_provider` where the server's settings name none.
    """
    return {"providers": await gathering.ask_now(actor.connection, request.app.state.settings)}


@router.get(
    "/providers",
    response_model=Whole[Asked],
    operation_id="list_rate_providers",
    summary="How asking providers went",
)
async def list_rate_providers(actor: ActorParam) -> dict[str, Any]:
    """When each was asked last, what was stored, and which of its rates were not believed and kept out."""
    return whole(await fetch_repository.every(actor.connection))


@router.get(
    "/{rate_id}",
    response_model=RateOut,
    operation_id="get_rate",
    summary="Read a rate of your own",
    responses=problems(404),
)
async def get_rate(rate_id: UUID, book: ReadBook, response: Response) -> AnyRow:
    """One rate that this book has of its own."""
    row = await service.get(book, rate_id)
    response.headers["ETag"] = entity_tag(row.revision)
    return row


@router.delete(
    "/{rate_id}",
    status_code=204,
    operation_id="delete_rate",
    summary="Delete a rate of your own",
    responses=problems(404, 412),
)
async def delete_rate(rate_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """What else is known counts from then on: amounts that it concerned follow in the background."""
    await service.delete(book, rate_id, expected)
