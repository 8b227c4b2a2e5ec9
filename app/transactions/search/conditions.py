"""Terms as SQL conditions on the table of transactions."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, case, exists, func, literal, not_, or_, select, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import SQLColumnExpression

from app.transactions.models import Posting, Transaction
from app.transactions.name_models import Payee, TransactionTag
from app.transactions.search.terms import AmountTerm, DateTerm, NameTerm, Term, TextTerm, ValueTerm

AMOUNT_SCALE = 10_000
LARGEST_KEY = 9_000_000_000_000_000_000


@dataclass(frozen=True)
class Found:
    """Terms with what the database knows of them: all that SQL needs."""

    terms: tuple[Term, ...]
    named: tuple[tuple[UUID, ...] | None, ...]
    """For each term the ids of what it names; None where it names nothing, or too much to count up."""
    ids: tuple[UUID, ...] | None = None
    """The transactions that its texts find, None where there are many: then each has to be looked at."""
    is_cut: bool = False
    """Whether there are more behind the last of the ids."""


def conditions(book_id: UUID, found: Found) -> Iterator[ColumnElement[bool]]:
    """All of them; they stand for themselves, with the ids only as the way to get there sooner."""
    if found.ids is not None:
        yield Transaction.id == any_(literal(list(found.ids), ARRAY(Uuid)))
    texts = [_text(book_id, term) for term in found.terms if isinstance(term, TextTerm)]
    if texts:
        # The planner takes what it cannot estimate for rare, and a few such conditions for a reason to read all
        # rows; of a CASE it expects half of them, and walks the list in its order.
        yield case((and_(*texts), True), else_=False)
    for term, ids in zip(found.terms, found.named, strict=True):
        if not isinstance(term, TextTerm):
            condition = _other(book_id, term, ids, each=found.ids is not None)
            yield not_(condition) if term.negated else condition


def _other(
    book_id: UUID, term: AmountTerm | DateTerm | ValueTerm | NameTerm, ids: tuple[UUID, ...] | None, *, each: bool
) -> ColumnElement[bool]:
    match term:
        case AmountTerm():
            return amount_between(term.low, term.high, strict=term.strict)
        case DateTerm():
            first = Transaction.date >= term.first if term.first is not None else true()
            return and_(first, Transaction.date <= term.last if term.last is not None else true())
        case ValueTerm(field="type"):
            return Transaction.type == term.value
        case ValueTerm(field="status"):
            return Transaction.status == term.value
        case ValueTerm():
            return has_posting(book_id, is_uncategorised(), each=each)
        case NameTerm():
            return _named(book_id, term, ids, each=each)


def _text(book_id: UUID, term: TextTerm) -> ColumnElement[bool]:
    """The query is a subquery so that it is put together once and not for each row."""
    query = select(func.search_query(book_id, term.text, term.whole, type_=TSQUERY)).scalar_subquery()
    in_row: ColumnElement[bool] = Transaction.search.bool_op("@@")(query)
    in_name: ColumnElement[bool] = Payee.search.bool_op("@@")(query)
    # The row has all words; where there can be several, or the last must be whole, their places decide.
    if term.whole or not (term.text.isascii() and term.text.isalnum()):
        in_row = and_(in_row, or_(_beside(Transaction.description, term), _beside(Transaction.notes, term)))
        in_name = and_(in_name, _beside(Payee.name, term))
    # Row by row: a list of all payees with a common word would be long, and the first rows may be enough.
    by_payee = select(in_name).where(Payee.book_id == book_id, Payee.id == Transaction.payee_id).scalar_subquery()
    ways = [in_row, func.coalesce(by_payee, False)]
    if term.amount is not None:
        ways.insert(0, Transaction.amount == term.amount)
    return not_(func.coalesce(or_(*ways), False)) if term.negated else or_(*ways)


def _beside(column: SQLColumnExpression[str | None], term: TextTerm) -> ColumnElement[bool]:
    """The words are folded once, in subqueries, and not for each row."""
    words = select(func.search_text(term.text)).scalar_subquery()
    pattern = select(func.search_pattern(term.text)).scalar_subquery()
    return func.search_beside(column, words, pattern, term.whole)


def _named(book_id: UUID, term: NameTerm, ids: tuple[UUID, ...] | None, *, each: bool) -> ColumnElement[bool]:
    if ids is None:  # so many payees that they are not counted up
        wanted = select(func.search_text(term.text)).scalar_subquery()
        fits = select(func.strpos(Payee.search_name, wanted) > 0)
        return func.coalesce(
            fits.where(Payee.book_id == book_id, Payee.id == Transaction.payee_id).scalar_subquery(), False
        )
    these = any_(literal(list(ids), ARRAY(Uuid)))
    match term.key:
        case "payee":
            return (
                func.coalesce(Transaction.payee_id == these, False) if term.negated else Transaction.payee_id == these
            )
        case "tag":
            return exists(
                select(TransactionTag.tag_id)
                .where(TransactionTag.book_id == book_id, TransactionTag.transaction_id == Transaction.id)
                .where(TransactionTag.tag_id == these)
            )
        case "account":
            return has_posting(book_id, Posting.account_id == these, each=each)
        case "category":
            return has_posting(book_id, Posting.category_id == these, each=each)


def has_posting(book_id: UUID, condition: ColumnElement[bool], *, each: bool = False) -> ColumnElement[bool]:
    """Whether a transaction has a posting that fits. `each` looks at the postings of each transaction by its key.

    That suits a few transactions; without statistics of a young table the planner would gather all postings that fit.
    """
    fitting = select(Posting.line).where(
        Posting.book_id == book_id, Posting.transaction_id == Transaction.id, condition
    )
    return exists(fitting.offset(0) if each else fitting)


def is_uncategorised() -> ColumnElement[bool]:
    """Of a posting: it says that money came or went, and not what for."""
    return and_(Posting.category_id.is_(None), Posting.role == "flow")


def amount_between(low: Decimal | None, high: Decimal | None, *, strict: bool = False) -> ColumnElement[bool]:
    """The key serves the index, the amount itself decides."""
    parts: list[ColumnElement[bool]] = []
    if low is not None:
        key = (low * AMOUNT_SCALE).to_integral_value(ROUND_FLOOR) - 1
        parts += [Transaction.amount > low if strict else Transaction.amount >= low]
        parts += [Transaction.amount_key >= _bounded(key)]
    if high is not None:
        key = (high * AMOUNT_SCALE).to_integral_value(ROUND_CEILING) + 1
        parts += [Transaction.amount < high if strict else Transaction.amount <= high]
        parts += [Transaction.amount_key <= _bounded(key)]
    return and_(true(), *parts)


def _bounded(key: Decimal) -> int:
    return int(min(max(key, Decimal(-1)), Decimal(LARGEST_KEY)))
