"""What can be wrong about valuations, returns and targets, and which constraint of the database stands behind it."""

from uuid import UUID

from app.accounts.errors import AccountInUseError
from app.core.database import constraint_means
from app.core.errors import InvalidError, NotFoundError


class AssetNotFoundError(NotFoundError):
    code = "asset_not_found"

    def __init__(self, asset_id: UUID) -> None:
        super().__init__(f"There is no asset {asset_id}.")


class TargetsOverWholeError(InvalidError):
    code = "over_whole"
    title = "The targets are more than the whole"


constraint_means(
    "fk_allocation_targets_account",
    lambda: AccountInUseError(
        "There is a target for it: take it out of PUT /portfolio/targets first, or archive the account."
    ),
)
