"""What can be wrong about a transaction, and which constraint of the database stands behind it."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, FieldError, NotFoundError


class TransactionNotFoundError(NotFoundError):
    code = "transaction_not_found"

    def __init__(self, transaction_id: UUID) -> None:
        super().__init__(f"There is no transaction {transaction_id}.")


class ReferenceNotFoundError(NotFoundError):
    """An account or category in the body is not in this book."""

    code = "reference_not_found"

    def __init__(self, errors: list[FieldError]) -> None:
        listed = [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors]
        super().__init__("; ".join(f"{e.field}: {e.detail}" for e in errors), errors=listed)


class ArchivedError(ConflictError):
    """An archived account or category takes nothing new."""

    code = "archived"
    title = "Archived"

    def __init__(self, errors: list[FieldError]) -> None:
        listed = [{"field": e.field, "code": e.code, "detail": e.detail} for e in errors]
        super().__init__("; ".join(f"{e.field}: {e.detail}" for e in errors) + "; restore it first", errors=listed)


class DuplicateExternalIdError(ConflictError):
    code = "duplicate_external_id"
    title = "This external id is taken"


class IdTakenError(ConflictError):
    code = "id_taken"
    title = "This id is taken"


class OpeningBalanceError(ConflictError):
    """An opening balance belongs to its account."""

    code = "opening_balance"
    title = "Change it on the account"

    def __init__(self) -> None:
        super().__init__("An opening balance is changed or removed with PATCH /accounts/{account_id}: opening_balance.")


constraint_means(
    "uq_transactions_external_id",
    lambda: DuplicateExternalIdError(
        "Two transactions of one account cannot have the same external_id; nothing was changed."
    ),
)
# Header and postings are inserted by one statement, in an order of PostgreSQL's choice: either may meet the id first.
for constraint in ("pk_transactions", "pk_postings"):
    constraint_means(constraint, lambda: IdTakenError("A transaction with this id exists."))
