"""The HTTP side of the forecast."""

from typing import Annotated

import orjson
from fastapi import Query, Response

from app.access.dependencies import Idempotent, ReadBook
from app.core.conditional import IfNoneMatch, end_if_unchanged, list_tag
from app.core.problems import not_modified, problems
from app.core.routing import routes
from app.forecast import service
from app.forecast.changes_schemas import WhatIf, WhatIfOut
from app.forecast.schemas import Forecast, ForecastQuery

router = routes("/forecast", "forecast", reads="forecast:read")


@router.get(
    "",
    response_model=Forecast,
    operation_id="get_forecast",
    summary="Where balances go",
    responses={**problems(404), **not_modified()},
)
async def get_forecast(
    book: ReadBook,
    query: Annotated[ForecastQuery, Query()],
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Each balance at the end of each day, from today's: what is planned, what budgets leave to spend, what is usual.

    Transfers that are not scheduled are left out. Costs the same however many transactions the book has.
    """
    end_if_unchanged(response, if_none_match, list_tag(book.book_id, book.revision, book.actor.today()))
    return _json(await service.forecast(book, query), response.headers["ETag"])


@router.post(
    "/what-if",
    response_model=WhatIfOut,
    operation_id="forecast_what_if",
    summary="Where balances would go",
    responses=problems(404),
    dependencies=[Idempotent],
)
async def forecast_what_if(body: WhatIf, book: ReadBook) -> Response:
    """The forecast with assumptions beside the one without. Nothing is written, and a viewer may ask.

    `one_off` and `recurring` add something, `remove_schedule` and `change_amount` change what is planned, `balance`
    starts from another balance. They are made in the order in which they are sent.
    """
    return _json(await service.what_if(book, body))


def _json(document: object, tag: str | None = None) -> Response:
    """Written as it is: looking at thousands of points one by one again would take longer than reckoning them."""
    return Response(orjson.dumps(document), media_type="application/json", headers={"ETag": tag} if tag else None)
