"""The HTTP side of plans out of debt."""

from typing import Any

from app.access.dependencies import Idempotent, ReadBook
from app.core.problems import problems
from app.core.routing import require, routes
from app.goals import debts
from app.goals.debt_schemas import DebtPlanIn, DebtPlanOut

router = routes("/debts", "loans", reads="goals:read")


@router.post(
    "/plan",
    response_model=DebtPlanOut,
    operation_id="plan_debts",
    summary="Plan the way out of debt",
    responses=problems(404, 409),
    dependencies=[require("goals:read"), Idempotent],
)
async def plan_debts(body: DebtPlanIn, book: ReadBook) -> dict[str, Any]:
    """Month by month: every debt gets its minimum, and what is left goes to one after the other. Nothing is stored.

    What a debt needed that is paid off goes to the next one. The other strategies, and paying the minimums only, stand
    beside the plan to compare.
    """
    return await debts.plan(book, body)
