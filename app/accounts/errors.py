"""What can be wrong about an account, and which constraint of the database stands behind it."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, NotFoundError


class AccountNotFoundError(NotFoundError):
    code = "account_not_found"

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"There is no account {account_id}.")


class AccountInUseError(ConflictError):
    code = "account_in_use"
    title = "The account is in use"


class CurrencyFixedError(ConflictError):
    code = "currency_fixed"
    title = "An account's currency cannot change"


class StatementDiffersError(ConflictError):
    """The cleared transactions do not sum to what the statement says."""

    code = "statement_differs"
    title = "The statement differs"


constraint_means("pk_accounts", lambda: IdTakenError("An account with this id exists."))
