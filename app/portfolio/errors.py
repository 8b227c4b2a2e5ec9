"""What can be wrong about trades, and which constraint of the database stands behind it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.accounts.errors import AccountInUseError
from app.core.database import constraint_means
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.money import plain
from app.portfolio.lots import ImpossibleTradeError
from app.transactions.errors import BelongsToTradeError


class TradeNotFoundError(NotFoundError):
    code = "trade_not_found"

    def __init__(self, trade_id: UUID) -> None:
        super().__init__(f"There is no trade {trade_id}.")


class HoldingNotFoundError(NotFoundError):
    code = "holding_not_found"

    def __init__(self, holding_id: UUID) -> None:
        super().__init__(f"There is no holding {holding_id}.")


class DuplicateExternalIdError(ConflictError):
    code = "duplicate_external_id"
    title = "This external id is taken"


class IdTakenError(ConflictError):
    code = "id_taken"
    title = "This id is taken"


class SymbolInOtherCurrencyError(ConflictError):
    """The book has an asset with the symbol, priced in another currency."""

    code = "symbol_in_other_currency"
    title = "The symbol is one of another currency"


class HasTradesError(ConflictError):
    """A holding that is more than one purchase is changed through its trades."""

    code = "has_trades"
    title = "Change its trades"

    def __init__(self, detail: str, trades: Sequence[UUID]) -> None:
        super().__init__(detail, trades=[str(trade) for trade in trades])


class NoRateError(InvalidError):
    """Nothing is known of the exchange rate of the day, and none was sent."""

    code = "no_rate"


class OversoldError(ConflictError):
    """More is sold, moved or taken out than is held then."""

    code = "oversold"
    title = "Not so much is held"


class LotNotHeldError(ConflictError):
    """A sale names a lot that is not there, or not in this quantity."""

    code = "lot_not_held"
    title = "This lot is not held"


class NothingHeldError(ConflictError):
    """A split, a merger or a distribution of what is not held."""

    code = "nothing_held"
    title = "Nothing of it is held"


class NothingLeftError(ConflictError):
    """A ratio that leaves no unit."""

    code = "nothing_left"
    title = "No unit would be left"


class TooManyUnitsError(ConflictError):
    code = "too_many_units"
    title = "There would be too many units"


class WouldOversellError(ConflictError):
    """The change would make a later trade impossible."""

    code = "would_oversell"
    title = "A later trade would be impossible"


_OWN: dict[str, type[ConflictError]] = {
    "oversold": OversoldError,
    "lot_not_held": LotNotHeldError,
    "nothing_held": NothingHeldError,
    "nothing_left": NothingLeftError,
    "too_many_units": TooManyUnitsError,
}


def refusal(error: ImpossibleTradeError, *, own: bool) -> ConflictError:
    """What to answer to a trade that cannot be: it is the one that is written (`own`), or one that was there."""
    trade = error.trade
    about: dict[str, Any] = {
        "trade_id": str(trade.id),
        "kind": trade.kind,
        "date": str(trade.date),
        "account_id": str(trade.account_id),
        "asset_id": str(trade.asset_id),
        "quantity": plain(trade.quantity.normalize()),
        "held": plain(error.held.normalize()),
    }
    if error.lot_id is not None:
        about["lot_trade_id"] = str(error.lot_id)
    held = f"On {trade.date}, after what was entered before it, {about['held']} units are held"
    if not own:
        detail = (
            f"The {trade.kind} {trade.id} of {trade.date} needs what this takes away: {about['held']} units would be "
            "held then. Change or delete that trade first."
        )
        return WouldOversellError(detail, reason=error.reason, **about)
    details = {
        "oversold": f"{held}, not {about['quantity']}.",
        "lot_not_held": f"{held} of the lots that trade {error.lot_id} brought.",
        "nothing_held": f"On {trade.date} nothing of this asset is held on the account.",
        "nothing_left": f"{held}; this ratio leaves nothing of them.",
        "too_many_units": "More units would be held than anybody has of anything: look at the quantity or the ratio.",
    }
    return _OWN[error.reason](details[error.reason], **about)


constraint_means("pk_trades", lambda: IdTakenError("A trade with this id exists."))
constraint_means(
    "uq_trades_external_id",
    lambda: DuplicateExternalIdError("Two trades of one account cannot have the same external_id."),
)
constraint_means("fk_trades_transaction", lambda: BelongsToTradeError())
for _name in ("fk_trades_account", "fk_trades_to_account"):
    constraint_means(
        _name, lambda: AccountInUseError("There are trades on it: delete those first, or archive the account.")
    )
constraint_means("fk_cost_methods_account", lambda: AccountInUseError("Its cost method is set."))
