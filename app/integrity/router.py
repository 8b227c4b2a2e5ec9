"""The HTTP side of the integrity check."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.access.dependencies import BookInPath, ReadBook
from app.core.problems import problems
from app.core.routing import routes
from app.integrity import service

router = routes("/books", "books", reads="integrity:read")


class Check(BaseModel):
    """One rule of the ledger."""

    name: str = Field(examples=["balances_equal_postings"])
    ok: bool
    seconds: float
    offenders: list[dict[str, str | None]] = Field(description="The first few rows that break the rule.")


class IntegrityReport(BaseModel):
    """What the check found."""

    ok: bool
    checked_at: datetime
    checks: list[Check]


@router.get(
    "/{book_id}/integrity",
    response_model=IntegrityReport,
    operation_id="check_integrity",
    summary="Prove that the book is right",
    responses=problems(404),
    dependencies=[BookInPath],
)
async def check_integrity(book: ReadBook) -> dict[str, Any]:
    """Computes balances and totals again from the postings and checks every rule of the ledger. Owners only.

    It reads the whole book, so it takes as long as the book is big.
    """
    return await service.check(book)
