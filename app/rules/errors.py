"""What may be wrong about rules."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, NotFoundError


class RuleNotFoundError(NotFoundError):
    code = "rule_not_found"
    title = "There is no such rule"

    def __init__(self, rule_id: UUID) -> None:
        super().__init__(f"There is no rule {rule_id}.")


class TooManyRulesError(ConflictError):
    code = "too_many_rules"
    title = "The book has too many rules"


constraint_means("pk_rules", lambda: IdTakenError("A rule with this id exists."))
