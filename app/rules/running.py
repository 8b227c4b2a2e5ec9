"""Rules over the past: what they would change, or the change itself as one revision.

Transactions are walked in batches, each with the same number of statements; memory holds one of them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from anyio import to_thread
from sqlalchemy import select

from app.access.context import BookReader, BookWriter
from app.core.errors import DomainError
from app.rules import repository
from app.rules.applying import Named, Outcome, apply
from app.rules.drafts import CREATED, changed, of_document
from app.rules.errors import RuleNotFoundError
from app.rules.loading import built
from app.rules.matcher import Budget, Compiled, Matcher
from app.rules.reporting import accounts_of, application, counts_of, cut_off, errors_of, report
from app.rules.schemas import SAMPLE, RunIn
from app.rules.service import applied_document, shown
from app.transactions import listing, references, service
from app.transactions import repository as transactions
from app.transactions.batch import Wanted, batch_for
from app.transactions.documents import Document
from app.transactions.filters import EVERYTHING, TransactionFilter
from app.transactions.merging import merged
from app.transactions.models import Transaction
from app.transactions.schemas import SplitPatch, TransactionPatch

BATCH = 1_000
REASONS = ("locked", "sealed", "private", "refused")
RUN_SECONDS = 5.0
"""How long the large patterns of one rule may take in a run."""

Take = Callable[[], Awaitable[BookWriter]]


async def run(book: BookReader, take: Take, body: RunIn) -> Document:
    """Ask the rules about what the filter finds. Sealed, closed and partly private transactions stay, and are counted.

    Raises `RuleNotFoundError`, and what the filter's search raises. Only a real run takes the book.
    """
    writer = None if body.dry_run else await take()
    step = _Run(writer or book, writer)
    await step.read(body.rule_ids)
    wanted = body.filter.wanted() if body.filter is not None else EVERYTHING
    wanted = await listing.prepared(book, wanted, field="filter.q")
    if step.matcher.rules:
        async for documents in step.batches(wanted):
            await step.take_in(documents)
    if writer is not None:
        await report(writer, step.errors, cut_off(step.matcher, step.budget))
    return step.answer()


@dataclass
class _Run:
    """One run: what it needs to know, and what it has counted so far."""

    book: BookReader
    writer: BookWriter | None
    matcher: Matcher = field(default_factory=lambda: Matcher([]))
    named: Named = field(default_factory=lambda: Named({}, {}))
    sources: Mapping[UUID, str] = field(default_factory=dict)
    locked_until: date | None = None
    budget: Budget = field(default_factory=lambda: Budget(RUN_SECONDS))
    examined: int = 0
    matched: int = 0
    changed: int = 0
    skipped: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("locked", "sealed", "private", "refused"), 0)
    )
    actions_skipped: dict[str, int] = field(default_factory=dict)
    errors: dict[UUID, tuple[Compiled, str]] = field(default_factory=dict)
    sample: list[Document] = field(default_factory=list)

    async def read(self, rule_ids: Sequence[UUID] | None) -> None:
        connection, book_id = self.book.connection, self.book.book_id
        rows = await repository.every(connection, book_id)
        if rule_ids is None:
            rows = [row for row in rows if row.enabled]
        else:
            unknown = [rule_id for rule_id in rule_ids if rule_id not in {row.id for row in rows}]
            if unknown:
                raise RuleNotFoundError(unknown[0])
            rows = [row for row in rows if row.id in set(rule_ids)]
        self.matcher = await built(rows)
        known = await references.load(connection, book_id, accounts=(), categories=self.matcher.category_ids)
        viewers = await repository.viewers(connection, book_id)
        self.named = Named(await references.every_account(connection, book_id), known.categories, viewers)
        self.sources = await repository.formats(connection, book_id)
        self.locked_until = await repository.locked_until(connection, book_id)

    async def batches(self, wanted: TransactionFilter) -> AsyncIterator[list[Document]]:
        """What the filter finds, by id: a change moves nothing from one batch to another."""
        last: UUID | None = None
        # Conditions that a change may end are asked of each batch before it is changed, and of no row twice.
        while True:
            found = select(Transaction.id).where(
                *wanted.conditions(self.book.book_id), Transaction.type.not_in(("opening_balance", "trade"))
            )
            if last is not None:
                found = found.where(Transaction.id > last)
            ids = list((await self.book.connection.execute(found.order_by(Transaction.id).limit(BATCH))).scalars())
            if ids:
                documents = await service.get_many(self.book, ids)
                yield [documents[row_id] for row_id in ids if row_id in documents]
            if len(ids) < BATCH:
                return
            last = ids[-1]

    async def take_in(self, documents: Sequence[Document]) -> None:
        drafts = [of_document(document, self._source(document)) for document in documents]
        outcomes = await to_thread.run_sync(apply, self.matcher, drafts, self.named, self.budget)
        self.examined += len(documents)
        self.matched += sum(outcome.matched for outcome in outcomes)
        self.errors |= errors_of(outcomes)
        for code, count in counts_of(outcomes).items():
            self.actions_skipped[code] = self.actions_skipped.get(code, 0) + count
        pairs = [
            (document, outcome)
            for document, outcome in zip(documents, outcomes, strict=True)
            if outcome.applied and self._may_change(document)
        ]
        pairs = await self._without_purchases(pairs)
        if self.writer is not None and pairs:
            pairs = await self._write(self.writer, pairs)
        self.changed += len(pairs)
        self.sample += [_sampled(document, outcome) for document, outcome in pairs[: SAMPLE - len(self.sample)]]

    def _source(self, document: Document) -> str:
        return self.sources.get(document["import_id"], "csv") if document["import_id"] else CREATED

    def _may_change(self, document: Document) -> bool:
        if document["other_side_private"]:
            reason = "private"
        elif document["status"] == "reconciled":
            reason = "sealed"
        elif self.locked_until is not None and document["date"] <= self.locked_until:
            reason = "locked"
        else:
            return True
        self.skipped[reason] += 1
        return False

    async def _without_purchases(self, pairs: list[tuple[Document, Outcome]]) -> list[tuple[Document, Outcome]]:
        """Without purchases that have refunds and would be none any more."""
        turned = [document["id"] for document, outcome in pairs if outcome.after.type != outcome.before.type]
        if not turned:
            return pairs
        refunded = await transactions.refunds_of(self.book.connection, self.book.book_id, turned)
        self.skipped["refused"] += len(refunded)
        return [pair for pair in pairs if pair[0]["id"] not in refunded]

    async def _write(
        self, book: BookWriter, pairs: Sequence[tuple[Document, Outcome]]
    ) -> list[tuple[Document, Outcome]]:
        """Write what the ledger takes; returns that."""
        wishes: list[tuple[Document, Outcome, Wanted]] = []
        for document, outcome in pairs:
            try:
                wishes.append((document, outcome, merged(document, _patch(document, outcome))))
            except DomainError:
                self.skipped["refused"] += 1
        batch = await batch_for(book, [wanted for _, _, wanted in wishes])
        written: list[tuple[Document, Outcome]] = []
        applied: list[Document] = []
        for document, outcome, wanted in wishes:
            try:
                service.stage_change(batch, document, wanted)
            except DomainError:
                self.skipped["refused"] += 1
                continue
            written.append((document, outcome))
            accounts = {line["account_id"] for line in document["postings"]} | accounts_of(outcome)
            applied += [application(rule, document["id"], changes, accounts) for rule, changes in outcome.applied]
        if written:
            await batch.write()
            await repository.note_applied(book.connection, book.book_id, book.revision, "run", applied)
        return written

    def answer(self) -> Document:
        return {
            "examined": self.examined,
            "matched": self.matched,
            "changed": self.changed,
            "skipped": self.skipped,
            "actions_skipped": self.actions_skipped,
            "cut_off": [{"rule_id": rule.id, "name": rule.name} for rule in cut_off(self.matcher, self.budget)],
            "sample": self.sample,
            "dry_run": self.writer is None,
            "revision": self.book.revision,
        }


def _sampled(document: Document, outcome: Outcome) -> Document:
    return {
        "transaction": document,
        "before": shown(outcome.before),
        "after": shown(outcome.after),
        "applied": [applied_document(rule, changes) for rule, changes in outcome.applied],
    }


def _patch(document: Document, outcome: Outcome) -> TransactionPatch:
    """The change as a person would send it."""
    after = outcome.after
    fields = changed(outcome.before, after)
    patch: dict[str, Any] = {name: getattr(after, name) for name in fields & {"payee", "description", "notes"}}
    if "tags" in fields:
        patch["tags"] = list(after.tags)
    if "type" in fields:
        patch |= {"type": after.type, "account_id": after.account_id, "to_account_id": after.to_account_id}
    elif "splits" in fields and after.splits:
        gone = [SplitPatch(line=part["line"], remove=True) for part in document["splits"]]
        patch["splits"] = gone + [SplitPatch(amount=a, category_id=c, memo=m) for a, c, m in after.splits]
    elif fields & {"splits", "category_id"}:
        patch["category_id"] = after.category_id
        if "splits" in fields:
            patch["splits"] = None
    return TransactionPatch(**patch)
