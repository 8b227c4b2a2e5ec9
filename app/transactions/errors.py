"""What can be wrong about a transaction, and which constraint of the database stands behind it."""

from datetime import date
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


class BelongsToTradeError(ConflictError):
    """The money of a trade is changed with the trade."""

    code = "belongs_to_trade"
    title = "Change the trade"

    def __init__(self) -> None:
        super().__init__(
            "It is the money of a trade: change or delete that, with /portfolio/trades/{trade_id}. "
            "GET /portfolio/trades?transaction_id=... finds it."
        )


def check_own(transaction_type: str) -> None:
    """Raise for a transaction that is changed through something else: an account's opening balance, a trade's money."""
    if transaction_type == "opening_balance":
        raise OpeningBalanceError
    if transaction_type == "trade":
        raise BelongsToTradeError


class PeriodLockedError(ConflictError):
    """The change would touch something in a closed period."""

    code = "period_locked"
    title = "This period is closed"

    def __init__(self, locked_until: date) -> None:
        super().__init__(
            f"The book is closed up to {locked_until}: nothing dated until then is written, changed or deleted. "
            "An owner can open it with PUT /books/{book_id}/lock.",
            locked_until=str(locked_until),
        )


class SealedError(ConflictError):
    """A reconciled transaction keeps its date, its accounts and its amounts."""

    code = "sealed"
    title = "The transaction is reconciled"

    def __init__(self, transaction_id: UUID) -> None:
        super().__init__(
            f"Transaction {transaction_id} is reconciled: its date, status and what it moves on each account stay, and "
            "it stays. Unseal it first with POST /transactions/{transaction_id}/unseal and a reason.",
            transaction_id=str(transaction_id),
        )


class RefundedError(ConflictError):
    """A purchase with refunds stays a purchase."""

    code = "refunded"
    title = "There are refunds of it"


constraint_means(
    "uq_transactions_external_id",
    lambda: DuplicateExternalIdError(
        "Two transactions of one account cannot have the same external_id; nothing was changed."
    ),
)
# Header and postings are inserted by one statement, in an order of PostgreSQL's choice: either may meet the id first.
for constraint in ("pk_transactions", "pk_postings"):
    constraint_means(constraint, lambda: IdTakenError("A transaction with this id exists."))
constraint_means(
    "fk_transactions_refund",
    lambda: RefundedError("Another transaction is a refund of it; delete that or take its refund_of_id away first."),
)
