"""Query parameters of the transaction list, as one typed filter."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field, model_validator

from app.core.errors import invalid
from app.core.fields import Body, CivilDate, Flag, Name
from app.core.money import SignedAmount
from app.transactions.filters import Sort, TransactionFilter
from app.transactions.outputs import TransactionType

MANY = 100
SortName = Literal["date", "-date", "amount", "-amount"]
StatusName = Literal["pending", "cleared", "reconciled"]

Search = Annotated[
    str | None,
    Query(
        max_length=200,
        description="What to find, all of it: words in any order, each the beginning of a word of the payee, the "
        'description or the notes, whatever its case and accents; `"corner cafe"` as it is; amounts `12.50`, `>100`, '
        "`<=20`, `10..20`; `category:`, `account:`, `payee:`, `tag:` with a part of a name; `before:`, `after:`, `on:` "
        "with a date, a month or a year; `type:`, `status:`, `is:`; and `-` before what must not hold. "
        "A mistake is 422 and says at which character.",
        examples=['"corner cafe" -category:work >10 after:2026-01'],
    ),
]


def searched(q: str | None) -> str | None:
    """A search with something in it."""
    return q if q is not None and not q.isspace() and q else None


async def _filter(
    account_id: Annotated[
        list[UUID], Query(max_length=MANY, description="On any of these accounts, as source or target. May repeat.")
    ] = [],  # noqa: B006  # FastAPI copies query defaults
    category_id: Annotated[
        list[UUID], Query(max_length=MANY, description="In any of these categories or below them. May repeat.")
    ] = [],  # noqa: B006  # FastAPI copies query defaults
    uncategorised: Annotated[bool, Query(description="Only what has a part without a category.")] = False,
    type: Annotated[list[TransactionType], Query(max_length=MANY, description="May repeat.")] = [],  # noqa: A002, B006
    status: Annotated[list[StatusName], Query(max_length=MANY, description="May repeat.")] = [],  # noqa: B006
    tag: Annotated[list[str], Query(max_length=MANY, description="Has any of these tags. May repeat.")] = [],  # noqa: B006
    payee_id: Annotated[list[UUID], Query(max_length=MANY, description="May repeat.")] = [],  # noqa: B006
    import_id: Annotated[UUID | None, Query(description="Came with this import.")] = None,
    date_from: Annotated[CivilDate | None, Query(description="This day or later.")] = None,
    date_to: Annotated[CivilDate | None, Query(description="This day or earlier.")] = None,
    min_amount: Annotated[SignedAmount | None, Query(description="At least this, without regard to direction.")] = None,
    max_amount: Annotated[SignedAmount | None, Query(description="At most this, without regard to direction.")] = None,
    q: Search = None,
) -> TransactionFilter:
    if date_from and date_to and date_from > date_to:
        raise invalid("query.date_from", "empty_range", "date_from is after date_to")
    if min_amount is not None and max_amount is not None and min_amount > max_amount:
        raise invalid("query.min_amount", "empty_range", "min_amount is greater than max_amount")
    if any("\x00" in text for text in tag):
        raise invalid("query.tag", "nul_character", "a text has no NUL character")
    return TransactionFilter(
        account_ids=tuple(account_id),
        category_ids=tuple(category_id),
        uncategorised=uncategorised,
        types=tuple(type),
        statuses=tuple(status),
        tags=tuple(tag),
        payee_ids=tuple(payee_id),
        import_id=import_id,
        date_from=date_from,
        date_to=date_to,
        min_amount=min_amount,
        max_amount=max_amount,
        q=searched(q),
    )


class FilterIn(Body):
    """The filters of the list of transactions, by the same names; at least one is set."""

    account_id: list[UUID] = Field(default=[], max_length=MANY)
    category_id: list[UUID] = Field(
        default=[], max_length=MANY, description="Them or below them; of a split transaction the parts in them."
    )
    uncategorised: Flag = False
    type: list[TransactionType] = Field(default=[], max_length=MANY)
    status: list[StatusName] = Field(default=[], max_length=MANY)
    tag: list[Name] = Field(default=[], max_length=MANY)
    payee_id: list[UUID] = Field(default=[], max_length=MANY)
    import_id: UUID | None = None
    date_from: CivilDate | None = None
    date_to: CivilDate | None = None
    min_amount: SignedAmount | None = None
    max_amount: SignedAmount | None = None
    q: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _something(self) -> "FilterIn":
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("set at least one filter: this would be every transaction of the book")
        return self

    def wanted(self) -> TransactionFilter:
        return TransactionFilter(
            account_ids=tuple(self.account_id),
            category_ids=tuple(self.category_id),
            uncategorised=self.uncategorised,
            types=tuple(self.type),
            statuses=tuple(self.status),
            tags=tuple(self.tag),
            payee_ids=tuple(self.payee_id),
            import_id=self.import_id,
            date_from=self.date_from,
            date_to=self.date_to,
            min_amount=self.min_amount,
            max_amount=self.max_amount,
            q=searched(self.q),
        )


async def _sort(
    sort: Annotated[SortName, Query(description="A minus sorts downwards; ties are ordered by id.")] = "-date",
) -> Sort:
    return Sort.parse(sort)


FilterParams = Annotated[TransactionFilter, Depends(_filter)]
SortParam = Annotated[Sort, Depends(_sort)]
