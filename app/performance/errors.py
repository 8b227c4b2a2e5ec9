"""What can be wrong about valuations, returns and targets, and which constraint of the database stands behind it."""

from app.accounts.errors import AccountInUseError
from app.core.database import constraint_means
from app.core.errors import InvalidError


class TargetsOverWholeError(InvalidError):
    code = "over_whole"
    title = "The targets are more than the whole"


constraint_means(
    "fk_allocation_targets_account",
    lambda: AccountInUseError(
        "There is a target for it: take it out of PUT /portfolio/targets first, or archive the account."
    ),
)
