"""Learned categories on what comes without one, where the book says so."""

from collections.abc import Sequence
from typing import Any

from app.access.context import BookReader, BookWriter, Days
from app.access.watching import watches
from app.core.money import plain
from app.suggestions import service
from app.suggestions.learning import Example, Guess
from app.transactions import references
from app.transactions.batch import Wanted
from app.transactions.preparing import prepares
from app.transactions.schemas import FlowIn

FEATURE = "suggestions"


async def sure(book: BookReader, examples: Sequence[Example]) -> list[Guess | None]:
    """The likeliest category of each example where the book takes it unasked."""
    chosen = await service.settings(book)
    if not chosen["auto_categorise"]:
        return [None] * len(examples)
    least = chosen["minimum_confidence"]
    return [
        found[0] if found and found[0].confidence >= least else None for found in await service.guesses(book, examples)
    ]


@prepares(FEATURE, last=True)
async def prepare(book: BookWriter, wishes: Sequence[Wanted]) -> Sequence[Wanted]:
    """Fill in the category where neither a person, nor a rule, nor the payee's default says one."""
    open_ones = [
        (place, wanted)
        for place, wanted in enumerate(wishes)
        if isinstance(wanted, FlowIn)
        and "category_id" not in wanted.model_fields_set
        and not wanted.splits
        and wanted.refund_of_id is None
    ]
    payees = {wanted.payee for _, wanted in open_ones if wanted.payee}
    known = await references.load(book.connection, book.book_id, accounts=(), payees=payees)
    open_ones = [pair for pair in open_ones if not _has_default(pair[1], known)]
    found = await sure(book, [_example(wanted) for _, wanted in open_ones])
    prepared = list(wishes)
    told: list[dict[str, Any]] = []
    for (place, wanted), guess in zip(open_ones, found, strict=True):
        if guess is not None:
            prepared[place] = wanted.model_copy(update={"category_id": guess.category_id})
            detail = f"The category was learned from earlier transactions, {plain(guess.confidence)} % sure."
            told.append({"code": "category_learned", "detail": detail})
    book.aside[FEATURE] = told[:1]
    return prepared


def _example(wanted: FlowIn) -> Example:
    return Example(wanted.type, wanted.payee, wanted.description, wanted.amount, wanted.account_id)


def _has_default(wanted: FlowIn, known: references.References) -> bool:
    payee = known.payees.get(known.name_keys[wanted.payee]) if wanted.payee else None
    default = known.defaults.get(payee[0]) if payee is not None else None
    return default is not None and not default.archived and default.kind == wanted.type


@watches(FEATURE)
async def tell(book: BookWriter, _: Days) -> list[dict[str, Any]]:
    """Say that a category was learned and not given."""
    told: list[dict[str, Any]] = book.aside.pop(FEATURE, [])
    return told
