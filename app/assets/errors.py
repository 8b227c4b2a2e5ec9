"""What can be wrong about assets and their prices, and which constraint of the database stands behind it."""

from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, NotFoundError


class AssetNotFoundError(NotFoundError):
    code = "asset_not_found"

    def __init__(self, asset_id: UUID) -> None:
        super().__init__(f"There is no asset {asset_id}.")


class PriceNotFoundError(NotFoundError):
    code = "price_not_found"


class IdTakenError(ConflictError):
    code = "id_taken"
    title = "This id is taken"


class SymbolTakenError(ConflictError):
    code = "symbol_taken"
    title = "The symbol is taken"


class AssetInUseError(ConflictError):
    code = "asset_in_use"
    title = "The asset is in use"


class CurrencyInUseError(ConflictError):
    """The currency of an asset stands behind each of its prices and trades."""

    code = "currency_in_use"
    title = "The currency is in use"


class ProviderOffError(ConflictError):
    code = "provider_off"
    title = "The provider is not switched on"


def _in_use() -> AssetInUseError:
    return AssetInUseError("There are trades of it: delete those first, or archive the asset.")


constraint_means("pk_assets", lambda: IdTakenError("An asset with this id exists."))
constraint_means("uq_assets_symbol", lambda: SymbolTakenError("An asset with this symbol exists."))
constraint_means("fk_trades_asset", _in_use)
constraint_means("fk_trades_to_asset", _in_use)
