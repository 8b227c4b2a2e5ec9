"""Many transactions at once: one revision, one statement of the posting engine, each operation judged by itself."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from app.access.context import BookWriter
from app.access.private import check_whole
from app.core.conditional import check_revision
from app.core.errors import DomainError, FieldError, InvalidError
from app.transactions import repository, service, shapes
from app.transactions.batch import Batch, Wanted, batch_for, body_of
from app.transactions.bulk_schemas import BulkIn, CreateOperation, DeleteOperation, PatchOperation, Unreadable
from app.transactions.documents import Document
from app.transactions.errors import (
    DuplicateExternalIdError,
    IdTakenError,
    TransactionNotFoundError,
    check_own,
)
from app.transactions.merging import merged
from app.transactions.preparing import prepared
from app.transactions.schemas import FlowIn

Operation = CreateOperation | PatchOperation | DeleteOperation


async def apply(book: BookWriter, body: BulkIn) -> Document:
    """Do all operations, or those that are right.

    In mode `atomic` it raises `InvalidError` that names the fields of every operation that is wrong.
    """
    run = _Run(book, body.operations)
    await run.read()
    await run.stage()
    if run.failures and body.mode == "atomic":
        raise InvalidError([error for index in sorted(run.failures) for error in _named(index, run.failures[index])])
    documents = await run.write()
    results = [_result(index, run, documents) for index in range(len(body.operations))]
    failed = len(run.failures)
    return {"revision": book.revision, "done": len(results) - failed, "failed": failed, "results": results}


class _Run:
    """The operations of one request, what they are about, and which of them fail."""

    def __init__(self, book: BookWriter, operations: Sequence[Operation | Unreadable]) -> None:
        self.book = book
        self.failures: dict[int, DomainError] = {}
        self.operations: dict[int, Operation] = {}
        self.before: dict[UUID, Document] = {}
        self.wanted: dict[int, Wanted] = {}
        self.staged: dict[int, Document] = {}
        self.taken_ids: set[UUID] = set()
        self.taken: dict[tuple[UUID, str], UUID] = {}
        self.refunds: dict[UUID, set[UUID]] = {}
        self.lost: set[UUID] = set()
        """What an operation deletes, or makes something that has no refunds."""
        self.batch: Batch | None = None
        for index, operation in enumerate(operations):
            if isinstance(operation, Unreadable):
                self.failures[index] = InvalidError(operation.errors)
            else:
                self.operations[index] = operation

    async def read(self) -> None:
        """Everything the rules need, in a few statements however many operations there are."""
        connection, book_id = self.book.connection, self.book.book_id
        ids = [op.id for op in self.operations.values() if not isinstance(op, CreateOperation)]
        self.before = await service.get_many(self.book, ids) if ids else {}
        for index, operation in self.operations.items():
            self._try(index, lambda index=index, operation=operation: self._want(index, operation))
        await self._prepare()
        bodies = [body_of(wanted) for wanted in self.wanted.values()]
        given = [body.id for body in bodies if body.id is not None]
        if given:
            self.taken_ids = await repository.present(connection, book_id, given)
        if any(body.external_id for body in bodies):
            external = [body.external_id for body in bodies if body.external_id]
            self.taken = await repository.external_ids(connection, book_id, external)
        if ids:
            self.refunds = await repository.refunds_of(connection, book_id, ids)
        self.batch = await batch_for(self.book, list(self.wanted.values()))

    async def _prepare(self) -> None:
        """What is created goes through the book's rules first."""
        new = [i for i in self.wanted if isinstance(self.operations[i], CreateOperation)]
        self.wanted |= dict(zip(new, await prepared(self.book, [self.wanted[i] for i in new]), strict=True))

    def _want(self, index: int, operation: Operation) -> None:
        """Turn a creation or change into the input it stands for."""
        if isinstance(operation, CreateOperation):
            self.wanted[index] = operation.transaction
            return
        before = self.before.get(operation.id)
        if before is None:
            raise TransactionNotFoundError(operation.id)
        check_whole(before)
        check_revision(operation.revision, before["revision"])
        check_own(before["type"])
        if isinstance(operation, PatchOperation):
            self.wanted[index] = merged(before, operation.changes)

    async def stage(self) -> None:
        if self.batch is None:  # `read` comes first
            raise RuntimeError("nothing was read")
        going = self._going(self.batch)
        named: set[UUID] = set()
        for index, operation in self.operations.items():
            if index not in self.failures:
                self._try(index, lambda i=index, op=operation: self._stage(self.batch, i, op, named, going))

    def _going(self, batch: Batch) -> set[UUID]:
        """What will be deleted for certain, so that a purchase may go with its refunds in any order."""
        going: set[UUID] = set()
        seen: set[UUID] = set()
        for index, operation in self.operations.items():
            target = self._target(operation)
            if index in self.failures or target is None or target in seen:
                continue
            seen.add(target)
            if isinstance(operation, DeleteOperation):
                with suppress(DomainError):
                    batch.check_removal(self.before[target])
                    going.add(target)
        return going

    @staticmethod
    def _target(operation: Operation) -> UUID | None:
        return operation.transaction.id if isinstance(operation, CreateOperation) else operation.id

    def _stage(self, batch: Batch, index: int, operation: Operation, named: set[UUID], going: set[UUID]) -> None:
        wanted = self.wanted.get(index)
        target = self._target(operation)
        if target is not None:
            if target in named:
                raise InvalidError(FieldError("id", "named_twice", "another operation names this transaction"))
            named.add(target)
        before = None if isinstance(operation, CreateOperation) or target is None else self.before[target]
        if wanted is None:
            if before is None:  # only a deletion wants nothing
                raise RuntimeError("an operation without an input")
            self._check_refunds(before["id"], going)
            service.stage_removal(batch, before)
            self.lost.add(before["id"])
            return
        if before is None and target in self.taken_ids:
            raise IdTakenError("A transaction with this id exists.")
        loses = before is not None and service.is_lost_purchase(before, wanted)
        if before is not None and loses:
            self._check_refunds(before["id"], going)
        self._check_purchase(wanted)
        key = self._check_external_id(wanted, before)
        document = batch.put(wanted) if before is None else service.stage_change(batch, before, wanted)
        if key is not None:
            self.taken[key] = document["id"]
        if before is not None and loses:
            self.lost.add(before["id"])
        self._keep_refund(document, before)
        self.staged[index] = document

    def _check_refunds(self, purchase_id: UUID, going: set[UUID]) -> None:
        if self.refunds.get(purchase_id, set()) - going:
            raise service.refunded(purchase_id)

    def _check_purchase(self, wanted: Wanted) -> None:
        """What was read before says nothing of what operations above did to a purchase."""
        body = body_of(wanted)
        if isinstance(body, FlowIn) and body.refund_of_id in self.lost:
            detail = "another operation deletes this purchase, or makes it something else"
            raise InvalidError(FieldError("refund_of_id", "not_a_purchase", detail))

    def _keep_refund(self, document: Document, before: Document | None) -> None:
        if before is not None and before["refund_of_id"] is not None:
            self.refunds.get(before["refund_of_id"], set()).discard(before["id"])
        if document["refund_of_id"] is not None:
            self.refunds.setdefault(document["refund_of_id"], set()).add(document["id"])

    def _check_external_id(self, wanted: Wanted, before: Document | None) -> tuple[UUID, str] | None:
        """The account and external id that this takes; they must be free, or its own already."""
        body = body_of(wanted)
        if body.external_id is None:
            return None
        key = (next(account for _, account in shapes.account_fields(body)), body.external_id)
        owner = self.taken.get(key)
        if owner is not None and (before is None or owner != before["id"]):
            raise DuplicateExternalIdError(f"Another transaction of the account has the external_id {key[1]!r}.")
        return key

    def _try(self, index: int, act: Any) -> None:
        try:
            act()
        except DomainError as error:
            self.failures[index] = error

    async def write(self) -> dict[int, Document]:
        if self.batch is not None and (self.batch.entries or self.batch.removed):
            await self.batch.finish(list(self.staged.values()))
        return self.staged


def _named(index: int, error: DomainError) -> list[FieldError]:
    """The error's fields under the operation's place."""
    fields = error.errors if isinstance(error, InvalidError) else []
    place = f"operations.{index}"
    if not fields:
        return [FieldError(place, error.code, error.detail)]
    return [FieldError(f"{place}.{item.field}", item.code, item.detail) for item in fields]


def _result(index: int, run: _Run, documents: dict[int, Document]) -> Document:
    error = run.failures.get(index)
    document = documents.get(index)
    operation = run.operations.get(index)
    row_id = document["id"] if document else getattr(operation, "id", None)
    return {
        "index": index,
        "ok": error is None,
        "id": row_id,
        "transaction": document,
        "error": None if error is None else _failure(error),
    }


def _failure(error: DomainError) -> Document:
    fields = error.errors if isinstance(error, InvalidError) else []
    listed: list[Any] = [{"field": e.field, "code": e.code, "detail": e.detail} for e in fields]
    return {"code": error.code, "detail": error.detail, "errors": listed or list(error.extra.get("errors", []))}
