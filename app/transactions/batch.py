"""Transactions on their way to the posting engine: checked one by one, written together.

A batch reads what its rules need once, however many transactions there are, and writes with one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from app.access.context import BookWriter, Event
from app.access.private import adopt_names
from app.access.watching import Warnings, settle
from app.core.errors import FieldError, InvalidError
from app.core.ids import new_id
from app.core.money import plain
from app.transactions import balances, posting, references, rules, shapes
from app.transactions.converting import InBase
from app.transactions.documents import Document, as_event, from_entry
from app.transactions.errors import ArchivedError, ReferenceNotFoundError, SealedError
from app.transactions.names import Names
from app.transactions.posting import Changes, Entry, PostingLine
from app.transactions.references import NOTHING_KNOWN, References
from app.transactions.schemas import AdjustmentIn, AnyIn, FlowIn

ENTITY = "transaction"


@dataclass(frozen=True)
class Adjusting:
    """An adjustment of which it is known what it posts: a change of it named no balance, or a statement says it."""

    body: AdjustmentIn
    amount: Decimal


Wanted = AnyIn | Adjusting


def body_of(wanted: Wanted) -> AnyIn:
    return wanted.body if isinstance(wanted, Adjusting) else wanted


@dataclass
class Batch:
    """What one call will write. `put` and `remove` check and stage, and raise without staging; `write` applies all."""

    book: BookWriter
    known: References
    held: dict[tuple[UUID, date], Decimal]
    names: Names
    entries: list[Entry] = field(default_factory=list)
    removed: list[UUID] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    moved: list[tuple[UUID, date, Decimal]] = field(default_factory=list)
    """What the staged changes move on which account on which day, for adjustments behind them."""
    warnings: Warnings = field(default_factory=list)
    """What was said of the whole once it was written."""

    def put(self, wanted: Wanted, before: Document | None = None) -> Document:
        """Stage a transaction as the input says, over the one that was there before.

        Raises `InvalidError` naming every wrong field, `ReferenceNotFoundError` for accounts, categories and purchases
        that are not of this book, `ArchivedError`, and what closed periods and sealed transactions refuse.
        """
        if before is None and isinstance(wanted, FlowIn):
            wanted = shapes.with_default_category(wanted, self.known)
        body = body_of(wanted)
        self._check(body, before)
        lines = self._lines(wanted, before)
        if before is not None:  # before the names: those of what is refused are not made
            _check_sealed(before, body, lines)
        entry, document = self._built(body, lines, before)
        self.entries.append(entry)
        after = as_event(document)
        if before is None:
            self.events.append(Event(ENTITY, entry.id, "created", after=after))
        else:
            self.events.append(Event(ENTITY, entry.id, "updated", before=as_event(before), after=after))
            self._moves_out(before)
        self.moved += [(line.account_id, entry.date, line.amount) for line in entry.lines]
        return document

    def remove(self, before: Document) -> None:
        """Stage a deletion; raises what closed periods and sealed transactions refuse."""
        self.check_removal(before)
        self.removed.append(before["id"])
        self.events.append(Event(ENTITY, before["id"], "deleted", before=as_event(before)))
        self._moves_out(before)

    def check_removal(self, before: Document) -> None:
        """Raise what closed periods and sealed transactions refuse."""
        posting.check_open(self.book, before["date"])
        _check_sealed(before, None, ())

    async def finish(self, documents: list[Document]) -> list[Document]:
        """Write, and put what that brings into the documents: the instant, and in the last one what watchers say."""
        at = await self.write()
        for document in documents:
            document["created_at"] = document["created_at"] or at
            document["updated_at"] = at
        if documents:
            documents[-1]["warnings"] = [*documents[-1]["warnings"], *self.warnings]
        return documents

    async def write(self) -> datetime:
        """Apply what was staged; returns the instant it carries, and leaves what watchers say in `warnings`."""
        self.names.record(self.book)
        for event in self.events:
            self.book.record(event)
        changes = Changes(self.entries, self.removed, self.names.new_payees, self.names.new_tags)
        at = await posting.apply(self.book, changes)
        self.warnings = await settle(self.book)
        return at

    def _moves_out(self, before: Document) -> None:
        self.moved += [(line["account_id"], before["date"], -line["amount"]) for line in before["postings"]]

    def _check(self, body: AnyIn, before: Document | None) -> None:
        """Raise for what is wrong; what the transaction had before, an archived account or its date, it may keep."""
        missing = shapes.missing_references(body, self.known)
        if missing:
            raise ReferenceNotFoundError(missing)
        wrong = rules.violations(body, self.known)
        today = self.book.actor.today()
        if body.date > today and (before is None or body.date != before["date"]):
            detail = f"{body.date} is in the future: today is {today} in {self.book.actor.time_zone}"
            wrong.append(FieldError("date", "date_in_future", detail))
        if before is not None and isinstance(body, FlowIn) and body.refund_of_id == before["id"]:
            wrong.append(FieldError("refund_of_id", "own_refund", "a transaction is no refund of itself"))
        if wrong:
            raise InvalidError(wrong)
        lines = before["postings"] if before is not None else []
        used = {line[name] for line in lines for name in ("account_id", "category_id")}
        archived = shapes.archived_references(body, self.known, used)
        if archived:
            raise ArchivedError(archived)
        days = [body.date] if before is None else [body.date, before["date"]]
        posting.check_open(self.book, min(days))

    def _built(self, body: AnyIn, lines: tuple[PostingLine, ...], before: Document | None) -> tuple[Entry, Document]:
        payee = self.names.payee(body.payee) if body.payee else None
        tags = [self.names.tag(tag) for tag in body.tags]
        entry = Entry(
            id=before["id"] if before else body.id or new_id(),
            type=body.type,
            date=body.date,
            account_id=lines[0].account_id,
            amount=abs(sum((p.amount for p in lines if _counts(body, p, lines[0])), Decimal(0))),
            lines=lines,
            payee_id=payee[0] if payee else None,
            description=body.description or None,
            notes=body.notes or None,
            status=body.status,
            external_id=body.external_id,
            original_amount=self._original_amount(body),
            original_currency=body.original_currency if isinstance(body, FlowIn) else None,
            import_id=before["import_id"] if before else None,
            refund_of_id=body.refund_of_id if isinstance(body, FlowIn) else None,
            reconciliation_id=before["reconciliation_id"] if before and body.status == "reconciled" else None,
            tag_ids=tuple(dict.fromkeys(tag_id for tag_id, _ in tags)),
            replaces=before is not None,
        )
        document = from_entry(
            entry,
            self.known.accounts,
            payee=payee[1] if payee else None,
            tags=list(dict.fromkeys(name for _, name in tags)),
            revision=self.book.revision,
        )
        if before is not None:
            document["created_at"] = before["created_at"]
        document["warnings"] = self._warnings(entry)
        return entry, document

    def _original_amount(self, body: AnyIn) -> Decimal | None:
        if not isinstance(body, FlowIn) or body.original_amount is None or body.original_currency is None:
            return None
        return shapes.exact_amount(body.original_amount, self.known.exponents[body.original_currency])

    def _lines(self, wanted: Wanted, before: Document | None) -> tuple[PostingLine, ...]:
        if isinstance(wanted, Adjusting):
            account = self.known.accounts[wanted.body.account_id]
            return (shapes.equity_line(account, wanted.amount, self._base(wanted.body.date)),)
        if isinstance(wanted, AdjustmentIn):
            return (self._adjusting_line(wanted, before),)
        return shapes.lines_of(wanted, self.known, self._base(wanted.date))

    def _adjusting_line(self, body: AdjustmentIn, before: Document | None) -> PostingLine:
        account = self.known.accounts[body.account_id]
        held = self.held[account.id, body.date]
        held += sum((a for i, day, a in self.moved if i == account.id and day <= body.date), Decimal(0))
        if before is not None and before["date"] <= body.date:
            held -= sum((p["amount"] for p in before["postings"] if p["account_id"] == account.id), Decimal(0))
        if held == body.balance:
            detail = f"the account holds {plain(shapes.exact_amount(held, account.exponent))} at the end of {body.date}"
            raise InvalidError(FieldError("balance", "nothing_to_adjust", detail))
        return shapes.equity_line(account, body.balance - held, self._base(body.date))

    def _base(self, day: date) -> InBase:
        return InBase(self.book.base_currency, self.book.base_exponent, self.known.rates, day)

    def _warnings(self, entry: Entry) -> list[dict[str, str]]:
        purchase = self.known.purchases.get(entry.refund_of_id) if entry.refund_of_id else None
        if purchase is None or self.known.accounts[entry.account_id].currency != purchase.currency:
            return []
        back = entry.amount + sum((a for i, a in purchase.refunded.items() if i != entry.id), Decimal(0))
        if back <= purchase.amount:
            return []
        detail = f"{plain(back)} {purchase.currency} came back of a purchase of {plain(purchase.amount)}"
        return [{"code": "refund_exceeds_purchase", "detail": detail}]


def _counts(body: AnyIn, line: PostingLine, first: PostingLine) -> bool:
    """Whether a line is part of the header's amount: a transfer's is what leaves without the fee."""
    if body.type == "transfer":
        return line is first
    return line.account_id == first.account_id


def _check_sealed(before: Document, body: AnyIn | None, lines: Sequence[PostingLine]) -> None:
    """The engine refuses this too; here it is known of which transaction of many."""
    if before["status"] != "reconciled":
        return
    if body is None or body.status != "reconciled" or body.date != before["date"]:
        raise SealedError(before["id"])
    moved: dict[UUID, Decimal] = {}
    for line in before["postings"]:
        moved[line["account_id"]] = moved.get(line["account_id"], Decimal(0)) - line["amount"]
    for line in lines:
        moved[line.account_id] = moved.get(line.account_id, Decimal(0)) + line.amount
    if any(moved.values()):
        raise SealedError(before["id"])


async def batch_for(book: BookWriter, wishes: Sequence[Wanted]) -> Batch:
    """A batch that knows what these inputs name, read in one statement (two with an adjustment among them)."""
    if not wishes:
        return Batch(book, NOTHING_KNOWN, {}, Names(NOTHING_KNOWN))
    bodies = [body_of(wanted) for wanted in wishes]
    flows = [body for body in bodies if isinstance(body, FlowIn)]
    payees, tags = {body.payee for body in bodies if body.payee}, {tag for body in bodies for tag in body.tags}
    await adopt_names(book, payees, tags)
    known = await references.load(
        book.connection,
        book.book_id,
        accounts={account for body in bodies for account in shapes.accounts_named(body)},
        categories={category for body in bodies for category in shapes.categories_named(body)},
        payees=payees,
        tags=tags,
        currencies={body.original_currency for body in flows if body.original_currency},
        purchases={body.refund_of_id for body in flows if body.refund_of_id},
        moved={(account, body.date) for body in bodies for account in shapes.accounts_named(body)},
        base_currency=book.base_currency,
    )
    days = {(wanted.account_id, wanted.date) for wanted in wishes if isinstance(wanted, AdjustmentIn)}
    held = await balances.at(book.connection, book.book_id, days) if days else {}
    return Batch(book, known, held, Names(known))
