"""Many transactions at once: one revision, one statement of the posting engine, each operation judged by itself."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from app.access.context import BookWriter
from app.core.conditional import check_revision
from app.core.errors import DomainError, FieldError, InvalidError
from app.transactions import repository, service, shapes
from app.transactions.batch import Batch, Wanted, batch_for, body_of, check_removable
from app.transactions.bulk_schemas import BulkIn, CreateOperation, DeleteOperation, PatchOperation, Unreadable
from app.transactions.documents import Document
from app.transactions.errors import (
    DuplicateExternalIdError,
    IdTakenError,
    OpeningBalanceError,
    TransactionNotFoundError,
)
from app.transactions.merging import merged

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
        """What a staged change makes no purchase any more."""
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

    def _want(self, index: int, operation: Operation) -> None:
        """Turn a creation or change into the input it stands for."""
        if isinstance(operation, CreateOperation):
            self.wanted[index] = operation.transaction
            return
        before = self.before.get(operation.id)
        if before is None:
            raise TransactionNotFoundError(operation.id)
        check_revision(operation.revision, before["revision"])
        if before["type"] == "opening_balance":
            raise OpeningBalanceError
        if isinstance(operation, PatchOperation):
            self.wanted[index] = merged(before, operation.changes)

    async def stage(self) -> None:
        going = self._going()
        named: set[UUID] = set()
        for index, operation in self.operations.items():
            if index not in self.failures:
                self._try(index, lambda i=index, op=operation: self._stage(i, op, named, going))

    def _going(self) -> set[UUID]:
        """What nothing but its refunds may keep from being deleted: a refund that stays keeps its purchase."""
        named: set[UUID] = set()
        going: set[UUID] = set()
        for index, operation in self.operations.items():
            if isinstance(operation, CreateOperation) or index in self.failures:
                continue
            if isinstance(operation, DeleteOperation) and operation.id not in named:
                with suppress(DomainError):
                    check_removable(self.book, self.before[operation.id])
                    going.add(operation.id)
            named.add(operation.id)
        return going

    def _stage(self, index: int, operation: Operation, named: set[UUID], going: set[UUID]) -> None:
        if self.batch is None:  # `read` comes first
            raise RuntimeError("nothing was read")
        wanted = self.wanted.get(index)
        own_id = body_of(wanted).id if isinstance(operation, CreateOperation) and wanted else None
        target = own_id if isinstance(operation, CreateOperation) else operation.id
        if target is not None:
            if target in named:
                raise InvalidError(FieldError("id", "named_twice", "another operation names this transaction"))
            named.add(target)
        if wanted is None:
            self._check_refunds(operation, going)
            service.stage_removal(self.batch, self.before[operation.id])  # type: ignore[union-attr]
            return
        if own_id is not None and own_id in self.taken_ids:
            raise IdTakenError("A transaction with this id exists.")
        before = None if isinstance(operation, CreateOperation) else self.before[operation.id]
        lost = before["id"] if before is not None and service.is_lost_purchase(before, wanted) else None
        if lost is not None:
            self._check_refunds(operation, going)
        refund_of = self._check_purchase(wanted, going)
        key = self._check_external_id(wanted, before)
        document = self.batch.put(wanted) if before is None else service.stage_change(self.batch, before, wanted)
        if lost is not None:
            self.lost.add(lost)
        if refund_of is not None:
            self.refunds.setdefault(refund_of, set()).add(document["id"])
        if key is not None:
            self.taken[key] = document["id"]
        self.staged[index] = document

    def _check_refunds(self, operation: Operation, going: set[UUID]) -> None:
        if not isinstance(operation, CreateOperation) and self.refunds.get(operation.id, set()) - going:
            raise service.refunded(operation.id)

    def _check_purchase(self, wanted: Wanted, going: set[UUID]) -> UUID | None:
        """The purchase that this is a refund of; it must be there, and one, when all is done."""
        refund_of: UUID | None = getattr(body_of(wanted), "refund_of_id", None)
        if refund_of is not None and refund_of in going | self.lost:
            detail = "another operation deletes this transaction, or makes it no purchase"
            raise InvalidError(FieldError("refund_of_id", "purchase_lost", detail))
        return refund_of

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
            at = await self.batch.write()
            service.stamped(list(self.staged.values()), at)
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
