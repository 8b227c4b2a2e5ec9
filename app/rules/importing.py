"""Rules on the rows of a bank's file, where the file is read: with nothing but its arguments, off the event loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.access.context import BookReader
from app.core.documents import dump
from app.core.money import plain
from app.rules import repository
from app.rules.applying import Named, Outcome, apply
from app.rules.drafts import Draft
from app.rules.loading import matcher_for
from app.rules.matcher import Budget, Matcher
from app.rules.reporting import accounts_of, application, errors_of, report
from app.transactions import references

IMPORT_SECONDS = 5.0
"""How long the large patterns of one rule may take in one file."""

_CATEGORY = frozenset({"category_id"})
Document = dict[str, Any]
Values = tuple[str | None, ...]
"""A row as it is staged: error_column, reason, account_id, date, amount, payee, description, notes, external_id,
category_id."""


@dataclass(frozen=True)
class ImportRules:
    """The rules of a book that are asked about files, and what their actions name."""

    matcher: Matcher
    named: Named


@dataclass
class Report:
    """What became of the rules in one file: places of those that were cut off, and codes of what is broken."""

    slow: list[int] = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    changed: int = 0


async def rules_for_import(book: BookReader) -> ImportRules | None:
    """None where no rule is asked about files."""
    matcher = await matcher_for(book, "import")
    if not matcher.rules:
        return None
    known = await references.load(book.connection, book.book_id, accounts=(), categories=matcher.category_ids)
    accounts = await references.every_account(book.connection, book.book_id)
    viewers = await repository.viewers(book.connection, book.book_id)
    return ImportRules(matcher, Named(accounts, known.categories, viewers))


class Rewriter:
    """Rewrites the rows of one file, some at a time."""

    def __init__(self, rules: ImportRules, source: str) -> None:
        self._rules = rules
        self._source = source
        self._budget = Budget(IMPORT_SECONDS)
        self._places = {rule.id: place for place, rule in enumerate(rules.matcher.rules)}
        self._accounts: dict[str | None, UUID] = {}
        self._days: dict[str | None, date] = {}
        self.report = Report()

    def rewrite(self, rows: Sequence[Values], ids: Sequence[UUID]) -> list[tuple[Values, str | None]]:
        """Each row as the rules make it, and what its document says of that; errors stay as they are."""
        right = [place for place, values in enumerate(rows) if values[1] is None]
        drafts = [self._draft(rows[place]) for place in right]
        outcomes = apply(self._rules.matcher, drafts, self._rules.named, self._budget)
        found: list[tuple[Values, str | None]] = [(values, None) for values in rows]
        for place, outcome in zip(right, outcomes, strict=True):
            if outcome.applied:
                self.report.changed += 1
                found[place] = _rewritten(rows[place], ids[place], outcome)
        for rule_id, (_, code) in errors_of(outcomes).items():
            self.report.broken[self._places[rule_id]] = code
        self.report.slow = sorted(self._budget.cut_off)
        return found

    def _draft(self, values: Values) -> Draft:
        _, _, account, day, amount, payee, description, notes, external_id, category = values
        if account not in self._accounts:  # a file has few, and reading them takes time
            self._accounts[account] = UUID(account)
        if day not in self._days:
            self._days[day] = date.fromisoformat(day or "")
        signed = Decimal(amount or 0)
        return Draft(
            type="expense" if signed < 0 else "income",
            date=self._days[day],
            amount=abs(signed),
            account_id=self._accounts[account],
            payee=payee,
            description=description,
            notes=notes,
            category_id=UUID(category) if category else None,
            external_id=external_id,
            source=self._source,
            kept=_CATEGORY if category else (),
        )


def _rewritten(values: Values, transaction_id: UUID, outcome: Outcome) -> tuple[Values, str]:
    """The row with its new texts and category; parts, a transfer and tags are in the document."""
    after = outcome.after
    accounts = accounts_of(outcome)
    document: Document = {
        "rules": [application(rule, transaction_id, changes, accounts) for rule, changes in outcome.applied]
    }
    if after.tags:
        document["tags"] = list(after.tags)
    postings = _postings(after)
    if postings:
        document |= {"type": after.type, "amount": plain(after.amount), "status": "cleared", "postings": postings}
    category = str(after.category_id) if after.category_id else None
    return (*values[:5], after.payee, after.description, after.notes, values[8], category), dump(document)


def _postings(draft: Draft) -> list[Document]:
    """The lines of a transfer or of parts; none where one line with the row's category does."""
    if draft.type == "transfer":
        sides = ((draft.account_id, -draft.amount), (draft.to_account_id, draft.amount))
        return [{"account_id": i, "role": "transfer", "amount": plain(amount)} for i, amount in sides]
    sign = -1 if draft.type == "expense" else 1
    return [
        {
            "account_id": draft.account_id,
            "category_id": category,
            "role": "flow",
            "amount": plain(sign * amount),
            "memo": memo,
        }
        for amount, category, memo in draft.splits
    ]


async def report_import(book: BookReader, rules: ImportRules | None, found: Report | None) -> list[Document]:
    """Note what became of the rules; returns warnings for the preview."""
    if rules is None or found is None:
        return []
    errors = {
        rule.id: (rule, code)
        for rule, code in ((rules.matcher.rules[place], code) for place, code in found.broken.items())
        if rule.id is not None
    }
    return await report(book, errors, [rules.matcher.rules[place] for place in found.slow])
