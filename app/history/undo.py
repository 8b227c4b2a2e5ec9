"""Undo: the state before a revision, brought back as a new revision.

A revision can be undone when everything it touched is still as it left it, whatever else has happened since; later
changes that were themselves undone do not count. The undo logs the revision's events turned round, so that it can be
undone in the same way.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.exc import IntegrityError

from app.access.context import BookWriter, Event
from app.access.opening import run_telling
from app.access.private import check_revision_is_whole
from app.core.database import AnyRow, constraint_name, domain_error_of, without_nested_loops
from app.history import blocking, imports_sql, rules_sql, told
from app.history import undo_sql as sql
from app.history.entities import ENTITIES, deleting, differing, inserting, updating
from app.history.errors import LaterChangesError, NotUndoableError, RevisionNotFoundError
from app.history.undoable import MOVED_ROWS, SMALL_KIND, WHOLE, check_possible
from app.imports.posting import GONE
from app.portfolio.remaking import remake
from app.schedules.repository import WAKE
from app.transactions import posting
from app.transactions.images import head_of, line_of, tagged_of
from app.transactions.posting_sql import NO_LOG

Document = dict[str, Any]

# Nothing stands on these, they stand on transactions: they go first and come last.
ON_TRANSACTIONS = (
    *("attachment", "merged_transaction", "transfer_rejection", "payee_alias"),
    *("saved_report", "goal_source", "bill_rejection", "subscription_dismissal"),
    *("rule", "suggestion_settings"),
    "trade",
)
# In this order they come, in the other one they go.
BELOW_TRANSACTIONS = (
    *("account", "category", "payee", "tag", "reconciliation", "book_rate"),
    *("schedule", "schedule_occurrence"),
    *("budget_group", "budget", "budget_amount", "budget_assignment"),
    *("asset", "asset_price", "cost_method", "allocation_target"),
    *("goal", "loan"),
)
PLANNED = {"category", "tag", "budget", "budget_amount", "budget_assignment", "goal", "goal_source"}
"""What plans count by, without a transaction that changed."""
WATCHING = {"budget": "budgets", "goal": "goals"}
"""The features to which an undo may bring what the book had nothing of."""
ONLY_CHANGED = ("import", "book")
MANY = 500
"""Events of a revision beyond which its statements are those of a large one."""


async def undo(book: BookWriter, revision: int) -> Document:
    """Bring back what was before a revision.

    Raises `RevisionNotFoundError`, `NotUndoableError` for what the log cannot bring back, `LaterChangesError` where
    later changes depend on it, and what closed periods refuse. Only an owner may undo a change of the book itself.
    """
    summary = (await book.connection.execute(sql.SUMMARY, {"book": book.book_id, "undone": revision})).all()
    if not summary:
        raise RevisionNotFoundError(revision)
    await check_revision_is_whole(book, revision)
    step = _Step(book, revision, summary)
    check_possible(book, summary)
    if step.entities & rules_sql.IN_BASE and await book.connection.scalar(rules_sql.RECOUNTED_SINCE, step.names):
        detail = "Its amounts are in the base currency that the book had then."
        raise NotUndoableError(detail, entity="book", action="base_currency_changed")
    await step.check_visibility()
    try:
        await step.run()
    except LaterChangesError as error:
        raise await blocking.explained(book.connection, step.names, error) from error
    book.record(Event("book", book.book_id, "undone", after={"revision": revision}))
    await step.log()
    changes = [{"entity": row.entity, "action": row.action, "count": row.events} for row in summary]
    return {"revision": book.revision, "undone": revision, "changes": changes}


async def committing_revision(book: BookWriter, import_id: UUID) -> int | None:
    """The revision that committed an import, if one did."""
    names = {"book": book.book_id, "import": import_id}
    found: int | None = await book.connection.scalar(imports_sql.COMMITTING, names)
    return found


class _Step:
    """The undo of one revision."""

    def __init__(self, book: BookWriter, revision: int, summary: Sequence[AnyRow]) -> None:
        self.book = book
        self.summary = summary
        self.found = {(row.entity, row.action) for row in summary}
        self.entities = {row.entity for row in summary}
        self.revision = revision
        self.names = {"book": book.book_id, "undone": revision}
        self.writing = {**self.names, "revision": book.revision}
        self.small = sorted({SMALL_KIND[a] for e, a in self.found if e == "transaction" and a in SMALL_KIND})
        self.whole = any(entity == "transaction" and action in WHOLE for entity, action in self.found)
        self.loads = ("import", "committed") in self.found
        self.by_product = self.whole or self.loads
        self.base_currency = book.base_currency
        self.import_id: UUID | None = None
        self.spared: list[UUID] = []

    async def check_visibility(self) -> None:
        """Who sees an account is decided, not undone: what was shown cannot be unseen, and was hidden for a reason."""
        if ("account", "updated") in self.found and await self.book.connection.scalar(sql.VISIBILITY, self.names):
            detail = "It changed who sees an account: change that with PATCH /accounts/{account_id}."
            raise NotUndoableError(detail, entity="account", action="updated")

    async def run(self) -> None:
        """Check, take back, and check what came of it."""
        async with AsyncExitStack() as stack:
            if sum(row.events for row in self.summary) > MANY:
                await stack.enter_async_context(without_nested_loops(self.book.connection))
            await self.check_unchanged()
            try:
                async with self.book.connection.begin_nested():
                    await self.take_back()
            except IntegrityError as error:
                raise await self.refusal(error) from error
        await self.check_rules()
        if self.entities & {"trade", "cost_method"}:
            await remake(self.book)
        if self.entities & PLANNED:
            self.book.touch_today()
            self.book.uses.update(WATCHING[entity] for entity in self.entities & WATCHING.keys())

    async def check_unchanged(self) -> None:
        """Refuse when anything is not as the revision left it."""
        offenders: list[Document] = []
        for entity in sorted(self.entities & ENTITIES.keys()):
            lenient = (self.by_product and entity in {"payee", "tag"}) or (self.loads and entity == "asset")
            statement = text(differing(ENTITIES[entity])).bindparams(*_TYPED, bindparam("lenient", type_=Boolean))
            offenders += await self._ids(statement, entity, {"entity": entity, "lenient": lenient})
        if ("account", "created") in self.found:
            offenders += await self._ids(imports_sql.IMPORTS_ON_ACCOUNTS, "import", {})
        if MOVED_ROWS in self.entities:
            offenders += await self._ids(imports_sql.ROWS_DIFFER, "import", {})
        if self.whole:
            offenders += await self._ids(sql.WHOLE_DIFFERS, "transaction", {})
        for kind in self.small:
            offenders += await self._ids(sql.small_differs(kind), "transaction", {})
        if self.loads and not offenders:
            offenders += await self._check_load()
        if offenders:
            raise LaterChangesError(offenders, f"What revision {self.revision} changed was changed since.")

    async def _check_load(self) -> list[Document]:
        statement = text(
            "SELECT entity_id FROM events "
            "WHERE book_id = :book AND revision = :undone AND entity = 'import' AND action = 'committed'"
        )
        self.import_id = (await self.book.connection.execute(statement, self.names)).scalar_one()
        load = {"book": self.book.book_id, "import": self.import_id}
        counts = (await self.book.connection.execute(imports_sql.LOAD_COUNTS, load)).one()
        if counts.present != counts.created:
            missing = f"{counts.created - counts.present} of the imported transactions were deleted or merged since."
            raise LaterChangesError([{"entity": "import", "id": str(self.import_id)}], missing)
        return await self._ids(imports_sql.LOAD_DIFFERS, "transaction", {"import": self.import_id})

    async def _ids(self, statement: TextClause, entity: str, more: Document) -> list[Document]:
        rows = (await self.book.connection.execute(statement, {**self.names, **more})).scalars()
        return [{"entity": entity, "id": str(row_id)} for row_id in rows]

    async def take_back(self) -> None:
        await self._check_open()
        if self.entities & told.OF:
            await told.forget(self.book, self.revision)
        await self._remove(ON_TRANSACTIONS)
        await self._bring_back(BELOW_TRANSACTIONS)
        await self._bring_back(ONLY_CHANGED)
        if "book" in self.entities:
            self.base_currency = (await self.book.connection.execute(rules_sql.BASE_CURRENCY, self.names)).scalar_one()
        await self._small_back()
        if self.whole or self.loads:
            await self._whole_back()
        if MOVED_ROWS in self.entities:
            await self.book.connection.execute(imports_sql.ROWS_BACK, self.names)
        await self._bring_back(ON_TRANSACTIONS)
        if "import" in self.entities:
            await self.book.connection.execute(imports_sql.ROWS_SKIPPED, self.names)
        if "attachment" in self.entities:
            await self.book.connection.execute(sql.FILES_IN_USE, self.names)
        if self.by_product:
            self.spared = list((await self.book.connection.execute(rules_sql.SPARED, self.names)).scalars())
        if ("account", "created") in self.found:
            await run_telling(self.book, imports_sql.DETACH_PREVIEWS, self.writing)
        await self._remove(tuple(reversed(BELOW_TRANSACTIONS)))
        if self.entities & {"schedule", "schedule_occurrence"}:
            await self.book.connection.execute(WAKE, self.names)

    async def refusal(self, error: IntegrityError) -> Exception:
        """Why the database refused, after what was done is taken back."""
        if constraint_name(error) == "fk_attachments_file":
            return NotUndoableError("The file of a receipt was removed for good since.", entity="attachment")
        found = await blocking.find(
            self.book.connection,
            self.book.book_id,
            self.revision,
            self.import_id,
            by_product=self.by_product,
        )
        known = domain_error_of(error)
        reason = known.detail if known else "What came later uses what would go, or has taken its place."
        return LaterChangesError(_offenders(found), reason)

    async def _check_open(self) -> None:
        """For what the posting engine does not see."""
        if self.entities & {"attachment", "reconciliation", "trade"} and self.book.locked_until is not None:
            posting.check_open(self.book, await self.book.connection.scalar(rules_sql.EARLIEST, self.names))

    async def _remove(self, entities: Sequence[str]) -> None:
        for entity in entities:
            if entity in self.entities:
                statement = text(deleting(ENTITIES[entity])).bindparams(*_TYPED, bindparam("spared", type_=ARRAY(Uuid)))
                more = {"entity": entity, "spared": self.spared}
                await self.book.connection.execute(statement, {**self.names, **more})

    async def _bring_back(self, entities: Sequence[str]) -> None:
        for entity in entities:
            if entity not in self.entities:
                continue
            parameters = {**self.names, "entity": entity}
            if ENTITIES[entity].revision:
                parameters["revision"] = self.book.revision
            if entity not in ONLY_CHANGED:
                await self.book.connection.execute(_typed(inserting(ENTITIES[entity]), parameters), parameters)
            await self.book.connection.execute(_typed(updating(ENTITIES[entity]), parameters), parameters)

    async def _small_back(self) -> None:
        statements = {"payee_changed": sql.PAYEES_BACK, "tags_changed": sql.TAGS_BACK, "sealed": sql.SEALS_BACK}
        for kind in self.small:
            if kind == "reassigned":
                await posting.move(self.book, sql.POSTINGS_TO_RESTORE, self.names, log=False)
            else:
                earliest = await self.book.connection.scalar(statements[kind], self.writing)
                posting.check_open(self.book, earliest)

    async def _whole_back(self) -> None:
        rows = posting.StagedRows(
            head=head_of(sql.IMAGES_TO_RESTORE),
            line=line_of(sql.IMAGES_TO_RESTORE),
            tagged=tagged_of(sql.IMAGES_TO_RESTORE),
            gone=f"{sql.IDS_TO_REMOVE} UNION {GONE}" if self.loads else sql.IDS_TO_REMOVE,
            log=imports_sql.LOG_OF_LOAD if self.loads else NO_LOG,
            parameters={**self.names, "base": self.base_currency, "import": self.import_id},
            unseal=True,
        )
        await posting.apply_staged(self.book, rows)

    async def check_rules(self) -> None:
        """Refuse a state in which single rows are right and the whole is not."""
        wanted = {
            "categories": "category" in self.entities,
            "aliases": bool(self.entities & {"payee", "payee_alias"}),
            "refunds": self.whole,
            "shapes": "reassigned" in self.small,
        }
        for name, needed in wanted.items():
            if not needed:
                continue
            rows = (await self.book.connection.execute(rules_sql.BROKEN[name], self.writing)).all()
            if rows:
                raise LaterChangesError(_offenders(rows), "What came later does not go with the former state.")
        if ("book", "updated") in self.found:
            others = (await self.book.connection.execute(rules_sql.IN_BASE_CURRENCY, self.names)).all()
            if others:
                raise LaterChangesError(_offenders(others), "Accounts or budgets count in the base currency by now.")

    async def log(self) -> None:
        turned = sql.TURNED.bindparams(bindparam("spared", type_=ARRAY(Uuid)))
        await run_telling(self.book, turned, {**self.writing, "spared": self.spared})


def _offenders(rows: Sequence[AnyRow]) -> list[Document]:
    return [{"entity": row.entity, "id": str(row.id)} for row in rows]


_TYPED = (
    bindparam("book", type_=Uuid),
    bindparam("undone", type_=BigInteger),
    bindparam("entity", type_=Text),
)


def _typed(statement: str, parameters: Document) -> TextClause:
    more = [bindparam("revision", type_=BigInteger)] if "revision" in parameters else []
    return text(statement).bindparams(*_TYPED, *more)
