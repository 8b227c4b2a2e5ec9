"""What can be wrong about a payee or a tag."""

from uuid import UUID

from app.access.heirs import Uses
from app.core.database import constraint_means
from app.core.errors import ConflictError, IdTakenError, NotFoundError


class PayeeNotFoundError(NotFoundError):
    code = "payee_not_found"

    def __init__(self, payee_id: UUID) -> None:
        super().__init__(f"There is no payee {payee_id}.")


class TagNotFoundError(NotFoundError):
    code = "tag_not_found"

    def __init__(self, tag_id: UUID) -> None:
        super().__init__(f"There is no tag {tag_id}.")


class NameTakenError(ConflictError):
    """Another payee or tag has this name; an alias is a name too."""

    code = "name_taken"
    title = "This name is taken"


class PayeeInUseError(ConflictError):
    code = "payee_in_use"
    title = "The payee is in use"

    def __init__(self, transactions: int) -> None:
        super().__init__(
            f"It is the payee of {transactions} transactions. Delete it with ?reassign_to=<payee id>, or let another "
            "payee take it in with all its names: POST /payees/{payee_id}/merge.",
            transactions=transactions,
        )


class TagInUseError(ConflictError):
    code = "tag_in_use"
    title = "The tag is in use"

    def __init__(self, transactions: int, named: Uses) -> None:
        have = f"{transactions} transactions have it: delete it with ?force=true to take it from them. "
        super().__init__(
            f"{have if transactions else ''}{named.detail}Let another tag take its place: POST /tags/{{tag_id}}/merge.",
            transactions=transactions,
            used_by=named.documents(),
        )


constraint_means("pk_payees", lambda: IdTakenError("A payee with this id exists."))
constraint_means("pk_tags", lambda: IdTakenError("A tag with this id exists."))
for constraint in ("uq_payees_name_key", "uq_payee_aliases_alias_key", "uq_tags_name_key"):
    constraint_means(constraint, lambda: NameTakenError("Another payee or tag has this name."))
