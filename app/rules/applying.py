"""What rules do to drafts: their actions in order, each checked against what it names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from app.core.money import quantum
from app.core.text import folded
from app.rules import actions as act
from app.rules.drafts import Draft, differences
from app.rules.matcher import Budget, Compiled, Matcher
from app.transactions.references import AccountRef, CategoryRef
from app.transactions.schemas import MAX_TAGS

MAX_NOTES = 10_000
FLOWS = {"expense", "income"}


@dataclass(frozen=True)
class Named:
    """The accounts and categories that actions name, as they are now."""

    accounts: Mapping[UUID, AccountRef]
    categories: Mapping[UUID, CategoryRef]
    viewers: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    """Who sees each private account."""

    def may_ask(self, rule: Compiled, draft: Draft) -> bool:
        """Whether who wrote the rule sees all accounts of the draft: what it does would tell them of the others."""
        if not self.viewers:
            return True
        seen_by = (self.viewers.get(one) for one in (draft.account_id, draft.to_account_id, *draft.others) if one)
        return all(rule.written_by in members for members in seen_by if members is not None)


@dataclass
class Outcome:
    """What rules made of a draft."""

    before: Draft
    after: Draft
    applied: list[tuple[Compiled, dict[str, Any]]] = field(default_factory=list)
    """Which rule changed which fields, each with its value before and after."""
    skipped: list[tuple[Compiled, str, str]] = field(default_factory=list)
    """Which rule did not do which action, and the code of why."""
    matched: bool = False


def apply(matcher: Matcher, drafts: Sequence[Draft], named: Named, budget: Budget) -> list[Outcome]:
    """Ask the rules in order about each draft; a rule sees what those before it did. The drafts stay as they are."""
    return [_one(matcher, draft, named, budget) for draft in drafts]


def _one(matcher: Matcher, before: Draft, named: Named, budget: Budget) -> Outcome:
    outcome = Outcome(before, before)
    start = 0
    while start < len(matcher.rules):
        changed = False
        for place in matcher.holding(outcome.after, budget, start):
            rule = matcher.rules[place]
            if not named.may_ask(rule, outcome.after):
                continue
            outcome.matched = True
            start = place + 1
            old = outcome.after
            outcome.after = old.copy()
            stops = _act(rule, outcome, named)
            changes = differences(old, outcome.after)
            if changes:
                outcome.applied.append((rule, changes))
            if stops:
                return outcome
            if not matcher.asked.isdisjoint(changes):
                changed = True  # what holds is to be found anew
                break
        if not changed:
            break
    return outcome


def _act(rule: Compiled, outcome: Outcome, named: Named) -> bool:
    """Do the rule's actions; returns whether it stops those behind it."""
    for action in rule.actions:
        if isinstance(action, act.Stop):
            return True
        reason = _DOING[type(action)](action, outcome.after, named)
        if reason is not None:
            outcome.skipped.append((rule, action.type, reason))
    return False


def _category(action: act.SetCategory, draft: Draft, named: Named) -> str | None:
    if draft.type not in FLOWS:
        return "no_category"
    if draft.category_id == action.category_id and not draft.splits:
        return None
    if "category_id" in draft.kept and not action.overwrite:
        return "kept"
    reason = _unfit(action.category_id, draft, named)
    if reason is None:
        draft.category_id, draft.splits = action.category_id, ()
    return reason


def _unfit(category_id: UUID | None, draft: Draft, named: Named) -> str | None:
    if category_id is None:
        return None
    category = named.categories.get(category_id)
    if category is None:
        return "category_not_found"
    if category.archived:
        return "category_archived"
    return "category_kind_mismatch" if draft.type == "expense" and category.kind == "income" else None


def _text(name: str) -> Callable[[Any, Draft, Named], str | None]:
    def set_text(action: Any, draft: Draft, _: Named) -> str | None:
        value = getattr(action, name)
        if getattr(draft, name) == value:
            return None
        if name in draft.kept and not action.overwrite:
            return "kept"
        setattr(draft, name, value)
        return None

    return set_text


def _append(action: act.AppendNotes, draft: Draft, _: Named) -> str | None:
    if draft.notes and action.notes in draft.notes:
        return None
    notes = f"{draft.notes}\n{action.notes}" if draft.notes else action.notes
    if len(notes) > MAX_NOTES:
        return "notes_too_long"
    draft.notes = notes
    return None


def _add_tags(action: act.AddTags, draft: Draft, _: Named) -> str | None:
    has = {tag.lower() for tag in draft.tags}
    new = [tag for tag in dict.fromkeys(action.tags) if tag.lower() not in has]
    if len(draft.tags) + len(new) > MAX_TAGS:
        return "too_many_tags"
    draft.tags = (*draft.tags, *new)
    return None


def _remove_tags(action: act.RemoveTags, draft: Draft, _: Named) -> str | None:
    gone = {folded(tag) for tag in action.tags}
    draft.tags = tuple(tag for tag in draft.tags if folded(tag) not in gone)
    return None


def _transfer(action: act.MakeTransfer, draft: Draft, named: Named) -> str | None:
    if draft.type not in FLOWS or draft.fixed or draft.splits:
        return "no_transfer"
    other, own = named.accounts.get(action.account_id), named.accounts.get(draft.account_id)
    if other is None or own is None:
        return "account_not_found"
    if other.archived:
        return "account_archived"
    if other.id == own.id:
        return "same_account"
    if other.currency != own.currency:
        return "currency_mismatch"
    if draft.type == "income":
        # The bank's id is one of its own account; the transfer's is that of the account it comes from.
        if draft.external_id is not None:
            return "has_external_id"
        draft.account_id, draft.to_account_id = other.id, own.id
    else:
        draft.to_account_id = other.id
    draft.type, draft.category_id = "transfer", None
    return None


def _split(action: act.Split, draft: Draft, named: Named) -> str | None:
    if draft.type not in FLOWS:
        return "no_category"
    if "category_id" in draft.kept and not action.overwrite:
        return "kept"
    for share in action.shares:
        reason = _unfit(share.category_id, draft, named)
        if reason is not None:
            return reason
    account = named.accounts.get(draft.account_id)
    if account is None:
        return "account_not_found"
    parts = shared(draft.amount, [share.percent for share in action.shares], account.exponent)
    if parts is None:
        return "amount_too_small"
    draft.splits = tuple(
        (amount, share.category_id, share.memo or None) for amount, share in zip(parts, action.shares, strict=True)
    )
    draft.category_id = None
    return None


def shared(amount: Decimal, percents: Sequence[Decimal], exponent: int) -> list[Decimal] | None:
    """The amount by percentages that sum to 100: each rounded down to the currency's decimals, the rest to the last.

    None where a part would be 0.
    """
    parts = [(amount * percent / 100).quantize(quantum(exponent), ROUND_DOWN) for percent in percents[:-1]]
    parts.append((amount - sum(parts, Decimal(0))).quantize(quantum(exponent)))
    return parts if all(parts) else None


_DOING: dict[type, Callable[[Any, Draft, Named], str | None]] = {
    act.SetCategory: _category,
    act.SetPayee: _text("payee"),
    act.SetDescription: _text("description"),
    act.SetNotes: _text("notes"),
    act.AppendNotes: _append,
    act.AddTags: _add_tags,
    act.RemoveTags: _remove_tags,
    act.MakeTransfer: _transfer,
    act.Split: _split,
}
