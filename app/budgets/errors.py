"""What can be wrong with a request about budgets."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, NotFoundError


class BudgetNotFoundError(NotFoundError):
    code = "budget_not_found"

    def __init__(self, budget_id: UUID) -> None:
        super().__init__(f"There is no budget {budget_id}.")


class BudgetGroupNotFoundError(NotFoundError):
    code = "budget_group_not_found"

    def __init__(self, group_id: UUID) -> None:
        super().__init__(f"There is no budget group {group_id}.")


class BudgetAmountNotFoundError(NotFoundError):
    code = "budget_amount_not_found"

    def __init__(self, amount_id: UUID) -> None:
        super().__init__(f"The budget has no amount {amount_id}.")


class UsedByBudgetError(ConflictError):
    """What a budget names cannot be deleted."""

    code = "used_by_budget"
    title = "A budget names it"

    def __init__(self) -> None:
        super().__init__("A budget names it, perhaps one that you do not see: take it out of the budget first.")


class GroupInUseError(ConflictError):
    code = "budget_group_in_use"
    title = "Budgets are in this group"


class BudgetBegunError(ConflictError):
    """The periods of the past stay what they were."""

    code = "budget_begun"
    title = "The budget has begun"

    def __init__(self) -> None:
        super().__init__(
            "Its periods cannot be cut anew once one is over, another amount is set or money is assigned: give it an "
            "end_date and begin another budget behind that."
        )


class FirstAmountError(ConflictError):
    code = "first_amount"
    title = "The amount from the start stays"

    def __init__(self) -> None:
        super().__init__("A budget has an amount from its start on: change that one, or delete the budget.")


class NotAnEnvelopeError(ConflictError):
    code = "not_an_envelope"
    title = "Money is assigned to envelopes only"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is a limit: nothing is set aside for it.")


class NotEnoughInEnvelopeError(ConflictError):
    code = "not_enough_in_envelope"
    title = "The envelope has less than that"


class ArchivedBudgetError(ConflictError):
    code = "budget_archived"
    title = "The budget is archived"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is archived: restore it first.")


class TooManyBudgetsError(ConflictError):
    code = "too_many_budgets"
    title = "The book has as many budgets as it may"


constraint_means("pk_budgets", lambda: IdTakenError("A budget with this id exists."))
constraint_means("pk_budget_groups", lambda: IdTakenError("A budget group with this id exists."))
constraint_means("fk_budgets_group", lambda: GroupInUseError("A budget that you do not see is in this group."))
for _name in ("category", "account", "tag"):
    constraint_means(f"fk_budget_references_{_name}", UsedByBudgetError)
