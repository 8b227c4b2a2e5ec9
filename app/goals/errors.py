"""What can be wrong about goals and loans, and which constraint of the database stands behind it."""

from uuid import UUID

from app.accounts.errors import AccountInUseError
from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, InvalidError, NotFoundError


class GoalNotFoundError(NotFoundError):
    code = "goal_not_found"

    def __init__(self, goal_id: UUID) -> None:
        super().__init__(f"There is no goal {goal_id}.")


class LoanNotFoundError(NotFoundError):
    code = "loan_not_found"

    def __init__(self, loan_id: UUID) -> None:
        super().__init__(f"There is no loan {loan_id}.")


class BudgetInUseError(ConflictError):
    code = "budget_in_use"
    title = "The budget is in use"


class LoanExistsError(ConflictError):
    code = "loan_exists"
    title = "The account has loan terms"


class PaymentTooSmallError(InvalidError):
    """A payment that leaves the debt where it is, or lets it grow; `needed` is the smallest that does not."""

    code = "payment_too_small"
    title = "The payment does not cover the interest"


class TakesTooLongError(InvalidError):
    """More payments than are computed."""

    code = "takes_too_long"
    title = "It takes too long"


constraint_means("pk_goals", lambda: IdTakenError("A goal with this id exists."))
constraint_means("pk_loans", lambda: IdTakenError("A loan with this id exists."))
constraint_means("uq_loans_account", lambda: LoanExistsError("This account has loan terms already: change those."))
constraint_means(
    "fk_goal_sources_account",
    lambda: AccountInUseError(
        "A goal has money on it: take the account out of the goal first, or archive the account."
    ),
)
constraint_means(
    "fk_goal_sources_budget",
    lambda: BudgetInUseError(
        "A goal has money in this envelope: take it out of the goal first, or archive the budget."
    ),
)
constraint_means(
    "fk_loans_account",
    lambda: AccountInUseError("There are loan terms for it: delete those first, or archive the account."),
)
