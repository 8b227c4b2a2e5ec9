"""The HTTP side of changing a book's base currency."""

from fastapi import Response

from app.access.dependencies import BookInPath, Idempotent, ReadBook, WriteBook
from app.core.database import AnyRow
from app.core.problems import problems
from app.core.routing import routes
from app.rates import base_currency
from app.rates.schemas import BaseCurrencyChange, BaseCurrencyIn

router = routes("/books/{book_id}/base-currency", "books", reads="books:read", writes="books:write", errors=(404,))


@router.post(
    "",
    status_code=202,
    response_model=BaseCurrencyChange,
    operation_id="change_base_currency",
    summary="Count a book in another currency",
    responses=problems(409),
    dependencies=[BookInPath, Idempotent],
)
async def change_base_currency(body: BaseCurrencyIn, book: WriteBook, response: Response) -> AnyRow:
    """Owners only. Amounts in the base currency and all totals are computed anew, each by the rate of its day.

    That is done in the background and seen all at once: until it is done the book reads as before, and who writes in it
    waits. It is refused while a period is closed, and where budgets have amounts in the former currency, unless
    `convert_budgets` has them converted at today's rate, and where a goal counts accounts and envelopes together. To
    take it back, change to the former currency again.
    """
    response.headers["Location"] = f"/api/v1/books/{book.book_id}/base-currency"
    return await base_currency.start(book, body)


@router.get(
    "",
    response_model=BaseCurrencyChange,
    operation_id="get_base_currency_change",
    summary="How far a change of the base currency is",
    dependencies=[BookInPath],
)
async def get_base_currency_change(book: ReadBook) -> AnyRow:
    """The newest change that somebody asked for; 404 where nobody did."""
    return await base_currency.get(book)
