"""What most reports begin with: the period, the currency and the filters that were asked for."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from app.access.context import BookReader
from app.core.errors import NotFoundError
from app.reports.asked import OfPostings, Spanned, check_amounts, currency_of, refuse_tags
from app.reports.flows import Answer, Filters, Question, ask
from app.reports.periods import Bucket, Period, check_bounded, whole

_TAGS = text("SELECT name_key, id FROM tags WHERE book_id = :book AND name_key = ANY (:names)").bindparams(
    bindparam("names", type_=ARRAY(Text))
)


class UnknownTagError(NotFoundError):
    code = "tag_not_found"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no tag {name!r}.")


@dataclass(frozen=True)
class Span:
    """A question's frame; `ask` answers it by any groups."""

    book: BookReader
    period: Period
    currency: str
    exponent: int
    filters: Filters

    async def ask(
        self,
        groups: tuple[str, ...],
        buckets: list[Bucket] | None = None,
        *,
        side: str | None = None,
        limit: int | None = None,
    ) -> Answer:
        """Of the whole period as one bucket, or of these; with `side`, `limit` groups with the most of that side.

        Raises `InvalidError` for a period that is too long for what has to be read posting by posting.
        """
        wanted = whole(self.period) if buckets is None else buckets
        sort = None if side is None else f"-{side}"
        question = Question(wanted, self.currency, self.exponent, groups, self.filters, sort, side, limit)
        if question.source(self.book) == "postings":
            check_bounded(self.period)
        return await ask(self.book, question)

    @property
    def frame(self) -> dict[str, object]:
        return {"from": self.period.first, "to": self.period.last, "currency": self.currency}


async def of_totals(book: BookReader, asked: Spanned, default: str) -> Span:
    """For a report over totals. Raises `InvalidError` for tags, too."""
    refuse_tags(asked)
    currency, exponent = await currency_of(book, asked.currency)
    filters = Filters(tuple(asked.account_id), tuple(asked.category_id))
    return Span(book, asked.span(book.actor.today(), default), currency, exponent, filters)


async def of_postings(book: BookReader, asked: OfPostings, default: str) -> Span:
    """For one that may have to read the postings of its period. Raises `InvalidError`, and `UnknownTagError`."""
    check_amounts(asked)
    currency, exponent = await currency_of(book, asked.currency)
    period = asked.span(book.actor.today(), default)
    filters = Filters(
        accounts=tuple(asked.account_id),
        categories=tuple(asked.category_id),
        tags=await tag_ids(book, asked.tag),
        payees=tuple(asked.payee_id),
        min_amount=asked.min_amount,
        max_amount=asked.max_amount,
    )
    return Span(book, period, currency, exponent, filters)


async def tag_ids(book: BookReader, names: list[str]) -> tuple[UUID, ...]:
    """The tags of these names, whatever their case. Raises `UnknownTagError`."""
    if not names:
        return ()
    keys = [name.lower() for name in names]
    found = {
        row.name_key: row.id
        for row in (await book.connection.execute(_TAGS, {"book": book.book_id, "names": keys})).all()
    }
    for name, key in zip(names, keys, strict=True):
        if key not in found:
            raise UnknownTagError(name)
    return tuple(dict.fromkeys(found[key] for key in keys))
