"""The HTTP side of rules."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from app.access.dependencies import BookTag, Idempotent, ReadBook, TakeBook, WriteBook
from app.core.conditional import ExpectedRevision, tagged
from app.core.pagination import Page, WalkParams, Whole, whole
from app.core.problems import not_modified, problems
from app.core.routing import only, require, routes
from app.rules import creating, heirs, running, service
from app.rules.schemas import (
    ApplicationOut,
    ReorderIn,
    RuleCreate,
    RuleIn,
    RuleOut,
    RulePatch,
    RunIn,
    RunOut,
    TrialIn,
    TrialOut,
)

__all__ = ["creating", "heirs", "router"]

router = routes("/rules", "rules", reads="rules:read", writes="rules:write")


@router.post(
    "",
    status_code=201,
    response_model=RuleOut,
    operation_id="create_rule",
    summary="Add a rule",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def create_rule(body: RuleCreate, book: WriteBook, response: Response) -> dict[str, Any]:
    """It stands behind the others and is asked last.

    What it names must be there and in use. A rule that names a private account is seen, and asked, only by those who
    see the account.
    """
    document = await service.create(book, body)
    response.headers["Location"] = f"/api/v1/rules/{document['id']}"
    return tagged(response, document)


@router.get(
    "",
    response_model=Whole[RuleOut],
    operation_id="list_rules",
    summary="List rules",
    responses={**problems(404), **not_modified()},
    dependencies=[BookTag],
)
async def list_rules(book: ReadBook) -> object:
    """All of them, in the order in which they are asked."""
    return whole(await service.every(book))


@router.get(
    "/history",
    response_model=Page[ApplicationOut],
    operation_id="list_rule_history",
    summary="See what rules did",
    responses=problems(404),
)
async def list_rule_history(
    book: ReadBook,
    page: WalkParams,
    transaction_id: Annotated[UUID | None, Query(description="To this transaction alone.")] = None,
) -> object:
    """Which rule changed what, the newest first; rules and transactions that are deleted are among them."""
    return await service.applications(book, page, transaction_id=transaction_id)


@router.post(
    "/reorder",
    response_model=Whole[RuleOut],
    operation_id="reorder_rules",
    summary="Put the rules in another order",
    responses=problems(404),
    dependencies=[Idempotent],
)
async def reorder_rules(body: ReorderIn, book: WriteBook) -> object:
    """Name every rule that you see, once. Rules that you do not see keep their places between them."""
    return whole(await service.reorder(book, body))


@router.post(
    "/test",
    response_model=TrialOut,
    operation_id="test_rule",
    summary="Try a rule on a transaction",
    responses=problems(404, 409),
    dependencies=[require("rules:read"), Idempotent],
)
async def test_rule(body: TrialIn, book: ReadBook) -> dict[str, Any]:
    """What the rule would do; neither the rule nor the transaction is kept."""
    return await service.trial(book, body)


@router.post(
    "/run",
    response_model=RunOut,
    operation_id="run_rules",
    summary="Run rules over transactions of the past",
    responses=problems(404, 409),
    dependencies=[Idempotent],
)
async def run_rules(body: RunIn, book: ReadBook, take: TakeBook) -> dict[str, Any]:
    """As one revision, however many there are; a dry run says how many and shows some, before and after.

    Transactions in closed periods and reconciled ones stay as they are and are counted, as are those tied to an
    account that you do not see.
    """
    return await running.run(book, take, body)


for method, path in (("GET", "/history"), ("POST", "/reorder"), ("POST", "/test"), ("POST", "/run")):
    only(router, method, path)


@router.get(
    "/{rule_id}",
    response_model=RuleOut,
    operation_id="get_rule",
    summary="Read a rule",
    responses=problems(404),
)
async def get_rule(rule_id: UUID, book: ReadBook, response: Response) -> dict[str, Any]:
    """One rule; the `ETag` is its revision, for `If-Match`."""
    return tagged(response, await service.get(book, rule_id))


@router.put(
    "/{rule_id}",
    response_model=RuleOut,
    operation_id="replace_rule",
    summary="Replace a rule",
    responses=problems(404, 409, 412),
)
async def replace_rule(
    rule_id: UUID, body: RuleIn, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """All of it but its place. What the body leaves out goes back to its default."""
    return tagged(response, await service.replace(book, rule_id, body, expected))


@router.patch(
    "/{rule_id}",
    response_model=RuleOut,
    operation_id="update_rule",
    summary="Change, switch off or switch on a rule",
    responses=problems(404, 409, 412),
)
async def update_rule(
    rule_id: UUID, body: RulePatch, book: WriteBook, expected: ExpectedRevision, response: Response
) -> dict[str, Any]:
    """Change what is named and keep the rest; a condition and actions are replaced whole."""
    return tagged(response, await service.patch(book, rule_id, body, expected))


@router.delete(
    "/{rule_id}",
    status_code=204,
    operation_id="delete_rule",
    summary="Delete a rule",
    responses=problems(404, 412),
)
async def delete_rule(rule_id: UUID, book: WriteBook, expected: ExpectedRevision) -> None:
    """What it did stays, and so does its history."""
    await service.delete(book, rule_id, expected)


@router.get(
    "/{rule_id}/history",
    response_model=Page[ApplicationOut],
    operation_id="get_rule_history",
    summary="See what a rule did",
    responses=problems(404),
)
async def get_rule_history(rule_id: UUID, book: ReadBook, page: WalkParams) -> object:
    """Every transaction that it changed and how, the newest first; also of a rule that is deleted."""
    return await service.applications(book, page, rule_id=rule_id)
