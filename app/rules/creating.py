"""Rules on what people create: asked before it is written, told of once it is."""

from collections.abc import Sequence
from typing import Any

from anyio import to_thread

from app.access.context import BookWriter, Days
from app.access.watching import watches
from app.core.ids import new_id
from app.rules import repository
from app.rules.applying import Named, Outcome, apply
from app.rules.drafts import of_wanted, to_input
from app.rules.loading import matcher_for
from app.rules.matcher import Budget, Matcher
from app.rules.reporting import accounts_of, application, cut_off, errors_of, report
from app.transactions import references
from app.transactions.batch import Adjusting, Wanted, body_of
from app.transactions.preparing import prepares
from app.transactions.repository import present

FEATURE = "rules"
FEW = 50
"""Up to so many drafts are asked about where they are; more of them in a thread."""

Document = dict[str, Any]


@prepares(FEATURE)
async def prepare(book: BookWriter, wishes: Sequence[Wanted]) -> Sequence[Wanted]:
    """What the rules make of what a person creates: what was sent wins unless a rule overwrites it.

    Each wish that a rule changes is given its id here, so that the history can name it.
    """
    matcher = await matcher_for(book, "create")
    drafts = [of_wanted(wanted) for wanted in wishes]
    if not any(_may_hold(matcher, drafts)):
        return wishes
    known = await references.load(
        book.connection,
        book.book_id,
        accounts=matcher.account_ids | {draft.account_id for draft in drafts},
        categories=matcher.category_ids,
    )
    viewers = await repository.viewers(book.connection, book.book_id)
    named, budget = Named(known.accounts, known.categories, viewers), Budget()
    if len(drafts) <= FEW:
        outcomes = apply(matcher, drafts, named, budget)
    else:
        outcomes = await to_thread.run_sync(apply, matcher, drafts, named, budget)
    applied: list[Document] = []
    prepared = [_prepared(wanted, outcome, applied) for wanted, outcome in zip(wishes, outcomes, strict=True)]
    book.aside[FEATURE] = {
        "applied": applied,
        "errors": errors_of(outcomes),
        "slow": cut_off(matcher, budget),
    }
    return prepared


def _may_hold(matcher: Matcher, drafts: Sequence[Any]) -> list[bool]:
    """Most of what is entered no rule asks about: then nothing is read for their actions."""
    return [bool(matcher.rules)] if len(drafts) > FEW else [matcher.may_hold(draft) for draft in drafts]


def _prepared(wanted: Wanted, outcome: Outcome, applied: list[Document]) -> Wanted:
    if not outcome.applied:
        return wanted
    body = to_input(body_of(wanted), outcome.before, outcome.after)
    if body.id is None:
        body = body.model_copy(update={"id": new_id()})
    accounts = accounts_of(outcome)
    applied += [application(rule, body.id, changes, accounts) for rule, changes in outcome.applied]
    return Adjusting(body, wanted.amount) if isinstance(wanted, Adjusting) else body


@watches(FEATURE)
async def tell(book: BookWriter, _: Days) -> list[Document]:
    """Once it is written, keep which rule did what and report what was not done."""
    aside = book.aside.pop(FEATURE, None)
    if aside is None:
        return []
    applied = aside["applied"]
    if applied:
        # Of operations that each stand for themselves, some may have been refused.
        there = await present(book.connection, book.book_id, [row["transaction_id"] for row in applied])
        rows = [row for row in applied if row["transaction_id"] in there]
        await repository.note_applied(book.connection, book.book_id, book.revision, "create", rows)
    return await report(book, aside["errors"], aside["slow"])
