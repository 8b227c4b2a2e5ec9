"""The HTTP side of suggestions."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import ReadBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.errors import invalid
from app.core.money import PositiveAmount
from app.core.problems import problems
from app.core.routing import routes
from app.suggestions import applying, service
from app.suggestions.learning import Example
from app.suggestions.schemas import SettingsIn, SettingsOut, SuggestionOut

__all__ = ["applying", "router"]

router = routes("/suggestions", "suggestions", reads="rules:read", writes="rules:write")


@router.get(
    "/category",
    response_model=SuggestionOut,
    operation_id="suggest_category",
    summary="Suggest a category",
    responses=problems(404),
)
async def suggest_category(
    book: ReadBook,
    payee: Annotated[str | None, Query(max_length=200, description="The payee, or what the bank says.")] = None,
    description: Annotated[str | None, Query(max_length=500, description="What else is said of it.")] = None,
    amount: Annotated[PositiveAmount | None, Query(description="Without a sign; `type` says the direction.")] = None,
    account_id: Annotated[UUID | None, Query(description="The account it is on.")] = None,
    type: Annotated[  # noqa: A002  # the name in the contract
        Literal["expense", "income"], Query(description="An expense gets no income category.")
    ] = "expense",
) -> dict[str, Any]:
    """What the book's own transactions make likely. Nothing leaves the server, and nothing is changed."""
    for name, text in (("payee", payee), ("description", description)):
        if text is not None and "\x00" in text:
            raise invalid(f"query.{name}", "nul_character", "a text has no NUL character")
    return await service.suggest(book, Example(type, payee, description, amount, account_id))


@router.get(
    "/settings",
    response_model=SettingsOut,
    operation_id="get_suggestion_settings",
    summary="See whether learned categories are used unasked",
    responses=problems(404),
)
async def get_suggestion_settings(book: ReadBook, response: Response) -> dict[str, Any]:
    """They are not until an owner or editor says so."""
    return tagged(response, await service.settings(book))


@router.put(
    "/settings",
    response_model=SettingsOut,
    operation_id="replace_suggestion_settings",
    summary="Choose whether learned categories are used unasked",
    responses=problems(404, 412),
)
async def replace_suggestion_settings(
    body: SettingsIn, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """From now on; what is there stays as it is."""
    return tagged(response, await service.choose(book, body, expected))
