"""What the routes about portfolios are asked with: the parameters of their queries."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from app.access.dependencies import ReadBook
from app.core.conditional import IfNoneMatch, NotModified, has_tag, list_tag, takes_any
from app.core.fields import CivilDate, CurrencyCode
from app.core.money import PositiveAmount
from app.performance.history import Span, span
from app.performance.keeping import Door, key_of
from app.performance.repository import Asked
from app.performance.valuation import asked_for

MANY = 200

At = Annotated[CivilDate | None, Query(description="At the end of which day, not after today; today when absent.")]
Currency = Annotated[
    CurrencyCode | None, Query(description="In which currency; the book's when absent. Any that is known.")
]
Accounts = Annotated[
    list[UUID] | None, Query(alias="account_id", max_length=MANY, description="Only on these accounts; may repeat.")
]
Assets = Annotated[
    list[UUID] | None, Query(alias="asset_id", max_length=MANY, description="Only of these assets; may repeat.")
]
Cash = Annotated[
    PositiveAmount | None,
    Query(description="An amount to buy with, in the currency of the answer: nothing is sold then."),
]


async def _asked(book: ReadBook, currency: Currency = None, accounts: Accounts = None, assets: Assets = None) -> Asked:
    return await asked_for(book, currency, accounts, assets)


AskedParam = Annotated[Asked, Depends(_asked, scope="function")]


async def _asked_of_accounts(book: ReadBook, currency: Currency = None, accounts: Accounts = None) -> Asked:
    return await asked_for(book, currency, accounts)


AskedOfAccounts = Annotated[Asked, Depends(_asked_of_accounts, scope="function")]


async def _span(
    book: ReadBook,
    asked: AskedParam,
    first: Annotated[
        CivilDate | None,
        Query(alias="from", description="The first day; when absent, the first on which anything was held."),
    ] = None,
    last: Annotated[
        CivilDate | None,
        Query(alias="to", description="The last day; today when absent, and where it is still to come."),
    ] = None,
) -> Span:
    return await span(book, asked, first, last)


SpanParam = Annotated[Span, Depends(_span, scope="function")]


class Answering:
    """Answers with what is kept, where nothing changed since; under a tag that is another one when it did."""

    def __init__(self, door: Door, tag: str, *, any_will_do: bool) -> None:
        self._door = door
        self._tag = tag
        self._any_will_do = any_will_do

    async def answer(self, model: type[BaseModel], make: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
        """See `Door.answer`.

        Raises `NotModified` for a client that takes any answer for unchanged, once there is one: what cannot be asked
        is refused first.
        """
        body = await self._door.answer(model, make)
        if self._any_will_do:
            raise NotModified(self._tag)
        return Response(body, media_type="application/json", headers={"ETag": self._tag})


async def _answering(
    request: Request, book: ReadBook, currency: Currency = None, if_none_match: IfNoneMatch = None
) -> Answering:
    today = book.actor.today()
    key = await key_of(book, today, currency, request.url.path, request.url.query)
    tag = list_tag(book.book_id, book.revision, key)
    if has_tag(if_none_match, tag):
        raise NotModified(tag)
    door = Door(request.app.state.kept_answers, key, book.actor, today)
    return Answering(door, tag, any_will_do=takes_any(if_none_match))


AnsweringParam = Annotated[Answering, Depends(_answering, scope="function")]
"""For a route that reads much: what it answers is kept, carries an ETag, and answers 304 unread."""
