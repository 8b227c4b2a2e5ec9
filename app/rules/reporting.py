"""Saying what rules did and did not do: the history, errors on the rules, notifications and warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.clock import now
from app.notifications.notices import Kind, Notice, notify_members
from app.rules import repository
from app.rules.applying import Outcome
from app.rules.matcher import Budget, Compiled, Matcher
from app.rules.service import changes_document

TOO_SLOW = "It took too long and was stopped. Make its patterns simpler."
BROKEN = {
    "category_archived": "The category of an action is archived.",
    "category_not_found": "The category of an action is gone.",
    "account_archived": "The account of an action is archived.",
    "account_not_found": "The account of an action is gone.",
}
"""Why an action is not done that a change of the rule mends."""

Document = dict[str, Any]


def application(rule: Compiled, transaction_id: UUID, changes: Document, accounts: Iterable[UUID]) -> Document:
    """A row of the history: which rule, on what, and the accounts that it tells of."""
    return {
        "rule_id": rule.id,
        "rule_name": rule.name,
        "transaction_id": transaction_id,
        "changes": changes_document(changes),
        "account_ids": sorted({*accounts, *rule.account_ids}),
    }


def accounts_of(outcome: Outcome) -> set[UUID]:
    """The accounts of a draft, before and after."""
    drafts = (outcome.before, outcome.after)
    return {i for draft in drafts for i in (draft.account_id, draft.to_account_id) if i is not None}


def errors_of(outcomes: Iterable[Outcome]) -> dict[UUID, tuple[Compiled, str]]:
    """What is broken about which rule."""
    found: dict[UUID, tuple[Compiled, str]] = {}
    for outcome in outcomes:
        for rule, _, code in outcome.skipped:
            if rule.id is not None and code in BROKEN:
                found[rule.id] = (rule, code)
    return found


def counts_of(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many actions were not done, by the code of why."""
    return dict(Counter(code for outcome in outcomes for _, _, code in outcome.skipped))


def cut_off(matcher: Matcher, budget: Budget) -> list[Compiled]:
    return [matcher.rules[place] for place in sorted(budget.cut_off)]


async def report(
    book: BookReader, errors: dict[UUID, tuple[Compiled, str]], slow: Sequence[Compiled]
) -> list[Document]:
    """Note errors on the rules, tell of those that were too slow, and return warnings of both."""
    notes = {rule_id: BROKEN[code] for rule_id, (_, code) in errors.items()}
    notes |= {rule.id: TOO_SLOW for rule in slow if rule.id is not None}
    if notes:
        await repository.note_errors(book.connection, book.book_id, notes, now())
    for rule in slow:
        await notify_members(
            book.connection,
            Notice(
                kind=Kind.RULE_CUT_OFF,
                key=f"rule_cut_off:{rule.id}:{rule.revision}",
                title=f"The rule '{rule.name}' was stopped",
                body=TOO_SLOW,
                data={"rule_id": rule.id},
                accounts=rule.account_ids,
            ),
        )
    return warnings(errors, slow)


def warnings(errors: dict[UUID, tuple[Compiled, str]], slow: Sequence[Compiled]) -> list[Document]:
    """For an answer's `warnings`."""
    found = [
        {
            "code": "rule_action_skipped",
            "detail": f"An action of the rule '{rule.name}' was not done: {BROKEN[code]}",
            "rule_id": rule_id,
            "reason": code,
        }
        for rule_id, (rule, code) in errors.items()
    ]
    return found + [
        {"code": "rule_cut_off", "detail": f"The rule '{rule.name}' took too long and was stopped.", "rule_id": rule.id}
        for rule in slow
    ]
