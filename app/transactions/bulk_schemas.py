"""What clients send and get about many transactions at once."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from app.core.errors import FieldError
from app.core.fields import Body, Flag, Whole
from app.transactions.outputs import TransactionOut
from app.transactions.query import FilterIn
from app.transactions.schemas import TransactionIn, TransactionPatch

MAX_OPERATIONS = 1000

Expected = Annotated[
    Whole | None, Field(default=None, ge=0, lt=2**62, description="The revision you read; another one is refused.")
]


class CreateOperation(Body):
    """Add a transaction."""

    op: Literal["create"]
    transaction: TransactionIn


class PatchOperation(Body):
    """Change fields of a transaction, by the rules of PATCH."""

    op: Literal["patch"]
    id: UUID
    changes: TransactionPatch
    revision: Expected


class DeleteOperation(Body):
    """Delete a transaction."""

    op: Literal["delete"]
    id: UUID
    revision: Expected


class Unreadable:
    """An operation that is not one, and what is wrong with it; it fails alone where each stands for itself."""

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors


def _alone(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as error:
        kinds = {"create", "patch", "delete", *("expense", "income", "transfer", "journal", "adjustment")}
        return Unreadable(
            [
                FieldError(
                    ".".join(str(part) for part in item["loc"] if part not in kinds) or "op",
                    item["type"],
                    item["msg"].removeprefix("Value error, "),
                )
                for item in error.errors()
            ]
        )


Operation = Annotated[
    Annotated[CreateOperation | PatchOperation | DeleteOperation, Field(discriminator="op")], WrapValidator(_alone)
]


class BulkIn(Body):
    """Up to 1,000 operations, done as one revision. A transaction is named by one of them at most."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "mode": "per_item",
                "operations": [
                    {
                        "op": "create",
                        "transaction": {
                            "type": "expense",
                            "date": "2026-01-31",
                            "amount": "4.50",
                            "account_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda6",
                        },
                    },
                    {
                        "op": "patch",
                        "id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8",
                        "changes": {"tags": ["holiday"]},
                    },
                    {"op": "delete", "id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda9"},
                ],
            }
        }
    )

    operations: list[Operation] = Field(min_length=1, max_length=MAX_OPERATIONS)
    mode: Literal["atomic", "per_item"] = Field(
        default="atomic",
        description="`atomic`: all or, with 422 naming every operation that is wrong, nothing. `per_item`: those that "
        "are right are done, and each result says which.",
    )


class FailureField(BaseModel):
    """A wrong field."""

    field: str
    code: str
    detail: str


class Failure(BaseModel):
    """Why an operation was not done."""

    code: str
    detail: str
    errors: list[FailureField] = []


class BulkResult(BaseModel):
    """What became of one operation."""

    index: int
    ok: bool
    id: UUID | None
    transaction: TransactionOut | None = Field(description="null for a deletion and for a failure.")
    error: Failure | None


class BulkOut(BaseModel):
    """What became of each operation, in their order."""

    revision: int = Field(description="Of all of them; `POST /books/{book_id}/undo` takes it.")
    done: int
    failed: int
    results: list[BulkResult]


class RecategoriseIn(Body):
    """Which transactions, and the category they shall have."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "filter": {"q": "supermarket", "uncategorised": True},
                "category_id": "01a1fdee-bbe0-7bf6-84f8-f3042f6ccda8",
                "dry_run": True,
            }
        }
    )

    filter: FilterIn
    category_id: UUID | None = Field(
        description="null takes the category away. Transactions that it does not fit (an expense and an income "
        "category) stay as they are."
    )
    dry_run: Flag = Field(default=False, description="Only say how many and show some; nothing changes.")


class RecategoriseOut(BaseModel):
    """How many transactions are in the new category now, or would be."""

    count: int
    sample: list[TransactionOut] = Field(description="Some of them, as they are now: before the change in a dry run.")
    dry_run: bool
    revision: int
