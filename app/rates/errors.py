"""What can be wrong about rates and a change of the base currency, and which constraint stands behind it."""

from datetime import date, timedelta
from uuid import UUID

from app.core.database import constraint_means
from app.core.errors import ConflictError, NotFoundError


class RateNotFoundError(NotFoundError):
    code = "rate_not_found"

    def __init__(self, rate_id: UUID) -> None:
        super().__init__(f"The book has no rate {rate_id} of its own; those of providers cannot be changed.")


class NoRateError(NotFoundError):
    """Nothing is known of this pair in the window, directly or through another currency."""

    code = "no_rate"

    def __init__(self, base: str, quote: str, day: date, window_days: int) -> None:
        earliest = day - timedelta(days=min(window_days, day.toordinal() - 1))
        super().__init__(
            f"No rate from {base} to {quote} is known from {earliest} to {day}: set one with PUT /rates, or widen "
            "rate_window_days of the book.",
            searched_from=str(earliest),
            searched_to=str(day),
            window_days=window_days,
        )


class NoProviderError(ConflictError):
    code = "no_rate_provider"
    title = "There is nobody to ask"


class ChangeNotFoundError(NotFoundError):
    code = "base_currency_change_not_found"


class ChangeRunningError(ConflictError):
    code = "base_currency_change_running"
    title = "The base currency is being changed"

    def __init__(self) -> None:
        super().__init__("A change of the base currency is on its way: GET /books/{book_id}/base-currency tells.")


class BudgetsInBaseCurrencyError(ConflictError):
    code = "budgets_in_base_currency"
    title = "Budgets count in the base currency"


class GoalsInBaseCurrencyError(ConflictError):
    """Goals that would have money in two currencies: that of their accounts, and the new one of their envelopes."""

    code = "goals_in_base_currency"
    title = "Goals count in the base currency"


class RateMissingError(ConflictError):
    code = "no_rate"
    title = "There is no exchange rate"


constraint_means("uq_base_currency_changes_open", ChangeRunningError)
