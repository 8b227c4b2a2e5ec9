"""The HTTP side of completing names. Its router comes before those with `/{id}`: `autocomplete` is no id."""

from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from app.access.dependencies import BookTag, ReadBook
from app.core.errors import invalid
from app.core.problems import not_modified, problems
from app.core.routing import only, routes
from app.transactions import autocomplete

MAX_SUGGESTIONS = 50
Item = TypeVar("Item")

payees = routes("/payees", "payees", reads="payees:read")
tags = routes("/tags", "tags", reads="tags:read")
categories = routes("/categories", "categories", reads="categories:read")
accounts = routes("/accounts", "accounts", reads="accounts:read")
ANSWERS = {**problems(404), **not_modified()}


class Suggestions(BaseModel, Generic[Item]):
    """What completes a text, the best first."""

    items: list[Item]


class TagSuggestion(BaseModel):
    """A tag."""

    id: UUID
    name: str


class PayeeSuggestion(BaseModel):
    """A payee, and what it was for."""

    id: UUID
    name: str
    alias: str | None = Field(
        description="Its other name that fits what was typed, where that fits better than its own.", examples=[None]
    )
    default_category_id: UUID | None
    last_category_id: UUID | None = Field(description="Of its last transaction; of a split one the first part's.")
    last_used: date | None = Field(description="The day of its last transaction.")


class CategorySuggestion(BaseModel):
    """A category that is not archived."""

    id: UUID
    name: str
    kind: Literal["income", "expense"]
    parent_id: UUID | None
    path: list[str] = Field(description="The names from the root down to its own.", examples=[["Food", "Bakery"]])


class AccountSuggestion(BaseModel):
    """An account that is not archived."""

    id: UUID
    name: str
    type: str
    currency: str


async def _typed(
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="What was typed so far, whatever its case and accents; without it anything may follow.",
            examples=["caf"],
        ),
    ] = "",
) -> str:
    if "\x00" in q:
        raise invalid("query.q", "nul_character", "a text has no NUL character")
    return q


Typed = Annotated[str, Depends(_typed)]
Limit = Annotated[int, Query(ge=1, le=MAX_SUGGESTIONS, description="How many at most.")]


@payees.get(
    "/autocomplete",
    response_model=Suggestions[PayeeSuggestion],
    operation_id="autocomplete_payees",
    summary="Complete a payee's name",
    responses=ANSWERS,
    dependencies=[BookTag],
)
async def autocomplete_payees(book: ReadBook, q: Typed, limit: Limit = 10) -> dict[str, Any]:
    """Names that begin with what was typed, then names with a word that does, then names that have it anywhere.

    A payee is found by its other names, too, and is shown once. Among equals the one used last comes first. With a
    book of more than some hundred fitting payees the long unused ones may be left out.
    """
    return {"items": await autocomplete.payees(book, q, limit)}


@tags.get(
    "/autocomplete",
    response_model=Suggestions[TagSuggestion],
    operation_id="autocomplete_tags",
    summary="Complete a tag",
    responses=ANSWERS,
    dependencies=[BookTag],
)
async def autocomplete_tags(book: ReadBook, q: Typed, limit: Limit = 10) -> dict[str, Any]:
    """Tags that begin with what was typed, then those with a word that does, then those that have it anywhere."""
    return {"items": await autocomplete.tags(book, q, limit)}


@categories.get(
    "/autocomplete",
    response_model=Suggestions[CategorySuggestion],
    operation_id="autocomplete_categories",
    summary="Complete a category's name",
    responses=ANSWERS,
    dependencies=[BookTag],
)
async def autocomplete_categories(book: ReadBook, q: Typed, limit: Limit = 10) -> dict[str, Any]:
    """Names that begin with what was typed, then those with a word that does, then those that have it anywhere."""
    return {"items": await autocomplete.categories(book, q, limit)}


@accounts.get(
    "/autocomplete",
    response_model=Suggestions[AccountSuggestion],
    operation_id="autocomplete_accounts",
    summary="Complete an account's name",
    responses=ANSWERS,
    dependencies=[BookTag],
)
async def autocomplete_accounts(book: ReadBook, q: Typed, limit: Limit = 10) -> dict[str, Any]:
    """Names that begin with what was typed, then those with a word that does, then those that have it anywhere."""
    return {"items": await autocomplete.accounts(book, q, limit)}


ROUTERS = (payees, tags, categories, accounts)
for router in ROUTERS:
    only(router, "GET", "/autocomplete")
