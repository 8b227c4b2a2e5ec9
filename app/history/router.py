"""The HTTP side of history, the change feed and undo."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query

from app.access.dependencies import BookInPath, Idempotent, ReadBook, WriteBook
from app.core.pagination import Page, WalkParams
from app.core.problems import problems
from app.core.routing import routes
from app.history import service
from app.history.schemas import ActivityEvent, Changes, HistoryEvent, UndoOut, UndoRevisionIn

router = routes("/books", "books", reads="history:read", writes="history:undo")


@router.get(
    "/{book_id}/changes",
    response_model=Changes,
    operation_id="list_changes",
    summary="What changed since a revision",
    responses=problems(404, 409),
    dependencies=[BookInPath],
)
async def list_changes(
    book: ReadBook,
    page: WalkParams,
    since: Annotated[int, Query(ge=0, lt=2**62, description="The revision you have; 0 for everything.")] = 0,
) -> dict[str, Any]:
    """To keep a copy of the book: each thing that changed since, once, in its newest state, and what was deleted.

    Walk with `cursor` until `next_cursor` is null, then keep `revision` for the next time. What changes meanwhile comes
    again. A page costs the same however large the book is. Previews of imports are no part of the book: an import is
    told from its commit on. Names of payees and tags in transactions are those of when the transaction changed last;
    their ids say what they are called now.
    """
    return await service.changes(book, since, page)


@router.get(
    "/{book_id}/activity",
    response_model=Page[ActivityEvent],
    operation_id="list_activity",
    summary="Everything that happened in a book",
    responses=problems(404),
    dependencies=[BookInPath],
)
async def list_activity(book: ReadBook, page: WalkParams) -> dict[str, Any]:
    """The event log, the newest first. Each `revision` in it can be undone."""
    return await service.of_book(book, page)


@router.post(
    "/{book_id}/undo",
    response_model=UndoOut,
    operation_id="undo",
    summary="Undo a revision or an import",
    responses=problems(404, 409),
    dependencies=[BookInPath, Idempotent],
)
async def undo(body: UndoRevisionIn, book: WriteBook) -> dict[str, Any]:
    """Bring back what was before, as a new revision, which can be undone too.

    It is refused with 409 and the first offenders where something that it changed has changed since, or where something
    later depends on it; later changes that were undone themselves do not count.
    """
    return await service.take_back(book, body)


def _history_of(prefix: str, entity: str, plural: str, path: str = "history") -> APIRouter:
    """`GET {prefix}/{id}/history` for one kind of rows, or another path where that means something else."""
    of_entity = routes(prefix, plural, reads="history:read")

    @of_entity.get(
        f"/{{{entity}_id}}/{path}",
        response_model=Page[HistoryEvent],
        operation_id=f"get_{entity}_{path}",
        summary=f"The {path} of {'an' if entity[0] in 'aei' else 'a'} {entity.replace('_', ' ')}",
        responses=problems(404),
    )
    async def get_history(
        book: ReadBook, page: WalkParams, entity_id: Annotated[UUID, Path(alias=f"{entity}_id")]
    ) -> dict[str, Any]:
        """Who changed it and when, with its state before and after, the newest change first; also of what is gone."""
        return await service.of_entity(book, entity, entity_id, page)

    return of_entity


HISTORIES = (
    _history_of("/accounts", "account", "accounts"),
    _history_of("/portfolio/targets", "allocation_target", "portfolio"),
    _history_of("/portfolio/assets", "asset", "assets"),
    _history_of("/attachments", "attachment", "attachments"),
    _history_of("/rates", "book_rate", "rates"),
    _history_of("/budgets", "budget", "budgets", "changes"),
    _history_of("/budget-groups", "budget_group", "budgets"),
    _history_of("/categories", "category", "categories"),
    _history_of("/portfolio/cost-methods", "cost_method", "portfolio"),
    _history_of("/goals", "goal", "goals"),
    _history_of("/imports", "import", "imports"),
    _history_of("/loans", "loan", "loans"),
    _history_of("/payees", "payee", "payees"),
    _history_of("/reconciliations", "reconciliation", "accounts"),
    _history_of("/rules", "rule", "rules", "changes"),
    _history_of("/reports/saved", "saved_report", "reports"),
    _history_of("/schedules", "schedule", "schedules"),
    _history_of("/portfolio/trades", "trade", "portfolio"),
    _history_of("/tags", "tag", "tags"),
    _history_of("/transactions", "transaction", "transactions"),
)
