"""What the routes about portfolios are asked with: the parameters of their queries."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from app.access.dependencies import ReadBook
from app.core.fields import CivilDate, CurrencyCode
from app.core.money import PositiveAmount
from app.performance.history import Span, span
from app.performance.repository import Asked
from app.performance.valuation import asked_for

MANY = 200

At = Annotated[CivilDate | None, Query(description="At the end of which day; today when absent.")]
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
    last: Annotated[CivilDate | None, Query(alias="to", description="The last day; today when absent.")] = None,
) -> Span:
    return await span(book, asked, first, last)


SpanParam = Annotated[Span, Depends(_span, scope="function")]
