"""What a report may be asked for: query parameters that the reports share."""

import hashlib
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.access.context import BookReader
from app.core.errors import FieldError, InvalidError, invalid
from app.core.fields import CivilDate, CurrencyCode, Name
from app.core.money import NotNegativeAmount
from app.currencies.service import exponent_of
from app.reports.periods import PATTERN, By, Period, between, resolve

MANY = 100
PERIOD = (
    "`month`, `quarter`, `year` (the present one), `lastmonth`, `lastquarter`, `lastyear`, a number of months, "
    "quarters or years up to now such as `6months` or `1year`, or two days: `2026-01-01..2026-03-31`."
)
PeriodText = Annotated[str, Field(pattern=PATTERN, description=PERIOD, examples=["6months"])]


StartDay = Annotated[
    int,
    Field(ge=1, le=31, description="The day on which your own months begin; with 23 January is the 23rd to 22nd."),
]


class Filtered(BaseModel):
    """What counts, and in which currency."""

    model_config = ConfigDict(populate_by_name=True)

    account_id: list[UUID] = Field(default=[], max_length=MANY, description="Only what moved on these accounts.")
    category_id: list[UUID] = Field(default=[], max_length=MANY, description="Only these categories and all below.")
    tag: list[Name] = Field(
        default=[],
        max_length=MANY,
        description="Only what has one of these tags; for reports that read the postings of a period, 422 for others.",
    )
    currency: CurrencyCode | None = Field(
        default=None, description="Another one than the book's: each day's amounts are converted by that day's rate."
    )


class Spanned(Filtered):
    """The same, of a period: `period`, or `from` and `to`."""

    period: PeriodText | None = Field(default=None, description=PERIOD)
    from_: CivilDate | None = Field(default=None, alias="from", description="Instead of `period`.")
    to: CivilDate | None = Field(default=None, description="With `from`; today when absent.")
    start_day: StartDay = 1

    def span(self, today: date, default: str) -> Period:
        """The days that are asked for. Raises `InvalidError`."""
        if self.from_ is not None:
            if self.period is not None:
                raise invalid("query.period", "period_and_from", "pass either period or from and to, not both")
            return between(self.from_, self.to or max(today, self.from_))
        if self.to is not None:
            raise invalid("query.to", "to_without_from", "pass from, too")
        return resolve(self.period or default, today, self.start_day)


class Grouped(Spanned):
    """The same, by month, quarter or year."""

    by: By = Field(default="month", description="What a point of the report is.")


class OfPostings(Spanned):
    """The same, with what narrows transactions."""

    payee_id: list[UUID] = Field(default=[], max_length=MANY, description="Only what these payees got or paid.")
    min_amount: NotNegativeAmount | None = Field(default=None, description="Of the whole transaction, at least this.")
    max_amount: NotNegativeAmount | None = Field(default=None, description="Of the whole transaction, at most this.")


Side = Literal["expense", "income"]


def refuse_tags(asked: Filtered) -> None:
    """Raise `InvalidError` where tags are asked of a report over totals: none are kept by tag."""
    if asked.tag:
        raise invalid(
            "query.tag",
            "tag_not_supported",
            "this report reads totals, and none are kept by tag; payees, tags, largest and saved reports take tags",
        )


def check_amounts(asked: OfPostings) -> None:
    """Raise `InvalidError` for bounds that nothing lies between."""
    if asked.min_amount is not None and asked.max_amount is not None and asked.min_amount > asked.max_amount:
        raise InvalidError(FieldError("query.min_amount", "empty_range", "min_amount is greater than max_amount"))


async def currency_of(book: BookReader, code: str | None, field: str = "query.currency") -> tuple[str, int]:
    """The currency that is asked for, the book's when none is, and its decimals. Raises `InvalidError`."""
    if code is None or code == book.base_currency:
        return book.base_currency, book.base_exponent
    return code, await exponent_of(book.connection, code, field)


def digest(*parts: Any) -> str:
    """A short name for what was asked, for an ETag."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
